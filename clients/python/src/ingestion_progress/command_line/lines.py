"""Splits a stream of bytes into lines. A carriage return ends a line, too: many commands rewrite theirs with it."""

from __future__ import annotations

import codecs
import re
from typing import Callable

#: Characters of an unfinished line after which it is dropped: it is no line of progress.
_MAX_LINE_LENGTH = 1_000_000


class LineSplitter:
    """Takes the chunks of one stream, and calls ``on_line`` for each line that is not empty."""

    def __init__(self, on_line: Callable[[str], None]) -> None:
        self._on_line = on_line
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._rest = ""
        self._is_dropping = False

    def push(self, chunk: bytes) -> None:
        *lines, last = re.split("[\r\n]", self._decoder.decode(chunk))
        for line in lines:
            self._take(self._rest + line)
            self._rest = ""
        self._rest += last
        if len(self._rest) > _MAX_LINE_LENGTH:
            self._is_dropping = True
        if self._is_dropping:
            self._rest = ""

    def end(self) -> None:
        """The stream is over: what is left is a line."""
        self._take(self._rest + self._decoder.decode(b"", final=True))
        self._rest = ""

    def _take(self, line: str) -> None:
        if line and not self._is_dropping:
            self._on_line(line)
        self._is_dropping = False
