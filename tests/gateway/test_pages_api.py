"""The gateway's pages over HTTP, as a browser asks for them.  Source: docs/gateway-pages.md."""

import gzip
from pathlib import Path

import httpx
import pytest
from tests.gateway.serving import served

from ohmstead.gateway.pages_api import PATHS, Pages

SCRIPT = "console.log('made up');" * 80


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """Pages as web/build.py leaves them: a document, a hashed script and its packed copy."""
    (tmp_path / "assets").mkdir()
    (tmp_path / "gateway.html").write_text("<h1>made up</h1>")
    (tmp_path / "icon.svg").write_text("<svg/>")
    (tmp_path / "assets" / "gateway-AbCd.js").write_text(SCRIPT)
    packed = gzip.compress(SCRIPT.encode(), mtime=0)
    (tmp_path / "assets" / "gateway-AbCd.js.gz").write_bytes(packed)
    return tmp_path


async def test_every_page_is_the_one_document_with_a_strict_policy(built: Path) -> None:
    """REST/MQTT 2.0, 6.13: the device serves `/` and `/sd.html`; CSP level 3, 6."""
    async with served(Pages(built).routes()) as api:
        for path in PATHS:
            answer = await api.client.get(path)
            assert (answer.status_code, answer.text) == (200, "<h1>made up</h1>"), path
            assert answer.headers["content-type"] == "text/html; charset=utf-8"
            assert answer.headers["cache-control"] == "no-cache"
            policy = answer.headers["content-security-policy"]
            assert policy.startswith("default-src 'self';")
            assert "unsafe" not in policy
            assert "http" not in policy
            assert answer.headers["x-content-type-options"] == "nosniff"


async def test_what_has_a_hash_in_its_name_is_kept_for_good(built: Path) -> None:
    """RFC 8246: immutable; packed where the browser takes gzip, whole where it does not."""
    async with served(Pages(built).routes()) as api:
        answer = await api.client.get("/assets/gateway-AbCd.js")
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answer.headers["content-encoding"] == "gzip"
        assert answer.text == SCRIPT
        whole = await api.client.get(
            "/assets/gateway-AbCd.js", headers={"accept-encoding": "identity"}
        )
        assert "content-encoding" not in whole.headers
        assert whole.text == SCRIPT
        assert whole.headers["etag"] != answer.headers["etag"]


async def test_a_page_that_has_not_changed_is_not_sent_again(built: Path) -> None:
    """RFC 9110, 13.1.2: If-None-Match is answered 304 without a body."""
    async with served(Pages(built).routes()) as api:
        tag = (await api.client.get("/")).headers["etag"]
        answer = await api.client.get("/sd.html", headers={"if-none-match": f'"other", W/{tag}'})
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["etag"] == tag


@pytest.mark.parametrize(
    "path",
    [
        "/gateway.html",
        "/assets/none.js",
        "/assets/",
        "/assets/../gateway.html",
        "/assets/%2e%2e/gateway.html",
        "/assets/gateway-AbCd.js.gz",
        "/index.html",
        "/licences.md",
    ],
)
async def test_nothing_else_is_there(built: Path, path: str) -> None:
    """Only files that were listed at the start are given: no path leads anywhere else."""
    async with served(Pages(built).routes()) as api:
        answer = await api.client.send(httpx.Request("GET", api.url + path))
        assert answer.status_code == 404
        assert answer.json()["error"] == "not_found"


async def test_without_built_pages_it_says_what_to_do(tmp_path: Path) -> None:
    """CONTRIBUTING.md: a checkout without `make setup` has no pages; the API is there."""
    async with served(Pages(tmp_path).routes()) as api:
        answer = await api.client.get("/")
        assert answer.status_code == 503
        assert "make setup" in answer.text
        assert (await api.client.get("/assets/x.js")).status_code == 503
