"""What reports are to tell, and who gets them: kept for who makes them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ohmstead.errors import BadInput, NotFound
from ohmstead.store.audit import By, record
from ohmstead.store.database import Database, Record
from ohmstead.store.sites import named

DEFINITION_BYTES = 16_384
REPORTS = """
    SELECT r.id, r.organisation, r.name, r.definition, r.made_at,
           ARRAY(SELECT p.person FROM report_recipients p WHERE p.report = r.id ORDER BY 1)
           AS people
    FROM report_definitions r
"""


@dataclass(frozen=True, slots=True)
class Report:
    """A definition; `people` are the numbers of who gets the report."""

    id: int
    organisation: int
    name: str
    definition: Mapping[str, Any]
    made_at: datetime
    people: tuple[int, ...]


class ReportDefinitions:
    """Every definition."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(
        self, organisation: int | None, *, skipped: int = 0, limit: int = 1000
    ) -> list[Report]:
        """Those of one organisation, or of all, by id."""
        found = await self._database.rows(
            f"{REPORTS} WHERE %(of)s::int4 IS NULL OR r.organisation = %(of)s"
            " ORDER BY r.id OFFSET %(skipped)s LIMIT %(limit)s",
            {"of": organisation, "skipped": skipped, "limit": limit},
        )
        return [_report(row) for row in found]

    async def get(self, id: int) -> Report:
        """The one with this id; NotFound."""
        found = await self._database.one(f"{REPORTS} WHERE r.id = %s", (id,))
        if found is None:
            raise NotFound(f"there is no report definition {id}")
        return _report(found)

    async def add(
        self, organisation: int, name: str, definition: Mapping[str, Any], *, by: By
    ) -> Report:
        """A new definition; BadInput."""
        made = await self._database.rows(
            "INSERT INTO report_definitions (organisation, name, definition, made_at)"
            " VALUES (%s, %s, %s::jsonb, %s) RETURNING id",
            (organisation, named(name, "a report"), _written(definition), by.at),
        )
        report = await self.get(made[0]["id"])
        await self._told(report, "report definition added", by)
        return report

    async def change(
        self, report: Report, name: str | None, definition: Mapping[str, Any], *, by: By
    ) -> Report:
        """Another name, or further entries of the definition; BadInput."""
        await self._database.change(
            "UPDATE report_definitions SET name = %s, definition = %s::jsonb WHERE id = %s",
            (
                report.name if name is None else named(name, "a report"),
                _written({**report.definition, **definition}),
                report.id,
            ),
        )
        await self._told(report, "report definition changed", by)
        return await self.get(report.id)

    async def remove(self, report: Report, *, by: By) -> None:
        """Remove it."""
        await self._database.change("DELETE FROM report_definitions WHERE id = %s", (report.id,))
        await self._told(report, "report definition removed", by)

    async def associate(self, report: Report, person: int, *, by: By) -> None:
        """Let somebody get the report; twice is fine."""
        await self._database.change(
            "INSERT INTO report_recipients (report, person) VALUES (%s, %s) ON CONFLICT DO NOTHING",
            (report.id, person),
        )
        await self._told(report, "report recipient added", by, person)

    async def _told(self, report: Report, action: str, by: By, person: int | None = None) -> None:
        await record(
            self._database,
            actor=by.name,
            organisation=report.organisation,
            action=action,
            subject=report.name,
            detail={"report": report.id} | ({} if person is None else {"user": person}),
            at=by.at,
        )


def _written(definition: Mapping[str, Any]) -> str:
    text = json.dumps(definition)
    if len(text) > DEFINITION_BYTES:
        raise BadInput(
            f"a definition of {len(text)} bytes is too long; {DEFINITION_BYTES} are kept"
        )
    return text


def _report(row: Record) -> Report:
    return Report(**{**row, "people": tuple(row["people"])})
