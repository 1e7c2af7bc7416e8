"""Templates of an integration's messages: checked when they are saved, filled for each reading.

A template is a text in which `${name}` stands for a field (the gateway's language), or a JSON
structure: a text that is one `${name}` becomes the field's value with its own type, inside a longer
text it becomes text.  What looks like JSON must be JSON for every reading.  A name nobody knows is
refused, unlike on the gateway, where it would only be found in what was sent.
Source: Cloud2Cloud 2.0, section 6; REST/MQTT 2.0, 4.1.1.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from typing import Any, TypeAlias

import msgspec

from ohmstead.errors import BadInput
from ohmstead.surfaces.cloud2cloud import DEFAULT_TEXT, NAMED, Field, Source, Value
from ohmstead.surfaces.spelling import text, utc
from ohmstead.surfaces.template import VARIABLE, canonical

Given: TypeAlias = str | Mapping[str, Any] | list[Any] | None
"""A template as it is kept: a text, a JSON structure, or None for the default one."""

LONGEST = 16_384
"""Characters of a template."""
LARGEST_MESSAGE = 65_536
"""Bytes of a message."""
DEEPEST = 16
MOST_VARIABLES = 500

_VOLUME = re.compile(r"vol\[(\d{1,2})\]\.(bus|meter_id|date_time|date_time_utc|cumulative)")
_OPEN = re.compile(r"\$\{")


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong with a template, and where: line and column from 1."""

    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}: {self.message}"


class BadTemplate(BadInput):
    """A template that cannot be used; `mistakes` name each place."""

    def __init__(self, mistakes: list[Mistake]) -> None:
        more = f" (and {len(mistakes) - 1} more)" if len(mistakes) > 1 else ""
        super().__init__(f"the template cannot be used: {mistakes[0]}{more}")
        self.mistakes = tuple(mistakes)


def named(name: str) -> Field | None:
    """The field of this name, in any of its spellings; None for a name nobody knows.

    >>> named("1.7.0").name, named("71_7.0").name, named("31.7.0 (signed)").name, named("nope")
    ('1_7_0', '71_7_0', 's31_7_0', None)
    """
    found = NAMED.get(name) or NAMED.get(canonical(name))
    if found is not None:
        return found
    volume = _VOLUME.fullmatch(name)
    if volume is None:
        return None
    value = partial(_volume, index=int(volume[1]), part=volume[2])
    is_number = volume[2] in ("bus", "cumulative")
    return Field(name, "A meter behind the meter", value, is_number=is_number, listed=False)


def _volume(source: Source, index: int, part: str) -> Value:
    channels = source.reading.channels
    if index >= len(channels):
        return 0 if source.zero and part in ("bus", "cumulative") else None
    channel = channels[index]
    if part.startswith("date_time"):
        return utc(channel.at) if channel.at else None
    if part == "cumulative":
        return 0 if channel.value is None and source.zero else channel.value
    return channel.bus if part == "bus" else channel.meter_id


# --- checking --------------------------------------------------------------------------------


def _place(written: str, offset: int) -> tuple[int, int]:
    before = written[:offset]
    return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1


def _names(written: str) -> Iterator[Mistake]:
    closed = {found.start(): found for found in VARIABLE.finditer(written)}
    for opened in _OPEN.finditer(written):
        found = closed.get(opened.start())
        if found is None:
            yield Mistake(*_place(written, opened.start()), "${ is not closed by }")
        elif named(found[1]) is None:
            near = get_close_matches(found[1], NAMED, n=1)
            hint = f"; is ${{{near[0]}}} meant?" if near else ""
            what = f"there is no field ${{{found[1][:60]}}}{hint}"
            yield Mistake(*_place(written, found.start()), what)


def _as_json(written: str) -> Iterator[Mistake]:
    """Whether it is JSON whatever is filled in, each variable held by something as long."""

    def stand_in(found: re.Match[str]) -> str:
        field = named(found[1])
        mark = "0" if field is None or field.is_number else "x"  # a text needs quotation marks
        return mark.ljust(len(found[0]))

    try:
        json.loads(VARIABLE.sub(stand_in, written))
    except json.JSONDecodeError as error:
        line, column = _place(written, error.pos)
        at = next((v for v in VARIABLE.finditer(written) if v.start() == error.pos), None)
        if at is not None:
            quoted = f'"{at[0]}"'
            yield Mistake(line, column, f"{at[0]} is a text: write it in quotation marks, {quoted}")
        else:
            yield Mistake(line, column, f"it is not valid JSON: {error.msg}")
    except RecursionError:
        yield Mistake(1, 1, "it is nested too deeply")


def _deep(given: Any, levels: int = DEEPEST) -> bool:
    if levels < 0:
        return True
    inside = given.values() if isinstance(given, Mapping) else given
    if not isinstance(given, Mapping | list):
        return False
    return any(_deep(each, levels - 1) for each in inside)


