#!/usr/bin/env python3
"""An ingestion job in Python without dependencies: builds a word index of a folder of texts and reports its progress.

    ENDPOINT=http://127.0.0.1:4000/graphql TOKEN=... PROJECT=books ./ingest.py FOLDER index.json

The token needs the scope progress:write. With INGESTION=<id>, a job that is started again after it was killed takes its
ingestion over; otherwise each run is a new one. Exit code: 0 if the ingestion completed, 1 if it failed.
"""

import json
import os
import random
import re
import signal
import sys
import threading
import time
import urllib.error
import urllib.request
import uuid
from pathlib import Path

TRANSIENT = {"UNAVAILABLE", "RATE_LIMITED", "INTERNAL_SERVER_ERROR"}
GIVE_UP_AFTER_S = 900
# Whoever sends SIGTERM seldom waits longer.
GIVE_UP_FAILURE_AFTER_S = 10
UPDATE_EVERY_S = 0.5
HEARTBEAT_EVERY_S = 60
STATUS_AFTER = {"completeIngestion": "COMPLETED", "failIngestion": "FAILED"}


class Rejected(Exception):
    """The server rejected a report; sending it again would not help."""

    def __init__(self, code, message):
        super().__init__(f"{code}: {message}")
        self.code = code


class Terminated(BaseException):
    """The process received SIGTERM."""


class Reporter:
    """Sends the reports of one ingestion in order; retries each until it is accepted or rejected."""

    def __init__(self, endpoint, token, project, ingestion):
        self.endpoint, self.token = endpoint, token
        # The same id with the same key is the same start, so it may be sent twice. With another key it is another attempt:
        # the server then rejects the reports of the process before, which may only have been slow.
        self.address = {"projectId": project, "ingestionId": ingestion, "attemptKey": str(uuid.uuid4())}
        self.sequence = 0
        self.updated_at = float("-inf")

    def start(self, **options):
        self._send("startIngestion", options, "lastSequence")
        threading.Thread(target=self._show_signs_of_life, daemon=True).start()

    def phase(self, number, message):
        self._report("reportPhaseStarted", phase=number, message=message)

    def progress(self, number, done, total, **metrics):
        """Sends at most two updates per second, and the one with which a phase is done. The server works out the percent."""
        if time.monotonic() - self.updated_at < UPDATE_EVERY_S and done != total:
            return
        self.updated_at = time.monotonic()
        counts = {"itemsProcessed": done, "itemsTotal": total, **metrics}
        self._report("reportProgress", phase=number, metrics=counts)

    def complete(self, **result):
        self._report("completeIngestion", result=result)

    def fail(self, code, message, recoverable):
        self._report(
            "failIngestion", GIVE_UP_FAILURE_AFTER_S, errorCode=code, message=message, recoverable=recoverable
        )

    def _show_signs_of_life(self):
        """For a phase that has nothing to report for longer than the server waits for a silent job, which is 5 minutes."""
        while True:
            time.sleep(HEARTBEAT_EVERY_S)
            try:
                self._send("reportHeartbeat", {}, "accepted")
            except Rejected:
                # The next report says why.
                return

    def _report(self, mutation, give_up_after_s=GIVE_UP_AFTER_S, **fields):
        # Rises within the attempt: a report that arrives twice changes nothing.
        self.sequence += 1
        fields["sequence"] = self.sequence
        answer = self._send(mutation, fields, "accepted progress { status }", give_up_after_s)
        status = answer["progress"]["status"]
        # Nothing changed: that is fine if the first answer was lost, but an ending must be there.
        if not answer["accepted"] and status != STATUS_AFTER.get(mutation, status):
            raise Rejected("CONFLICT", f"The server did not take this ending; the ingestion is {status}.")

    def _send(self, mutation, fields, selection, give_up_after_s=GIVE_UP_AFTER_S):
        kind = mutation[0].upper() + mutation[1:] + "Input"
        query = f"mutation($input: {kind}!) {{ answer: {mutation}(input: $input) {{ {selection} }} }}"
        body = json.dumps({"query": query, "variables": {"input": {**self.address, **fields}}}).encode()
        started_at, failures = time.monotonic(), 0
        while True:
            code, message, answer = self._attempt(body)
            if code is None:
                return answer
            if code not in TRANSIENT or time.monotonic() - started_at > give_up_after_s:
                raise Rejected(code, message)
            failures += 1
            # 1, 2, 4, 8, 16, 30, 30 ... seconds with 25% jitter.
            time.sleep(min(30, 2 ** min(failures - 1, 5)) * random.uniform(0.75, 1.25))

    def _attempt(self, body):
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self.token}"}
        try:
            # The server may take 30 s to store an ending.
            with urllib.request.urlopen(urllib.request.Request(self.endpoint, body, headers), timeout=40) as response:
                answer = json.load(response)
        except urllib.error.HTTPError as error:
            try:
                answer = json.load(error)
            except ValueError:
                return ("UNAVAILABLE" if error.code >= 500 else "BAD_ENDPOINT"), str(error), None
        except (OSError, ValueError) as error:
            return "UNAVAILABLE", str(error), None
        if answer.get("errors"):
            first = answer["errors"][0]
            return first.get("extensions", {}).get("code", "BAD_USER_INPUT"), first["message"], None
        return None, None, answer["data"]["answer"]


