"""The mutations and the subscription of a job, and the fields that a reporter reads of their results."""

from __future__ import annotations

_STATE = "progress { status attempt error { recoverable } }"


def _report(name: str) -> str:
    kind = f"{name[0].upper()}{name[1:]}Input"
    return f"mutation Report($input: {kind}!) {{ result: {name}(input: $input) {{ accepted {_STATE} }} }}"


MUTATIONS = {
    "start": "mutation Start($input: StartIngestionInput!) "
    f"{{ result: startIngestion(input: $input) {{ lastSequence {_STATE} }} }}",
    "phase": _report("reportPhaseStarted"),
    "phaseCompleted": _report("reportPhaseCompleted"),
    "update": _report("reportProgress"),
    "waiting": _report("reportWaiting"),
    "pause": _report("pauseIngestion"),
    "resume": _report("resumeIngestion"),
    "problems": _report("reportProblems"),
    "heartbeat": _report("reportHeartbeat"),
    "complete": _report("completeIngestion"),
    "error": _report("failIngestion"),
    "cancelled": _report("confirmCancelled"),
    "flush": "mutation Flush($input: FlushReportsInput!) "
    "{ result: flushReports(input: $input) { accepted storedRevision } }",
    "acknowledge": "mutation Acknowledge($input: AcknowledgeCommandInput!) "
    "{ result: acknowledgeCommand(input: $input) { id } }",
}

COMMANDS = (
    "subscription Commands($projectId: ID!) "
    "{ ingestionCommands(projectId: $projectId) { id kind ingestionId fromPhase requestedBy } }"
)