def looks_like_json(written: str) -> bool:
    """Whether a text is meant to be JSON."""
    return written.lstrip()[:1] in ("{", "[")


def written_of(given: Given) -> str:
    """A template as a person reads and edits it; mistakes count lines and columns in this."""
    if given is None:
        return DEFAULT_TEXT
    return given if isinstance(given, str) else json.dumps(given, indent=2, ensure_ascii=False)


def mistakes_in(given: Given, written: str | None = None) -> list[Mistake]:
    """Everything that is wrong with a template; `written` is how it stands in the person's file."""
    if given is None:
        return []
    if not isinstance(given, str) and _deep(given):
        return [Mistake(1, 1, f"it is nested more than {DEEPEST} levels deep")]
    said = written or written_of(given)
    if not said.strip():
        return [Mistake(1, 1, "it is empty; leave it out to get the default template")]
    if len(said) > LONGEST:
        return [Mistake(1, 1, f"it has {len(said)} characters; {LONGEST} are taken")]
    if "\0" in said or _surrogate(said):
        return [Mistake(1, 1, "it has characters that no text may have")]
    found = list(_names(said))
    if len(VARIABLE.findall(said)) > MOST_VARIABLES:
        found.append(Mistake(1, 1, f"it names more than {MOST_VARIABLES} fields"))
    if isinstance(given, str) and looks_like_json(said):
        found += _as_json(said)
    return found


def _surrogate(said: str) -> bool:
    try:
        said.encode()
    except UnicodeEncodeError:
        return True
    return False


def checked(given: Given, written: str | None = None) -> Given:
    """`given`, if it can be used; BadTemplate otherwise."""
    found = mistakes_in(given, written)
    if found:
        raise BadTemplate(found)
    return given


def read(written: str) -> Given:
    """The template that a file holds: JSON is a structure, anything else a text; BadTemplate.

    One newline at the end is the file's, not the template's.
    """
    try:
        given: Given = json.loads(written) if looks_like_json(written) else written
    except ValueError:
        given = written
    except RecursionError:
        raise BadTemplate([Mistake(1, 1, "it is nested too deeply")]) from None
    if isinstance(given, str):
        given = given.removesuffix("\n").removesuffix("\r")
    return checked(given, written)


# --- filling in ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Slot:
    """A place to fill: how the value is spelled there depends on what is around it."""

    field: Field
    typed: bool
    """As a JSON value; else inside a text."""
    escaped: bool
    """Inside a text of JSON."""

    def said(self, source: Source) -> str:
        value = self.field.value(source)
        if isinstance(value, str):
            if self.typed:
                return msgspec.json.encode(value).decode()
            return msgspec.json.encode(value).decode()[1:-1] if self.escaped else value
        if value is None:
            return "null" if self.typed or self.field.is_number else ""
        return text(value)


class Message:
    """A template taken apart once; `payload` fills it.

    >>> Message(None)._slots[0].field.name
    'timestamp'
    """

    __slots__ = ("_literals", "_slots", "is_json")

    def __init__(self, given: Given) -> None:
        """BadTemplate when it cannot be used."""
        checked(given)
        if given is None or isinstance(given, str):
            written = DEFAULT_TEXT if given is None else given
        else:
            written = json.dumps(given, ensure_ascii=False, separators=(",", ":"))
        self.is_json = looks_like_json(written)
        structure = not isinstance(given, str)
        literals, slots, place = [], [], 0
        for found in VARIABLE.finditer(written):
            field = named(found[1])
            assert field is not None  # noqa: S101  (checked above)
            start, end = found.span()
            whole = structure and _is_whole(written, start, end)
            literals.append(written[place : start - whole])
            place = end + whole
            slots.append(_Slot(field, whole, self.is_json))
        self._literals = (*literals, written[place:])
        self._slots = tuple(slots)

    def payload(self, source: Source) -> bytes:
        """The message for one reading.

        BadInput where it is larger than `LARGEST_MESSAGE`.
        """
        said = [self._literals[0]]
        for slot, literal in zip(self._slots, self._literals[1:], strict=True):
            said += (slot.said(source), literal)
        payload = "".join(said).encode()
        if len(payload) > LARGEST_MESSAGE:
            raise BadInput(f"a message of {len(payload)} bytes; at most {LARGEST_MESSAGE} are sent")
        return payload


def _is_whole(written: str, start: int, end: int) -> bool:
    """Whether the variable is all of a JSON text, and that text a value, not a name."""
    if written[start - 1 : start] != '"' or written[end : end + 1] != '"':
        return False
    if written[start - 2 : start - 1] == "\\":
        return False
    return not written[end + 1 :].lstrip().startswith(":")
