"""What the management API refuses, and how it says so.  Source: Interop notes, 3.2; RFC 9457."""

from typing import Any

from tests.dashboard.conftest import Enter, World, assert_problem
from tests.dashboard.test_management import manager

WRONG: list[tuple[str, str, Any, int, str | None]] = [
    ("POST", "meters", {"meter": {"name": "x"}}, 400, "meter.site_id"),
    ("POST", "meters", {"meter": {"site_id": 1, "type": "gold"}}, 400, "meter.type"),
    ("POST", "meters", {"site_id": 1, "type": "gas", "reading": "x"}, 400, "meter.reading"),
    ("POST", "meters", {"meter": {"site_id": 99, "type": "gas"}}, 404, None),
    ("POST", "meters", {}, 400, "meter.site_id"),
    ("POST", "meters", [], 400, None),
    ("POST", "users", {"user": {"name": "x"}}, 400, "user.email"),
    ("POST", "users", {"user": {"email": "no address"}}, 400, "user.email"),
    ("POST", "sites", {"site": {"name": "x"}}, 400, "site.organization_id"),
    ("POST", "sites", {"organization_id": 1, "name": " "}, 400, "site.name"),
    ("PATCH", "users/1/grant_site_access", {"site_id": "x"}, 400, "site_id"),
    ("GET", "meters/1/raw_data", None, 400, "from"),
    ("GET", "meters/1/raw_data?from=31/02/2018&to=01/03/2018", None, 400, "from"),
    ("GET", "meters/1/raw_data?from=01/01/2018&to=03/04/2018", None, 400, "to"),
    ("GET", "meters/1/raw_data?from=2018-01-01 00:00:00&to=2018-04-02 00:00:00", None, 400, "to"),
    ("GET", "meters/1/raw_data?from=&to=01/01/2018", None, 400, "from"),
    ("GET", "meters/1/raw_data?from=02/01/2018&to=01/01/2018", None, 400, "to"),
    (
        "GET",
        "meters/1/raw_data?from=01/01/2018&to=01/01/2018&data_type=x",
        None,
        400,
        "data_type",
    ),
    ("GET", "meters/1/consumptions?month=13&year=2018", None, 400, "month"),
    ("GET", "meters/1/costs?month=03&year=18", None, 400, "year"),
    ("GET", "users/show_by_email", None, 400, "email"),
    ("GET", f"meters/1/raw_data?from=01/01/2018&to={'1' * 41}", None, 400, "to"),
    *((verb, "appliances/1", {"name": "x"}, 404, None) for verb in ("GET", "PATCH", "DELETE")),
    *(("GET", f"appliances/1/{word}", None, 404, None) for word in ("costs", "metadata")),
    ("POST", "meters", b'{"meter":', 400, "body"),
    ("POST", "meters", {"meter": {"site_id": 1, "type": "gas", "unit": "kg"}}, 400, "meter.unit"),
    ("PATCH", "meters/1", {"meter": {"unit": "furlong"}}, 400, "meter.unit"),
    ("GET", "meters?site_id=x", None, 400, "site_id"),
    ("GET", "meters?pageSize=1001", None, 400, "pageSize"),
    ("GET", "nothing", None, 404, None),
    ("GET", "meters/99", None, 404, None),
    ("DELETE", "meters", None, 405, None),
]


async def test_what_is_wrong_is_named(world: World, enter: Enter) -> None:
    """3.2: 400 names the field, 404 what there is not; RFC 9457."""
    client = await manager(world, enter)
    await world.meter()
    for method, path, body, status, field in WRONG:
        sent: dict[str, Any] = {"content": body} if isinstance(body, bytes) else {"json": body}
        answer = await client.request(method, path, **sent)
        assert_problem(answer, status)
        named = [each["field"] for each in answer.json()["errors"]]
        assert field is None or field in named, answer.text
