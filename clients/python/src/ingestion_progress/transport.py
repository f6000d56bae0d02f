"""Sends one GraphQL request over HTTP and reads its answer. Leaves retries to the caller; used by one thread."""

from __future__ import annotations

import http.client
import json
import os
import re
import socket
import ssl
import threading
from typing import Any, Callable, Dict, Mapping, Optional, Union
from urllib.parse import urlsplit

from .errors import SERVER_CODES, ReporterError

TokenSource = Union[str, Callable[[], str]]

USER_AGENT = "ingestion-progress-python"
#: What a header can carry.
_TOKEN = re.compile(r"[\x21-\x7e]+")


class Failure(ReporterError):
    """A failed attempt, and when the server wants the next one, in seconds from now."""

    def __init__(self, code: str, message: str, retry_after: Optional[float] = None) -> None:
        super().__init__(code, message)
        self.retry_after = retry_after


class Token:
    """The token, by value or from a callable that is called again after the token was rejected."""

    def __init__(self, source: TokenSource) -> None:
        self._source = source
        self._value: Optional[str] = source if isinstance(source, str) else None
        self._lock = threading.Lock()

    @property
    def is_renewable(self) -> bool:
        return callable(self._source)

    def get(self, force: bool) -> str:
        with self._lock:
            source = self._source
            if callable(source) and (self._value is None or force):
                try:
                    self._value = source()
                except Exception as error:
                    raise Failure("UNAVAILABLE", f"token() failed: {type(error).__name__}") from error
            value = self._value
        if not isinstance(value, str) or _TOKEN.fullmatch(value) is None:
            # The value itself must never be printed.
            raise Failure("UNAUTHENTICATED", "The token is empty, or has characters that a token cannot have.")
        return value

    def redact(self, text: str) -> str:
        """The text without the token."""
        value = self._value
        # A shorter one is no token, and a part of ordinary words.
        return text.replace(value, "[token]") if isinstance(value, str) and len(value) >= 8 else text

    def after_fork(self) -> None:
        self._lock = threading.Lock()


class Transport:
    """One connection, kept open between requests."""

    def __init__(self, endpoint: str, token: Token) -> None:
        self.endpoint = endpoint
        self.token = token
        parts = urlsplit(endpoint)
        self._secure = parts.scheme == "https"
        self._host = parts.hostname or ""
        self._port = parts.port
        self._path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._connection: Optional[http.client.HTTPConnection] = None

    def post(self, body: Mapping[str, Any], timeout: float, force: bool = False) -> Dict[str, Any]:
        """The mutation's result. Raises ``Failure``."""
        payload = json.dumps(body, allow_nan=False).encode()
        # A connection that was idle may be closed by now, which says nothing of the server.
        attempts = 2 if self._connection is not None else 1
        while True:
            attempts -= 1
            try:
                response = self.open(payload, timeout, force, "application/json")
                text = response.read()
                break
            except (http.client.HTTPException, OSError) as error:
                self.close()
                if attempts > 0 and isinstance(error, (http.client.RemoteDisconnected, ConnectionError)):
                    continue
                raise Failure("UNAVAILABLE", f"{self.endpoint}: {_reason_of(error, timeout)}") from None
        if response.will_close:
            self.close()
        try:
            return _read_result(response.status, text, response.getheader("retry-after"))
        except Failure as error:
            # A proxy may repeat what it was sent.
            raise Failure(error.code, self.token.redact(error.message), error.retry_after) from None

    def open(self, payload: bytes, timeout: float, force: bool, accept: str) -> http.client.HTTPResponse:
        """Sends a request; the caller reads the answer."""
        headers = {
            "Content-Type": "application/json",
            "Accept": accept,
            "Authorization": f"Bearer {self.token.get(force)}",
            "User-Agent": USER_AGENT,
        }
        connection = self._connection
        if connection is None:
            if self._secure:
                context = ssl.create_default_context()
                connection = http.client.HTTPSConnection(self._host, self._port, timeout=timeout, context=context)
            else:
                connection = http.client.HTTPConnection(self._host, self._port, timeout=timeout)
            self._connection = connection
        connection.timeout = timeout
        if connection.sock is not None:
            connection.sock.settimeout(timeout)
        connection.request("POST", self._path, payload, headers)
        return connection.getresponse()

    def interrupt(self) -> None:
        """Ends the request that another thread waits for."""
        sock = self._connection.sock if self._connection is not None else None
        if sock is None:
            return
        try:
            sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            # It is closed, or not connected yet.
            return

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def after_fork(self) -> None:
        """Closes this process's copy of the socket; the parent goes on with its own."""
        connection, self._connection = self._connection, None
        sock = connection.sock if connection is not None else None
        if sock is None:
            return
        try:
            os.close(sock.detach())
        except OSError:
            # Closed already.
            return


def _reason_of(error: BaseException, timeout: float) -> str:
    if isinstance(error, socket.timeout):
        return f"no answer within {timeout:g} s"
    return str(error) or type(error).__name__


def _read_result(status: int, text: bytes, retry_after: Optional[str]) -> Dict[str, Any]:
    """Goes by the code in the body; by the HTTP status only if the response is not this server's."""
    try:
        body = json.loads(text)
    except ValueError:
        # A proxy's page.
        body = None
    body = body if isinstance(body, dict) else {}
    data = body.get("data")
    result = data.get("result") if isinstance(data, dict) else None
    if isinstance(result, dict):
        return result
    errors = body.get("errors")
    first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {}
    extensions = first.get("extensions")
    code = extensions.get("code") if isinstance(extensions, dict) else None
    if code not in SERVER_CODES:
        code = _code_of_status(status)
    message = first.get("message") or (
        f"Status {status} without a GraphQL result; is endpoint the server's /graphql?"
    )
    wait = float(retry_after) if retry_after is not None and re.fullmatch(r"\d{1,6}", retry_after) else None
    raise Failure(str(code), str(message), wait)


def _code_of_status(status: int) -> str:
    if status == 429:
        return "RATE_LIMITED"
    if status >= 500 or status in (408, 425):
        return "UNAVAILABLE"
    return {401: "UNAUTHENTICATED", 403: "FORBIDDEN"}.get(status, "BAD_ENDPOINT")
