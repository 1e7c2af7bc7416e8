"""The built pages, served from memory."""

from pathlib import Path

import pytest
from tests.dashboard.conftest import Enter, World, assert_problem

from ohmstead.dashboard.api import app

NAVIGATES = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
SCRIPT = "/assets/index-abc123.js"


async def test_hashed_files_stay_and_others_are_asked_for(enter: Enter) -> None:
    """What has its content's hash in its name is cached for good, index.html never unasked."""
    client = enter()
    script = await client.get(SCRIPT)
    assert script.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert script.headers["content-type"] == "text/javascript; charset=utf-8"
    index = await client.get("/")
    assert index.headers["cache-control"] == "no-cache"
    assert index.headers["content-type"] == "text/html; charset=utf-8"
    assert (await client.get("/icon.svg")).headers["content-type"] == "image/svg+xml"


async def test_what_a_browser_has_is_not_sent_again(enter: Enter) -> None:
    """304 for its ETag, weak or in a list.  Source: RFC 9110, 13.1.2."""
    client = enter()
    etag = (await client.get("/")).headers["etag"]
    for asked in (etag, f"W/{etag}", f'"x", {etag}', "*"):
        answer = await client.get("/", headers={"if-none-match": asked})
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["etag"] == etag
    assert (await client.get("/", headers={"if-none-match": '"x"'})).status_code == 200


async def test_text_is_packed_for_those_who_can_unpack_it(enter: Enter) -> None:
    """gzip where asked for, each form with an ETag of its own."""
    client = enter()
    packed = await client.get(SCRIPT, headers={"accept-encoding": "br, gzip"})
    plain = await client.get(SCRIPT, headers={"accept-encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert int(packed.headers["content-length"]) < int(plain.headers["content-length"])
    assert packed.content == plain.content
    assert packed.headers["etag"] != plain.headers["etag"]
    assert packed.headers["vary"] == plain.headers["vary"] == "accept-encoding"


async def test_head_says_what_get_would(enter: Enter) -> None:
    """Same headers, no body.  Source: RFC 9110, 9.3.2."""
    client = enter()
    head, got = await client.head("/"), await client.get("/")
    assert head.content == b""
    assert head.headers["content-length"] == got.headers["content-length"]


@pytest.mark.parametrize(
    "path", ["/meters/m1", "/sign-in/some-token", "/meters/NL.1", "/index.html"]
)
async def test_every_address_of_a_person_is_the_page(enter: Enter, path: str) -> None:
    """The pages' own router finds what to show, also for an id with a dot."""
    answer = await enter().get(path, headers=NAVIGATES)
    assert answer.status_code == 200
    assert "<title>Ohmstead</title>" in answer.text


@pytest.mark.parametrize("path", ["/assets/index-old.js", "/favicon.ico", "/../../etc/passwd"])
async def test_a_file_that_is_not_there_is_a_404(enter: Enter, path: str) -> None:
    """Not the page: a script that is HTML would fail without a word."""
    assert_problem(await enter().get(path, headers={"accept": "*/*"}), 404)
    fetched = {"accept": "text/html", "sec-fetch-mode": "no-cors"}
    assert_problem(await enter().get(path, headers=fetched), 404)


async def test_an_old_script_is_a_404_even_when_opened(enter: Enter) -> None:
    """Nothing below assets/ is ever the page."""
    assert_problem(await enter().get("/assets/gone.js", headers=NAVIGATES), 404)


async def test_pages_can_only_be_read(enter: Enter) -> None:
    """405 with the methods there are."""
    answer = await enter().post("/")
    assert_problem(answer, 405)
    assert answer.headers["allow"] == "GET, HEAD"


async def test_pages_that_are_not_built_say_so(world: World, enter: Enter, tmp_path: Path) -> None:
    """A checkout without Node still has its API, and says what to run."""
    bare = app(world.database, world.hub, b"k" * 32, world.clock, pages=tmp_path / "none")
    answer = await enter(app=bare).get("/", headers=NAVIGATES)
    assert answer.status_code == 503
    assert "make setup" in answer.text
    assert (await enter(app=bare).get("/api/status")).status_code == 200
