"""One ingestion as its job sees it. The job's own calls only queue; a daemon thread sends, one request at a time.

No lock is shared with the job: its calls put into a ``SimpleQueue``, or write counts that the thread reads. So a signal
handler, a garbage collector or a forked child may interrupt any of them at any point.
"""

from __future__ import annotations

import asyncio
import json
import os
import queue
import random
import sys
import threading
import time
import uuid
from types import TracebackType
from typing import (
    Any,
    AsyncIterable,
    AsyncIterator,
    Callable,
    Dict,
    Generic,
    Iterable,
    Iterator,
    List,
    Mapping,
    Optional,
    Tuple,
    Type,
    TypeVar,
    Union,
    cast,
)

from . import exits
from .commands import CommandListener
from .counts import Counts
from .documents import MUTATIONS
from .errors import FINAL, RETRYABLE, CancelledByUser, ReporterError
from .outbox import CHANGES, MAX_PROBLEMS, Outbox, Outcome, Report
from .transport import Failure, Token, Transport

T = TypeVar("T")

#: A CONFLICT of these may mean that the phase is over, while the ingestion goes on.
_OF_A_PHASE = frozenset({"phase", "phaseCompleted", "waiting"})
_STATUS_AFTER = {"complete": "COMPLETED", "error": "FAILED", "cancelled": "CANCELLED"}
_MAX_PHASE = 12
_MAX_PROBLEMS_AT_ONCE = 100
#: Reports that wait to be merged; more come only from a job that reports in an endless loop.
_MAX_QUEUED = 4_000
#: Seconds without an answer after which a report is said to wait, and between two such words.
_REMINDER = 60.0
#: As the server's, if the start does not say, in seconds.
_DEFAULT_STALE_AFTER = 300.0
#: Longest delay between attempts while the job waits for its end, in seconds.
_HURRIED_DELAY = 0.5


class Settings:
    """What a client hands to each of its runs; times in seconds."""

    def __init__(
        self,
        endpoint: str,
        token: Token,
        window: float,
        request_timeout: float,
        give_up_after: float,
        flush_timeout: float,
        handle_exit: bool,
        quiet: bool,
        on_rejected: Optional[Callable[[ReporterError], None]],
        on_waiting: Optional[Callable[[ReporterError], None]],
    ) -> None:
        self.endpoint = endpoint
        self.token = token
        self.window = window
        self.request_timeout = request_timeout
        self.give_up_after = give_up_after
        self.flush_timeout = flush_timeout
        self.handle_exit = handle_exit
        self.quiet = quiet
        self.on_rejected = on_rejected
        self.on_waiting = on_waiting


def say(text: str) -> None:
    """Writes a line to standard error; never raises."""
    line = f"ingestion-progress: {text}\n"
    stderr = sys.stderr
    if stderr is None:
        return
    try:
        if stderr is sys.__stderr__:
            # Not through its buffer: a daemon thread that holds its lock while Python shuts down would abort the process.
            os.write(2, line.encode(errors="replace"))
        else:
            stderr.write(line)
    except (OSError, ValueError):
        # Standard error is closed.
        return


