"""Every snippet of the README runs, and its tables say what the code does."""

import inspect
import re
import shlex
from pathlib import Path

import pytest

from ingestion_progress import Client, Ingestion
from ingestion_progress.command_line.arguments import read_arguments

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
PYTHON = re.findall(r"```python\n(.*?)```", README, re.S)
SHELL = re.findall(r"```sh\n(.*?)```", README, re.S)


async def pages():
    for page in range(3):
        yield page


async def store(page):
    pass


def extract(path):
    if path == "torn.pdf":
        raise ValueError("torn")


@pytest.mark.parametrize("snippet", [s for s in PYTHON if "celery" not in s], ids=lambda s: s.split("\n")[2][:40])
def test_a_snippet_of_python_runs_and_its_ingestion_completes(real, project, monkeypatch, capsys, snippet):
    for name, value in real.env().items():
        monkeypatch.setenv(name, value)
    paths = ["a.pdf", "b.pdf"] + (["torn.pdf"] if "problem" in snippet else [])
    names = {
        "client": Client(),
        "find": lambda: paths,
        "extract": extract,
        "pages": pages,
        "store": store,
        "tidy_up": lambda: None,
        "__name__": "snippet",
    }
    exec(compile(snippet.replace('"books"', repr(project)), "README.md", "exec"), names)
    assert real.state(project)["status"] == "COMPLETED"
    assert capsys.readouterr().err == ""


def test_the_command_lines_are_accepted():
    lines = [line for block in SHELL for line in block.splitlines() if "run --project" in line]
    assert len(lines) == 2
    for line in lines:
        words = shlex.split(line)
        arguments = read_arguments(words[words.index("run") :])
        assert arguments is not None and arguments.command[0] in line


def test_the_table_of_options_has_every_option_and_its_default():
    rows = re.findall(r"^\| `(\w+)` \| `([^`]+)` \|", README.split("## Options")[1].split("## At")[0], re.M)
    parameters = inspect.signature(Client).parameters
    assert [name for name, _ in rows] == list(parameters)
    for name, default in rows[2:]:
        assert repr(parameters[name].default) == default


def test_the_options_of_an_ingestion_are_listed():
    sentence = README.split("`client.ingestion(project, …)` takes ")[1].split(". ")[0]
    assert re.findall(r"`(\w+)`", sentence) == list(inspect.signature(Client.ingestion).parameters)[2:]


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`run\.(\w+)", README))))
def test_methods_that_are_named_exist(name):
    assert hasattr(Ingestion, name)
