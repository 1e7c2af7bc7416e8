"""Readings as the device's SD card has them: the same bytes that a gateway's recorder writes.

What a meter says it is is stored of the newest reading alone; of each there is the mark of its
serial number.  So the lines of a meter that was exchanged since do not say whose they are.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from ohmstead.errors import BadInput
from ohmstead.reading import catalogue
from ohmstead.reading.reading import Identity, Reading
from ohmstead.surfaces import sd_card
from ohmstead.surfaces.device import Device
from ohmstead.surfaces.table import Page, Row, Sheet, Subject

OBIS = {q.column: q.obis for q in catalogue.ELECTRICAL}
STATUS = "OK"
"""Of the meter: what is stored was read."""


class SdCardWriter:
    """Lines of one meter; `sheet` has the columns of readings."""

    def __init__(self, sheet: Sheet) -> None:
        self._sheet = sheet
        names = [column.name for column in sheet.columns]
        self._obis = {n: OBIS[name] for n, name in enumerate(names) if name in OBIS}
        self._named = {name: n for n, name in enumerate(names)}
        self._meter: str | None = None
        self._mark: int | None = None  # of the last reading that said whose it is
        self._head = sd_card.HEADER

    def feed(self, page: Page) -> bytes:
        """The lines of this page; BadInput when it is another meter's than the one before."""
        subject = page.subject
        if self._meter not in (None, subject.id):
            raise BadInput("the device's CSV holds one meter: give one --meter")
        self._meter = subject.id
        device = _device(subject, self._sheet.made_at)
        said = [sd_card.row(self._reading(subject, row), device) for row in page.rows]
        head, self._head = self._head, b""
        return head + b"".join(said)

    def end(self) -> Iterator[bytes]:
        """The header, where there was no page."""
        yield self._head

    def close(self) -> None:
        """Nothing is held."""

    def _reading(self, subject: Subject, row: Row) -> Reading:
        def cell(name: str) -> Any:
            return row[self._named[name]] if name in self._named else None

        mark = cell("meter_mark")
        self._mark = self._mark if mark is None else mark
        values = {obis: row[n] for n, obis in self._obis.items()}
        return Reading(
            meter=subject.id,
            at=cell("at_utc"),
            values={obis: value for obis, value in values.items() if isinstance(value, float)},
            identity=subject.identity if self._mark == subject.identity.mark else Identity(),
            tariff=cell("tariff"),
            meter_at=cell("meter_at_utc"),
            number=cell("number") or 0,
            interval_s=subject.interval_s,
        )


def _device(subject: Subject, now: datetime) -> Device:
    return Device(
        id=subject.device or "",
        now=now,
        started_at=now,
        boot_id="",
        zone=subject.zone,
        firmware="",
        meter_status=STATUS,
    )
