"""`POST /load` over HTTP, as curl and other clients send it.

Sources: REST/MQTT 2.0, 6.14; docs/updates.md, "What POST /load answers"; RFC 7578 (forms).
"""

import asyncio
import contextlib
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.gateway.bundles import KEYS, OTHER, bundle, written
from tests.gateway.serving import WAIT_S, Served, served

from ohmstead.errors import BadInput
from ohmstead.gateway import update_api
from ohmstead.gateway.http import Request, Response, text
from ohmstead.gateway.openapi import OpenApi
from ohmstead.gateway.update import Running, Updates
from ohmstead.gateway.update_api import LONGEST, UpdateApi
from ohmstead.gateway.versions import Versions

TEXT = "text/plain; charset=utf-8"
INSTALLED = "Release 99.1.0 is installed; the device restarts.\n"


@dataclass
class Load:
    """An API that takes updates."""

    api: Served
    left: asyncio.Event
    updates: Updates

    @property
    def versions(self) -> Versions:
        """What lies on its disk."""
        return self.updates.versions

    async def post(self, **how: object) -> httpx.Response:
        """What `/load` answers."""
        return await self.api.client.post("/load", **how)  # type: ignore[arg-type]


class Locked:
    """A door that nobody passes."""

    async def refused(self, request: Request, target: str) -> Response | None:
        return text("no", 401)


@asynccontextmanager
async def loading(data: Path, *, locked: bool = False) -> AsyncIterator[Load]:
    """A gateway that takes updates, as far as `/load` goes."""
    running = Running(version="1.0", keys=KEYS, launched=True, environment=os.environ.copy())
    left = asyncio.Event()
    updates = Updates(data, running)
    feature = UpdateApi(updates, left.set)
    works = asyncio.create_task(feature.run(), name="update")
    async with served(feature.routes(), door=Locked() if locked else None) as api:
        yield Load(api, left, updates)
    works.cancel()
    await asyncio.gather(works, return_exceptions=True)


@pytest.fixture
async def load(tmp_path: Path) -> AsyncIterator[Load]:
    async with loading(tmp_path / "data") as found:
        yield found


async def test_6_14_the_documented_curl_line(load: Load, tmp_path: Path) -> None:
    """6.14: `curl -i -F file=@upgrade_file.bin http://DEVICE/load`, answered with plain text."""
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("no curl on this machine; install the package 'curl'")
    written(tmp_path, "upgrade_file.bin", bundle())
    process = await asyncio.create_subprocess_exec(
        curl, "-s", "-i", "-F", "file=@upgrade_file.bin", f"{load.api.url}/load",
        stdout=asyncio.subprocess.PIPE, cwd=tmp_path,
    )  # fmt: skip
    async with asyncio.timeout(WAIT_S):
        said = (await process.communicate())[0].decode().lower()
        assert process.returncode == 0
        assert said.startswith("http/1.1 200 ok\r\n")
        assert f"content-type: {TEXT}\r\n" in said
        assert said.endswith(f"\r\n\r\n{INSTALLED.lower()}")
        await load.left.wait()
    assert load.versions.read().on_trial


async def test_the_answer_comes_before_the_restart(load: Load) -> None:
    """6.14: the client learns what became of its file; then the gateway makes way, once."""
    answer = await load.post(files={"file": bundle()})
    assert (answer.status_code, answer.headers["content-type"]) == (200, TEXT)
    assert answer.text == INSTALLED
    again = await load.post(files={"file": bundle()})
    assert (again.status_code, again.headers["content-type"]) == (409, TEXT)
    async with asyncio.timeout(WAIT_S):
        await load.left.wait()


