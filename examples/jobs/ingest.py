#!/usr/bin/env python3
"""An ingestion job in Python without dependencies: builds a word index of a folder of texts and reports its progress.

    ENDPOINT=http://127.0.0.1:4000/graphql TOKEN=... PROJECT=books ./ingest.py FOLDER index.json

The token needs the scope progress:write. Exit code: 0 if the ingestion completed, 1 if it failed.
"""

import json
import os
import random
import re
import sys
import time
import urllib.error
import urllib.request
import uuid
from pathlib import Path

TRANSIENT = {"UNAVAILABLE", "RATE_LIMITED", "INTERNAL_SERVER_ERROR"}
GIVE_UP_AFTER_S = 900
UPDATE_EVERY_S = 0.5


class Rejected(Exception):
    """The server rejected a report; sending it again would not help."""

    def __init__(self, code, message):
        super().__init__(f"{code}: {message}")
        self.code = code


class Reporter:
    """Sends the reports of one ingestion in order; retries each until it is accepted or rejected."""

    def __init__(self, endpoint, token, project):
        self.endpoint, self.token = endpoint, token
        self.address = {"projectId": project, "ingestionId": str(uuid.uuid4())}
        self.sequence = 0
        self.updated_at = 0.0

    def start(self, **options):
        # The id is ours, so sending a start twice starts one ingestion.
        answer = self._send("startIngestion", "StartIngestionInput", "lastSequence", options)
        self.sequence = answer["lastSequence"] or 0

    def phase(self, number, message):
        self._report("reportPhaseStarted", phase=number, message=message)

    def progress(self, number, done, total, **metrics):
        """Sends at most two updates per second, and always the last one of a phase."""
        if time.monotonic() - self.updated_at < UPDATE_EVERY_S and done < total:
            return
        self.updated_at = time.monotonic()
        counts = {"itemsProcessed": done, "itemsTotal": total, **metrics}
        percent = 100 * done / total if total else None
        self._report("reportProgress", phase=number, progressPercent=percent, metrics=counts)

    def complete(self, **result):
        self._report("completeIngestion", result=result)

    def fail(self, phase, code, message, recoverable=False):
        self._report("failIngestion", phase=phase, errorCode=code, message=message, recoverable=recoverable)

    def _report(self, mutation, **fields):
        # Rises within and across runs: a report that arrives twice changes nothing.
        self.sequence = max(self.sequence + 1, int(time.time() * 1000))
        kind = mutation[0].upper() + mutation[1:] + "Input"
        self._send(mutation, kind, "accepted", {"sequence": self.sequence, **fields})

    def _send(self, mutation, kind, field, fields):
        query = f"mutation($input: {kind}!) {{ answer: {mutation}(input: $input) {{ {field} }} }}"
        body = json.dumps({"query": query, "variables": {"input": {**self.address, **fields}}}).encode()
        started_at, failures = time.monotonic(), 0
        while True:
            code, message, answer = self._attempt(body)
            if code is None:
                return answer
            if code not in TRANSIENT or time.monotonic() - started_at > GIVE_UP_AFTER_S:
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


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    reporter = Reporter(os.environ["ENDPOINT"], os.environ["TOKEN"], os.environ["PROJECT"])
    try:
        reporter.start(phaseWeights=[1, 6, 2, 1])
        try:
            folder = Path(sys.argv[1])
            if not folder.is_dir():
                raise FileNotFoundError(f"There is no folder {folder}.")
            reporter.complete(**ingest(folder, Path(sys.argv[2]), reporter))
        except OSError as error:
            reporter.fail(None, "SOURCE_UNREADABLE", str(error))
            sys.exit(f"Failed: {error}")
    except Rejected as error:
        # The ingestion was cancelled or replaced, or the token lacks access: there is nothing left to report.
        sys.exit(f"Rejected: {error}")


if __name__ == "__main__":
    main()
