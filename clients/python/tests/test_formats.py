"""What is read from recorded output of real commands: the same recordings and readings as for the command in Node."""

import json
from pathlib import Path

import pytest

from ingestion_progress.command_line.formats import FORMATS, create_line_reader
from ingestion_progress.command_line.lines import LineSplitter

FOLDER = Path(__file__).parents[3] / "tests/traces/commands"
RECORDED = json.loads((FOLDER / "readings.json").read_text(encoding="utf-8"))


def read_all(each, data, size):
    """The readings of a stream that comes in chunks of this many bytes; those that say nothing are left out."""
    read = create_line_reader(each["format"], each.get("pattern", ""))
    readings = []

    def on_line(line):
        reading = read(line)
        if reading:
            if "percent" in reading:
                reading["percent"] = round(reading["percent"], 6)
            readings.append(reading)

    lines = LineSplitter(on_line)
    for at in range(0, len(data), size):
        lines.push(data[at : at + size])
    lines.end()
    return readings


@pytest.mark.parametrize("each", RECORDED, ids=lambda each: f"{each['file']} as {each['format']}")
def test_recorded_output_is_read_wherever_its_chunks_are_cut(each):
    data = (FOLDER / each["file"]).read_bytes()
    for size in (1, 7, 65_536):
        assert read_all(each, data, size) == each["readings"]


def test_there_is_a_recording_of_every_format():
    assert {each["format"] for each in RECORDED} == set(FORMATS)


@pytest.mark.parametrize("name", FORMATS)
def test_a_line_that_is_not_of_the_format_says_nothing(name):
    read = create_line_reader(name, "^never$")
    strange = ["", "{", "{}", "null", "[1]", '{"done":"x"}', '{"done":NaN}', '{"done":true}', '{"stats":null}']
    strange += ["\0\ufffd%", "frame", "%", '{"done":' * 50_000, '{"done":1e999}', "{" + '"a":[' * 5_000]
    assert [read(line) for line in strange] == [None] * len(strange)


def test_a_line_that_is_longer_than_a_million_characters_is_dropped_and_the_next_one_read():
    lines = []
    splitter = LineSplitter(lines.append)
    for _ in range(30):
        splitter.push(b"x" * 65_536)
    splitter.push(b"end\r\nnext")
    splitter.end()
    assert lines == ["next"]


@pytest.mark.parametrize("pattern", ["(?<done>\\d+) of (?<total>\\d+)", "(?P<done>\\d+) of (?P<total>\\d+)"])
def test_names_in_a_pattern_are_written_as_in_javascript_or_in_python(pattern):
    reading = create_line_reader("regex", pattern)("3 of 12")
    assert reading == {"metrics": {"itemsProcessed": 3, "itemsTotal": 12}}


def test_a_pattern_that_looks_behind_is_no_name():
    assert create_line_reader("regex", "(?<=at )(\\d+)")("at 40") == {"percent": 40}