class Ingestion:
    """A run of a job. Use it as a context manager; made by ``Client.ingestion``."""

    def __init__(
        self,
        settings: Settings,
        project_id: str,
        start: Dict[str, Any],
        recoverable: bool,
        raise_cancelled: bool,
        strict: bool,
    ) -> None:
        self.project_id = project_id
        self.ingestion_id: str = start["ingestionId"]
        self.attempt_key: str = start["attemptKey"]
        self._settings = settings
        self._start_input = {"projectId": project_id, **start}
        self._recoverable = recoverable
        self._raises_cancelled = raise_cancelled
        self._strict = strict
        self._cancellable = start.get("cancellable") is True
        stale_after = start.get("staleAfterMs", _DEFAULT_STALE_AFTER * 1000) / 1000
        self._heartbeat: float = min(60.0, max(1.0, stale_after / 4))

        self._inbox: "queue.SimpleQueue[Union[Report, Outcome, None]]" = queue.SimpleQueue()
        self._counts: Dict[Tuple[int, Optional[str]], Counts] = {}
        self._problems_queued = 0
        self._is_detached = False
        self._is_begun = False
        self._thread: Optional[threading.Thread] = None
        self._listener: Optional[CommandListener] = None
        #: Of the newest phase that an exception left.
        self._failed_phase: Optional[int] = None
        #: The job has said its last word.
        self._is_closing = False
        #: Something that the next report raises.
        self._to_raise: Optional[Exception] = None
        self._hurries = False

        # From here on the sender's own.
        self._transport = Transport(settings.endpoint, settings.token)
        self._outbox = Outbox()
        self._flushers: List[Outcome] = []
        self._sequence = 0
        self._attempt: Optional[int] = None
        self._stored_revision: Optional[int] = None
        self._is_started = threading.Event()
        self._started = Outcome()
        self._is_over = False
        self._is_failed = False
        #: The last word was taken.
        self._is_ending = False
        self._is_cancel_requested = False
        self._in_flight: Optional[str] = None
        self._failure: Optional[ReporterError] = None
        self._has_rejection = False
        #: The newest rejection that was told.
        self._told: Optional[ReporterError] = None
        self._window_opened = float("-inf")
        self._sent_at = time.monotonic()
        self._spoke_at: Optional[float] = None

    # The job's side

    @property
    def cancel_requested(self) -> bool:
        """Whether a person asked to cancel."""
        return self._is_cancel_requested

    @property
    def is_open(self) -> bool:
        """Whether more may be reported."""
        return not (self._is_closing or self._is_over or self._is_detached)

    @property
    def is_started(self) -> bool:
        """Whether the server has accepted the start."""
        return self._is_started.is_set()

    @property
    def attempt(self) -> Optional[int]:
        """Which attempt of the ingestion this is, from 1; None until the server has accepted the start."""
        return self._attempt

    @property
    def stored_revision(self) -> Optional[int]:
        """The greatest revision known to be stored, after a ``flush``."""
        return self._stored_revision

    @property
    def error(self) -> Optional[ReporterError]:
        """Why nothing more can be reported; None while it can."""
        return self._failure

    def start(self) -> "Ingestion":
        """Queues the start; the first report does so, too. With ``strict``, waits until the server has stored it."""
        self._begin()
        if self._strict and not self._is_detached:
            if not self._started.settled.wait(self._settings.flush_timeout):
                self._close("the server did not answer in time.")
                raise ReporterError("NO_ANSWER", "The server did not answer the start in time.")
            if self._started.error is not None:
                raise self._started.error
        return self

    def phase(
        self,
        number: int,
        message: str = "",
        *,
        total: Optional[int] = None,
        bytes_total: Optional[int] = None,
        part: Optional[str] = None,
        keep_running: bool = False,
    ) -> "Phase":
        """Begins a phase, 1 to 12. As a context manager it completes the phase, unless an exception leaves it.

        ``keep_running``: the phases that run go on beside it; otherwise they are completed.
        """
        if not self._is_phase(number):
            return Phase(self, Counts(1, part), is_inert=True)
        body: Dict[str, Any] = {"phase": number, "message": message or f"Phase {number}"}
        if keep_running:
            body["keepRunning"] = True
        self._report("phase", number, body)
        phase = Phase(self, self._counts_of(number, part))
        phase.update(total=total, bytes_total=bytes_total)
        return phase

    def update(
        self,
        phase: int,
        *,
        percent: Optional[float] = None,
        done: Optional[int] = None,
        total: Optional[int] = None,
        failed: Optional[int] = None,
        bytes: Optional[int] = None,
        bytes_total: Optional[int] = None,
        total_is_final: Optional[bool] = None,
        items_per_second: Optional[float] = None,
        counters: Optional[Dict[str, float]] = None,
        message: Optional[str] = None,
        part: Optional[str] = None,
    ) -> None:
        """The job got further. What is None stays as it was; merged to one report per window, phase and part."""
        if not self._is_phase(phase) or not self._may_report():
            return
        metrics = {
            "itemsTotal": total,
            "bytesTotal": bytes_total,
            "itemsTotalIsFinal": total_is_final,
            "itemsPerSecond": items_per_second,
        }
        self._guard(
            lambda: self._counts_of(phase, part).update(
                percent, message, done, failed, bytes, metrics, counters
            )
        )

    def track(
        self,
        items: Union[Iterable[T], AsyncIterable[T]],
        phase: int,
        message: Optional[str] = None,
        *,
        total: Optional[int] = None,
        part: Optional[str] = None,
    ) -> "Track[T]":
        """Iterates over the items and counts them: ``for x in run.track(items, phase=2)``, also ``async for``.

        An item counts once its turn is over. The phase is completed after the last one, unless ``part`` is given.
        """
        return Track(self, items, phase, message, total, part, completes=part is None)

    def complete_phase(self, number: int) -> None:
        """A phase is done, also if none begins after it."""
        if self._is_phase(number):
            self._report("phaseCompleted", number, {"phase": number})

    def problem(
        self,
        item: object,
        code: Union[str, BaseException],
        message: Optional[str] = None,
        *,
        severity: str = "ERROR",
        phase: Optional[int] = None,
        url: Optional[str] = None,
    ) -> None:
        """What went wrong with one item. Instead of a code, an exception may be given. A repeat changes nothing."""
        if isinstance(code, BaseException):
            message = message if message is not None else _text_of(code)
            code = type(code).__name__
        if not self._may_report():
            return
        if self._problems_queued >= MAX_PROBLEMS:
            if self._problems_queued == MAX_PROBLEMS:
                self._problems_queued += 1
                self._tell(ReporterError("RATE_LIMITED", f"{MAX_PROBLEMS} problems are queued; others are dropped."))
            return
        self._problems_queued += 1
        problem: Dict[str, Any] = {"item": _text_of(item), "code": str(code), "severity": severity}
        optional = {"message": message, "phase": phase, "url": url}
        problem.update({name: value for name, value in optional.items() if value is not None})
        self._report("problems", None, {"problems": {(phase, problem["item"], problem["code"]): problem}})

    def waiting(self, waiting_for: Optional[str] = None, queue_position: Optional[int] = None) -> None:
        """What the job waits for before its first phase."""
        self._report("waiting", None, {"waitingFor": waiting_for, "queuePosition": queue_position})

    def pause(self, reason: str, until: Optional[float] = None) -> None:
        """The job waits on purpose, until a time if it knows one (as ``time.time()``)."""
        self._report("pause", None, {"reason": reason, "until": None if until is None else int(until * 1000)})

    def resume(self) -> None:
        """The job goes on; any report of progress says so, too."""
        self._report("resume", None, {})

    def heartbeat(self) -> None:
        """A sign of life; an open run sends its own."""
        self._report("heartbeat", None, {})

    def flush(self, timeout: Optional[float] = None) -> bool:
        """Sends what is queued and waits until it is stored, for at most ``flush_timeout``. Whether it is."""
        if self._is_detached or self._is_over or not self._is_begun:
            return self._failure is None
        outcome = Outcome()
        self._inbox.put(outcome)
        self._wait(outcome, self._settings.flush_timeout if timeout is None else timeout, hurries=False)
        if self._strict and outcome.error is not None:
            raise outcome.error
        return outcome.settled.is_set() and outcome.error is None

    def complete(
        self,
        *,
        summary: Optional[str] = None,
        items_processed: Optional[int] = None,
        items_failed: Optional[int] = None,
        bytes_processed: Optional[int] = None,
        outcome: Optional[str] = None,
        output: Any = None,
        links: Optional[Mapping[str, str]] = None,
        timeout: Optional[float] = None,
    ) -> bool:
        """The ingestion completed. Waits until it is stored, for at most ``flush_timeout``. Whether it is."""
        result: Dict[str, Any] = {
            "summary": summary,
            "itemsProcessed": items_processed,
            "itemsFailed": items_failed,
            "bytesProcessed": bytes_processed,
            "outcome": outcome,
            "output": output if _is_json(output) else None,
            "links": None if links is None else [{"label": label, "url": url} for label, url in links.items()],
        }
        given = {name: value for name, value in result.items() if value is not None}
        return self._end("complete", None, {"result": given}, timeout)

    def fail(
        self,
        error: Union[BaseException, str],
        message: Optional[str] = None,
        *,
        phase: Optional[int] = None,
        recoverable: Optional[bool] = None,
        timeout: Optional[float] = None,
    ) -> bool:
        """The ingestion failed: with an exception's type and text, or a code and a message.

        ``recoverable``: the next run with this ``ingestion_id`` is its next attempt. Default: whether an id was given.
        """
        code = type(error).__name__ if isinstance(error, BaseException) else str(error)
        if message is None:
            message = _text_of(error) if isinstance(error, BaseException) else ""
        return self._end("error", phase, self._failure_body(phase, code, message, recoverable), timeout)

    def cancelled(self, *, timeout: Optional[float] = None) -> bool:
        """The job stopped because a person asked it to. Waits as ``complete`` does."""
        return self._end("cancelled", None, {}, timeout)

    def dispose(self) -> None:
        """Drops what is queued and stops the thread; the ingestion stays open. A second call does no harm."""
        self._close(None)

    def __enter__(self) -> "Ingestion":
        return self.start()

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        _traceback: Optional[TracebackType],
    ) -> None:
        self._end_by(error)

    async def __aenter__(self) -> "Ingestion":
        if self._strict:
            return await asyncio.get_running_loop().run_in_executor(None, self.start)
        return self.start()

    async def __aexit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        _traceback: Optional[TracebackType],
    ) -> None:
        await asyncio.get_running_loop().run_in_executor(None, self._end_by, error)

    def _end_by(self, error: Optional[BaseException]) -> None:
        """The ending that fits how the block was left."""
        if self._is_detached or self._is_closing:
            return
        if error is None or (isinstance(error, SystemExit) and error.code in (None, 0)):
            self.complete()
            return
        try:
            if isinstance(error, (KeyboardInterrupt, CancelledByUser, asyncio.CancelledError)):
                self.cancelled()
            elif isinstance(error, SystemExit):
                self.fail("PROCESS_FAILED", f"The job exited with {error.code!r}.", phase=self._failed_phase)
            else:
                self.fail(error, phase=self._failed_phase)
        except ReporterError:
            # With strict; the job's own exception is the one to be raised.
            return

    def _failure_body(
        self, phase: Optional[int], code: str, message: str, recoverable: Optional[bool]
    ) -> Dict[str, Any]:
        return {
            "phase": phase if isinstance(phase, int) and 1 <= phase <= _MAX_PHASE else None,
            "errorCode": code,
            "message": message,
            "recoverable": self._recoverable if recoverable is None else recoverable,
        }

    def _end(
        self, mutation: str, phase: Optional[int], body: Dict[str, Any], timeout: Optional[float] = None
    ) -> bool:
        if self._is_detached or self._is_closing:
            return False
        self._begin()
        outcome = Outcome()
        if self._is_over:
            outcome.settle(self._failure)
        else:
            self._is_closing = True
            self._inbox.put(self._last_word(mutation, phase, body, outcome))
            self._wait(outcome, self._settings.flush_timeout if timeout is None else timeout, hurries=True)
        if not outcome.settled.is_set():
            self._close("the server did not answer in time.")
            outcome.settle(ReporterError("NO_ANSWER", "The server did not answer in time."))
        elif outcome.error is None:
            self._close(None)
        else:
            self._close(str(outcome.error) if outcome.error is not self._told else None)
        if outcome.error is None:
            return True
        self._failure = self._failure or outcome.error
        if self._strict:
            raise outcome.error
        return False

    def _wait(self, outcome: Outcome, timeout: float, hurries: bool) -> None:
        """Waits for an answer. A request that hangs is given up in time for another one."""
        self._hurries = self._hurries or hurries
        # Wakes the thread from its delay.
        self._inbox.put(None)
        for _ in range(3):
            if outcome.settled.wait(timeout / 3):
                return
            if hurries:
                self._transport.interrupt()

    def _begin(self) -> None:
        if self._is_begun or self._is_detached:
            return
        self._is_begun = True
        exits.add(self)
        self._thread = threading.Thread(target=self._work, name="ingestion-progress", daemon=True)
        try:
            self._thread.start()
            if self._cancellable:
                self._listener = CommandListener(self._settings.endpoint, self._settings.token, self)
                self._listener.start()
        except RuntimeError as error:
            # The interpreter is shutting down, or the machine has no threads left.
            self._fail(ReporterError("CLOSED", str(error)))

    def _may_report(self) -> bool:
        """Raises what the job asked for: cancelled, and with ``strict`` a rejection."""
        if self._to_raise is not None:
            self._raise()
        self._begin()
        return self.is_open

    def _raise(self) -> None:
        error = self._to_raise
        if error is None or self._is_closing or self._is_detached:
            return
        if isinstance(error, ReporterError) and not self._is_over:
            # One rejected report of many: said once.
            self._to_raise = None
        raise error

    def _report(self, mutation: str, phase: Optional[int], body: Dict[str, Any]) -> None:
        if not self._may_report():
            return
        if self._inbox.qsize() > _MAX_QUEUED:
            self._tell(ReporterError("RATE_LIMITED", f"{_MAX_QUEUED} reports are queued already."))
            return
        report = Report(mutation, phase, body)
        if mutation in CHANGES:
            report.before = self._snapshots()
        self._inbox.put(report)

    def _last_word(
        self, mutation: str, phase: Optional[int], body: Dict[str, Any], outcome: Outcome
    ) -> Report:
        """Counts that came after a recoverable failure would revive the ingestion."""
        report = Report(mutation, phase, body, outcome)
        report.before = self._snapshots()
        return report

    def _snapshots(self) -> Tuple[Tuple[Counts, Mapping[str, Any]], ...]:
        return tuple((counts, counts.snapshot()) for counts in self._counts.copy().values())

    def _guard(self, action: Callable[[], None]) -> None:
        """A count that is none must not end the job."""
        try:
            action()
        except (TypeError, ValueError, OverflowError) as error:
            self._tell(ReporterError("BAD_USER_INPUT", str(error)))

    def _is_phase(self, number: object) -> bool:
        if isinstance(number, int) and 1 <= number <= _MAX_PHASE:
            return True
        self._tell(ReporterError("BAD_USER_INPUT", f"phase: must be 1 to {_MAX_PHASE}, not {number!r}"))
        if self._strict:
            self._raise()
        return False

    def _counts_of(self, phase: int, part: Optional[str]) -> Counts:
        key = phase, part
        return self._counts.get(key) or self._counts.setdefault(key, Counts(phase, part))

    def _tell(self, error: ReporterError) -> None:
        """A rejection that nobody awaits; the first one is written to standard error."""
        if self._strict and self._to_raise is None:
            self._to_raise = error
        is_first, self._has_rejection = not self._has_rejection, True
        self._told = error
        try:
            if self._settings.on_rejected is not None:
                self._settings.on_rejected(error)
            elif is_first:
                self._say(f"a report of project {self.project_id} was rejected: {error}")
        except Exception as problem:
            self._say(f"on_rejected failed: {problem!r}")

    def _say(self, text: str) -> None:
        if not self._settings.quiet:
            say(self._settings.token.redact(text))

    def _close(self, undelivered: Optional[str]) -> None:
        """Ends the thread. ``undelivered``: why what is left could not be delivered, which is said."""
        self._is_closing = True
        if undelivered is not None and not self._is_detached:
            names = [name for name in [self._in_flight, *(report.mutation for report in list(self._outbox))] if name]
            what = f" ({', '.join(dict.fromkeys(names))})" if names else ""
            self._say(f"the last reports{what} of project {self.project_id} were not delivered: {undelivered}")
        self._over()
        self._inbox.put(None)
        self._transport.interrupt()

    def _over(self) -> None:
        self._is_over = True
        exits.remove(self)
        if self._listener is not None:
            self._listener.stop()

    # Called by exits

    def end_by_exit(self, code: Optional[str], message: str) -> Optional[Outcome]:
        """The process is about to end. With a code, the open ingestion failed; else what is queued is sent."""
        if self._is_detached or self._is_over or self._is_closing:
            return None
        outcome = Outcome()
        if code is None:
            self._inbox.put(outcome)
        else:
            self._is_closing = True
            body = self._failure_body(None, code, message, True)
            self._inbox.put(self._last_word("error", None, body, outcome))
        self._hurries = True
        self._inbox.put(None)
        return outcome

    def wait_for_exit(self, outcome: Outcome, until: float) -> None:
        self._wait(outcome, max(0.0, until - time.monotonic()), hurries=True)
        if outcome.settled.is_set():
            self._close(None if outcome.error is None else str(outcome.error))
        else:
            self._close("the process ended before the server answered.")

    @property
    def handles_exit(self) -> bool:
        return self._settings.handle_exit

    @property
    def flush_timeout(self) -> float:
        return self._settings.flush_timeout

    def hurry(self) -> None:
        """Sends what is queued at once, if it can be sent."""
        if not self._is_over:
            self._inbox.put(Outcome())

    def after_fork(self) -> None:
        """This is the child: the ingestion is the parent's."""
        self._is_detached = True
        self._inbox = queue.SimpleQueue()
        self._transport.after_fork()
        if self._listener is not None:
            self._listener.after_fork()

    # Called by the listener

    def request_cancel(self, requested_by: str) -> bool:
        if not self.is_open:
            return False
        self._is_cancel_requested = True
        if self._raises_cancelled:
            self._to_raise = CancelledByUser(f"{requested_by} asked to cancel.")
        return True

    # The sender's thread

    def _work(self) -> None:
        try:
            self._send_start()
            while not self._is_over:
                self._collect(self._delay())
                if not self._is_over:
                    self._send_due()
        except Exception as error:
            # A fault of this kit must not be silent, and not end the job.
            self._fail(ReporterError("CLOSED", f"The reporter failed: {type(error).__name__}: {error}"))
        finally:
            self._settle_rest()
            self._transport.close()

    def _send_start(self) -> None:
        self._in_flight = "start"
        try:
            self._renew()
        except ReporterError as error:
            self._fail(error)
            self._started.settle(error)
            return
        finally:
            if not self._is_over:
                self._in_flight = None
        self._is_started.set()
        self._started.settle(None)

    def _delay(self) -> float:
        """Seconds until the next look at the counts, or the next sign of life."""
        now = time.monotonic()
        wake = min(self._window_opened + self._settings.window, self._sent_at + self._heartbeat)
        return max(0.0, wake - now)

    def _collect(self, delay: float) -> None:
        """Waits for a report and takes all that are there."""
        try:
            # A queue takes no longer timeouts than this on some systems.
            self._take(self._inbox.get(timeout=min(delay, 3600.0)) if delay > 0 else self._inbox.get_nowait())
        except queue.Empty:
            return
        self._take_all()

    def _take_all(self) -> None:
        while True:
            try:
                self._take(self._inbox.get_nowait())
            except queue.Empty:
                return

    def _take(self, item: Union[Report, Outcome, None]) -> None:
        if item is None:
            return
        if isinstance(item, Outcome):
            self._flushers.append(item)
            return
        for counts, body in item.before:
            self._push_counts(counts, body)
        if item.mutation not in ("heartbeat", "problems"):
            self._is_failed = item.mutation == "error"
        self._is_ending = self._is_ending or item.mutation in _STATUS_AFTER
        self._outbox.push(item)

    def _push_counts(self, counts: Counts, body: Mapping[str, Any]) -> None:
        if not body or body == counts.sent:
            return
        counts.sent = body
        fields: Dict[str, Any] = {"phase": counts.phase, **body}
        if counts.part is not None:
            fields["part"] = counts.part
        self._outbox.push_update(Report("update", counts.phase, fields))

    def _sample(self) -> None:
        """Reads the counts. A report that came meanwhile may say that a phase began, so it is taken first."""
        while True:
            bodies = self._snapshots()
            if self._inbox.empty():
                break
            self._take_all()
        if self._is_ending:
            return
        for counts, body in bodies:
            self._push_counts(counts, body)

    def _send_due(self) -> None:
        now = time.monotonic()
        is_due = now >= self._window_opened + self._settings.window
        if not is_due and not self._flushers and self._outbox.is_mergeable:
            return
        self._sample()
        if not self._outbox and not self._flushers:
            if now - self._sent_at >= self._heartbeat and not self._is_failed:
                self._outbox.push(Report("heartbeat", None, {}))
            elif is_due:
                self._window_opened = now
        while self._outbox and not self._is_over:
            self._window_opened = time.monotonic()
            self._settle(self._outbox.shift())
        self._settle_flushers()

    def _settle_flushers(self) -> None:
        if not self._flushers or self._is_over:
            return
        flushers, self._flushers = self._flushers, []
        error: Optional[ReporterError] = None
        try:
            answer = self._send("flush", {"projectId": self.project_id, "ingestionId": self.ingestion_id})
            self._stored_revision = answer.get("storedRevision")
            if answer.get("accepted") is False:
                error = ReporterError("CONFLICT", "The server did not take this.")
        except ReporterError as problem:
            error = problem
        for outcome in flushers:
            outcome.settle(error)

    def _settle(self, report: Report) -> None:
        error: Optional[ReporterError] = None
        self._in_flight = report.mutation
        try:
            self._send_report(report)
        except ReporterError as problem:
            error = problem
            if self._is_final(report, problem):
                self._fail(problem)
            elif not report.outcomes:
                self._tell(problem)
        self._in_flight = None
        for outcome in report.outcomes:
            outcome.settle(error)

    def _send_report(self, report: Report) -> None:
        if report.mutation == "problems":
            self._problems_queued = 0
            self._send_problems(list(report.body["problems"].values()))
            return
        result = self._send_once(report)
        if result.get("accepted") is False and not self._is_shown(report, result):
            # Lost is an answer, or the sequence to another process with the same key. Said again it changes nothing, or counts.
            self._renew()
            result = self._send_once(report)
        if not report.is_ending:
            return
        if result.get("accepted") is False and not self._is_shown(report, result):
            raise ReporterError("CONFLICT", "The server did not take this ending; it has a newer report.")
        self._over()

    def _send_once(self, report: Report) -> Dict[str, Any]:
        address = {
            "projectId": self.project_id,
            "ingestionId": self.ingestion_id,
            "attemptKey": self.attempt_key,
        }
        if report.mutation == "heartbeat":
            return self._send("heartbeat", address)
        self._sequence += 1
        return self._send(report.mutation, {**address, "sequence": self._sequence, **report.body})

    def _send_problems(self, problems: List[Dict[str, Any]]) -> None:
        for at in range(0, len(problems), _MAX_PROBLEMS_AT_ONCE):
            self._send_some_problems(problems[at : at + _MAX_PROBLEMS_AT_ONCE])

    def _send_some_problems(self, problems: List[Dict[str, Any]]) -> None:
        try:
            self._send(
                "problems",
                {
                    "projectId": self.project_id,
                    "ingestionId": self.ingestion_id,
                    "attemptKey": self.attempt_key,
                    "problems": problems,
                },
            )
        except ReporterError as error:
            if error.code in FINAL:
                raise
            if error.code != "BAD_USER_INPUT" or len(problems) == 1:
                self._tell(error)
                return
            # Without the one that breaks a rule, the others are taken.
            half = len(problems) // 2
            self._send_some_problems(problems[:half])
            self._send_some_problems(problems[half:])

    def _renew(self) -> None:
        """Starts the attempt; again, it is the same start, which tells how far the server is."""
        result = self._send("start", self._start_input)
        progress = result.get("progress") or {}
        if _is_over_in(progress):
            raise ReporterError("CONFLICT", f"Ingestion {self.ingestion_id} has ended; start another one.")
        self._attempt = progress.get("attempt")
        self._sequence = max(self._sequence, result.get("lastSequence") or 0)

    def _is_shown(self, report: Report, result: Mapping[str, Any]) -> bool:
        """Whether the state is this very ending."""
        progress = result.get("progress") or {}
        if progress.get("attempt") != self._attempt or not _is_over_in(progress):
            return False
        return report.is_ending and progress.get("status") == _STATUS_AFTER.get(report.mutation)

    def _is_final(self, report: Report, error: ReporterError) -> bool:
        if error.code != "CONFLICT" or report.mutation not in _OF_A_PHASE:
            return error.code in FINAL
        try:
            self._renew()
        except ReporterError as problem:
            return problem.code in FINAL
        return False

    def _send(self, mutation: str, fields: Mapping[str, Any]) -> Dict[str, Any]:
        """Retries with backoff until the result is final."""
        body = {"query": MUTATIONS[mutation], "variables": {"input": fields}}
        began = time.monotonic()
        failures = 0
        is_forced = False
        while True:
            if self._is_over:
                raise ReporterError("CLOSED", "The run was closed before this report was accepted.")
            timeout = self._settings.request_timeout
            if self._hurries:
                timeout = min(timeout, max(1.0, self._settings.flush_timeout / 3))
            try:
                answer = self._transport.post(body, timeout, is_forced)
                self._sent_at = time.monotonic()
                self._spoke_at = None
                return answer
            except ValueError as error:
                # No JSON, such as a NaN: said again it is none either.
                raise ReporterError("BAD_USER_INPUT", f"{mutation}: {error}") from None
            except TypeError as error:
                raise ReporterError("BAD_USER_INPUT", f"{mutation}: {error}") from None
            except Failure as error:
                failure = error
            is_rejected = failure.code in ("UNAUTHENTICATED", "TOKEN_EXPIRED")
            if is_rejected and self._settings.token.is_renewable and not is_forced:
                is_forced = True
                continue
            if failure.code not in RETRYABLE:
                raise ReporterError(failure.code, failure.message)
            failures += 1
            is_forced = False
            delay = min(30.0, 2.0 ** min(failures - 1, 5)) * random.uniform(0.75, 1.25)
            passed = time.monotonic() - began
            if passed + delay > self._settings.give_up_after:
                text = f"Given up after {failures} attempts in {passed:.0f} s; the last: {failure.message}"
                raise ReporterError("NO_ANSWER", text)
            if mutation != "heartbeat":
                self._say_waiting(failure, passed)
            self._sleep(max(delay, failure.retry_after or 0.0), failure.retry_after or 0.0)

    def _sleep(self, delay: float, at_least: float) -> None:
        """Waits for the next attempt; meanwhile reports are taken and merged."""
        began = time.monotonic()
        while not self._is_over:
            limit = max(at_least, min(delay, _HURRIED_DELAY)) if self._hurries else delay
            left = began + limit - time.monotonic()
            if left <= 0:
                return
            self._collect(left)

    def _say_waiting(self, failure: Failure, passed: float) -> None:
        now = time.monotonic()
        if self._is_closing or (self._spoke_at is not None and now - self._spoke_at < _REMINDER):
            return
        self._spoke_at = now
        duration = f" for {passed:.0f} s" if passed >= 1 else ""
        self._say(f"project {self.project_id} waits{duration} for its server: {failure.message}")
        if self._settings.on_waiting is not None:
            try:
                self._settings.on_waiting(ReporterError(failure.code, failure.message))
            except Exception as error:
                self._say(f"on_waiting failed: {error!r}")

    def _fail(self, error: ReporterError) -> None:
        """Nothing more can be reported."""
        if self._failure is not None or self._is_over:
            return
        self._failure = error
        if self._strict:
            self._to_raise = error
        is_awaited = self._is_closing
        self._over()
        if not is_awaited:
            self._tell(error)

    def _settle_rest(self) -> None:
        self._take_all()
        error = self._failure or ReporterError("CLOSED", "The run was closed before this report was accepted.")
        while self._outbox:
            for outcome in self._outbox.shift().outcomes:
                outcome.settle(error)
        for outcome in self._flushers:
            outcome.settle(error)
        self._started.settle(self._started.error if self._is_started.is_set() else error)


