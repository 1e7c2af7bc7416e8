"""Integrations in the store: their life, their devices, and what is told of changes."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ohmstead.access.roles import Role
from ohmstead.errors import BadInput, Conflict, Forbidden, NotFound
from ohmstead.store import changes
from ohmstead.store.audit import Audit, By
from ohmstead.store.away import AwayNotes
from ohmstead.store.break_outs import BreakOut, BreakOuts
from ohmstead.store.database import Database
from ohmstead.store.devices import Devices
from ohmstead.store.integration_devices import Counts, IntegrationDevices, Progress
from ohmstead.store.integration_wish import Step, Wish
from ohmstead.store.integrations import Integration, Integrations
from ohmstead.store.meters import Meters
from ohmstead.store.people import People
from ohmstead.store.provisioning import ProvisionedDevices
from ohmstead.store.sites import Organisations, Sites
from ohmstead.surfaces.cloud2cloud_template import BadTemplate

NOW = datetime.now(UTC)
ANN = Step("ann@example.org", NOW)
ADMIN = Step("root@example.org", NOW, is_admin=True)
MACS = ("A842E39F8124", "A842E39F8125")
NEW, OLD, CODE = b"n" * 32, b"o" * 32, b"c" * 32


@pytest.fixture
async def store(database: Database) -> Integrations:
    """A site with two devices, and an account that integrations may belong to."""
    by: Any = By("a test", NOW)
    organisation = await Organisations(database).add("Works", by=by)
    site = await Sites(database).add("House", organisation.id, "Europe/Zurich")
    await People(database).add("ann@example.org", Role.MANAGER, organisation.id, by=by)
    for number, mac in enumerate(MACS):
        await Meters(database).add(f"m{number}", site.id, "electricity", 10.0)
        await Devices(database).add(mac, f"m{number}", b"s" * 32, CODE)
    return Integrations(database)


async def asked(store: Integrations, name: str | None = None, **wish: Any) -> Integration:
    return await store.request(1, 1, ANN, name, Wish(**wish))


async def active(store: Integrations, name: str | None = None, **wish: Any) -> Integration:
    made = await store.request(1, 1, ADMIN, name, Wish(**wish))
    return await store.approve(made.id, ADMIN, OLD)


async def test_an_id_is_made_or_a_name_is_chosen(store: Integrations) -> None:
    """2.0: the id is made by us; 1.0, section 2: letters a-z, at least 6 of them."""
    made, named = await asked(store), await asked(store, "acmepower")
    assert made.id.islower()
    assert not made.id.isalpha()
    assert (named.id, named.username) == ("acmepower", "integration-acmepower")
    assert "." not in named.username
    with pytest.raises(Conflict, match="acmepower"):
        await asked(store, "acmepower")
    for wrong in ("short", "Acmepower", "acme-power", "acmepower1", "x" * 41):
        with pytest.raises(BadInput, match="6 to 40"):
            await asked(store, wrong)


async def test_a_life_and_its_trace(store: Integrations, database: Database) -> None:
    """Request, approval, pause, revocation: each only where it fits, each in the audit log."""
    made = await asked(store, "acmepower")
    assert (made.state, await store.credential(made.username)) == ("requested", None)
    with pytest.raises(Conflict, match="is requested"):
        await store.pause(made.id, ANN)
    await store.approve(made.id, ADMIN, OLD)
    found = await store.credential(made.username)
    assert found is not None
    assert (found.id, bytes(found.digest)) == ("acmepower", OLD)
    await store.pause(made.id, ANN)
    assert await store.credential(made.username) is None
    await store.resume(made.id, ANN)
    assert (await store.revoke(made.id, ANN)).has_password is False
    assert await store.credential(made.username) is None
    with pytest.raises(Conflict, match="is revoked"):
        await store.resume(made.id, ANN)
    await store.remove(made.id, ANN)
    with pytest.raises(NotFound):
        await store.get(made.id)
    told = [each.action for each in await Audit(database).page(subject="acmepower")]
    words = ("requested", "approved", "paused", "resumed", "revoked", "deleted")
    assert told == [f"integration {word}" for word in reversed(words)]


async def test_a_refusal_says_why(store: Integrations) -> None:
    """An admin approves or refuses with a reason."""
    made = await asked(store)
    with pytest.raises(BadInput, match="reason"):
        await store.refuse(made.id, "  ", ADMIN)
    refused = await store.refuse(made.id, "no contract", ADMIN)
    assert (refused.state, refused.reason) == ("refused", "no contract")
    with pytest.raises(Conflict):
        await store.approve(made.id, ADMIN, OLD)


async def test_both_passwords_are_good_for_a_while(store: Integrations) -> None:
    """It can be renewed with a period in which both work; without one the old ends now."""
    made = await active(store)
    await store.renew(made.id, NEW, 600, ANN)
    found = await store.credential(made.username)
    assert found is not None
    assert (bytes(found.digest), bytes(found.old_digest or b"")) == (NEW, OLD)
    assert found.old_until == NOW + timedelta(seconds=600)
    await store.renew(made.id, OLD, 0, ANN)
    found = await store.credential(made.username)
    assert found is not None
    assert (found.old_digest, found.old_until) == (None, None)
    with pytest.raises(BadInput, match="overlap"):
        await store.renew(made.id, NEW, 1e9, ANN)


async def test_only_an_admin_goes_below_30_seconds(store: Integrations, database: Database) -> None:
    """1.0, section 2: 30 seconds are the default and the least; an admin may lower it."""
    with pytest.raises(BadInput, match="under the shortest of 30 s"):
        await asked(store, interval_s=29.0)
    made = await active(store)
    assert made.interval_s == 30
    with pytest.raises(BadInput):
        await store.change(made.id, Wish(interval_s=10.0), ANN)
    lowered = await store.change(made.id, Wish(interval_s=10.0), ADMIN)
    assert (lowered.interval_s, lowered.floor_s) == (10, 10)
    devices = IntegrationDevices(database)
    await devices.attach(lowered, MACS[0], ANN, interval_s=10.0)
    with pytest.raises(BadInput):
        await devices.attach(lowered, MACS[0], ANN, interval_s=5.0)


async def test_a_template_is_checked_and_comes_back(store: Integrations) -> None:
    """Validated when saved; a text, a structure, or the default one."""
    with pytest.raises(BadTemplate, match="line 1, column 1"):
        await asked(store, template="${nope}")
    for template in ("P=${1_7_0}", {"P": "${1_7_0}", "l": [None, 1]}, ["${1_7_0}"]):
        assert (await asked(store, template=template)).template == template
    made = await asked(store, template="x")
    assert (await store.change(made.id, Wish(default_template=True), ANN)).template is None


async def test_routes_are_what_is_to_be_done(store: Integrations, database: Database) -> None:
    """A device may be in several integrations, each with a template and interval of its own."""
    devices = IntegrationDevices(database)
    one = await active(store, "oneone", template="one", absent="zero", retain=True)
    two = await active(store, "twotwo", interval_s=60.0)
    await devices.attach(one, MACS[0], ANN)
    await devices.attach(two, "a8:42:e3:9f:81:24", ANN, template="own", interval_s=90.0)
    routes = (await devices.routes())[MACS[0]]
    shown = [(r.integration, r.template, r.interval_s, r.zero, r.retain) for r in routes]
    assert shown == [("oneone", "one", 30, True, True), ("twotwo", "own", 90, False, False)]
    assert str(routes[0].zone) == "Europe/Zurich"
    assert await devices.containing(MACS) == {MACS[0]: ["oneone", "twotwo"], MACS[1]: []}
    await store.pause(two.id, ANN)
    assert [r.integration for r in (await devices.routes())[MACS[0]]] == ["oneone"]
    await devices.detach(one, MACS[0], ANN)
    assert await devices.routes() == {}
    with pytest.raises(NotFound):
        await devices.detach(one, MACS[0], ANN)


async def test_progress_is_added_up(store: Integrations, database: Database) -> None:
    """Counts grow; the last report's time is the one the gate goes on from."""
    devices, made = IntegrationDevices(database), await active(store, "oneone")
    await devices.attach(made, MACS[0], ANN)
    counts = {"oneone": Counts(2, 3, 1, 0, NOW, "too large"), "gonegone": Counts(1)}
    progress = Progress({("oneone", MACS[0]): NOW, ("gonegone", MACS[0]): NOW}, counts)
    for _ in range(2):
        await devices.keep(progress)
    await AwayNotes(database).dropped("oneone", 5)
    added = Counts(4, 6, 2, 5, NOW, "too large", 4)
    assert await devices.counts("oneone") == added
    assert await devices.all_counts() == {"oneone": added}
    assert (await devices.routes())[MACS[0]][0].last_at == NOW


