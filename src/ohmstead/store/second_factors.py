"""The second step of signing in: whose authenticator it is, and which codes were used."""

from dataclasses import dataclass
from datetime import datetime

from ohmstead.access import codes, sealing, secrets
from ohmstead.errors import Conflict
from ohmstead.store.audit import By, record
from ohmstead.store.database import Connection, Database
from ohmstead.store.people import User


@dataclass(frozen=True, slots=True)
class SecondFactor:
    """Whether somebody has one, since when, and how many recovery codes are left."""

    since: datetime | None
    codes_left: int


class SecondFactors:
    """Every authenticator; secrets are sealed with `key`, recovery codes kept as digests."""

    def __init__(self, database: Database, key: bytes) -> None:
        self._database = database
        self._key = key

    async def of(self, user: User) -> SecondFactor:
        """What `user` has."""
        found = await self._database.one(
            "SELECT confirmed_at, (SELECT count(*) FROM recovery_codes c"
            " WHERE c.person = %(id)s AND c.used_at IS NULL) AS codes"
            " FROM second_factors WHERE person = %(id)s AND confirmed_at IS NOT NULL",
            {"id": user.id},
        )
        return (
            SecondFactor(found["confirmed_at"], found["codes"]) if found else SecondFactor(None, 0)
        )

    async def propose(self, user: User, secret: bytes) -> None:
        """Keep a secret that counts once `confirm` has seen a code of it; Conflict when on."""
        async with self._database.transaction() as connection:
            cursor = await connection.execute(
                "INSERT INTO second_factors (person, secret) VALUES (%s, %s)"
                " ON CONFLICT (person) DO UPDATE SET secret = excluded.secret, last_step = 0"
                " WHERE second_factors.confirmed_at IS NULL RETURNING person",
                (user.id, sealing.sealed(self._key, secret, _about(user))),
            )
            if await cursor.fetchone() is None:
                raise Conflict("the second step is on already; turn it off first")

    async def confirm(self, user: User, given: str, *, by: By) -> list[str] | None:
        """Turn it on, for `given` is a code of the secret; gives the recovery codes, this once.

        None when the code is wrong.  Conflict when nothing was proposed, or it is on already.
        """
        async with self._database.transaction() as connection:
            known = await self._locked(connection, user)
            if known is None or known[2] is not None:
                raise Conflict("there is no authenticator to confirm; begin its set-up again")
            step = codes.step_of(known[0], given, by.at.timestamp(), 0)
            if step is None:
                return None
            await connection.execute(
                "UPDATE second_factors SET confirmed_at = %s, last_step = %s WHERE person = %s",
                (by.at, step, user.id),
            )
            fresh = await self._renewed(connection, user)
            await _told(connection, user, "second step turned on", by)
        return fresh

    async def check(self, user: User, given: str, *, by: By) -> bool:
        """Whether `given` is a code of the authenticator, or a recovery code, not used before.

        It is used up with this.
        """
        async with self._database.transaction() as connection:
            known = await self._locked(connection, user)
            if known is None or known[2] is None:
                return False
            secret, last_step, _ = known
            step = codes.step_of(secret, given, by.at.timestamp(), last_step)
            if step is not None:
                await connection.execute(
                    "UPDATE second_factors SET last_step = %s WHERE person = %s", (step, user.id)
                )
                return True
            plain = codes.recovery_code(given)
            if plain is None:
                return False
            cursor = await connection.execute(
                "UPDATE recovery_codes SET used_at = %s WHERE person = %s AND digest = %s"
                " AND used_at IS NULL",
                (by.at, user.id, secrets.digest(self._key, plain)),
            )
            if cursor.rowcount == 0:
                return False
            await _told(connection, user, "recovery code used", by)
        return True

    async def renew_codes(self, user: User, *, by: By) -> list[str]:
        """New recovery codes in place of all old ones; shown this once."""
        async with self._database.transaction() as connection:
            fresh = await self._renewed(connection, user)
            await _told(connection, user, "recovery codes renewed", by)
        return fresh

    async def turn_off(self, user: User, *, by: By) -> bool:
        """Ask for no second step any more; False when none was asked for."""
        async with self._database.transaction() as connection:
            await connection.execute("DELETE FROM recovery_codes WHERE person = %s", (user.id,))
            cursor = await connection.execute(
                "DELETE FROM second_factors WHERE person = %s RETURNING confirmed_at", (user.id,)
            )
            found = await cursor.fetchone()
            was_on = found is not None and found[0] is not None
            if was_on:
                await _told(connection, user, "second step turned off", by)
        return was_on

    async def _locked(
        self, connection: Connection, user: User
    ) -> tuple[bytes, int, datetime | None] | None:
        """Secret, last step and since when: held, so that two requests take no code twice."""
        cursor = await connection.execute(
            "SELECT secret, last_step, confirmed_at FROM second_factors WHERE person = %s"
            " FOR UPDATE",
            (user.id,),
        )
        found = await cursor.fetchone()
        if found is None:
            return None
        secret = sealing.opened(self._key, bytes(found[0]), _about(user))
        return None if secret is None else (secret, found[1], found[2])

    async def _renewed(self, connection: Connection, user: User) -> list[str]:
        fresh = codes.new_recovery_codes()
        await connection.execute("DELETE FROM recovery_codes WHERE person = %s", (user.id,))
        await connection.cursor().executemany(
            "INSERT INTO recovery_codes (person, digest) VALUES (%s, %s)",
            [(user.id, secrets.digest(self._key, code)) for code in fresh],
        )
        return fresh


def _about(user: User) -> str:
    return f"second factor of user {user.id}"


async def _told(connection: Connection, user: User, action: str, by: By) -> None:
    await record(
        connection,
        actor=by.name,
        organisation=user.organisation,
        action=action,
        subject=user.email,
        at=by.at,
    )