class Phase:
    """A phase that has begun. As a context manager it is completed, unless an exception leaves it."""

    def __init__(self, run: Ingestion, counts: Counts, is_inert: bool = False) -> None:
        self._run = run
        self._counts = counts
        self._is_inert = is_inert

    @property
    def number(self) -> int:
        return self._counts.phase

    def advance(self, by: int = 1, *, bytes: int = 0, failed: int = 0) -> None:
        """So many more items are done, from any thread; ``failed`` of them failed."""
        run = self._run
        if run._to_raise is not None:
            run._raise()
        counts = self._counts
        # As Tally.add, without a call: this is in the innermost loop.
        shares, ident = counts.items.shares, threading.get_ident()
        shares[ident] = shares.get(ident, 0) + by
        if bytes:
            counts.bytes.add(bytes)
        if failed:
            counts.failed.add(failed)

    def update(
        self,
        *,
        percent: Optional[float] = None,
        done: Optional[int] = None,
        total: Optional[int] = None,
        failed: Optional[int] = None,
        bytes: Optional[int] = None,
        bytes_total: Optional[int] = None,
        total_is_final: Optional[bool] = None,
        items_per_second: Optional[float] = None,
        counters: Optional[Dict[str, float]] = None,
        message: Optional[str] = None,
    ) -> None:
        """As ``Ingestion.update``, for this phase."""
        if self._is_inert:
            return
        self._run.update(
            self._counts.phase,
            percent=percent,
            done=done,
            total=total,
            failed=failed,
            bytes=bytes,
            bytes_total=bytes_total,
            total_is_final=total_is_final,
            items_per_second=items_per_second,
            counters=counters,
            message=message,
            part=self._counts.part,
        )

    def track(
        self, items: Union[Iterable[T], AsyncIterable[T]], *, total: Optional[int] = None
    ) -> "Track[T]":
        """As ``Ingestion.track``, within this phase."""
        return Track(self._run, items, self._counts.phase, None, total, self._counts.part, completes=False)

    def problem(
        self,
        item: object,
        code: Union[str, BaseException],
        message: Optional[str] = None,
        *,
        severity: str = "ERROR",
        url: Optional[str] = None,
    ) -> None:
        """As ``Ingestion.problem``, in this phase."""
        phase = None if self._is_inert else self._counts.phase
        self._run.problem(item, code, message, severity=severity, phase=phase, url=url)

    def complete(self) -> None:
        """The phase is done."""
        if not self._is_inert and self._counts.part is None:
            self._run.complete_phase(self._counts.phase)

    def __enter__(self) -> "Phase":
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        _traceback: Optional[TracebackType],
    ) -> None:
        if error is None:
            self.complete()
        elif not self._is_inert:
            self._run._failed_phase = self._counts.phase

    async def __aenter__(self) -> "Phase":
        return self

    async def __aexit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        self.__exit__(kind, error, traceback)


