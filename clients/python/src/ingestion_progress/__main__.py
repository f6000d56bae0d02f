"""The command: ``ingestion-progress run --project ID -- COMMAND``. A server that is away never stops it."""

from __future__ import annotations

import os
import re
import sys
from typing import Optional, Sequence

from .client import Client
from .command_line.arguments import USAGE, RunArguments, Wrong, read_arguments
from .command_line.command import CommandOptions, run_command
from .errors import ReporterError
from .run import Ingestion, say

_INVALID_ARGUMENTS = 2
#: Seconds from the command's end for which its last reports are sent; fewer if the server never answered.
_FLUSH_TIMEOUT = 10.0
_FLUSH_TIMEOUT_IF_SILENT = 2.0


class _Complaint:
    """The first reason why nothing is shown; the command's output is not to be buried."""

    def __init__(self) -> None:
        self._is_made = False

    def make(self, reason: str) -> None:
        if not self._is_made:
            self._is_made = True
            text = re.sub(r"\s+", " ", reason)
            say(f"progress is not reported: {text}")


def _open(arguments: RunArguments, name: str, complaint: _Complaint) -> Optional[Ingestion]:
    """None if nothing can be reported."""
    endpoint = arguments.url or os.environ.get("INGESTION_PROGRESS_URL")
    token = os.environ.get("INGESTION_PROGRESS_TOKEN")
    path = arguments.token_file
    if endpoint is None:
        complaint.make("use --url or set INGESTION_PROGRESS_URL.")
        return None
    if path is None and token is None:
        complaint.make("use --token-file or set INGESTION_PROGRESS_TOKEN.")
        return None

    def read_token() -> str:
        with open(path or "", encoding="utf-8") as file:
            return file.read().strip()

    try:
        client = Client(
            endpoint,
            token if path is None else read_token,
            flush_timeout=_FLUSH_TIMEOUT,
            handle_exit=False,
            quiet=True,
            on_rejected=lambda error: complaint.make(str(error)),
            on_waiting=lambda error: complaint.make(error.message),
        )
        return client.ingestion(
            arguments.project,
            ingestion_id=arguments.ingestion_id,
            title=arguments.title or name,
            labels=arguments.labels,
            phases=arguments.phases or [name],
            cancellable=True,
            raise_cancelled=False,
        ).start()
    except ReporterError as error:
        complaint.make(error.message)
        return None


def main(argv: Optional[Sequence[str]] = None) -> int:
    """The exit code."""
    try:
        arguments = read_arguments(sys.argv[1:] if argv is None else argv)
    except Wrong as error:
        sys.stderr.write(f"{error}\n\n{USAGE}")
        return _INVALID_ARGUMENTS
    if arguments is None:
        sys.stdout.write(USAGE)
        return 0
    name = os.path.basename(arguments.command[0])
    complaint = _Complaint()
    run = _open(arguments, name, complaint)
    wanted = arguments.format
    unmatched = f"no line of {name} matches --format {wanted}; only its start and end are reported."
    end = run_command(CommandOptions(arguments.command, run, arguments.read, lambda: say(unmatched)))
    if run is None:
        return end.exit_code
    is_started = run.is_started
    if not end.report(run, _FLUSH_TIMEOUT if is_started else _FLUSH_TIMEOUT_IF_SILENT):
        error_text = str(run.error) if run.error is not None else "the server did not answer in time."
        if run.error is not None and run.error.code == "NO_ANSWER":
            error_text = "the server did not answer in time."
        if is_started:
            say(f"the end of {name} was not delivered: {error_text}")
        else:
            complaint.make(error_text)
    return end.exit_code


if __name__ == "__main__":
    sys.exit(main())
