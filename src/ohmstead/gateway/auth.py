"""The door: who has the password may ask.

Digest with MD5-sess as newer firmware does, Basic as the document says; the user's name is not
looked at (the device has none).  Closed only while `protection` is on and a password is set.
Source: REST/MQTT 2.0, 2.3 and 6.2; RFC 7616, RFC 7617; the newer firmware's Digest page.
"""

import asyncio
import base64
import binascii
import hashlib
import hmac
import re
import secrets
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from typing import Literal

import structlog

from ohmstead.clock import Clock
from ohmstead.gateway.http import Request, Response, trouble
from ohmstead.gateway.origins import network_name
from ohmstead.settings.device import System

Verdict = Literal["right", "wrong", "stale", "none"]
Sleep = Callable[[float], Awaitable[None]]

FRESH_S = 300.0
"""A nonce is good for so long."""
MOST_USED = 1024
"""Uses of one nonce that are remembered; then it is stale."""
MOST_NONCES = 64
"""Nonces in use whose uses are remembered; the oldest is stale then."""

FREE_FAILURES = 3
"""Wrong passwords in a row that cost nothing; each further one costs more."""
FIRST_DELAY_S = 0.5
LONGEST_DELAY_S = 30.0
MOST_HOSTS = 256
FORGOTTEN_S = 900.0
"""After so long without a failure a host begins anew."""

UNAUTHORIZED = "The device's password is needed: -u ':PASSWORD', the user's name is empty."
SLOW = "Too many wrong passwords; try again later."

_PARAMETER = re.compile(r'(\w+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))\s*(?:,|$)')

_log = structlog.get_logger("gateway.auth")


class Lock:
    """Who may ask, by the password in the settings."""

    def __init__(
        self, system: Callable[[], System], clock: Clock, *, sleep: Sleep = asyncio.sleep
    ) -> None:
        """`system` gives the settings as they are when it is called."""
        self._system = system
        self._digest = Digest(clock)
        self._patience = Patience(clock)
        self._sleep = sleep

    async def refused(self, request: Request, target: str) -> Response | None:
        """401 to one without the password, after a while if he keeps trying; None to one with it.

        429 when somebody tries faster than he is answered.
        """
        system = self._system()
        if not system.protection or not system.password:
            return None
        realm = network_name(system.host_name)
        given = request.headers.get("authorization", "")
        if not given:
            return self._challenge(realm, stale=False)
        delay_s = self._patience.delay_s(request.client)
        if delay_s is None:
            return trouble(429, SLOW, headers=[("retry-after", str(int(LONGEST_DELAY_S)))])
        if delay_s:
            await self._sleep(delay_s)
        verdict = self._verdict(given, request, target, realm, system.password)
        if verdict == "right":
            self._patience.forgive(request.client)
            return None
        if verdict == "wrong":
            self._patience.count(request.client)
            _log.warning("wrong password", client=request.client)
        return self._challenge(realm, stale=verdict == "stale")

    def _verdict(
        self, given: str, request: Request, target: str, realm: str, password: str
    ) -> Verdict:
        scheme, _, rest = given.partition(" ")
        if scheme.lower() == "basic":
            return "right" if basic(rest.strip(), password) else "wrong"
        if scheme.lower() == "digest":
            return self._digest.verdict(parameters(rest), request, target, realm, password)
        return "none"

    def _challenge(self, realm: str, *, stale: bool) -> Response:
        digest = self._digest.challenge(realm, stale=stale)
        return trouble(
            401,
            UNAUTHORIZED,
            headers=[
                ("www-authenticate", digest),
                ("www-authenticate", f'Basic realm="{realm}", charset="UTF-8"'),
            ],
        )


def basic(credentials: str, password: str) -> bool:
    """Whether the credentials of RFC 7617 hold the password.

    >>> basic(base64.b64encode(b":secret").decode(), "secret"), basic("!", "secret")
    (True, False)
    """
    try:
        plain = base64.b64decode(credentials, validate=True)
    except (binascii.Error, ValueError):
        return False
    _, colon, given = plain.partition(b":")
    return bool(colon) and hmac.compare_digest(given, password.encode())


def parameters(written: str) -> Mapping[str, str]:
    """The parameters of a Digest response, names in lower case; none where it is not one.

    >>> parameters('username="", nc=00000001, uri="/a,b"')
    {'username': '', 'nc': '00000001', 'uri': '/a,b'}
    """
    found = {}
    for name, quoted, plain in _PARAMETER.findall(written[:4096]):
        found[name.lower()] = re.sub(r"\\(.)", r"\1", quoted) or plain
    return found


def _md5(*parts: bytes) -> bytes:
    # The protocol's own function: what it protects is a household's password on its own network.
    joined = b":".join(parts)
    return hashlib.md5(joined, usedforsecurity=False).hexdigest().encode()


