"""Tells open runs that the process is about to end or has forked: atexit, SIGTERM, SIGHUP, fork. Then it ends as it would."""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
import time
from types import FrameType
from typing import TYPE_CHECKING, Any, Dict, List, Optional

if TYPE_CHECKING:
    from .run import Ingestion

#: Open runs, in the order of their start. A dict, because adding and removing is one step.
_runs: "Dict[Ingestion, None]" = {}
#: What handled the signals before.
_previous: Dict[int, Any] = {}
#: The signals that were blocked before a fork, by the thread that forks.
_masks: Dict[int, Any] = {}
_SIGNALS = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))


def add(run: "Ingestion") -> None:
    _runs[run] = None
    if run.handles_exit and threading.current_thread() is threading.main_thread():
        _attach()


def remove(run: "Ingestion") -> None:
    _runs.pop(run, None)
    if not _runs and threading.current_thread() is threading.main_thread():
        _detach()


def _attach() -> None:
    for number in _SIGNALS:
        if number in _previous:
            continue
        handler = signal.getsignal(number)
        # None is a handler that was not installed by Python; an ignored signal stays ignored.
        if handler is None or handler == signal.SIG_IGN:
            continue
        try:
            signal.signal(number, _on_signal)
        except ValueError:
            # Not the main interpreter's main thread: Python allows no handlers there.
            return
        _previous[number] = handler


def _detach() -> None:
    for number in list(_previous):
        # An application may have installed its own meanwhile.
        if signal.getsignal(number) == _on_signal:
            signal.signal(number, _previous[number])
        del _previous[number]


def _on_signal(number: int, frame: Optional[FrameType]) -> None:
    previous = _previous.get(number, signal.SIG_DFL)
    if callable(previous):
        # The application decides; usually it raises SystemExit, which leaves the run's block.
        for run in list(_runs):
            run.hurry()
        previous(number, frame)
        return
    # A second one ends the process at once.
    signal.signal(number, signal.SIG_DFL)
    name = signal.Signals(number).name
    _end_all("PROCESS_TERMINATED", f"The job's process was ended by {name}.")
    os.kill(os.getpid(), number)
    # Still here: the first process of a container, which the system protects from its signals.
    os._exit(128 + number)


def _at_exit() -> None:
    # Set if an exception that nobody caught ended the program. Its text may hold what no watcher should see.
    kind = getattr(sys, "last_type", None)
    if kind is None or not isinstance(kind, type):
        _end_all(None, "")
    else:
        _end_all(kind.__name__, f"The job stopped by an exception that it did not catch ({kind.__name__}).")


def _end_all(code: Optional[str], message: str) -> None:
    """Waits until every open run is settled, for at most the longest of their timeouts."""
    waiting: List[Any] = []
    for run in list(_runs):
        outcome = run.end_by_exit(code, message) if run.handles_exit else None
        if outcome is not None:
            waiting.append((run, outcome))
    now = time.monotonic()
    for run, outcome in waiting:
        run.wait_for_exit(outcome, now + run.flush_timeout)


def _before_fork() -> None:
    # A signal to a child that has no handlers of its own yet would be lost: Python forgets what is pending at a fork.
    if _previous:
        _masks[threading.get_ident()] = signal.pthread_sigmask(signal.SIG_BLOCK, set(_previous))


def _after_fork_in_parent() -> None:
    mask = _masks.pop(threading.get_ident(), None)
    if mask is not None:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _after_fork_in_child() -> None:
    for run in list(_runs):
        run.after_fork()
    _runs.clear()
    # A worker of multiprocessing is ended by SIGTERM at any point; a handler in Python may come too late for a lock in C.
    _detach()
    _after_fork_in_parent()
    _masks.clear()


atexit.register(_at_exit)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before_fork, after_in_parent=_after_fork_in_parent, after_in_child=_after_fork_in_child
    )
