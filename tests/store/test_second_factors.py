"""The second step: proposed, confirmed, checked once a code, turned off."""

import asyncio
from datetime import timedelta

import pytest
from tests.store.conftest import NOW

from ohmstead.access import codes
from ohmstead.access.roles import Role
from ohmstead.errors import Conflict
from ohmstead.store.audit import Audit, By
from ohmstead.store.database import Database
from ohmstead.store.people import People, User
from ohmstead.store.second_factors import SecondFactors

KEY = b"k" * 32
SECRET = b"12345678901234567890"


def by(steps: int = 0) -> By:
    """Anna, some steps of 30 seconds later."""
    return By("a@b.ch", NOW + timedelta(seconds=30 * steps))


def code(steps: int = 0) -> str:
    """The code of that moment."""
    return codes.code(SECRET, by(steps).at.timestamp())


async def turned_on(database: Database) -> tuple[User, SecondFactors, list[str]]:
    """Anna with her authenticator, and her recovery codes."""
    user = await People(database).add("a@b.ch", Role.VIEWER)
    factors = SecondFactors(database, KEY)
    await factors.propose(user, SECRET)
    fresh = await factors.confirm(user, code(), by=by())
    assert fresh is not None
    return await People(database).get("a@b.ch"), factors, fresh


async def test_it_counts_after_a_first_right_code(database: Database) -> None:
    """A secret that did not arrive locks nobody out."""
    user = await People(database).add("a@b.ch", Role.VIEWER)
    factors = SecondFactors(database, KEY)
    with pytest.raises(Conflict, match="begin its set-up"):
        await factors.confirm(user, code(), by=by())
    await factors.propose(user, b"another secret of 20")
    await factors.propose(user, SECRET)
    assert await factors.confirm(user, "000000", by=by()) is None
    assert not await factors.check(user, code(), by=by())
    assert (await People(database).get("a@b.ch")).second_factor is False
    assert await factors.confirm(user, code(), by=by()) is not None
    assert (await People(database).get("a@b.ch")).second_factor is True
    assert (await factors.of(user)).codes_left == 10
    with pytest.raises(Conflict, match="on already"):
        await factors.propose(user, SECRET)


async def test_a_code_is_taken_once_also_by_two_at_once(database: Database) -> None:
    """RFC 6238, 5.2: a replayed code is refused, the one that confirmed included."""
    user, factors, _ = await turned_on(database)
    assert not await factors.check(user, code(), by=by())
    tries = (factors.check(user, code(1), by=by(1)) for _ in range(4))
    assert sorted(await asyncio.gather(*tries)) == [False, False, False, True]
    assert not await factors.check(user, code(0), by=by(1))
    assert await factors.check(user, code(2), by=by(2))


async def test_a_recovery_code_is_good_once(database: Database) -> None:
    """However it is typed; the audit log tells of its use."""
    user, factors, fresh = await turned_on(database)
    assert await factors.check(user, fresh[3].upper().replace("-", " "), by=by())
    assert not await factors.check(user, fresh[3], by=by())
    assert (await factors.of(user)).codes_left == 9
    renewed = await factors.renew_codes(user, by=by())
    assert not await factors.check(user, fresh[4], by=by())
    assert await factors.check(user, renewed[0], by=by())
    told = [entry.action for entry in await Audit(database).page()][::-1]
    assert told == [
        "second step turned on",
        "recovery code used",
        "recovery codes renewed",
        "recovery code used",
    ]


async def test_the_secret_is_sealed_and_codes_are_digests(database: Database) -> None:
    """Nothing of it can be read in the database, and another key opens nothing."""
    user, _, fresh = await turned_on(database)
    rows = await database.rows("SELECT secret FROM second_factors")
    kept = await database.rows("SELECT digest FROM recovery_codes")
    assert SECRET not in bytes(rows[0]["secret"])
    assert not [row for row in kept if bytes(row["digest"]) in {c.encode() for c in fresh}]
    assert not await SecondFactors(database, b"l" * 32).check(user, code(1), by=by(1))


async def test_it_is_turned_off_with_all_that_belongs_to_it(database: Database) -> None:
    """Nothing is left of it; a second time there is nothing to turn off."""
    user, factors, fresh = await turned_on(database)
    assert await factors.turn_off(user, by=by())
    assert not await factors.turn_off(user, by=by())
    assert not await factors.check(user, fresh[0], by=by())
    assert (await factors.of(user)).since is None