class Digest:
    """Challenges, and what clients answer to them.  Source: RFC 7616, 3.3 and 3.4."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._secret = secrets.token_bytes(32)
        self._opaque = secrets.token_hex(16)
        self._used: OrderedDict[str, set[tuple[str, str]]] = OrderedDict()
        self._sessions: OrderedDict[str, str] = OrderedDict()
        self._forgotten_s = float("-inf")

    def challenge(self, realm: str, *, stale: bool) -> str:
        """A challenge, with `stale` for one who knows the password and came with an old nonce."""
        parts = [
            f'Digest realm="{realm}"',
            'qop="auth"',
            "algorithm=MD5-sess",
            f'nonce="{self._nonce()}"',
            f'opaque="{self._opaque}"',
        ]
        return ", ".join([*parts, "stale=true"] if stale else parts)

    def _nonce(self) -> str:
        moment = f"{int(self._clock.monotonic_s() * 1000):012x}{secrets.token_hex(4)}"
        return moment + self._seal(moment)

    def _seal(self, moment: str) -> str:
        return hmac.digest(self._secret, moment.encode(), "sha256").hex()[:24]

    def _fresh(self, nonce: str) -> bool:
        moment, seal = nonce[:20], nonce[20:]
        if not hmac.compare_digest(seal.encode(), self._seal(moment).encode()):
            return False
        made_s = int(moment[:12], 16) / 1000
        return self._forgotten_s < made_s and self._clock.monotonic_s() - made_s <= FRESH_S

    def verdict(
        self,
        given: Mapping[str, str],
        request: Request,
        target: str,
        realm: str,
        password: str,
    ) -> Verdict:
        """Whether the answer is one to this request, of somebody with the password, and the first.

        What cannot be compared is no guess: it is "none", and costs nothing.
        """
        if given.get("uri") != target or given.get("realm") != realm:
            return "none"
        nonce, session = given.get("nonce", ""), (given.get("cnonce", ""), given.get("nc", ""))
        first = self._sessions.get(nonce, session[0])
        said = given.get("response", "").lower().encode("latin-1")
        right = [
            hmac.compare_digest(said, expected)
            for begun in {session[0], first}
            if (expected := self._expected(given, request, realm, password, begun)) is not None
        ]
        if not any(right):
            return "wrong" if right else "none"
        opaque = given.get("opaque", "")
        if opaque != self._opaque or not self._fresh(nonce) or not self._once(nonce, session):
            return "stale"
        return "right"

    def _expected(
        self, given: Mapping[str, str], request: Request, realm: str, password: str, begun: str
    ) -> bytes | None:
        """The response that is right; None when the answer is none of RFC 7616's.

        A client that answers with algorithm=MD5 (or names none, which means it) is taken at its
        word.  `begun` is the client's nonce of the session's first request.
        """
        nonce, cnonce = (
            given.get("nonce", "").encode("latin-1"),
            given.get("cnonce", "").encode("latin-1"),
        )
        first = _md5(given.get("username", "").encode("latin-1"), realm.encode(), password.encode())
        match given.get("algorithm", "MD5").upper():
            case "MD5-SESS":
                first = _md5(first, nonce, begun.encode("latin-1"))
            case "MD5":
                pass
            case _:
                return None
        qop = given.get("qop", "")
        second = [request.method.encode(), given["uri"].encode("latin-1")]
        if qop == "auth-int":
            second.append(_md5(request.body))
        elif qop != "auth":
            return None
        nc = given.get("nc", "").encode("latin-1")
        return _md5(first, nonce, nc, cnonce, qop.encode(), _md5(*second))

    def _once(self, nonce: str, session: tuple[str, str]) -> bool:
        """Whether this is the first use of the nonce with that count; remembers it."""
        used = self._used.get(nonce)
        if used is None:
            used = self._used[nonce] = set()
            self._sessions[nonce] = session[0]
            if len(self._used) > MOST_NONCES:
                oldest, _ = self._used.popitem(last=False)
                self._sessions.pop(oldest, None)
                self._forgotten_s = max(self._forgotten_s, int(oldest[:12], 16) / 1000)
        if session in used or len(used) >= MOST_USED:
            return False
        used.add(session)
        return True


class Patience:
    """How long a host that keeps giving wrong passwords waits for its answers."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._failures: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def delay_s(self, host: str) -> float | None:
        """How long the next answer has to wait; None when too many wait already."""
        failures, next_s = self._failures.get(host, (0, 0.0))
        now_s = self._clock.monotonic_s()
        if failures <= FREE_FAILURES or now_s - next_s > FORGOTTEN_S:
            return 0.0
        wait_s = max(0.0, next_s - now_s)
        return None if wait_s > LONGEST_DELAY_S else wait_s

    def count(self, host: str) -> None:
        """One more wrong password of `host`."""
        now_s = self._clock.monotonic_s()
        failures, next_s = self._failures.pop(host, (0, now_s))
        if now_s - next_s > FORGOTTEN_S:
            failures = 0
        failures += 1
        further = max(0, failures - FREE_FAILURES)
        delay_s = min(LONGEST_DELAY_S, FIRST_DELAY_S * 2 ** min(further, 16)) if further else 0.0
        self._failures[host] = (failures, max(now_s, next_s) + delay_s)
        if len(self._failures) > MOST_HOSTS:
            self._failures.popitem(last=False)

    def forgive(self, host: str) -> None:
        """`host` had the right password."""
        self._failures.pop(host, None)