async def test_a_day_begins_its_own_count(store: Integrations, database: Database) -> None:
    """What is said of today is of the present day (UTC), even when nothing came yet."""
    devices, made = IntegrationDevices(database), await active(store, "oneone")
    next_day = NOW + timedelta(days=1)
    for at, published in ((NOW, 2), (NOW, 3), (next_day, 4)):
        counts = Counts(published, last_published_at=at)
        await devices.keep(Progress({}, {made.id: counts}))
        await devices.keep(Progress({}, {made.id: Counts(skipped=1)}))
    found = await devices.counts(made.id)
    assert (found.published, found.skipped) == (9, 3)
    assert found.published_on(next_day) == 4
    assert found.published_on(next_day + timedelta(days=1)) == 0


async def test_a_claim_needs_the_code(store: Integrations, database: Database) -> None:
    """A device is claimed with the code that it shows; a wrong one and no device look alike."""
    devices = Devices(database)
    with pytest.raises(Forbidden) as wrong:
        await devices.claim(MACS[0], b"x" * 32, 1, NOW)
    with pytest.raises(Forbidden) as nobody:
        await devices.claim("000000000000", CODE, 1, NOW)
    assert str(wrong.value).replace(MACS[0], "") == str(nobody.value).replace("000000000000", "")
    await devices.claim(MACS[0], CODE, 1, NOW)
    assert await devices.claimed(1) == {MACS[0]: NOW}
    made = await active(store)
    await IntegrationDevices(database).attach(made, MACS[0], ANN)
    await devices.release(MACS[0], 1)
    assert (await devices.claimed(1), await IntegrationDevices(database).of(made.id)) == ({}, [])
    with pytest.raises(NotFound):
        await devices.release(MACS[0], 1)


