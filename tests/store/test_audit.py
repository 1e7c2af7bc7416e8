"""The audit log: only added to, read in pages."""

import psycopg
import pytest
from tests.store.conftest import NOW

from ohmstead.errors import BadInput, NotFound
from ohmstead.store.audit import Audit, record
from ohmstead.store.database import Database


async def add(database: Database, action: str, organisation: int | None = None) -> None:
    """One step of Anna's."""
    await record(
        database,
        actor="Anna@Example.org",
        organisation=organisation,
        action=action,
        subject="ext/abcdef",
        at=NOW,
    )


async def test_a_step_comes_back_as_it_was_told(database: Database) -> None:
    """Accounts: every step is in an audit log, with who, what, when and the detail."""
    await record(
        database,
        actor="a@b.ch",
        organisation=3,
        action="integration refused",
        subject="abcdef",
        detail={"reason": "no\0thing", "n": [1, None]},
        at=NOW,
    )
    (entry,) = await Audit(database).page()
    assert (entry.at, entry.actor, entry.organisation) == (NOW, "a@b.ch", 3)
    assert (entry.action, entry.subject) == ("integration refused", "abcdef")
    assert entry.detail == {"reason": "no\N{REPLACEMENT CHARACTER}thing", "n": [1, None]}


@pytest.mark.parametrize(
    "statement", ["UPDATE audit SET actor = 'x'", "DELETE FROM audit", "TRUNCATE audit"]
)
async def test_nothing_is_changed_or_taken_away(database: Database, statement: str) -> None:
    """The log is only added to, whoever asks."""
    await add(database, "user invited")
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="only added to"):
        await database.change(statement)
    assert len(await Audit(database).page()) == 1


async def test_a_step_is_kept_with_what_it_tells_of_or_not_at_all(database: Database) -> None:
    """One transaction: a step that was undone is not told."""

    async def undone() -> None:
        async with database.transaction() as connection:
            await record(connection, actor="a", organisation=None, action="b", subject="c", at=NOW)
            raise NotFound("undone")

    with pytest.raises(NotFound):
        await undone()
    assert await Audit(database).page() == []


async def test_pages_go_from_the_newest_to_the_oldest(database: Database) -> None:
    """`before` is the last id of the page before; nothing is told twice or left out."""
    for number in range(5):
        await add(database, f"step {number}")
    audit = Audit(database)
    first = await audit.page(limit=2)
    second = await audit.page(limit=2, before=first[-1].id)
    last = await audit.page(limit=2, before=second[-1].id)
    told = [entry.action for entry in [*first, *second, *last]]
    assert told == ["step 4", "step 3", "step 2", "step 1", "step 0"]


async def test_what_is_looked_for_is_found(database: Database) -> None:
    """An organisation sees its own steps; texts are found in any case of their letters."""
    await add(database, "integration approved", organisation=1)
    await add(database, "user invited", organisation=2)
    await add(database, "organisation added")
    audit = Audit(database)
    assert [e.action for e in await audit.page(organisation=1)] == ["integration approved"]
    assert [e.action for e in await audit.page(action="USER")] == ["user invited"]
    assert len(await audit.page(actor="anna@", subject="EXT/")) == 3
    assert await audit.page(actor="%") == []


async def test_long_and_odd_texts_are_cut_and_cleaned(database: Database) -> None:
    """A bound on everything: a stranger may send anything."""
    await record(
        database, actor="\0\ud800" + "x" * 999, organisation=None, action="a", subject="s", at=NOW
    )
    (entry,) = await Audit(database).page()
    assert len(entry.actor) == 320
    assert entry.actor.startswith("\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}x")
    with pytest.raises(BadInput, match="8192"):
        await record(
            database,
            actor="a",
            organisation=None,
            action="a",
            subject="s",
            detail={"all": "x" * 9000},
            at=NOW,
        )
