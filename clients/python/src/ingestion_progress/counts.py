"""The counts of one phase, or of one part of it. The work writes them without a lock; the sender's thread reads them."""

from __future__ import annotations

import math
from threading import get_ident
from typing import Any, Dict, Hashable, Mapping, Optional

#: Counters per report, as the server takes.
MAX_COUNTERS = 20


class Tally:
    """A number that many threads add to. Each has its own share, so none waits for another, and none is lost."""

    def __init__(self) -> None:
        self.shares: Dict[Hashable, int] = {}
        self._offset = 0
        self._is_set = False

    @property
    def is_known(self) -> bool:
        """Whether anything was said, nought included."""
        return self._is_set or bool(self.shares)

    def add(self, by: int) -> None:
        shares, ident = self.shares, get_ident()
        shares[ident] = shares.get(ident, 0) + by

    def set(self, value: int) -> None:
        self._is_set = True
        self._offset = value - sum(self.shares.copy().values())

    def fold(self, key: Hashable) -> None:
        """Keeps the share of a key that is no longer used."""
        share = self.shares.pop(key, 0)
        ident = get_ident()
        self.shares[ident] = self.shares.get(ident, 0) + share

    @property
    def value(self) -> Optional[int]:
        if not self.is_known:
            return None
        # A copy is made in one step: other threads may add meanwhile.
        return max(0, self._offset + sum(self.shares.copy().values()))


class Counts:
    """What was said of one phase or part of it so far."""

    def __init__(self, phase: int, part: Optional[str]) -> None:
        self.phase = phase
        self.part = part
        self.items = Tally()
        self.bytes = Tally()
        self.failed = Tally()
        self.is_completed = False
        #: What the server was sent last; the sender's own.
        self.sent: Mapping[str, Any] = {}
        self._metrics: Dict[str, Any] = {}
        self._counters: Dict[str, Dict[str, Any]] = {}
        self._percent: Optional[float] = None
        self._message: Optional[str] = None

    def update(
        self,
        percent: Optional[float] = None,
        message: Optional[str] = None,
        done: Optional[int] = None,
        failed: Optional[int] = None,
        bytes_done: Optional[int] = None,
        metrics: Optional[Dict[str, Any]] = None,
        counters: Optional[Dict[str, float]] = None,
    ) -> None:
        """Takes what is not None. The newest wins."""
        for tally, value in ((self.items, done), (self.failed, failed), (self.bytes, bytes_done)):
            if value is not None and math.isfinite(value):
                tally.set(int(value))
        if percent is not None and not math.isnan(percent):
            self._percent = min(100.0, max(0.0, float(percent)))
        if message:
            self._message = str(message)
        if metrics is not None:
            self._metrics.update({name: value for name, value in metrics.items() if value is not None})
        for name, number in (counters or {}).items():
            # With one too many the server would refuse the whole report.
            if math.isfinite(number) and (name in self._counters or len(self._counters) < MAX_COUNTERS):
                self._counters[name] = {"name": name, "value": number}

    def add_total(self, by: int) -> None:
        """One more loop of the phase has this many items."""
        self._metrics["itemsTotal"] = self._metrics.get("itemsTotal", 0) + by

    def snapshot(self) -> Dict[str, Any]:
        """The body of an update; empty if nothing was said."""
        metrics = self._metrics.copy()
        named = (("itemsProcessed", self.items), ("itemsFailed", self.failed), ("bytesProcessed", self.bytes))
        for name, tally in named:
            if tally.is_known:
                metrics[name] = tally.value
        if self._counters:
            metrics["counters"] = list(self._counters.copy().values())
        body: Dict[str, Any] = {}
        if self._percent is not None:
            body["progressPercent"] = self._percent
        if self._message is not None:
            body["message"] = self._message
        if metrics:
            body["metrics"] = metrics
        return body
