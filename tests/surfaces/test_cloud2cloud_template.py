"""Templates of integrations: what is refused, with its place; what is filled in, always whole."""

import json
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ohmstead.errors import BadInput
from ohmstead.reading.reading import Identity, Reading
from ohmstead.surfaces.cloud2cloud import NAMED, Source
from ohmstead.surfaces.cloud2cloud_template import (
    LARGEST_MESSAGE,
    LONGEST,
    BadTemplate,
    Message,
    mistakes_in,
    read,
)

AT = datetime(2026, 3, 1, tzinfo=UTC)
EMPTY = Source("A842E39F8124", Reading("m", AT, {}), ZoneInfo("UTC"))
NASTY = Source(
    "A842E39F8124",
    Reading("m", AT, {"1.7.0": 1e-7, "1.8.0": 1e21}, identity=Identity(id='"\\\n\u2028é')),
    ZoneInfo("UTC"),
)
PIECES = st.one_of(
    st.sampled_from(["${", "}", "$", '"', "{", "[", "]", ":", ",", "\n", "\\", "null", "1"]),
    st.sampled_from(sorted(NAMED)).map(lambda name: f"${{{name}}}"),
    st.text(max_size=5),
)
TEXTS = st.lists(PIECES, max_size=12).map("".join)
LEAVES = st.one_of(st.none(), st.booleans(), st.integers(), TEXTS)
STRUCTURES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
).filter(lambda each: isinstance(each, dict | list))


@pytest.mark.parametrize(
    "template, line, column, words",
    [
        ('{"P": ${1_7_0},}', 1, 16, "not valid JSON"),
        ('{"P": ${1_7_0}', 1, 15, "not valid JSON"),
        ('{\n  "m": ${meter.id}\n}', 2, 8, "quotation marks"),
        ("P=${1_7_0} Q=${1_7_9}", 1, 14, "no field ${1_7_9}; is ${1_7_0} meant?"),
        ("a\nb ${1_7_0 kW", 2, 3, "not closed"),
        ("", 1, 1, "empty"),
        ({"a": {"b": "${nope}"}}, 3, 11, "no field ${nope}"),
        ("x" * (LONGEST + 1), 1, 1, "characters"),
        ("a\0b", 1, 1, "characters that no text"),
    ],
)
def test_a_mistake_is_named_with_its_place(
    template: Any, line: int, column: int, words: str
) -> None:
    """Templates are validated when they are saved, with the offending place named."""
    first = mistakes_in(template)[0]
    assert (first.line, first.column) == (line, column)
    assert words in first.message
    with pytest.raises(BadTemplate, match=f"line {line}, column {column}"):
        Message(template)


def test_every_mistake_is_listed() -> None:
    """A page marks all of them at once."""
    found = mistakes_in("${a}\n${b}\n${1_7_0}")
    assert [(each.line, each.column) for each in found] == [(1, 1), (2, 1)]


@pytest.mark.parametrize(
    "written, kind",
    [('{"a": "${1_7_0}"}', dict), ('["${1_7_0}"]', list), ('{"a": ${1_7_0}}', str), ("x", str)],
)
def test_a_file_of_json_is_a_structure(written: str, kind: type) -> None:
    """The text language of the gateway, or JSON structure given as JSON."""
    assert isinstance(read(written), kind)


def test_a_text_keeps_what_is_not_a_variable() -> None:
    """REST/MQTT 2.0, 4.1.1: only ${name} is replaced."""
    assert Message("$(x) } $ ${1_7_0}").payload(EMPTY) == b"$(x) } $ null"
    assert Message("id=${meter.id};").payload(EMPTY) == b"id=;"


def test_a_structure_keeps_types() -> None:
    """A text that is one variable is the value itself; inside a longer text it is text."""
    template = {"a": "${1_7_0}", "b": "p=${1_7_0}", "c": [True, None, 1.5, "x"], "d": "${meter.id}"}
    said = json.loads(Message(template).payload(EMPTY))
    assert said == {"a": None, "b": "p=null", "c": [True, None, 1.5, "x"], "d": None}


@given(TEXTS)
@settings(max_examples=80, deadline=None)
def test_a_text_is_refused_or_filled(template: str) -> None:
    """What looks like JSON and was accepted is JSON for every reading."""
    mistakes = mistakes_in(template)
    assert all(each.line >= 1 and each.column >= 1 for each in mistakes)
    if mistakes:
        return
    message = Message(template)
    for source in (EMPTY, NASTY):
        payload = message.payload(source).decode()
        if message.is_json:
            json.loads(payload, strict=False)


@given(STRUCTURES)
@settings(max_examples=80, deadline=None)
def test_a_structure_is_refused_or_filled(template: Any) -> None:
    """Its output is JSON of the same shape, whatever a meter calls itself."""
    try:
        message = Message(template)
    except BadTemplate:
        return
    for source in (EMPTY, NASTY):
        said = json.loads(message.payload(source))
        assert type(said) is type(template)
        assert len(said) <= len(template)


def test_a_message_is_bounded() -> None:
    """A meter's text in many places must not make a message the broker refuses."""
    long = Reading("m", AT, {}, identity=Identity(id="x" * 128))
    with pytest.raises(BadInput, match=str(LARGEST_MESSAGE)):
        Message("${meter.id}" * 500 + "y" * 10_000).payload(
            Source("A842E39F8124", long, ZoneInfo("UTC"))
        )
