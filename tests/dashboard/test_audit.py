"""The audit log, over the API."""

from tests.dashboard.conftest import HASH, NOW, SignIn, World

from ohmstead.access.roles import Role
from ohmstead.store.audit import record
from ohmstead.store.sites import Organisations


async def test_an_admin_reads_what_happened_in_the_own_organisation(
    world: World, sign_in: SignIn
) -> None:
    """Pages from the newest on; steps of others, and of the installation, are not shown."""
    organisations = Organisations(world.database)
    works, other = await organisations.add("Works"), await organisations.add("Other")
    for number in range(5):
        for of in (works.id, other.id, None):
            await record(
                world.database,
                actor="anna@example.org",
                organisation=of,
                action=f"step {number}",
                subject=f"thing of {of}",
                detail={"number": number},
                at=NOW,
            )
    await world.user("boss@example.org", Role.ADMIN, works.id, HASH)
    await world.user("root@example.org")
    boss, root = await sign_in("boss@example.org"), await sign_in("root@example.org")
    first = (await boss.get("/api/audit?limit=4")).json()
    assert [each["action"] for each in first["items"]] == [
        "signed in",
        "step 4",
        "step 3",
        "step 2",
    ]
    last = (await boss.get(f"/api/audit?limit=4&after={first['next']}")).json()
    assert [each["action"] for each in last["items"]] == ["step 1", "step 0"]
    assert last["next"] is None
    assert last["items"][0]["detail"] == {"number": 1}
    assert {each["organisation"] for each in first["items"]} == {works.id}
    assert (await boss.get(f"/api/audit?organisation={other.id}")).json()["items"] == []
    found = (await root.get("/api/audit?action=step&subject=thing of None")).json()["items"]
    assert len(found) == 5
    only = (await root.get(f"/api/audit?organisation={other.id}&actor=ANNA")).json()["items"]
    assert {each["organisation"] for each in only} == {other.id}
