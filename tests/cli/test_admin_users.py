"""`ohmstead admin user …` and `audit`: what helps those who cannot get in."""

import asyncio
import base64
from datetime import UTC, datetime, timedelta

from tests.cli.test_admin import Run, Said, environment, run, said

from ohmstead.access import codes
from ohmstead.store.audit import By
from ohmstead.store.database import Database
from ohmstead.store.facts import KEY, Facts
from ohmstead.store.people import People
from ohmstead.store.second_factors import SecondFactors
from ohmstead.store.sessions import Sessions

__all__ = ["environment", "run", "said"]  # fixtures
NOW = datetime.now(UTC)
BY = By("anna@example.org", NOW)


async def lived_in(url: str) -> None:
    """Anna has a second step and a session."""
    async with Database(url) as database:
        key = base64.b64decode(await Facts(database).get(KEY) or "")
        anna = await People(database).get("anna@example.org")
        secret, factors = codes.new_secret(), SecondFactors(database, key)
        await factors.propose(anna, secret)
        await factors.confirm(anna, codes.code(secret, NOW.timestamp()), by=BY)
        await Sessions(database).begin(anna, b"digest", NOW + timedelta(days=1), by=BY)


def test_who_lost_everything_is_helped(said: Said, run: Run, database_url: str) -> None:
    """docs/accounts.md: `user totp-off` and `sign-out`; each step is in the log."""
    said("user", "add", "anna@example.org", "--role", "viewer")
    asyncio.run(lived_in(database_url))
    assert said("user", "show", "anna@example.org")["second_step"] is True
    assert said("user", "totp-off", "Anna@example.org")["second_step"] is False
    again = run("user", "totp-off", "anna@example.org")
    assert (again.returncode, again.stderr) == (
        1,
        "ohmstead: anna@example.org has no second step\n",
    )
    assert said("user", "sign-out", "anna@example.org")["ended"] == 1
    assert said("user", "role", "anna@example.org", "admin")["role"] == "admin"
    told = said("audit", "--limit", "3")
    assert [step["action"] for step in told] == [
        "role changed",
        "sessions ended",
        "second step turned off",
    ]
    assert all(step["actor"].startswith("command line") for step in told)
    assert told[0]["detail"] == '{"to": "admin", "from": "viewer"}'
    assert "role changed" in run("audit").stdout


def test_a_role_is_one_of_three(said: Said, run: Run) -> None:
    """Another word is refused with those there are."""
    said("user", "add", "anna@example.org", "--role", "viewer")
    refused = run("user", "role", "anna@example.org", "boss")
    assert refused.returncode == 2
    assert "manager" in refused.stderr
