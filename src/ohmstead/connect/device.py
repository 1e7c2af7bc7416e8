"""A device on the local network, as a client: one request after the other, with its password.

Real devices ask for Basic or for Digest (MD5-sess, an empty user name).  Source: REST/MQTT 2.0, 6.1
(statuses); RFC 7616 (Digest); the device's later documentation on authentication.
"""

import hashlib
import secrets
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from urllib.parse import unquote, urlsplit
from urllib.request import parse_http_list, parse_keqv_list

from ohmstead.errors import BadInput, NotSignedIn, Unavailable

TIMEOUT_S = 20.0
ATTEMPTS = 3
"""A request without a password, one with it, and one more when its nonce was too old."""
USER = ""  # the device has passwords only
ALGORITHMS = {"MD5": "md5", "SHA-256": "sha256"}


class Device:
    """A device at an address."""

    def __init__(self, address: str, password: str = "") -> None:
        """`address` is HOST, HOST:PORT or a URL; BadInput otherwise."""
        parts = urlsplit(address if "://" in address else f"http://{address}")
        try:
            host, port = parts.hostname, parts.port
        except ValueError:
            host, port = None, None
        if parts.scheme not in ("http", "https") or not host:
            raise BadInput(f"{address!r} is no address of a device; write HOST or HOST:PORT")
        self._connect = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        self._host, self._port = host, port
        self._password = password or unquote(parts.password or "")
        self._challenge: dict[str, str] = {}
        self._count = 0
        self.name = parts.netloc.rpartition("@")[2]  # a password stands in no message

    def get(
        self, path: str, headers: Mapping[str, str] | None = None
    ) -> AbstractContextManager[HTTPResponse]:
        """The answer to a GET, whatever its status but 401; its body is read as it arrives.

        NotSignedIn when the password is missing or wrong, Unavailable when there is no answer.
        """
        return self.ask("GET", path, headers=headers)

    @contextmanager
    def ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Iterator[HTTPResponse]:
        """The same for any method, with a body."""
        for attempt in range(ATTEMPTS):
            with closing(self._connect(self._host, self._port, timeout=TIMEOUT_S)) as connection:
                try:
                    signed = {**(headers or {}), **self._signed(method, path)}
                    connection.request(method, path, body, headers=signed)
                    answer = connection.getresponse()
                except (OSError, HTTPException) as error:
                    why = str(error) or type(error).__name__
                    raise Unavailable(f"{self.name} does not answer: {why}") from error
                if answer.status != 401:
                    yield answer
                    return
                self._heed(answer, last=attempt == ATTEMPTS - 1)

    # --- the password

    def _heed(self, answer: HTTPResponse, *, last: bool) -> None:
        """Heeds what a 401 asks for."""
        if not self._password:
            raise NotSignedIn(f"{self.name} asks for its password: --password")
        offered = [
            _challenge(header) for header in answer.headers.get_all("www-authenticate") or ()
        ]
        known = [one for one in offered if one["scheme"] == "basic" or _hash(one)]
        stale = any(one.get("stale", "").lower() == "true" for one in known)
        if not known or last or (self._challenge and not stale):
            raise NotSignedIn(f"{self.name} does not take this password")
        self._challenge = max(known, key=lambda one: one["scheme"])  # digest before basic
        self._count = 0

    def _signed(self, method: str, path: str) -> dict[str, str]:
        if not self._challenge:
            return {}
        if self._challenge["scheme"] == "basic":
            given = b64encode(f"{USER}:{self._password}".encode()).decode()
            return {"Authorization": f"Basic {given}"}
        self._count += 1
        return {"Authorization": self._digest(method, path)}

    def _digest(self, method: str, path: str) -> str:
        return digest(self._challenge, path, self._password, self._count, method=method)


def _challenge(header: str) -> dict[str, str]:
    scheme, _, rest = header.partition(" ")
    said = [part for part in parse_http_list(rest) if "=" in part]
    found = {name.strip().lower(): value for name, value in parse_keqv_list(said).items()}
    return {**found, "scheme": scheme.lower()}


def _hash(challenge: Mapping[str, str]) -> str | None:
    algorithm = challenge.get("algorithm", "MD5").upper().removesuffix("-SESS")
    return ALGORITHMS.get(algorithm) if challenge["scheme"] == "digest" else None


def digest(
    challenge: Mapping[str, str],
    path: str,
    password: str,
    count: int,
    nonce: str | None = None,
    *,
    method: str = "GET",
) -> str:
    """The Authorization of a request.  Source: RFC 7616, 3.4; `nonce` is the client's."""
    kind = _hash(challenge) or "md5"

    def hashed(*parts: str) -> str:
        return hashlib.new(kind, ":".join(parts).encode(), usedforsecurity=False).hexdigest()

    ours = nonce or secrets.token_hex(8)
    realm, theirs = challenge.get("realm", ""), challenge.get("nonce", "")
    secret = hashed(USER, realm, password)
    algorithm = challenge.get("algorithm", "MD5")
    if algorithm.upper().endswith("-SESS"):
        secret = hashed(secret, theirs, ours)
    said = {"username": USER, "realm": realm, "nonce": theirs, "uri": path}
    plain = {"algorithm": algorithm}
    request = hashed(method, path)
    if "auth" in [word.strip() for word in challenge.get("qop", "").split(",")]:
        plain |= {"qop": "auth", "nc": f"{count:08x}"}
        said |= {
            "cnonce": ours,
            "response": hashed(secret, theirs, plain["nc"], ours, "auth", request),
        }
    else:
        said["response"] = hashed(secret, theirs, request)
    if "opaque" in challenge:
        said["opaque"] = challenge["opaque"]
    quoted = [f'{name}="{value}"' for name, value in said.items()]
    return "Digest " + ", ".join([*quoted, *(f"{name}={value}" for name, value in plain.items())])