def ingest(folder, target, reporter):
    """Runs the four phases; returns the result of the ingestion."""
    reporter.phase(1, "Looking for texts")
    files = sorted(path for path in folder.rglob("*") if path.suffix in {".txt", ".md"})
    total_bytes = sum(path.stat().st_size for path in files)
    reporter.progress(1, len(files), len(files), bytesTotal=total_bytes)

    reporter.phase(2, "Reading texts")
    texts, failed, done_bytes = {}, 0, 0
    for number, path in enumerate(files, 1):
        try:
            texts[path] = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            failed += 1
        done_bytes += path.stat().st_size
        reporter.progress(2, number, len(files), itemsFailed=failed, bytesProcessed=done_bytes, bytesTotal=total_bytes)

    reporter.phase(3, "Finding words")
    words = {}
    for number, (path, text) in enumerate(texts.items(), 1):
        for word in set(re.findall(r"\w{3,}", text.lower())):
            words.setdefault(word, []).append(str(path.relative_to(folder)))
        reporter.progress(3, number, len(texts), counters=[{"name": "words", "value": len(words)}])

    reporter.phase(4, "Writing the index")
    target.write_text(json.dumps(words, ensure_ascii=False, indent=1), encoding="utf-8")
    reporter.progress(4, len(words), len(words))
    return {"itemsProcessed": len(files), "itemsFailed": failed, "bytesProcessed": done_bytes}


def on_sigterm(number, _frame):
    # A second one ends the process at once.
    signal.signal(number, signal.SIG_DFL)
    raise Terminated("The job's process was ended by SIGTERM.")


def report_failure(reporter, error):
    """Any error is reported: the server would call a silent job stalled only after 5 minutes."""
    # A missing folder stays missing; after anything else the next run may go on.
    code = "SOURCE_UNREADABLE" if isinstance(error, NotADirectoryError) else type(error).__name__
    try:
        reporter.fail(code, str(error), recoverable=not isinstance(error, NotADirectoryError))
    except Rejected as rejected:
        print(f"Rejected: {rejected}", file=sys.stderr)


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    environ = os.environ
    ingestion = environ.get("INGESTION") or str(uuid.uuid4())
    reporter = Reporter(environ["ENDPOINT"], environ["TOKEN"], environ["PROJECT"], ingestion)
    signal.signal(signal.SIGTERM, on_sigterm)
    try:
        reporter.start(phaseWeights=[1, 6, 2, 1])
        folder = Path(sys.argv[1])
        if not folder.is_dir():
            raise NotADirectoryError(f"There is no folder {folder}.")
        reporter.complete(**ingest(folder, Path(sys.argv[2]), reporter))
    except Rejected as error:
        # The ingestion was cancelled, replaced or taken over, or the token lacks access: there is nothing left to report.
        sys.exit(f"Rejected: {error}")
    except Terminated as error:
        report_failure(reporter, error)
        os.kill(os.getpid(), signal.SIGTERM)
    except OSError as error:
        report_failure(reporter, error)
        sys.exit(f"Failed: {error}")
    except BaseException as error:
        report_failure(reporter, error)
        raise


if __name__ == "__main__":
    main()
