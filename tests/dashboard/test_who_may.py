"""Every route, by everybody: what each role may do in its own organisation and in another."""

import re
from collections.abc import Mapping
from typing import Any

import pytest
from tests.dashboard.conftest import HASH, NOW, Enter, SignIn, World
from tests.dashboard.test_openapi import FOR_STRANGERS, OPERATIONS

from ohmstead.access.roles import Role
from ohmstead.store.audit import By

ROLES = ("stranger", "viewer", "manager", "admin", "root")
OWN_TABLES = (
    *("/api/integrations", "/api/devices", "/api/tariffs", "/api/credentials"),
    *("/api/meters/{id}/contracts", "/api/meters/{id}/costs", "/api/meters/{id}/formula"),
    *("/api/virtual-meters", "/api/partners", "/api/contracts", "/api/readers"),
    *("/api/archive", "/api/backups", "/api/broker", "/api/jobs"),
    *("/api/energy", "/api/removals"),
    "/api/meters/{id}/uploads",
)
"""Routes whose own tests say who may what."""
LEAST: Mapping[tuple[str, str], str] = {
    ("get", "/api/session"): "viewer",
    ("delete", "/api/session"): "stranger",
    ("get", "/api/catalogue"): "viewer",
    ("get", "/api/meters"): "viewer",
    ("get", "/api/meters/{id}"): "viewer",
    ("get", "/api/meters/{id}/power"): "viewer",
    ("get", "/api/meters/{id}/energy"): "viewer",
    ("get", "/api/meters/{id}/energy/buckets"): "viewer",
    ("get", "/api/meters/{id}/events"): "viewer",
    ("get", "/api/meters/{id}/export/energy"): "viewer",
    ("get", "/api/meters/{id}/export/readings"): "viewer",
    ("get", "/api/sites/{id}/export/energy"): "viewer",
    ("get", "/api/sites/{id}/export/readings"): "viewer",
    ("get", "/api/meters/{id}/readings"): "viewer",
    ("get", "/api/meters/{id}/intervals"): "viewer",
    ("get", "/api/meters/{id}/series"): "viewer",
    ("get", "/api/meters/{id}/balance"): "viewer",
    ("get", "/api/meters/{id}/comparison"): "viewer",
    ("get", "/api/meters/{id}/peaks"): "viewer",
    ("get", "/api/meters/{id}/load-duration"): "viewer",
    ("get", "/api/meters/{id}/heat-map"): "viewer",
    ("get", "/api/meters/{id}/holes"): "viewer",
    ("get", "/api/latest"): "viewer",
    ("get", "/api/holes"): "viewer",
    ("get", "/api/sites/{id}/breakdown"): "viewer",
    ("get", "/api/sites/{id}/tree"): "viewer",
    ("get", "/api/sites/{id}/self-consumption"): "viewer",
    ("get", "/api/live"): "viewer",
    ("put", "/api/account"): "viewer",
    ("get", "/api/account/sessions"): "viewer",
    ("delete", "/api/account/sessions"): "viewer",
    ("delete", "/api/account/sessions/{id}"): "viewer",
    ("get", "/api/account/second-factor"): "viewer",
    ("post", "/api/account/second-factor"): "viewer",
    ("post", "/api/account/second-factor/confirm"): "viewer",
    ("post", "/api/account/second-factor/recovery-codes"): "viewer",
    ("post", "/api/account/second-factor/off"): "viewer",
    ("get", "/api/tokens"): "viewer",
    ("post", "/api/tokens"): "viewer",
    ("delete", "/api/tokens/{id}"): "viewer",
    ("get", "/api/sites"): "viewer",
    ("post", "/api/sites"): "manager",
    ("get", "/api/sites/{id}"): "viewer",
    ("put", "/api/sites/{id}"): "manager",
    ("post", "/api/meters"): "manager",
    ("put", "/api/meters/{id}/parent"): "manager",
    ("get", "/api/meters/{id}/role"): "viewer",
    ("put", "/api/meters/{id}/role"): "manager",
    ("put", "/api/meters/{id}"): "manager",
    ("get", "/api/managed-devices"): "manager",
    ("get", "/api/people"): "manager",
    ("get", "/api/people/{id}"): "manager",
    ("post", "/api/people"): "root",
    ("post", "/api/people/{id}/link"): "root",
    ("post", "/api/people/invitations"): "manager",
    ("post", "/api/people/invitations/{id}"): "manager",
    ("delete", "/api/people/invitations/{id}"): "manager",
    ("put", "/api/people/{id}"): "admin",
    ("delete", "/api/people/{id}/sessions"): "admin",
    ("delete", "/api/people/{id}/second-factor"): "admin",
    ("delete", "/api/people/{id}"): "admin",
    ("get", "/api/audit"): "admin",
    ("get", "/api/organisations"): "viewer",
    ("get", "/api/organisations/{id}"): "viewer",
    ("post", "/api/organisations"): "root",
    ("put", "/api/organisations/{id}"): "root",
    ("get", "/api/organisations/{id}/retention"): "viewer",
    ("put", "/api/organisations/{id}/retention"): "admin",
    ("delete", "/api/organisations/{id}"): "root",
    ("delete", "/api/meters/{id}"): "manager",
    ("delete", "/api/sites/{id}"): "manager",
    ("get", "/api/mail"): "root",
    ("post", "/api/mail/test"): "root",
    ("post", "/api/mail/now"): "root",
}
"""Who may, from this role on; the rest gets 403, and strangers 401.  Tried in this order."""
BODIES: Mapping[tuple[str, str], dict[str, Any]] = {
    ("put", "/api/account"): {"name": "Somebody"},
    ("post", "/api/account/second-factor"): {"current_password": "wrong"},
    ("post", "/api/account/second-factor/confirm"): {"code": "000000"},
    ("post", "/api/account/second-factor/recovery-codes"): {"code": "000000"},
    ("post", "/api/account/second-factor/off"): {"code": "000000"},
    ("post", "/api/tokens"): {"scope": "read", "current_password": "wrong"},
    ("post", "/api/people/invitations"): {"email": "new@example.org", "role": "viewer"},
    ("put", "/api/people/{id}"): {"role": "viewer"},
    ("post", "/api/people"): {"email": "added@example.org", "role": "viewer"},
    ("post", "/api/sites"): {"name": "Another", "timezone": "UTC", "organisation": 1},
    ("put", "/api/sites/{id}"): {"city": "Bern"},
    ("post", "/api/meters"): {"id": "m9", "site": 1, "type": "gas", "interval_s": 60},
    ("put", "/api/meters/{id}"): {"name": "Another"},
    ("put", "/api/meters/{id}/parent"): {"parent": None},
    ("put", "/api/meters/{id}/role"): {"role": "grid"},
    ("post", "/api/organisations"): {"name": "Another"},
    ("put", "/api/organisations/{id}"): {"name": "Another"},
    ("put", "/api/organisations/{id}/retention"): {"raw_months": 24},
}


