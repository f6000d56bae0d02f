"""Fixtures: the real server that the tests of the repository started, its tokens, and a server that follows a script."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import subprocess
import sys
import threading
import time
import urllib.request
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ingestion_progress import Client

SRC = Path(__file__).parents[1] / "src"
DEADLINE = 20.0


def eventually(probe, timeout=DEADLINE):
    """The first value of the probe that is true; fails after the timeout."""
    until = time.monotonic() + timeout
    while True:
        value = probe()
        if value:
            return value
        assert time.monotonic() < until, f"not true within {timeout} s"
        time.sleep(0.01)


def sign(secret, **claims):
    """A token, HS256."""
    payload = {"sub": "tester", "projects": "*", "scope": "progress:write ingestion:control", **claims}
    payload.setdefault("exp", int(time.time()) + 600)
    encode = lambda value: base64.urlsafe_b64encode(value).rstrip(b"=")
    text = b".".join(encode(json.dumps(part).encode()) for part in ({"alg": "HS256", "typ": "JWT"}, payload))
    return (text + b"." + encode(hmac.new(secret.encode(), text, hashlib.sha256).digest())).decode()


class Real:
    """The real server."""

    def __init__(self, url, secret):
        self.url = url
        self.endpoint = f"{url}/graphql"
        self.secret = secret
        self.token = sign(secret)

    def client(self, **options):
        return Client(self.endpoint, options.pop("token", self.token), **options)

    def env(self, **more):
        return {"INGESTION_PROGRESS_URL": self.endpoint, "INGESTION_PROGRESS_TOKEN": self.token, **more}

    def state(self, project):
        request = urllib.request.Request(
            f"{self.url}/api/projects/{project}/progress", headers={"Authorization": f"Bearer {self.token}"}
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as response:
                return json.load(response)
        except urllib.error.HTTPError as error:
            return {"status": f"HTTP {error.code}"}

    def graphql(self, query, **variables):
        body = json.dumps({"query": query, "variables": variables}).encode()
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        with urllib.request.urlopen(urllib.request.Request(self.endpoint, body, headers), timeout=10) as response:
            return json.load(response)

    def cancel(self, project, ingestion):
        query = "mutation($p: ID!, $i: ID!) { cancelIngestion(projectId: $p, ingestionId: $i) { status } }"
        answer = self.graphql(query, p=project, i=ingestion)
        return (answer.get("data") or {}).get("cancelIngestion", {}).get("status")


@pytest.fixture(scope="session")
def real():
    return Real(os.environ["TEST_SERVER_URL"], os.environ["TEST_SERVER_SECRET"])


@pytest.fixture
def project():
    return f"p-{uuid.uuid4()}"


OK = object()
LOSE = object()


def refuse(code, message="no", status=200, retry_after=None):
    return {"code": code, "message": message, "status": status, "retry_after": retry_after}


class Scripted:
    """A server that takes reports as the real one, and answers as ``script(name, input, count)`` says.

    ``OK``; ``LOSE`` (it takes the report, and closes without an answer); a ``refuse(…)``; or a result.
    """

    def __init__(self, script=None, port=0):
        self.script = script or (lambda name, fields, count: OK)
        self.calls = []
        self.tokens = []
        self.agents = []
        self.sequence = None
        self.status = "RUNNING"
        self.attempt = 1
        self.recoverable = None
        self.lock = threading.Lock()
        scripted = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                scripted.answer(self)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_port
        self.endpoint = f"http://127.0.0.1:{self.port}/graphql"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def names(self):
        return [name for name, _ in self.calls]

    def of(self, name):
        return [fields for called, fields in self.calls if called == name]

    def answer(self, handler):
        body = json.loads(handler.rfile.read(int(handler.headers["content-length"])))
        self.tokens.append(handler.headers["authorization"])
        name = body["query"].split("result: ")[-1].split("(")[0] if "result: " in body["query"] else "commands"
        fields = body["variables"].get("input", {})
        with self.lock:
            self.calls.append((name, fields))
            count = self.names().count(name)
        action = self.script(name, fields, count)
        if isinstance(action, dict) and "code" in action:
            error = {"message": action["message"], "extensions": {"code": action["code"]}}
            return self.send(handler, {"errors": [error]}, action["status"], action["retry_after"])
        result = action if isinstance(action, dict) else self.take(name, fields)
        if action is LOSE:
            handler.close_connection = True
            return None
        return self.send(handler, {"data": {"result": result}})

    def take(self, name, fields):
        with self.lock:
            accepted = True
            sequence = fields.get("sequence")
            if sequence is not None:
                accepted = self.sequence is None or sequence > self.sequence
                self.sequence = max(sequence, self.sequence or 0)
            if accepted and name in ("completeIngestion", "failIngestion", "confirmCancelled"):
                self.status = {"c": "COMPLETED", "f": "FAILED"}[name[0]] if name != "confirmCancelled" else "CANCELLED"
                self.recoverable = fields.get("recoverable")
            error = {"recoverable": self.recoverable} if self.status == "FAILED" else None
            state = {"status": self.status, "attempt": self.attempt, "error": error}
            return {"accepted": accepted, "lastSequence": self.sequence, "progress": state, "storedRevision": 7}

    @staticmethod
    def send(handler, body, status=200, retry_after=None):
        data = json.dumps(body).encode()
        try:
            handler.send_response(status)
            handler.send_header("content-length", str(len(data)))
            if retry_after is not None:
                handler.send_header("retry-after", str(retry_after))
            handler.end_headers()
            handler.wfile.write(data)
        except OSError:
            # The client gave up.
            handler.close_connection = True


@pytest.fixture
def scripted():
    servers = []

    def start(script=None):
        servers.append(Scripted(script))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


class Job:
    """A job in a process of its own."""

    def __init__(self, source, env):
        preamble = "import os, sys, time, signal, threading\nfrom ingestion_progress import *\n"
        self.process = subprocess.Popen(
            [sys.executable, "-c", preamble + source],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(SRC), "PYTHONUNBUFFERED": "1", **env},
        )

    def wait_for(self, text):
        for line in self.process.stdout:
            if line.strip() == text:
                return
        raise AssertionError(f"It ended without {text!r}: {self.process.stderr.read()}")

    def end(self, timeout=DEADLINE):
        """Exit code, standard output, standard error."""
        out, err = self.process.communicate(timeout=timeout)
        return self.process.returncode, out, err


@pytest.fixture
def job():
    jobs = []

    def start(source, env):
        jobs.append(Job(source, env))
        return jobs[-1]

    yield start
    for each in jobs:
        if each.process.poll() is None:
            each.process.kill()
            each.process.communicate()