async def test_a_client_id_belongs_to_one_device(store: Integrations, database: Database) -> None:
    """Any client id, unless it is another device's: a newcomer would sign that one off."""
    devices = Devices(database)
    one, other = [await devices.get(mac) for mac in MACS]
    assert await devices.take_client_id(one, "kitchen")
    assert await devices.take_client_id(one, "kitchen")
    assert not await devices.take_client_id(other, "kitchen")
    assert await devices.take_client_id(one, "cellar")
    assert await devices.take_client_id(other, "kitchen")


async def test_changes_are_heard_and_kept(store: Integrations, database: Database) -> None:
    """LISTEN tells at once; what changed while nobody listened is told afterwards."""
    began = datetime.now(UTC) - timedelta(seconds=5)
    made = await active(store)
    heard = changes.heard(database)
    async with asyncio.timeout(30):
        assert await anext(heard) == ""
        await store.pause(made.id, ANN)
        assert await anext(heard) == made.username
        await Devices(database).remove(MACS[1])
        assert await anext(heard) == MACS[1]
    await heard.aclose()  # type: ignore[attr-defined]
    assert set(await changes.of_everybody(database, began)) == {made.username, MACS[1]}


async def test_attempts_are_added_up(store: Integrations, database: Database) -> None:
    """Counted by user and kind, with the newest."""
    attempts = BreakOuts(database)
    for last in ("ext/a\0", "ext/b"):
        await attempts.add({("integration-x", "publish"): BreakOut(2, last, NOW)})
    await attempts.add({})
    assert await attempts.of("integration-x") == {"publish": BreakOut(4, "ext/b", NOW)}
    assert await attempts.all() == {"integration-x": {"publish": BreakOut(4, "ext/b", NOW)}}


async def test_who_is_away_is_known_since_when(database: Database) -> None:
    """A session ends after days, also when the cloud was restarted in between."""
    notes, later = AwayNotes(database), NOW + timedelta(days=1)
    assert await notes.since(["a", "b"], NOW) == {"a": NOW, "b": NOW}
    assert await notes.since(["b", "c"], later) == {"b": NOW, "c": later}
    assert await notes.since([], later) == {}


async def test_an_integration_outlives_its_owner(store: Integrations, database: Database) -> None:
    """Accounts come and go; its clients go on, it is the organisation's, and the log says so."""
    made = await active(store, "acmepower")
    await People(database).remove("ann@example.org", by=By("root@example.org", NOW))
    left = await store.get(made.id)
    assert (left.owner, left.owner_email, left.organisation) == (None, None, 1)
    assert await store.credential(made.username) is not None
    told = {entry.action: entry for entry in await Audit(database).page()}
    assert told["integration left by its owner"].subject == "acmepower"


async def test_another_password_of_a_device_is_told(
    store: Integrations, database: Database
) -> None:
    """Who provisions a device again ends what its old password opened."""
    since = datetime.now(UTC) - timedelta(minutes=1)
    await ProvisionedDevices(database).set_secret(MACS[0], NEW)
    assert await changes.of_everybody(database, since) == [MACS[0]]
