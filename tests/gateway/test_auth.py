"""The password.  Source: REST/MQTT 2.0, 2.3 and 6.2; RFC 7616; the newer firmware's Digest page."""

import asyncio
import base64
import hashlib
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from tests.gateway.serving import Served, served

from ohmstead.clock import SetClock
from ohmstead.gateway import auth
from ohmstead.gateway.auth import Lock, Patience, parameters
from ohmstead.gateway.http import Request, Response, Route, text
from ohmstead.settings.device import System

AT = datetime(2026, 5, 1, tzinfo=UTC)
PASSWORD = 'Grüezi, "meter"'
OLD = "old"


class Door:
    """A lock with its settings and its clock, and a counter of the seconds it let wait."""

    def __init__(self) -> None:
        self.system = System(host_name="whatwatt_9F8124", protection=True, password=PASSWORD)
        self.clock = SetClock(AT)
        self.waited_s: list[float] = []
        self.lock = Lock(lambda: self.system, self.clock, sleep=self._sleep)

    async def _sleep(self, wait_s: float) -> None:
        self.waited_s.append(wait_s)
        self.later(wait_s)

    def later(self, wait_s: float) -> None:
        self.clock.set(self.clock.now() + timedelta(seconds=wait_s))


async def echo(request: Request) -> Response:
    return text(request.body.decode() or "hello")


ROUTES = (Route("GET", "/api/v1/system", echo), Route("PUT", "/api/v1/settings", echo))


@pytest.fixture
def door() -> Door:
    return Door()


@pytest.fixture
async def api(door: Door) -> AsyncIterator[Served]:
    async with served(ROUTES, door=door.lock) as found:
        yield found


def md5(*parts: str) -> str:
    return hashlib.md5(":".join(parts).encode()).hexdigest()


def answered(challenge: str, method: str, path: str, **given: str) -> str:
    """What a client answers to a challenge; `given` replaces parts of it."""
    said = parameters(challenge.removeprefix("Digest "))
    part = {
        "username": "",
        "realm": said["realm"],
        "nonce": said["nonce"],
        "uri": path,
        "algorithm": "MD5-sess",
        "qop": "auth",
        "nc": "00000001",
        "cnonce": "0a4f113b",
        "opaque": said["opaque"],
        "password": PASSWORD,
        "body": "",
        **given,
    }
    first = md5(part["username"], part["realm"], part.pop("password"))
    if part["algorithm"].lower() == "md5-sess":
        first = md5(first, part["nonce"], part["cnonce"])
    body = part.pop("body")
    second = md5(method, part["uri"], *([md5(body)] if part["qop"] == "auth-int" else []))
    response = md5(first, part["nonce"], part["nc"], part["cnonce"], part["qop"], second)
    if not part["algorithm"]:
        del part["algorithm"]
    quoted = {**part, "response": response}
    return "Digest " + ", ".join(f'{name}="{value}"' for name, value in quoted.items())


async def challenge(client: httpx.AsyncClient) -> str:
    answer = await client.get("/api/v1/system")
    assert answer.status_code == 401
    return str(answer.headers.get_list("www-authenticate")[0])


Ask = Callable[..., Awaitable[httpx.Response]]


@pytest.fixture
def ask(api: Served) -> Ask:
    async def asked(said: str, **given: str) -> httpx.Response:
        header = answered(said, "GET", "/api/v1/system", **given)
        return await api.client.get("/api/v1/system", headers={"authorization": header})

    return asked


async def test_2_3_without_protection_or_password_everybody_may_ask(
    api: Served, door: Door
) -> None:
    """6.2, `.system.protection`; newer firmware: no password set, no authentication at all."""
    for protection, password in ((False, PASSWORD), (True, "")):
        door.system = System(host_name="x", protection=protection, password=password)
        assert (await api.client.get("/api/v1/system")).status_code == 200


