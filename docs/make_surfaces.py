"""Writes docs/surfaces.md, the catalogue as tables: `python docs/make_surfaces.py [--check]`."""

import re
import sys
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path

from ohmstead.reading.catalogue import (
    ALL,
    ELECTRICAL,
    IDENTITIES,
    MEDIA,
    WATTICS_ALSO,
    Medium,
    Quantity,
    Text,
)

PAGE = Path(__file__).parent / "surfaces.md"

MEMBER = re.compile(r", (?:phase|tariff) ")

OPENING = """\
# Every quantity, and its name on every surface

Made from `src/ohmstead/reading/catalogue.py` by `python docs/make_surfaces.py`; change the
catalogue, not this page.

- **OBIS** is the key inside Ohmstead: `C.D.E`, without `A-B:` for electricity on channel 0. An
  `s` in front marks a signed value that has no code of its own.
- **Kind**: a *counter* only grows, a *gauge* is the value of a moment, a *demand* is the highest
  mean power of a period.
- **Column** is the name in the database and in exports.
- **Report** is the path inside `report` of `/api/v1/report`; **Live** the key of `/api/v1/live`;
  **Template** the variable of MQTT templates and `/api/v1/variables`, with its aliases.
- **Cloud2Cloud** is the path in the default payload; *offered* means that custom templates may
  use it.
- **Wattics** is the field of a packet (in W, var, VA and Wh, where Ohmstead keeps kW, kvar, kVA
  and kWh).
- *computed* marks what Ohmstead derives from other values.
- An empty cell: the surface does not carry the quantity.
"""

COLUMNS = (
    *("OBIS", "Unit", "Kind", "Label", "Column", "Report", "Live", "Template"),
    *("SD card", "Cloud2Cloud", "Wattics", "Modbus"),
)


def code(*names: str | None) -> str:
    """Names as they are typed, side by side; empty without any."""
    return ", ".join(f"`{name}`" for name in names if name)


def table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    """The lines of a table."""
    names = list(header)
    yield "| " + " | ".join(names) + " |"
    yield "|" + " --- |" * len(names)
    for row in rows:
        yield "| " + " | ".join(row) + " |"


def line(q: Quantity) -> tuple[str, ...]:
    """The cells of one quantity."""
    return (
        code(q.obis),
        q.unit or "–",
        q.kind + (", computed" if q.derived else ""),
        q.label,
        code(q.column),
        code(q.report),
        code(q.live),
        code(q.template, *q.aliases),
        code(q.sd_card),
        code(q.cloud2cloud) or ("*offered*" if q.offered else ""),
        code(q.wattics),
        code(q.modbus),
    )


def identity(t: Text) -> tuple[str, ...]:
    """The cells of one identity."""
    names = (t.report, t.live, t.template, t.sd_card, t.modbus)
    return (code(t.obis), t.label, *map(code, names))


def medium(m: Medium) -> tuple[str, ...]:
    """The cells of one kind of meter."""
    also, numbers = ", ".join(m.units[1:]), ", ".join(map(str, m.mbus))
    return (code(m.kind), m.label, m.unit or "–", also, m.reading, numbers, code(m.wattics))


def families(quantities: Iterable[Quantity]) -> Iterator[str]:
    """A heading and a table for every family: the quantities that share a label."""
    for label, members in groupby(quantities, key=lambda q: MEMBER.split(q.label)[0]):
        yield from ("", f"### {label}", "", *table(COLUMNS, map(line, members)))


def page() -> str:
    """The whole text of docs/surfaces.md."""
    lines = [OPENING, "## What the device reports"]
    lines += families(ELECTRICAL)
    lines += ["", "## What other meters and surfaces carry"]
    lines += families(ALL[len(ELECTRICAL) :])
    for other, name in WATTICS_ALSO.items():
        lines += ["", f"In Wattics packets `{other}` is read as `{name}`."]
    lines += ["", "## Identities and states", ""]
    lines += table(("OBIS", "Label", *COLUMNS[5:9], "Modbus"), map(identity, IDENTITIES))
    lines += ["", "## Media", ""]
    lines += table(
        ("Kind", "Label", "Unit", "Also in", "Value is a", "M-Bus device types", "Wattics"),
        map(medium, MEDIA),
    )
    return "\n".join(lines) + "\n"


def main() -> int:
    """Writes the page; with `--check` only says whether it is up to date."""
    if "--check" in sys.argv[1:]:
        return 0 if PAGE.read_text(encoding="utf-8") == page() else 1
    PAGE.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
