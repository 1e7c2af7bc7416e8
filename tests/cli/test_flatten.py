"""`ohmstead flatten`.  Source: REST/MQTT 2.0, Appendix C."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ohmstead.cli.flatten import Leaf, aligned, documents, leaves
from ohmstead.errors import BadInput

SCRIPT = """\
jq -r '
def walk($path):
  if (type == "object") then
    to_entries[] | . as $entry | $entry.value | walk($path + [ $entry.key ])
  elif (type == "array") then
    to_entries[] | . as $entry | $entry.value | walk($path + [ "\\($entry.key)" ])
  else
    "\\($path | join("."))\\t\\(type)\\t\\(.)"
  end;
walk([])
' | column -t
"""
"""The script of the appendix, with the two misprints that keep it from running put right."""

TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
)


def flattened(written: str) -> list[str]:
    return list(aligned([leaf for value in documents(written) for leaf in leaves(value)]))


def ohmstead(*words: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "ohmstead", "flatten", *words]
    return subprocess.run(command, input=given, capture_output=True, timeout=60, check=False)


def test_appendix_c_output() -> None:
    """Appendix C: path, type and value of a report, in aligned columns; numbers as written."""
    report = """{"report": {"id": 74149, "interval": 5.435, "date_time": "2024-12-14T05:23:05Z",
        "instantaneous_power": {"active": {"positive": {"total": 0}}}},
        "meter": {"status": "OK", "vendor": "Landis+Gyr"}}"""
    assert flattened(report) == [
        "report.id                                         number  74149",
        "report.interval                                   number  5.435",
        "report.date_time                                  string  2024-12-14T05:23:05Z",
        "report.instantaneous_power.active.positive.total  number  0",
        "meter.status                                      string  OK",
        "meter.vendor                                      string  Landis+Gyr",
    ]


@pytest.mark.optional
def test_appendix_c_script(corpus: Path) -> None:
    """Appendix C: byte for byte what the script prints, for every report that was captured."""
    if not shutil.which("jq") or not shutil.which("column"):
        pytest.skip("no jq or no column on this machine")
    captures = sorted((corpus / "interop" / "captures").glob("whatwatt-*report*.json"))
    assert captures
    for file in captures:
        printed = subprocess.run(
            ["bash", "-c", SCRIPT], input=file.read_bytes(), capture_output=True, check=True
        ).stdout.decode()
        found, expected = flattened(file.read_text()), printed.splitlines()
        assert [line.split() for line in found] == [line.split() for line in expected]
        if all(len(line.split()) <= 3 for line in found):  # column takes a space for a gap
            assert found == [line.rstrip() for line in expected]


def test_arrays_booleans_and_null() -> None:
    """Appendix C, the script: array positions are parts of the path; jq's names of types."""
    assert flattened('{"a": [true, null, {"b": ""}, []], "c": {}}') == [
        "a.0    boolean  true",
        "a.1    null     null",
        "a.2.b  string",
    ]
    assert flattened("5") == ["number  5"]
    assert flattened('"x y"') == ["string  x y"]
    assert flattened("") == []


def test_several_documents_and_large_numbers() -> None:
    """jq takes one value after the other; numbers are not rounded."""
    assert flattened('{"a": 1.50}\n{"a": 123456789012345678901234567890}') == [
        "a  number  1.50",
        "a  number  123456789012345678901234567890",
    ]


def test_a_line_stays_a_line() -> None:
    """What would break the columns is shown as JSON spells it."""
    assert flattened('{"a": "x\\ny\\tz", "b\\u0000": 1}') == [
        "a        string  x\\ny\\tz",
        "b\\u0000  number  1",
    ]


@pytest.mark.parametrize("wrong", ["{", "nul", '{"a": NaN}', '{"a": 1,}', "[1] x", "[" * 100_000])
def test_what_is_no_json_is_said(wrong: str) -> None:
    """Not a traceback: what is wrong, and where."""
    with pytest.raises(BadInput, match="JSON"):
        flattened(wrong)


@given(TREES)
def test_every_value_is_shown_once(tree: object) -> None:
    """Whatever the document: a leaf for each value that is no container."""

    def count(value: object) -> int:
        if isinstance(value, dict):
            return sum(map(count, value.values()))
        return sum(map(count, value)) if isinstance(value, list) else 1

    (read,) = documents(json.dumps(tree))
    found = list(leaves(read))
    assert len(found) == count(tree)
    assert all("\n" not in line for line in aligned(found))


def test_the_command_reads_a_file_or_standard_input(tmp_path: Path) -> None:
    """`curl -s http://.../api/v1/report | ohmstead flatten`, and a file's name."""
    written = b'\xef\xbb\xbf{"a": {"b": "\xc3\xa4"}}'
    file = tmp_path / "report.json"
    file.write_bytes(written)
    for ran in (ohmstead(given=written), ohmstead("-", given=written), ohmstead(str(file))):
        assert (ran.returncode, ran.stdout.decode()) == (0, "a.b  string  ä\n")
    assert ohmstead(given=b"\xff").returncode == 1
    missing = ohmstead(str(tmp_path / "none.json"))
    assert missing.returncode == 1
    assert b"cannot be read" in missing.stderr


def test_nothing_to_align() -> None:
    """An empty object has no lines."""
    assert list(aligned([])) == []
    assert list(aligned([Leaf("a", "number", "1")])) == ["a  number  1"]
