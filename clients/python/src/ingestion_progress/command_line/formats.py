"""Reads progress from a line of a command's output, by the format that the command writes. Pure.

A reading is a dict with ``phase``, ``message``, ``percent``, ``metrics`` and ``problem``; what was not said is absent.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any, Callable, Dict, Mapping, Optional

Reading = Dict[str, Any]
#: None if the line is not of the format, or says nothing.
LineReader = Callable[[str], Optional[Reading]]

_MAX_PHASE = 12
_MAX_SAFE_INTEGER = 2**53 - 1
_NUMBER = re.compile(r"\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*", re.ASCII)


def _number_of(value: object) -> Optional[float]:
    """A number from 0; None if the value is none. People write thousands with commas."""
    if isinstance(value, str):
        text = re.sub("[,_ ]", "", value)
        if _NUMBER.fullmatch(text) is None:
            return None
        value = float(text)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


def _count_of(value: object) -> Optional[int]:
    number = _number_of(value)
    return None if number is None or number > _MAX_SAFE_INTEGER else math.floor(number + 0.5)


def _text_of(value: object) -> Optional[str]:
    return value.strip() if isinstance(value, str) and value.strip() else None


def _present(**fields: object) -> Optional[Reading]:
    """Drops what is None; None if nothing remains."""
    return {name: value for name, value in fields.items() if value is not None} or None


def _reading_of(fields: Mapping[str, object]) -> Optional[Reading]:
    """The reading of the fields of our own convention, which the groups of a pattern have, too."""
    phase = _count_of(fields.get("phase"))
    problem = fields.get("problem")
    return _present(
        phase=phase if phase is not None and 1 <= phase <= _MAX_PHASE else None,
        message=_text_of(fields.get("message")),
        percent=_number_of(fields.get("percent")),
        metrics=_present(
            itemsProcessed=_count_of(fields.get("done")),
            itemsTotal=_count_of(fields.get("total")),
            bytesProcessed=_count_of(fields.get("bytes")),
            bytesTotal=_count_of(fields.get("bytesTotal")),
        ),
        problem=_problem_of(problem, "PROBLEM") if isinstance(problem, dict) else None,
    )


def _problem_of(fields: Mapping[str, object], default_code: str) -> Optional[Dict[str, Any]]:
    item = _text_of(fields.get("item"))
    if item is None:
        return None
    return {
        "item": item,
        "code": _text_of(fields.get("code")) or default_code,
        "severity": "WARNING" if fields.get("severity") == "WARNING" else "ERROR",
        "message": _text_of(fields.get("message")),
    }


def _no_constant(_name: str) -> object:
    raise ValueError("NaN and Infinity are no JSON")


def _object_in(line: str) -> Dict[str, Any]:
    if not line.startswith("{"):
        return {}
    try:
        value = json.loads(line, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        # Not JSON: an ordinary line.
        return {}
    return value if isinstance(value, dict) else {}


def _seconds_in(match: "re.Match[str]") -> float:
    return int(match[1]) * 3_600 + int(match[2]) * 60 + float(match[3])


_DURATION = re.compile(r" *Duration: (\d+):(\d\d):(\d\d(?:\.\d+)?)", re.ASCII)
_TIME = re.compile(r"(?:^|[ _])time= *(\d+):(\d\d):(\d\d(?:\.\d+)?)", re.ASCII)
_FRAME = re.compile(r"frame= *(\d+)", re.ASCII)
_SIZE = re.compile(r"total_size=(\d+)", re.ASCII)
_FFMPEG_FIELD = re.compile(r"[a-z][a-z0-9_.]*= *\S+", re.ASCII)


def _ffmpeg_reader() -> LineReader:
    """The lines of ``-progress``, and the line of statistics that ffmpeg rewrites. The length is in what it says of its inputs."""
    length = 0.0

    def read(line: str) -> Optional[Reading]:
        nonlocal length
        duration = _DURATION.match(line)
        if duration is not None:
            length = max(length, _seconds_in(duration))
            return None
        time, frame, size = _TIME.search(line), _FRAME.match(line), _SIZE.match(line)
        reading = _present(
            percent=None if time is None or length == 0 else min(100.0, 100 * _seconds_in(time) / length),
            metrics=_present(
                itemsProcessed=None if frame is None else _count_of(frame[1]),
                bytesProcessed=None if size is None else _count_of(size[1]),
            ),
        )
        if reading is not None:
            return reading
        # Other lines of `-progress` are of the format, too.
        return {} if time is not None or _FFMPEG_FIELD.fullmatch(line) else None

    return read


def _first(fields: Mapping[str, Any], *names: str) -> Any:
    return next((fields[name] for name in names if fields.get(name) is not None), None)


def _read_restic(line: str) -> Optional[Reading]:
    """``restic backup --json`` and ``restic restore --json``."""
    fields = _object_in(line)
    kind = fields.get("message_type")
    if kind == "status":
        percent = _number_of(fields.get("percent_done"))
        return _reading_of(
            {
                "percent": None if percent is None else percent * 100,
                "done": _first(fields, "files_done", "files_restored"),
                "total": fields.get("total_files"),
                "bytes": _first(fields, "bytes_done", "bytes_restored"),
                "bytesTotal": fields.get("total_bytes"),
            }
        )
    if kind == "summary":
        return _reading_of(
            {
                "percent": 100,
                "done": _first(fields, "total_files_processed", "files_restored"),
                "bytes": _first(fields, "total_bytes_processed", "bytes_restored"),
            }
        )
    if kind == "error":
        error = fields.get("error")
        message = error.get("message") if isinstance(error, dict) else None
        return _present(problem=_problem_of({"item": fields.get("item"), "message": message}, "RESTIC_ERROR"))
    return None


def _read_rclone(line: str) -> Optional[Reading]:
    """``rclone --use-json-log``, with ``-v`` or ``--stats-log-level NOTICE``."""
    fields = _object_in(line)
    stats = fields.get("stats")
    if isinstance(stats, dict):
        done, total = _number_of(stats.get("bytes")), _number_of(stats.get("totalBytes"))
        return _reading_of(
            {
                "percent": None if done is None or not total else 100 * done / total,
                "done": stats.get("transfers"),
                "total": stats.get("totalTransfers"),
                "bytes": done,
                "bytesTotal": total,
            }
        )
    if fields.get("level") != "error":
        return None
    problem = {"item": fields.get("object"), "message": fields.get("msg")}
    return _present(problem=_problem_of(problem, "RCLONE_ERROR"))


#: ``Reading:  45%|####      | 45/100 [00:01<00:01, 44.9it/s]``, or without a total ``45it [00:01, 44.9it/s]``.
_TQDM = re.compile(
    r"(?:(?P<message>.*?): +)?(?:(?P<percent>\d+)%\|.*?\| *(?P<done>[\d.]+)(?P<doneScale>[kMGTP]?)/(?P<total>[\d.]+)"
    r"(?P<totalScale>[kMGTP]?)(?P<unit>\w*)|(?P<count>[\d.]+)(?P<countScale>[kMGTP]?)(?P<countUnit>[A-Za-z]+)) "
    r"\[\d+:\d\d.*\]",
    re.ASCII,
)
_BYTES_RATE = re.compile(r"[\d.?][kMGTP]?B/s\]", re.ASCII)
_SCALES = {"k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15}


def _read_tqdm(line: str) -> Optional[Reading]:
    match = _TQDM.match(line)
    if match is None:
        return None

    def scaled(name: str) -> Optional[float]:
        value = _number_of(match[name])
        return None if value is None else value * _SCALES.get(match[f"{name}Scale"] or "", 1)

    done = scaled("done")
    done = done if done is not None else scaled("count")
    total = scaled("total")
    names = ("bytes", "bytesTotal") if _BYTES_RATE.search(line) else ("done", "total")
    percent: object = 100 * (done or 0) / total if total else match["percent"]
    return _reading_of({"message": match["message"], "percent": percent, names[0]: done, names[1]: total})


_PERCENT = re.compile(r"(?<![\d.])(\d+(?:\.\d+)?) ?%", re.ASCII)


def _read_percent(line: str) -> Optional[Reading]:
    """The last ``n%`` of a line."""
    percent: Optional[float] = None
    for match in _PERCENT.finditer(line):
        percent = _number_of(match[1])
    return None if percent is None or percent > 100 else {"percent": percent}


#: A pattern of somebody else's may take time by the square of a line: it gets so many characters.
_MAX_PATTERN_LENGTH = 10_000


def _pattern_reader(pattern: str) -> LineReader:
    """Named groups are fields of our own convention; without any, the first group is the percent."""
    # JavaScript's way of writing a name, so that a pattern is the same in every language.
    text = re.sub(r"\(\?<(?=[A-Za-z_])", "(?P<", pattern)
    try:
        expression = re.compile(text, re.ASCII)
    except re.error as error:
        raise ValueError(f"Invalid regular expression: /{pattern}/: {error}") from None

    def read(line: str) -> Optional[Reading]:
        match = expression.search(line[:_MAX_PATTERN_LENGTH])
        if match is None:
            return None
        groups = match.groupdict() if expression.groupindex else {}
        return _reading_of(groups or {"percent": match[1] if expression.groups else None})

    return read


#: The formats, each with a reader of its own: some remember earlier lines.
_READERS: Dict[str, Callable[[str], LineReader]] = {
    "json-lines": lambda _: lambda line: _reading_of(_object_in(line)),
    "ffmpeg": lambda _: _ffmpeg_reader(),
    "restic": lambda _: _read_restic,
    "rclone": lambda _: _read_rclone,
    "tqdm": lambda _: _read_tqdm,
    "percent": lambda _: _read_percent,
    "regex": _pattern_reader,
}

FORMATS = tuple(_READERS)


def create_line_reader(name: str, pattern: str = "") -> LineReader:
    """Raises ``ValueError`` if the pattern is no regular expression."""
    return _READERS[name](pattern)