class Track(Generic[T]):
    """Counts the items of a loop. Made by ``track``."""

    def __init__(
        self,
        run: Ingestion,
        items: Union[Iterable[T], AsyncIterable[T]],
        phase: int,
        message: Optional[str],
        total: Optional[int],
        part: Optional[str],
        completes: bool,
    ) -> None:
        self._run = run
        self._items = items
        self._phase = phase
        self._message = message
        self._total = total
        self._part = part
        self._completes = completes

    def __len__(self) -> int:
        return len(self._items)  # type: ignore[arg-type]

    def _open(self) -> Counts:
        """The phase begins, and is larger by these items."""
        run = self._run
        if not run._is_phase(self._phase) or not run._may_report():
            # Counted, but nobody hears of it.
            return Counts(1, None)
        if self._message is not None:
            run.phase(self._phase, self._message, part=self._part)
        counts = run._counts_of(self._phase, self._part)
        total = self._total
        if total is None and hasattr(self._items, "__len__"):
            total = len(self)
        if total is not None:
            counts.add_total(total)
        counts.items.add(0)
        return counts

    def _complete(self) -> None:
        if self._completes:
            self._run.complete_phase(self._phase)

    def __iter__(self) -> Iterator[T]:
        run, counts = self._run, self._open()
        # A share of its own: adding to it needs no lookup of the thread.
        shares, key = counts.items.shares, object()
        shares[key] = 0
        try:
            for item in cast("Iterable[T]", self._items):
                yield item
                shares[key] += 1
                if run._to_raise is not None:
                    run._raise()
        finally:
            counts.items.fold(key)
        self._complete()

    async def __aiter__(self) -> AsyncIterator[T]:
        items = self._items
        if not isinstance(items, AsyncIterable):
            for item in self:
                yield item
            return
        run, counts = self._run, self._open()
        shares, key = counts.items.shares, object()
        shares[key] = 0
        try:
            async for item in items:
                yield item
                shares[key] += 1
                if run._to_raise is not None:
                    run._raise()
        finally:
            counts.items.fold(key)
        self._complete()


def _is_over_in(progress: Mapping[str, Any]) -> bool:
    if progress.get("status") == "FAILED":
        return (progress.get("error") or {}).get("recoverable") is False
    return progress.get("status") in ("COMPLETED", "CANCELLED")


def _text_of(value: object) -> str:
    try:
        return str(value)
    except Exception:
        # Anything may refuse to become text; the server fills the gap.
        return ""


def _is_json(value: object) -> bool:
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return False
    return True


def new_id() -> str:
    return str(uuid.uuid4())
