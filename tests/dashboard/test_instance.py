"""Another instance as a client sees it (connect/instance.py), on a real one; docs/imports.md."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from tests.dashboard.conftest import NOW, World
from tests.dashboard.test_tokens import token_of

from ohmstead.access.tokens import Scope
from ohmstead.connect.instance import Instance
from ohmstead.errors import BadInput, NotFound, NotSignedIn, Unavailable
from ohmstead.house.http import HttpServer, listen
from ohmstead.surfaces.imports import Imported
from ohmstead.surfaces.instance_read import from_json

DAYS = ("2035-11-20", "2035-11-22")


async def test_readings_come_with_a_token(world: World) -> None:
    """docs/imports.md, "Another instance": to the last digit; in words where it refuses."""
    meter = await world.meter("m:1")
    said = [(NOW - timedelta(hours=n), {"1.8.0": 0.1 + 0.2 * n}) for n in (3, 2, 1)]
    await world.measured(meter, *said)
    token = await token_of(world, await world.user(), Scope.READ)
    with listen("127.0.0.1", 0, "the test") as sock:
        async with HttpServer(world.app, sock) as server:
            url = f"http://127.0.0.1:{server.port}"
            there, stranger = Instance(url, token), Instance(url, "x" * 43)
            assert await asyncio.to_thread(there.meter, "m:1") == ("electricity", "cumulative")
            lines = await asyncio.to_thread(lambda: list(there.readings("m:1", *DAYS)))
            found = [each for each in from_json(lines) if isinstance(each, Imported)]
            assert [(each.at, dict(each.values)) for each in found] == said
            assert {each.meter for each in found} == {"m:1"}
            with pytest.raises(NotFound, match="no meter 'nobody'"):
                await asyncio.to_thread(there.meter, "nobody")
            with pytest.raises(NotSignedIn, match="token is unknown"):
                await asyncio.to_thread(stranger.meter, "m:1")
            world.hub.close()
    with pytest.raises(Unavailable, match="does not answer"):
        await asyncio.to_thread(there.meter, "m:1")


@pytest.mark.parametrize(
    "url, token, why",
    [
        ("ftp://host", "t", "no address of an instance"),
        ("https://", "t", "no address of an instance"),
        ("https://me:secret@host", "t", "no address of an instance"),
        ("http://example.org", "t", "over https only"),
        ("https://example.org", "", "a token of the other instance is needed"),
        ("https://example.org", "a\nb", "a token of the other instance is needed"),
    ],
)
def test_a_token_goes_nowhere_else(url: str, token: str, why: str) -> None:
    """docs/commands.md, `import`: no token over a line that others can read."""
    with pytest.raises(BadInput, match=why):
        Instance(url, token)


def test_an_authority_that_is_none_is_said(tmp_path: Path) -> None:
    """docs/commands.md, `--ca`."""
    with pytest.raises(BadInput, match="no file of certificates"):
        Instance("https://example.org", "t", tmp_path / "none.crt")
