"""Runs a command with its output, exit code and signals passed through, and reports what a reader finds in its output.

It never waits for the reports before the command's end.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from types import FrameType
from typing import Any, Callable, Dict, List, Optional

from ..run import Ingestion
from .formats import LineReader, Reading
from .lines import LineSplitter

#: Exit codes of a shell.
_NOT_EXECUTABLE = 126
_NOT_FOUND = 127
_BY_SIGNAL = 128
#: Seconds for which output is still read after the command's end: processes that it left behind may hold it open.
_OUTPUT_TIMEOUT = 2.0
#: Bounds of the message of a failure, in lines and characters.
_MAX_LAST_LINES = 10
_MAX_MESSAGE_LENGTH = 1_000
#: Seconds between two looks at a request to cancel.
_POLL = 0.1
_PASSED_ON = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
_CONTROLS = re.compile("\x1b\\[[\\d;?]*[A-Za-z]|[\x00-\x08\x0b-\x1f\x7f]")

#: Ends the ingestion once the command has ended; the argument is the reporter's method and its arguments.
Ending = Callable[[Ingestion, float], bool]


class CommandOptions:
    """What to run, and how; times in seconds."""

    def __init__(
        self,
        command: List[str],
        run: Optional[Ingestion],
        read: Optional[LineReader],
        on_unmatched: Callable[[], None],
        kill_after: float = 10.0,
        unmatched_after: float = 90.0,
        stdout: int = 1,
        stderr: int = 2,
    ) -> None:
        self.command = command
        #: None: nothing is reported.
        self.run = run
        #: None: only start and end are reported.
        self.read = read
        #: Called once, while the command runs or at its end, if no line was of the format.
        self.on_unmatched = on_unmatched
        #: From a request to cancel (SIGTERM) to SIGKILL.
        self.kill_after = kill_after
        self.unmatched_after = unmatched_after
        self.stdout = stdout
        self.stderr = stderr


class CommandEnd:
    """How the command ended, and how that is to be reported."""

    def __init__(self, exit_code: int, report: Ending) -> None:
        self.exit_code = exit_code
        self.report = report


class _Output:
    """What the command wrote: passed on, read, and its last lines kept."""

    def __init__(self, options: CommandOptions, name: str) -> None:
        self._options = options
        self._report = None if options.run is None else _ReadingReport(options.run, name)
        # Both streams are read, each in a thread; some formats remember earlier lines.
        self._lock = threading.Lock()
        self._is_matched = options.read is None
        self.has_lines = False
        self.last_lines: List[str] = []

    @property
    def phase(self) -> Optional[int]:
        return None if self._report is None else self._report.phase

    def complain(self) -> None:
        with self._lock:
            if self._is_matched or not self.has_lines:
                return
            self._is_matched = True
        self._options.on_unmatched()

    def pass_on(self, source: int, target: int, is_error: bool) -> None:
        """Until the stream is over."""
        lines = LineSplitter(lambda line: self._take(line, is_error))
        try:
            while True:
                chunk = os.read(source, 65_536)
                if not chunk:
                    break
                view = memoryview(chunk)
                while view:
                    view = view[os.write(target, view) :]
                lines.push(chunk)
        except OSError:
            # Nobody reads any more: neither does this, so that the command hears of it by SIGPIPE.
            pass
        finally:
            os.close(source)
        lines.end()

    def _take(self, line: str, is_error: bool) -> None:
        with self._lock:
            self.has_lines = True
            reading = None if self._options.read is None else self._options.read(line)
            if reading is not None:
                self._is_matched = True
                if self._report is not None:
                    self._report.add(reading)
            elif is_error:
                self.last_lines.append(_CONTROLS.sub("", line).rstrip()[:_MAX_MESSAGE_LENGTH])
                del self.last_lines[:-_MAX_LAST_LINES]

    def newest(self) -> List[str]:
        """As many of the last lines as fit."""
        with self._lock:
            lines = list(self.last_lines)
        length, first = 0, len(lines)
        while first > 0 and length + len(lines[first - 1]) < _MAX_MESSAGE_LENGTH:
            first -= 1
            length += len(lines[first]) + 1
        return lines[first:]


class _ReadingReport:
    """Reports readings of the phase that runs; the first one begins at once."""

    def __init__(self, run: Ingestion, name: str) -> None:
        self._run = run
        self.phase = 1
        run.phase(self.phase, name)

    def add(self, reading: Reading) -> None:
        message = reading.get("message")
        phase = reading.get("phase")
        if phase is not None and phase != self.phase:
            self.phase = phase
            self._run.phase(phase, message or f"Phase {phase}")
        problem = reading.get("problem")
        if problem is not None:
            self._run.problem(
                problem["item"],
                problem["code"],
                problem["message"],
                severity=problem["severity"],
                phase=self.phase,
            )
        metrics: Dict[str, int] = reading.get("metrics") or {}
        self._run.update(
            self.phase,
            percent=reading.get("percent"),
            done=metrics.get("itemsProcessed"),
            total=metrics.get("itemsTotal"),
            bytes=metrics.get("bytesProcessed"),
            bytes_total=metrics.get("bytesTotal"),
            message=message,
        )


class _Signals:
    """Passes signals on to the command, those that came before it began, too."""

    def __init__(self) -> None:
        self._child: Optional["subprocess.Popen[bytes]"] = None
        self._early: List[int] = []
        self._previous: Dict[int, Any] = {}
        for number in _PASSED_ON:
            # What is ignored here is ignored by the command.
            if signal.getsignal(number) != signal.SIG_IGN:
                self._previous[number] = signal.signal(number, self._on_signal)

    def passed_to(self, child: "subprocess.Popen[bytes]") -> None:
        self._child = child
        for number in self._early:
            child.send_signal(number)

    def stop(self) -> None:
        for number, previous in self._previous.items():
            signal.signal(number, previous)

    def _on_signal(self, number: int, _frame: Optional[FrameType]) -> None:
        # A terminal sends Ctrl-C to the command, too; twice means "at once" to many.
        if number == signal.SIGINT and any(os.isatty(fd) for fd in (0, 1, 2) if _is_open(fd)):
            return
        if self._child is None:
            self._early.append(number)
        else:
            self._child.send_signal(number)


def run_command(options: CommandOptions) -> CommandEnd:
    """Returns once the command has ended. Call it in the main thread."""
    program = options.command[0]
    name = os.path.basename(program)
    output = _Output(options, name)
    signals = _Signals()
    try:
        sys.stdout.flush()
        try:
            child = _start(options.command)
        except OSError as error:
            return _not_started(options, program, error, output)
        signals.passed_to(child)
        readers = _readers(child, options, output)
        code = _wait(child, options, output)
        until = time.monotonic() + _OUTPUT_TIMEOUT
        for reader in readers:
            reader.join(max(0.0, until - time.monotonic()))
    finally:
        signals.stop()
    output.complain()

    exit_code = code if code >= 0 else _BY_SIGNAL - code
    run = options.run
    if run is not None and run.cancel_requested:
        return CommandEnd(exit_code, lambda run, timeout: run.cancelled(timeout=timeout))
    if exit_code == 0:
        return CommandEnd(exit_code, lambda run, timeout: run.complete(timeout=timeout))
    if code > 0:
        what, error_code = f"{name} ended with exit code {exit_code}.", "COMMAND_FAILED"
    else:
        what, error_code = f"{name} was ended by {_signal_name(-code)}.", "COMMAND_TERMINATED"
    message = "\n".join([what, *output.newest()])
    phase = output.phase
    return CommandEnd(
        exit_code, lambda run, timeout: run.fail(error_code, message, phase=phase, timeout=timeout)
    )


def _start(command: List[str]) -> "subprocess.Popen[bytes]":
    try:
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0)
    except OSError as error:
        path = shutil.which(command[0])
        if error.errno != errno.ENOEXEC or path is None:
            raise
        # A script without a first line that names its shell: as a shell runs it.
        return subprocess.Popen(
            ["/bin/sh", path, *command[1:]], stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0
        )


def _readers(
    child: "subprocess.Popen[bytes]", options: CommandOptions, output: _Output
) -> List[threading.Thread]:
    readers = []
    for stream, target, is_error in (
        (child.stdout, options.stdout, False),
        (child.stderr, options.stderr, True),
    ):
        if stream is None:
            continue
        # The thread closes it, also while Python shuts down.
        source = os.dup(stream.fileno())
        stream.close()
        reader = threading.Thread(target=output.pass_on, args=(source, target, is_error), daemon=True)
        reader.start()
        readers.append(reader)
    return readers


def _wait(child: "subprocess.Popen[bytes]", options: CommandOptions, output: _Output) -> int:
    """The command's return code. A thread waits for it: a signal that comes just before a wait in C would be late."""
    ended = threading.Event()

    def wait() -> None:
        child.wait()
        ended.set()

    threading.Thread(target=wait, daemon=True).start()
    unmatched_at = time.monotonic() + options.unmatched_after
    kill_at: Optional[float] = None
    while not ended.wait(_POLL):
        now = time.monotonic()
        if now >= unmatched_at:
            output.complain()
        if options.run is None or not options.run.cancel_requested:
            continue
        if kill_at is None:
            kill_at = now + options.kill_after
            child.terminate()
        elif now >= kill_at:
            child.kill()
    return child.returncode


def _not_started(options: CommandOptions, program: str, error: OSError, output: _Output) -> CommandEnd:
    is_missing = error.errno == errno.ENOENT
    why = errno.errorcode.get(error.errno or 0, str(error))
    message = f"{program}: {'command not found' if is_missing else f'cannot be executed ({why})'}"
    os.write(options.stderr, f"ingestion-progress: {message}\n".encode(errors="replace"))
    code = "COMMAND_NOT_FOUND" if is_missing else "COMMAND_NOT_EXECUTABLE"
    return CommandEnd(
        _NOT_FOUND if is_missing else _NOT_EXECUTABLE,
        lambda run, timeout: run.fail(code, message, phase=output.phase, timeout=timeout),
    )


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _is_open(fd: int) -> bool:
    try:
        os.fstat(fd)
    except OSError:
        return False
    return True
