"""Reports to be sent, in order: one of a kind for each phase and part, the newest. Knows no network and no threads."""

from __future__ import annotations

import threading
from typing import Any, Dict, Iterator, List, Mapping, Optional, Tuple

from .errors import ReporterError

#: Problems that are kept while the server cannot be reached.
MAX_PROBLEMS = 1_000
#: Of these only the last one tells how the ingestion is.
CHANGES = frozenset({"error", "pause", "resume", "waiting"})
#: These wait for the end of the window.
_CAN_WAIT = frozenset({"update", "problems", "heartbeat"})


class Outcome:
    """How a report ended, for threads that wait for it."""

    def __init__(self) -> None:
        self.settled = threading.Event()
        self.error: Optional[ReporterError] = None

    def settle(self, error: Optional[ReporterError]) -> None:
        self.error = error
        self.settled.set()


class Report:
    """One queued report."""

    def __init__(
        self, mutation: str, phase: Optional[int], body: Dict[str, Any], outcome: Optional[Outcome] = None
    ) -> None:
        self.mutation = mutation
        self.phase = phase
        self.body = body
        self.outcomes: List[Outcome] = [] if outcome is None else [outcome]
        #: What the counts were when it was made, if their order matters.
        self.before: Tuple[Tuple[Any, Mapping[str, Any]], ...] = ()

    @property
    def is_ending(self) -> bool:
        """Whether no report of the ingestion can follow."""
        if self.mutation == "error":
            return self.body.get("recoverable") is not True
        return self.mutation in ("complete", "cancelled")

    @property
    def key(self) -> Tuple[str, Optional[int], Optional[str]]:
        return self.mutation, self.phase, self.body.get("part") if self.mutation == "update" else None


class Outbox:
    """An ordered queue."""

    def __init__(self) -> None:
        self._queue: List[Report] = []

    def __len__(self) -> int:
        return len(self._queue)

    def __iter__(self) -> Iterator[Report]:
        return iter(self._queue)

    @property
    def is_mergeable(self) -> bool:
        """Whether nothing is queued that must not wait for the end of the window."""
        return all(report.mutation in _CAN_WAIT for report in self._queue)

    def push(self, report: Report) -> None:
        """Merges into a queued report, or appends."""
        if not _is_change(report):
            self._put(report, len(self._queue))
            return
        queued, self._queue = self._queue, []
        for earlier in queued:
            if _is_change(earlier):
                # Who waits for the earlier one waits for this one, which says more.
                report.outcomes = earlier.outcomes + report.outcomes
            else:
                self._put(earlier, len(self._queue))
        self._queue.append(report)

    def push_update(self, report: Report) -> None:
        """Queues counts at their place: they are of before what is queued, but a phase begins after those before it."""
        phase = report.phase or 0
        place = 0
        for index, queued in enumerate(self._queue):
            begins = queued.mutation == "phase" and (queued.phase or 0) <= phase
            precedes = queued.mutation in ("phaseCompleted", "update") and (queued.phase or 0) < phase
            if begins or precedes or _is_change(queued):
                place = index + 1
        self._put(report, place)

    def shift(self) -> Report:
        return self._queue.pop(0)

    def _put(self, report: Report, place: int) -> None:
        """Merges with the one of its kind since the last change: there no phase that it is about can be over yet."""
        for earlier in reversed(self._queue):
            if _is_change(earlier):
                break
            if earlier.key != report.key:
                continue
            if report.mutation == "problems":
                _merge_problems(earlier.body["problems"], report.body["problems"])
            else:
                earlier.body = report.body
            earlier.outcomes += report.outcomes
            return
        self._queue.insert(place, report)


def _is_change(report: Report) -> bool:
    return report.mutation in CHANGES and not report.is_ending


def _merge_problems(older: Dict[Any, Any], newer: Dict[Any, Any]) -> None:
    for key, problem in newer.items():
        if len(older) < MAX_PROBLEMS:
            older.setdefault(key, problem)