def test_every_route_is_in_the_table() -> None:
    """A new route says who may use it, or is for strangers on purpose."""
    routes = {(method, path) for path, method, _ in OPERATIONS if not path.startswith(OWN_TABLES)}
    assert routes == set(LEAST) | {(method, path) for path, method in FOR_STRANGERS}


async def test_a_stranger_gets_nothing_of_the_others_either(world: World, enter: Enter) -> None:
    """401 before anything is looked up, or 400 for a body that is none."""
    client = enter()
    for path, method, _ in OPERATIONS:
        if path.startswith(OWN_TABLES):
            target = re.sub(r"{\w+}", "848001010203", path)
            answer = await client.request(method, target, json={})
            assert answer.status_code in (400, 401), f"{method} {path} {answer.text}"


@pytest.mark.parametrize("role", ROLES)
async def test_who_may_what(world: World, enter: Enter, sign_in: SignIn, role: str) -> None:
    """docs/accounts.md, roles: 401 for strangers, 403 for too small a role, 404 for others'."""
    own, other = await world.meter("own", "Works"), await world.meter("other", "Other")
    of = None if role == "root" else own.site.organisation
    if role != "stranger":
        await world.user("me@example.org", Role.ADMIN if role == "root" else Role(role), of, HASH)
    ids = {
        place: await things(world, of.site.organisation, of.site.id, place)
        for place, of in (("own", own), ("other", other))
    }
    for (method, path), least in LEAST.items():
        if (method, path) == ("delete", "/api/session") and role != "stranger":
            continue
        for place in ("own", "other") if "{id}" in path else ("own",):
            client = await sign_in("me@example.org") if role != "stranger" else enter()
            target = path.replace("{id}", ids[place].get(kind_of(path), "999999"))
            body = BODIES.get((method, path))
            verb = "HEAD" if path == "/api/live" else method  # GET would stay open
            answer = await client.request(verb, target, json=body)
            expected = expected_of(role, least, place, path)
            assert expected(answer.status_code), f"{role} {method} {target}: {answer.text}"


def kind_of(path: str) -> str:
    """What the id of a path is of."""
    return path.partition("/{id}")[0].removeprefix("/api/")


async def things(world: World, organisation: int, site: int, name: str) -> dict[str, str]:
    """Ids of what there is in an organisation, enough that one of each can be changed."""
    somebody = await world.user(f"{name}@example.org", Role.VIEWER, organisation, HASH)
    invited = await world.links.invite(
        f"invited-{name}@example.org",
        Role.VIEWER,
        organisation,
        name.encode(),
        NOW.replace(year=2036),
        by=By("test", NOW),
    )
    return {
        "people": str(somebody.id),
        "people/invitations": str(invited.id),
        "organisations": str(organisation),
        "meters": name,
        "sites": str(site),
    }


class Expected:
    """Which statuses are right, said so that a failure shows them."""

    def __init__(self, *statuses: int) -> None:
        self.statuses = statuses

    def __call__(self, status: int) -> bool:
        return status in self.statuses


INSIDE = (200, 201, 202, 204, 400, 403, 404, 409)


def expected_of(role: str, least: str, place: str, path: str) -> Expected:
    """401, 403 or 404 where one may not; otherwise what only who is inside gets."""
    if ROLES.index(role) < ROLES.index(least):
        return Expected(401) if role == "stranger" else Expected(403)
    if path.startswith("/api/tokens"):
        return Expected(200, 403, 404)  # one's own, or those of whom one manages
    if place == "other" and role != "root" and not path.startswith("/api/account"):
        return Expected(404)
    if path.startswith("/api/account") or path.endswith("second-factor"):
        return Expected(*INSIDE)
    lacking = "organisations/{id}" in path or path.endswith(("self-consumption", "sites/{id}"))
    return Expected(200, 204, 409) if lacking else Expected(200, 201, 202, 204)
