"""What somebody wishes an integration to be like, and who takes which step; checked.

Source: Cloud2Cloud 1.0, section 2: a name of a-z with at least 6 letters; 30 s is the default
interval and the shortest.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.types.json import Json

from ohmstead.errors import BadInput
from ohmstead.surfaces.cloud2cloud_template import Given, checked

INTERVAL_S = 30.0
"""The default, and the floor unless an admin lowers it.  Source: 1.0, section 2."""
LONGEST_INTERVAL_S = 86_400.0
ABSENT = ("null", "zero")
LONGEST_NOTE = 1000

_NAME = re.compile(r"[a-z]{6,40}")


@dataclass(frozen=True, slots=True)
class Wish:
    """What an integration is to be like; None leaves it as it is (or as it is by default).

    `template` is a text or a structure, `default_template` True goes back to the default one.
    """

    note: str | None = None
    template: Given = None
    default_template: bool = False
    interval_s: float | None = None
    absent: str | None = None
    retain: bool | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """Who takes a step, and when: for the audit log."""

    actor: str
    at: datetime
    is_admin: bool = False
    """Whether an admin of the whole installation, who may go below the floor of intervals."""


def chosen(name: str) -> str:
    """`name` if it may be one; BadInput otherwise.  Source: Cloud2Cloud 1.0, section 2."""
    if not _NAME.fullmatch(name):
        raise BadInput(
            f"{name[:60]!r} cannot be the name of an integration: 6 to 40 lower-case letters a-z"
        )
    return name


def interval(wished_s: float, floor_s: float, step: Step) -> float:
    """An interval that may be set: not under the floor, unless by an admin; BadInput."""
    if not 0 <= wished_s <= LONGEST_INTERVAL_S:
        raise BadInput(f"an interval of {wished_s:.15g} s is not between 0 s and one day")
    if wished_s < floor_s and not step.is_admin:
        raise BadInput(
            f"an interval of {wished_s:.15g} s is under the shortest of {floor_s:g} s; "
            "an admin of the installation can lower it"
        )
    return wished_s


def kept_template(given: Given) -> Json | None:
    """A template as a column of the database takes it."""
    return None if given is None else Json(given)


def values_of(wish: Wish, floor_s: float, step: Step) -> dict[str, Any]:
    """The columns that a wish sets, checked."""
    values: dict[str, Any] = {}
    if wish.note is not None:
        values["note"] = plain_note(wish.note, "a note")
    if wish.default_template:
        values["template"] = None
    elif wish.template is not None:
        values["template"] = checked(wish.template)
    if wish.interval_s is not None:
        values["interval_s"] = interval(wish.interval_s, floor_s, step)
        values["floor_s"] = min(floor_s, wish.interval_s)
    if wish.absent is not None:
        if wish.absent not in ABSENT:
            raise BadInput(f"absent is 'null' or 'zero', not {wish.absent[:40]!r}")
        values["absent"] = wish.absent
    if wish.retain is not None:
        values["retain"] = wish.retain
    return values


def adapted(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: kept_template(value) if name == "template" else value
        for name, value in values.items()
    }


def plain_note(said: str, what: str) -> str:
    plain = said.strip()
    if len(plain) > LONGEST_NOTE or any(not c.isprintable() and c not in "\n\t" for c in plain):
        raise BadInput(f"{what} has up to {LONGEST_NOTE} printable characters")
    return plain
