"""Attempts to break out: what somebody who may sign in tried at the broker and may not."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from ohmstead.store.database import Database

PUBLISH, SUBSCRIBE, CLIENT_ID = "publish", "subscribe", "client id"
LONGEST = 200


@dataclass(frozen=True, slots=True)
class BreakOut:
    """Attempts of one kind: how many, the newest topic or client id, and when that was."""

    attempts: int
    last: str
    last_at: datetime


class BreakOuts:
    """The attempts of everybody, by user name and kind."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, counted: Mapping[tuple[str, str], BreakOut]) -> None:
        """Count more attempts: (user name, kind) -> what there was since the last time."""
        if not counted:
            return
        async with self._database.transaction() as connection:
            await connection.cursor().executemany(
                "INSERT INTO break_outs (username, kind, attempts, last, last_at)"
                " VALUES (%s, %s, %s, %s, %s) ON CONFLICT (username, kind) DO UPDATE SET"
                " attempts = break_outs.attempts + excluded.attempts,"
                " last = excluded.last, last_at = excluded.last_at",
                [
                    (username, kind, each.attempts, _text(each.last), each.last_at)
                    for (username, kind), each in sorted(counted.items())
                ],
            )

    async def of(self, username: str) -> Mapping[str, BreakOut]:
        """Kind -> attempts of one user."""
        found = await self._database.rows(
            "SELECT kind, attempts, last, last_at FROM break_outs WHERE username = %s", (username,)
        )
        return {row.pop("kind"): BreakOut(**row) for row in found}

    async def all(self) -> Mapping[str, Mapping[str, BreakOut]]:
        """User name -> kind -> attempts, of everybody who tried."""
        everybody: dict[str, dict[str, BreakOut]] = {}
        for row in await self._database.rows(
            "SELECT username, kind, attempts, last, last_at FROM break_outs ORDER BY username"
        ):
            of = everybody.setdefault(row.pop("username"), {})
            kind = row.pop("kind")
            of[kind] = BreakOut(**row)
        return everybody


def _text(said: str) -> str:
    plain = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in said)
    return plain[:LONGEST]
