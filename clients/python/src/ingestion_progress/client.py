"""How to reach the server: the options that all runs of a process share, checked when they are given."""

from __future__ import annotations

import math
import os
import re
from typing import Any, Callable, Dict, Mapping, Optional, Sequence, Union
from urllib.parse import urlsplit

from .errors import ReporterError
from .run import Ingestion, Settings, new_id
from .transport import Token, TokenSource

#: A phase's name, or its fields as in the server's ``PhaseInput``: name, weight, itemsTotal, bytesTotal.
PhaseName = Union[str, Mapping[str, Any]]

#: Controls, line separators and the marks that reorder text: an id is shown in logs and pages.
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
ID_RULE = "must be 1 to 200 characters without control characters, and not . or .."


class Client:
    """Reports to one server. Nothing is sent before the first report; it has no thread and no connection of its own.

    ``endpoint``: the server's GraphQL address; default: the variable ``INGESTION_PROGRESS_URL``.
    ``token``: with the scope ``progress:write``; a callable is called again after the token was rejected.
    Default: the variable ``INGESTION_PROGRESS_TOKEN``.
    Times are in seconds. ``window``: within which updates merge into one. ``request_timeout``: after which an unanswered
    request is sent again. ``give_up_after``: of failed attempts, after which a run gives up. ``flush_timeout``: for which
    an ending, and the end of the process, waits for the server.
    ``handle_exit``: whether open ingestions are reported as failed, recoverably, if SIGTERM, SIGHUP or an exception ends
    the process. ``quiet``: whether nothing is written to standard error.
    ``on_rejected`` and ``on_waiting`` are called in the sender's thread.
    """

    def __init__(
        self,
        endpoint: Optional[str] = None,
        token: Optional[TokenSource] = None,
        *,
        window: float = 0.5,
        request_timeout: float = 40.0,
        give_up_after: float = 900.0,
        flush_timeout: float = 10.0,
        handle_exit: bool = True,
        quiet: bool = False,
        on_rejected: Optional[Callable[[ReporterError], None]] = None,
        on_waiting: Optional[Callable[[ReporterError], None]] = None,
    ) -> None:
        endpoint = endpoint if endpoint is not None else os.environ.get("INGESTION_PROGRESS_URL", "")
        token = token if token is not None else os.environ.get("INGESTION_PROGRESS_TOKEN")
        _check_endpoint(endpoint)
        if token is None:
            raise _wrong("token: give a token or a callable, or set INGESTION_PROGRESS_TOKEN")
        times = {
            "window": window,
            "request_timeout": request_timeout,
            "give_up_after": give_up_after,
            "flush_timeout": flush_timeout,
        }
        for name, value in times.items():
            if not isinstance(value, (int, float)) or not math.isfinite(value) or value < 0:
                raise _wrong(f"{name}: must be a number of seconds, 0 or more")
        self._settings = Settings(
            endpoint,
            Token(token.strip() if isinstance(token, str) else token),
            window,
            request_timeout,
            give_up_after,
            flush_timeout,
            handle_exit,
            quiet,
            on_rejected,
            on_waiting,
        )

    def ingestion(
        self,
        project: str,
        *,
        ingestion_id: Optional[str] = None,
        attempt_key: Optional[str] = None,
        title: Optional[str] = None,
        labels: Optional[Mapping[str, str]] = None,
        phases: Optional[Sequence[PhaseName]] = None,
        max_attempts: Optional[int] = None,
        stale_after: Optional[float] = None,
        retry_of: Optional[str] = None,
        from_phase: Optional[int] = None,
        cancellable: bool = False,
        raise_cancelled: bool = True,
        replace: bool = False,
        recoverable: Optional[bool] = None,
        strict: bool = False,
    ) -> Ingestion:
        """An ingestion of a project; use it as a context manager.

        With the ``ingestion_id`` of one that runs or has failed recoverably, this is its next attempt. Workers that share
        one attempt give the same ``attempt_key``. ``stale_after``: seconds without a report after which it is stalled.
        ``cancellable``: a person may cancel it; ``raise_cancelled``: the next report then raises ``CancelledByUser``.
        ``recoverable``: whether a failure may be continued; default: whether an ``ingestion_id`` was given.
        ``strict``: whether a rejected report raises ``ReporterError`` in the job.
        """
        given: Dict[str, Any] = {
            "title": title,
            "labels": None if labels is None else [{"name": k, "value": str(v)} for k, v in labels.items()],
            "phases": None if phases is None else [_phase_input(phase) for phase in phases],
            "maxAttempts": max_attempts,
            "staleAfterMs": None if stale_after is None else round(stale_after * 1000),
            "retryOf": retry_of,
            "fromPhase": from_phase,
            "cancellable": True if cancellable else None,
            "replace": True if replace else None,
        }
        start = {name: value for name, value in given.items() if value is not None}
        start["ingestionId"] = _checked_id("ingestion_id", ingestion_id or new_id())
        start["attemptKey"] = attempt_key or new_id()
        if recoverable is None:
            recoverable = ingestion_id is not None
        project = _checked_id("project", project)
        return Ingestion(self._settings, project, start, recoverable, cancellable and raise_cancelled, strict)


def _phase_input(phase: PhaseName) -> Dict[str, Any]:
    return {"name": phase} if isinstance(phase, str) else dict(phase)


def _checked_id(name: str, value: str) -> str:
    if isinstance(value, str) and is_id(value):
        return value
    raise _wrong(f"{name}: {ID_RULE}")


def is_id(text: str) -> bool:
    """Whether a text is an id of a project or an ingestion."""
    if text in ("", ".", "..") or _UNSAFE.search(text) is not None:
        return False
    return len(text.encode("utf-16-le")) // 2 <= 200


def _check_endpoint(endpoint: str) -> None:
    try:
        parts = urlsplit(endpoint)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_address = False
    if not is_address or _UNSAFE.search(endpoint) or " " in endpoint:
        raise _wrong("endpoint: give the server's GraphQL address, such as https://progress.example.com/graphql")


def _wrong(message: str) -> ReporterError:
    return ReporterError("BAD_USER_INPUT", message)