async def test_2_3_a_request_without_credentials_is_told_what_is_needed(api: Served) -> None:
    """Newer firmware: Digest, MD5-sess, qop auth, realm the host name, opaque; Basic as in 2.3."""
    answer = await api.client.get("/api/v1/system")
    assert answer.status_code == 401
    digest, basic = answer.headers.get_list("www-authenticate")
    said = parameters(digest.removeprefix("Digest "))
    assert (said["realm"], said["algorithm"], said["qop"]) == (
        "whatwatt-9F8124",
        "MD5-sess",
        "auth",
    )
    assert said["nonce"]
    assert said["opaque"]
    assert "stale" not in said
    assert basic.startswith('Basic realm="whatwatt-9F8124"')
    assert answer.json()["error"] == "unauthorized"
    assert (await api.client.get("/no/such/path")).status_code == 401


async def test_2_3_basic_authentication(api: Served, door: Door) -> None:
    """2.3, note: "in the form of Basic-Authentication"; the user's name is not looked at."""
    for user in ("", "admin"):
        auth_of = httpx.BasicAuth(user, PASSWORD)
        assert (await api.client.get("/api/v1/system", auth=auth_of)).status_code == 200


@pytest.mark.parametrize(
    "header",
    [
        "Basic",
        "Basic !",
        "Basic " + base64.b64encode(b"no colon").decode(),
        "Basic " + base64.b64encode(b":").decode(),
        "Bearer x",
        "Digest",
        "Digest x",
        'Digest username="',
        "Digest " + 9000 * "a=b,",
        "Negotiate",
    ],
)
async def test_what_is_no_credential_is_refused(api: Served, header: str) -> None:
    """RFC 7235, 3.1: 401, with a challenge."""
    answer = await api.client.get("/api/v1/system", headers={"authorization": header})
    assert (answer.status_code, "www-authenticate" in answer.headers) == (401, True)


@pytest.mark.parametrize("user", ["", "whoever"])
@pytest.mark.parametrize("algorithm", ["MD5-sess", "md5-sess", "MD5", ""])
async def test_a_client_is_verified_by_the_algorithm_it_states(
    api: Served, ask: Ask, algorithm: str, user: str
) -> None:
    """RFC 7616, 3.4.2; one that names none means MD5 (RFC 2617, 3.2.1)."""
    said = await challenge(api.client)
    assert (await ask(said, algorithm=algorithm, username=user)).status_code == 200
    wrong = await ask(said, algorithm=algorithm, username=user, nc="00000002", password="wrong")
    assert wrong.status_code == 401


async def test_a_session_goes_on_with_another_cnonce(api: Served, ask: Ask) -> None:
    """RFC 2617, 3.2.2.2: a session's key is made of the first cnonce; others make it anew."""
    said = await challenge(api.client)
    for count, cnonce in enumerate(("a", "a", "b"), 1):
        assert (await ask(said, nc=f"{count:08x}", cnonce=cnonce)).status_code == 200


async def test_a_body_may_be_covered_too(api: Served) -> None:
    """Newer firmware: qop auth-int; a body that was changed on the way is refused."""
    for sent, status in (("{}", 200), ("[]", 401)):
        said = await challenge(api.client)
        header = answered(said, "PUT", "/api/v1/settings", qop="auth-int", body="{}")
        answer = await api.client.put(
            "/api/v1/settings", content=sent, headers={"authorization": header}
        )
        assert answer.status_code == status


async def test_an_answer_counts_once(api: Served, ask: Ask) -> None:
    """RFC 7616, 3.4: the nonce count; somebody who listens cannot say it again."""
    said = await challenge(api.client)
    assert (await ask(said)).status_code == 200
    again = await ask(said)
    assert again.status_code == 401
    assert "stale=true" in again.headers["www-authenticate"]
    assert (await ask(said, nc="00000002")).status_code == 200


async def test_an_old_nonce_is_stale_for_who_knows_the_password(
    api: Served, ask: Ask, door: Door
) -> None:
    """Newer firmware: 401 with stale=true; the new nonce works without asking the user."""
    said = await challenge(api.client)
    door.later(auth.FRESH_S + 1)
    old = await ask(said)
    assert (old.status_code, "stale=true" in old.headers["www-authenticate"]) == (401, True)
    fresh = old.headers.get_list("www-authenticate")[0]
    assert (await ask(fresh)).status_code == 200
    stranger = await ask(said, password="wrong")
    assert "stale" not in stranger.headers["www-authenticate"]


