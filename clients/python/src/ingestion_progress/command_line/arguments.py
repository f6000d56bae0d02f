"""Parses and checks the arguments of the command line."""

from __future__ import annotations

from typing import Dict, List, Optional, Sequence, Union

from ..client import ID_RULE, is_id
from .formats import FORMATS, LineReader, create_line_reader

USAGE = f"""Usage: ingestion-progress run --project ID [options] -- COMMAND [ARGUMENT...]

Runs a command and reports it as an ingestion. Its input, output, exit code and signals stay as they are.

  --project ID        project to report to
  --url URL           GraphQL URL of the server (default: INGESTION_PROGRESS_URL)
  --token-file FILE   file with the token, read again if it expires (default: INGESTION_PROGRESS_TOKEN)
  --id ID             ingestion to start, or to continue if it failed (default: a new one)
  --title TEXT        title of the ingestion (default: the name of the command)
  --label NAME=VALUE  label of the ingestion; may be repeated
  --phase NAME        name of a phase; repeat it for several (default: one, the name of the command)
  --format FORMAT     how to read progress from the output: {', '.join(FORMATS[:4])},
                      {', '.join(FORMATS[4:])} (default: report only start and end)
  --pattern REGEX     for --format regex: groups named percent, done, total, bytes, bytesTotal, phase, message;
                      without names, the first group is the percent
  --help              print this help

Exit code: the command's; 128 + n if signal n ended it; 126 if it can't be executed, 127 if it is not found, 2 for
invalid arguments.
"""

_SINGLE = ("project", "url", "token-file", "id", "title", "format", "pattern")
_MULTIPLE = ("label", "phase")


class RunArguments:
    """Parsed arguments."""

    def __init__(
        self,
        values: Dict[str, str],
        labels: Dict[str, str],
        phases: List[str],
        read: Optional[LineReader],
        command: List[str],
    ) -> None:
        self.project = values["project"]
        self.url = values.get("url")
        self.token_file = values.get("token-file")
        self.ingestion_id = values.get("id")
        self.title = values.get("title")
        self.format = values.get("format")
        self.labels = labels
        self.phases = phases
        self.read = read
        self.command = command


class Wrong(Exception):
    """The arguments are wrong; the text says how."""


def read_arguments(arguments: Sequence[str]) -> Union[RunArguments, None]:
    """The arguments; None if help was requested. Raises ``Wrong``."""
    at = arguments.index("--") if "--" in arguments else len(arguments)
    own, command = list(arguments[:at]), list(arguments[at + 1 :])
    values: Dict[str, str] = {}
    many: Dict[str, List[str]] = {name: [] for name in _MULTIPLE}
    positional: List[str] = []
    while own:
        argument = own.pop(0)
        if argument in ("--help", "-h"):
            return None
        if not argument.startswith("-") or argument == "-":
            positional.append(argument)
            continue
        name, has_value, value = argument[2:].partition("=")
        if not argument.startswith("--") or name not in (*_SINGLE, *_MULTIPLE):
            raise Wrong(f"Unknown option '{argument.partition('=')[0]}'")
        if not has_value:
            if not own:
                raise Wrong(f"Option '--{name} <value>' argument missing")
            if own[0].startswith("-") and own[0] != "-":
                raise Wrong(f"Option '--{name}' argument is ambiguous. Use '--{name}={own[0]}' if that is its value.")
            value = own.pop(0)
        if name in _MULTIPLE:
            many[name].append(value)
        else:
            values[name] = value
    return _checked(values, many, positional, command)


def _checked(
    values: Dict[str, str], many: Dict[str, List[str]], positional: List[str], command: List[str]
) -> RunArguments:
    if not positional:
        raise Wrong("Missing command. Use run.")
    if positional[0] != "run":
        raise Wrong(f'Unknown command "{positional[0]}". Use run.')
    if len(positional) > 1:
        raise Wrong(f'Unexpected argument "{positional[1]}". Put the command after --.')
    if not command:
        raise Wrong("Missing COMMAND. Put it after --.")
    if "project" not in values:
        raise Wrong("Missing --project, the id of the project to report to.")
    for name in ("project", "id"):
        if name in values and not is_id(values[name]):
            raise Wrong(f"--{name} {ID_RULE}.")
    labels = {}
    for label in many["label"]:
        key, _, value = label.partition("=")
        if not key or not value:
            raise Wrong(f"--label {label}: use NAME=VALUE.")
        labels[key] = value
    name = values.get("format", "")
    if "format" in values and name not in FORMATS:
        raise Wrong(f'Unknown format "{name}". Use one of {", ".join(FORMATS)}.')
    if (name == "regex") != ("pattern" in values):
        raise Wrong("Use --format regex and --pattern together.")
    try:
        read = create_line_reader(name, values.get("pattern", "")) if name else None
    except ValueError as error:
        raise Wrong(str(error)) from None
    return RunArguments(values, labels, many["phase"], read, command)
