"""Requests and routes.  Source: REST/MQTT 2.0, 6.1."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from ohmstead.errors import BadInput
from ohmstead.gateway.http import Request, Response, Route, Table, named


class Thing(Struct):
    size: int


async def nobody(request: Request) -> Response:
    raise NotImplementedError


def test_a_body_that_is_not_as_wanted_names_its_field() -> None:
    """6.1: 400 bad request, invalid parameters, ranges."""
    assert Request("PUT", "/", body=b'{"size": 3}').json(Thing) == Thing(3)
    with pytest.raises(BadInput, match=r"^size: "):
        Request("PUT", "/", body=b'{"size": "3"}').json(Thing)


@given(st.binary(max_size=200))
def test_no_body_is_anything_but_json_or_refused(body: bytes) -> None:
    """6.1: 400, never 500."""
    with suppress(BadInput):
        Request("PUT", "/", body=body).value()


@given(st.text(max_size=60))
def test_no_path_breaks_the_table(path: str) -> None:
    """Whatever is asked for is a route or is not there."""
    routes = [
        Route("GET", "/a", nobody),
        Route("PUT", "/{one}/b", nobody),
        Route("GET", "/c/{rest*}", nobody),
    ]
    found = Table(routes).find("GET", "/" + path)
    assert found is None or found.route in routes or found.methods


@pytest.mark.parametrize(
    "complaint, said",
    [
        ("Expected `int` - at `$.a[...].b`", "a[...].b: Expected `int`"),
        ("Expected `int` - at `$[0].b`", "[0].b: Expected `int`"),
        ("Expected `str` - at `key in $.a`", "a: Expected `str`"),
        ("Expected `object`, got `int`", "Expected `object`, got `int`"),
        ("no - at `$`", "no - at `$`"),
    ],
)
def test_a_complaint_begins_with_the_field(complaint: str, said: str) -> None:
    """6.1: who gets a 400 sees at once which field it is."""
    assert named(complaint) == said
