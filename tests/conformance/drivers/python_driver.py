"""Drives the Python reporter: a command a line in, an answer a line out."""

import json
import sys
import threading
import time

from ingestion_progress import Client

run = None
exit_code = 0


def say(**line):
    print(json.dumps(line), flush=True)


def tell_abort():
    """Once the job should stop: a person asked for it, or another process took over."""
    while not run.cancel_requested and (run.error is None or run.error.code != "CONFLICT"):
        time.sleep(0.02)
    say(event="abort", cancelRequested=run.cancel_requested)


def do(command):
    global run, exit_code
    name = command["do"]
    if name == "open":
        offset, clock = command["clockOffsetMs"] / 1000, time.time
        time.time = lambda: clock() + offset
        options, start = command["options"], command["start"]
        times = {"windowMs": "window", "requestTimeoutMs": "request_timeout", "flushTimeoutMs": "flush_timeout"}
        seconds = {times[key]: value / 1000 for key, value in options.items()}

        def token():
            with open(command["tokenFile"], encoding="utf-8") as file:
                return file.read()

        run = Client(command["endpoint"], token, **seconds).ingestion(
            command["projectId"],
            ingestion_id=start["ingestionId"],
            cancellable=start.get("cancellable", False),
            raise_cancelled=False,
        )
        run.start()
        threading.Thread(target=tell_abort, daemon=True).start()
    elif name == "phase":
        run.phase(command["phase"], command["message"])
    elif name == "update":
        metrics = command.get("metrics", {})
        run.update(
            command["phase"],
            percent=command["percent"],
            done=metrics.get("itemsProcessed"),
            total=metrics.get("itemsTotal"),
        )
    elif name == "exit":
        exit_code = command["code"]
    else:
        ends = {
            "flush": run.flush,
            "complete": run.complete,
            "cancelled": run.cancelled,
            "fail": lambda: run.fail(command["errorCode"], command["message"], recoverable=command["recoverable"]),
        }
        if not ends[name]():
            say(done=name, error=run.error.code if run.error else "NO_ANSWER")
            return
    say(done=name)


for line in sys.stdin:
    command = json.loads(line)
    if command["do"] == "throw":
        say(done="throw")
        raise TypeError("secret")
    do(command)
sys.exit(exit_code)
