"""How long an organisation's readings stay in the database, as they came."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ohmstead.errors import BadInput, NotFound
from ohmstead.store import months
from ohmstead.store.audit import By, record
from ohmstead.store.database import Database
from ohmstead.store.months import Month

MONTHS = (1, 1200)


@dataclass(frozen=True, slots=True)
class Retention:
    """An organisation, and for how many whole months beside the present one its readings stay.

    `raw_months` None is for ever.  Buckets of energy stay for ever in any case.
    """

    organisation: int
    name: str
    raw_months: int | None

    def due_before(self, now: datetime) -> Month | None:
        """The month before which everything goes into the archive; None when nothing does.

        >>> from datetime import UTC
        >>> Retention(1, "Works", 3).due_before(datetime(2025, 11, 21, tzinfo=UTC))
        (2025, 8)
        """
        if self.raw_months is None:
            return None
        return months.after(months.month_of(now), -self.raw_months)


class Retentions:
    """What each organisation wishes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> Sequence[Retention]:
        """That of every organisation, by number."""
        found = await self._database.rows(
            "SELECT id AS organisation, name, raw_months FROM organisations ORDER BY id"
        )
        return [Retention(**row) for row in found]

    async def get(self, organisation: int) -> Retention:
        """That of one; NotFound."""
        found = await self._database.one(
            "SELECT id AS organisation, name, raw_months FROM organisations WHERE id = %s",
            (organisation,),
        )
        if found is None:
            raise NotFound(
                f"there is no organisation {organisation}; `ohmstead admin org list` shows them"
            )
        return Retention(**found)

    async def set(self, organisation: int, raw_months: int | None, *, by: By) -> Retention:
        """Wish something else; BadInput, NotFound.

        More months bring nothing back that is archived already; fewer count from the next night on.
        """
        if raw_months is not None and not MONTHS[0] <= raw_months <= MONTHS[1]:
            raise BadInput(
                f"raw_months {raw_months} is not between {MONTHS[0]} and {MONTHS[1]}; "
                "nothing (null, or --for-ever on the command line) keeps readings for ever"
            )
        before = await self.get(organisation)
        async with self._database.transaction() as connection:
            await connection.execute(
                "UPDATE organisations SET raw_months = %s WHERE id = %s", (raw_months, organisation)
            )
            await record(
                connection,
                actor=by.name,
                organisation=organisation,
                action="retention changed",
                subject=before.name,
                detail={"from": before.raw_months, "to": raw_months},
                at=by.at,
            )
        return await self.get(organisation)
