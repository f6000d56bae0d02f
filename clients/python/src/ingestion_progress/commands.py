"""Listens to requests to cancel by server-sent events, in a daemon thread, and acknowledges them. Reconnects after any loss."""

from __future__ import annotations

import json
import random
import threading
import time
from typing import TYPE_CHECKING, Any, Dict, Optional

from .documents import COMMANDS, MUTATIONS
from .errors import RETRYABLE
from .transport import Failure, Token, Transport

if TYPE_CHECKING:
    from .run import Ingestion

#: Seconds of silence after which the stream is considered dead; the server sends keep-alives far more often.
_SILENCE_TIMEOUT = 60.0
#: Seconds after which an active stream is healthy, so that its end is no failure.
_HEALTHY_AFTER = 5.0
#: Seconds within which a command must be acknowledged.
_ACKNOWLEDGE_WITHIN = 5.0


class CommandListener:
    """Listens until it is stopped."""

    def __init__(self, endpoint: str, token: Token, run: "Ingestion") -> None:
        self._run = run
        self._transport = Transport(endpoint, token)
        self._answers = Transport(endpoint, token)
        self._stopped = threading.Event()
        self._failures = 0

    def start(self) -> None:
        threading.Thread(target=self._listen, name="ingestion-progress-commands", daemon=True).start()

    def stop(self) -> None:
        self._stopped.set()
        self._transport.interrupt()

    def after_fork(self) -> None:
        self._transport.after_fork()
        self._answers.after_fork()

    def _listen(self) -> None:
        while not self._stopped.is_set():
            try:
                self._read()
            except Exception:
                # Any failure is retried; the reports are what tell if the server is gone for good.
                pass
            self._transport.close()
            self._failures += 1
            delay = min(30.0, 2.0 ** min(self._failures - 1, 5)) * random.uniform(0.75, 1.25)
            self._stopped.wait(delay)
        self._answers.close()

    def _read(self) -> None:
        body = {"query": COMMANDS, "variables": {"projectId": self._run.project_id}}
        payload = json.dumps(body).encode()
        response = self._transport.open(payload, _SILENCE_TIMEOUT, self._failures > 0, "text/event-stream")
        if response.status != 200:
            raise Failure("UNAVAILABLE", f"Status {response.status}.")
        opened = time.monotonic()
        data = ""
        while not self._stopped.is_set():
            line = response.readline()
            if line == b"":
                return
            if time.monotonic() - opened >= _HEALTHY_AFTER:
                self._failures = 0
            text = line.decode(errors="replace").rstrip("\r\n")
            if text.startswith("data:"):
                data += text[5:].lstrip()
            elif text == "":
                command, data = _command_in(data), ""
                if command is not None:
                    self._failures = 0
                    self._answer(command)

    def _answer(self, command: Dict[str, Any]) -> None:
        if command.get("kind") != "CANCEL" or command.get("ingestionId") != self._run.ingestion_id:
            return
        accepted = self._run.request_cancel(str(command.get("requestedBy")))
        fields = {"projectId": self._run.project_id, "commandId": command["id"], "accepted": accepted}
        body = {"query": MUTATIONS["acknowledge"], "variables": {"input": fields}}
        until = time.monotonic() + _ACKNOWLEDGE_WITHIN
        force = False
        while time.monotonic() < until:
            try:
                self._answers.post(body, _ACKNOWLEDGE_WITHIN, force)
                return
            except Failure as error:
                if error.code not in RETRYABLE and force:
                    return
                force = True
                self._stopped.wait(0.5)


def _command_in(data: str) -> Optional[Dict[str, Any]]:
    """The command in one event of the stream; None for a keep-alive."""
    if data == "":
        return None
    body = json.loads(data)
    inner = body.get("data") if isinstance(body, dict) else None
    command = inner.get("ingestionCommands") if isinstance(inner, dict) else None
    return command if isinstance(command, dict) else None