async def begun(load: Load, length: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection that has said how long a form will come."""
    host, port = load.api.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    head = f"POST /load HTTP/1.1\r\nHost: {host}\r\nContent-Length: {length}\r\n"
    writer.write(f"{head}Content-Type: multipart/form-data; boundary=b\r\n\r\n".encode())
    return reader, writer


FORM = b'--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n'
IN_A_FORM = {"content-type": "multipart/form-data; boundary=b"}
REFUSED: dict[str, tuple[dict[str, object], int, str]] = {
    "no body": ({}, 415, "must be a form"),
    "json": ({"json": {}}, 415, "must be a form"),
    "a plain form": ({"data": {"file": "x"}}, 415, "must be a form"),
    "another part": ({"files": {"firmware": b"x"}}, 400, "named 'firmware'; it must be 'file'"),
    "two parts": (
        {"files": [("file", bundle()), ("file", b"x")]}, 400, "the part 'file' and nothing else",
    ),
    "not a bundle": ({"files": {"file": b"PK\3\4"}}, 400, "no release bundle"),
    "nothing in it": ({"files": {"file": b""}}, 400, "no release bundle"),
    "another key": ({"files": {"file": bundle(key=OTHER)}}, 400, "signature"),
    "cut short": ({"files": {"file": bundle()[:-9]}}, 400, "ends before its end"),
    "older": ({"files": {"file": bundle("0.1")}}, 400, "older than 1.0"),
    "a form without an end": (
        {"content": FORM + bundle(), "headers": IN_A_FORM}, 400, "RFC 7578",
    ),
    "no boundary": (
        {"content": FORM, "headers": {"content-type": "multipart/form-data"}}, 400, "RFC 7578",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
async def test_what_is_refused_says_why(load: Load, what: str) -> None:
    """400, 413 and 415 as documented, one line of plain text each; nothing is left on the disk."""
    how, status, words = REFUSED[what]
    answer = await load.post(**how)
    assert (answer.status_code, answer.headers["content-type"]) == (status, TEXT), answer.text
    assert words in answer.text
    assert answer.text.count("\n") == 1
    assert answer.text.endswith("\n")
    assert list(load.versions.folder.glob("*")) == []
    assert not load.left.is_set()


async def test_errors_are_json_for_who_asks_for_that(load: Load) -> None:
    """The vendor's OpenAPI has them as JSON: `Accept: application/json` gets that."""
    answer = await load.post(files={"file": b"x"}, headers={"accept": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["error"] == "bad_request"


async def test_a_body_that_grows_too_long_is_broken_off(
    load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    """413, also for a client that does not say before how much it sends."""
    monkeypatch.setattr(update_api, "LONGEST", 2000)

    async def pieces() -> AsyncIterator[bytes]:
        yield FORM + bundle(notes="x" * 4000)

    answer = await load.post(content=pieces(), headers=IN_A_FORM)
    assert answer.status_code == 413


async def test_a_body_that_says_that_it_is_too_long_is_not_awaited(load: Load) -> None:
    """413, by the length that the client says first."""
    reader, writer = await begun(load, LONGEST + 1)
    async with asyncio.timeout(WAIT_S):
        assert (await reader.readline()).startswith(b"HTTP/1.1 413 ")
    writer.close()


async def test_who_has_not_the_password_sends_nothing(tmp_path: Path) -> None:
    """401: the door is before the body, of which nothing is read."""
    async with loading(tmp_path, locked=True) as load:
        assert (await load.post(files={"file": bundle()})).status_code == 401
        assert not load.versions.folder.exists()


async def test_two_at_the_same_time(load: Load) -> None:
    """409 for the second, and the first is installed all the same."""
    sending, go_on = asyncio.Event(), asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        content = bundle()
        yield FORM + content[:-1]
        sending.set()
        await go_on.wait()
        yield content[-1:] + b"\r\n--b--\r\n"

    first = asyncio.create_task(load.post(content=slow(), headers=IN_A_FORM))
    async with asyncio.timeout(WAIT_S):
        await sending.wait()
        while not list(load.versions.incoming.glob("*.whl")):  # noqa: ASYNC110  (a file tells no one)
            await asyncio.sleep(0.01)
        second = await load.post(files={"file": bundle()})
        assert second.status_code == 409
        assert "another update" in second.text
        go_on.set()
        assert (await first).text == INSTALLED


async def test_a_client_that_goes_away_is_forgotten(load: Load) -> None:
    """A connection that breaks in the middle changes nothing, and the next client is served."""
    content = FORM + bundle()[:-1]
    _, writer = await begun(load, len(content) + 100)
    writer.write(content)
    async with asyncio.timeout(WAIT_S):
        while not list(load.versions.incoming.glob("*.whl")):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        writer.close()
        while load.versions.incoming.exists():  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        while load.updates.busy:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    answer = await load.post(files={"file": bundle()})
    assert answer.text == INSTALLED


async def test_two_keys_in_a_form_are_described() -> None:
    """OpenAPI 3.1, "Special Considerations for multipart Content": what `/load` takes and says."""
    feature = UpdateApi(Updates(Path("/nowhere"), Running("1.0", (), False, {})), lambda: None)
    described = OpenApi(feature.routes(), "1").document()["paths"]["/load"]["post"]
    schema = described["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert schema["required"] == ["file"]
    said = {int(status) for status in described["responses"]}
    assert said == {200, 400, 401, 409, 413, 415, 429, 500, 503}
    assert set(described["responses"]["400"]["content"]) == {"application/json", "text/plain"}


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.one_of(st.binary(max_size=60), st.sampled_from([FORM, b"--b--", b"\r\n"]))))
async def test_noise_in_the_place_of_a_form_is_refused(noise: list[bytes]) -> None:
    """CONTRIBUTING, decoders: noise raises nothing but its refusal."""

    async def pieces() -> AsyncIterator[bytes]:
        for piece in noise:
            yield piece

    request = Request(
        "POST", "/load", headers={"content-type": "multipart/form-data; boundary=b"},
        chunks=pieces(),
    )  # fmt: skip
    found = b""
    with contextlib.suppress(BadInput):
        async for piece in update_api.bundle(request):
            found += piece
    assert found in b"".join(noise)
