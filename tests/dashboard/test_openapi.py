"""The API's description: it lists everything, and everything it lists happens."""

import re
import subprocess
import sys
from typing import Any

import pytest
from tests.dashboard.conftest import Enter
from tests.dashboard.described import DOCUMENT

from ohmstead.dashboard.api import ROUTES, routes
from ohmstead.dashboard.openapi import dumped

OPERATIONS = [
    (path, method, operation)
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
]
FOR_STRANGERS = {
    ("/api/status", "get"),
    ("/api/session", "post"),
    ("/api/session/link", "post"),
    ("/api/sign-up", "post"),
    ("/api/activation", "post"),
    ("/api/link", "post"),
    ("/api/password/forgotten", "post"),
    ("/api/password/reset", "post"),
    ("/api/account/address", "post"),
}
IDS = [f"{method} {path}" for path, method, _ in OPERATIONS]


def test_every_route_is_listed() -> None:
    """One operation a route, with the same path and method."""
    routed = {
        (re.sub(r"{(\w+):\w+}", r"{\1}", path), method.lower())
        for route in ROUTES
        for path in route.paths
        for method in route.http_methods
    }
    assert {(path, method) for path, method, _ in OPERATIONS} == routed
    hidden = {"/schema", "/schema/openapi.json", "/schema/page.css", "/schema/{path:str}"}
    assert {route.path for route in routes().routes} - hidden == {
        path for route in ROUTES for path in route.paths
    }


@pytest.mark.parametrize("path, method, operation", OPERATIONS, ids=IDS)
def test_every_answer_is_described(path: str, method: str, operation: dict[str, Any]) -> None:
    """A summary, a shape for what is given, a Problem for what is not, words for parameters."""
    assert operation["summary"]
    assert operation["description"]
    for status, answer in operation["responses"].items():
        assert answer["description"]
        for kind, content in answer.get("content", {}).items():
            if int(status) >= 400:
                assert kind == "application/problem+json"
                assert content["schema"]["$ref"] == "#/components/schemas/Problem"
    assert {"403", "500"} <= set(operation["responses"])
    for parameter in operation.get("parameters", ()):
        assert parameter.get("description") or parameter["in"] == "path"
    if (path, method) not in FOR_STRANGERS:
        assert operation["security"] == [{"ohmstead_session": []}, {"ohmstead_token": []}]


def test_fields_have_the_rules_that_forms_check() -> None:
    """The pages' forms take lengths and choices from here, so they must not be empty."""
    account = DOCUMENT["components"]["schemas"]["Account"]["properties"]
    assert account["password"]["minLength"] == 8
    assert account["email"]["maxLength"] == 320
    assert account["language"]["enum"] == ["en", "de"]
    assert DOCUMENT["components"]["schemas"]["Account"]["required"] == []


def test_it_is_printed_the_same_every_time() -> None:
    """`python -m ohmstead.dashboard.openapi`, in a process of its own and without a database."""
    command = [sys.executable, "-W", "error", "-m", "ohmstead.dashboard.openapi"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == dumped()


async def test_programs_and_people_can_read_it(enter: Enter) -> None:
    """/schema/openapi.json, and a page at /schema that loads nothing from elsewhere."""
    client = enter()
    assert (await client.get("/schema/openapi.json")).json() == DOCUMENT
    page = await client.get("/schema")
    assert page.headers["content-type"].startswith("text/html")
    for path, method, _ in OPERATIONS:
        assert f"{method.upper()} {path}" in page.text
    assert "://" not in page.text
    assert "<script" not in page.text
    assert "style=" not in page.text
    style = await client.get("/schema/page.css")
    assert style.headers["content-type"].startswith("text/css")