@pytest.mark.parametrize(
    "given",
    [
        {"nonce": "0" * 44},
        {"nonce": ""},
        {"opaque": "x"},
        {"uri": "/api/v1/settings"},
        {"realm": "elsewhere"},
        {"qop": ""},
        {"qop": "none"},
        {"algorithm": "SHA-256"},
    ],
)
async def test_an_answer_to_something_else_is_refused(
    api: Served, ask: Ask, given: dict[str, str]
) -> None:
    """RFC 7616, 3.4: realm, nonce, opaque and uri are those of this challenge and request."""
    said = await challenge(api.client)
    assert (await ask(said, **given)).status_code == 401


async def test_a_nonce_is_used_only_so_often(door: Door) -> None:
    """What is remembered of nonces has a bound; beyond it they are stale, never replayable."""
    digest = auth.Digest(door.clock)
    nonce = digest._nonce()
    for number in range(auth.MOST_USED):
        assert digest._once(nonce, ("c", f"{number:08x}"))
    assert not digest._once(nonce, ("c", "ffffffff"))
    first = digest._nonce()
    assert digest._fresh(first)
    assert digest._once(first, ("c", "1"))
    for _ in range(auth.MOST_NONCES + 1):
        door.later(0.01)
        digest._once(digest._nonce(), ("c", "1"))
    assert not digest._fresh(first)


async def test_repeated_failures_are_slowed_down(api: Served, door: Door) -> None:
    """Guessing costs more with every guess, and the right password ends that."""
    wrong, right = httpx.BasicAuth("", "wrong"), httpx.BasicAuth("", PASSWORD)
    for _ in range(8):
        assert (await api.client.get("/api/v1/system", auth=wrong)).status_code == 401
    assert door.waited_s == sorted(door.waited_s)
    assert sum(door.waited_s) > 10
    assert (await api.client.get("/api/v1/system", auth=right)).status_code == 200
    door.waited_s.clear()
    assert (await api.client.get("/api/v1/system", auth=wrong)).status_code == 401
    assert door.waited_s == []


async def test_guessing_in_parallel_gains_nothing(door: Door) -> None:
    """Who does not wait for his answers finds the door closed: 429 with Retry-After."""
    patience = Patience(door.clock)
    for _ in range(40):
        patience.count("mallory")
    assert patience.delay_s("mallory") is None
    assert patience.delay_s("alice") == 0
    door.later(40 * auth.LONGEST_DELAY_S + auth.FORGOTTEN_S)
    assert patience.delay_s("mallory") == 0
    for number in range(2 * auth.MOST_HOSTS):
        patience.count(str(number))
    assert len(patience._failures) == auth.MOST_HOSTS
    for _ in range(9):
        await door.lock.refused(_guess("mallory"), "/")
    door.lock._patience.count("mallory")
    door.lock._patience.count("mallory")
    answer = await door.lock.refused(_guess("mallory"), "/")
    assert answer is not None
    assert (answer.status, dict(answer.headers)["retry-after"]) == (429, "30")


def _guess(client: str) -> Request:
    wrong = "Basic " + base64.b64encode(b":wrong").decode()
    return Request("GET", "/", headers={"authorization": wrong}, client=client)


@pytest.mark.parametrize("how", [["--anyauth"], ["--digest"], ["--basic"], []])
async def test_curl_gets_in(api: Served, how: list[str]) -> None:
    """Newer firmware: `curl --anyauth -u ":PASSWORD"`, as its pages all say; also with a body."""
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("no curl on this machine; install the package 'curl'")
    for password, status in ((PASSWORD, "200"), ("wrong", "401")):
        ended = await asyncio.create_subprocess_exec(
            curl, "-s", *how, "-u", f":{password}", "-X", "PUT", "-d", '{"a": 1}',
            "-w", " %{http_code}", f"{api.url}/api/v1/settings?x=1,2&y=%2C",
            stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        async with asyncio.timeout(20):
            said, _ = await ended.communicate()
        assert said.decode().endswith(status)
        assert ('{"a": 1}' in said.decode()) == (status == "200")


async def test_httpx_gets_in_by_digest(api: Served) -> None:
    """A client library: 50 requests of one session, one password."""
    login = httpx.DigestAuth("", PASSWORD)
    for _ in range(50):
        assert (await api.client.get("/api/v1/system", auth=login)).status_code == 200
