"""Another instance of Ohmstead, as a client with a token: what its meters are, and their readings.

Source: docs/api.md (tokens), docs/exports.md (`/api/meters/ID/export/readings`).
"""

import ssl
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from pathlib import Path
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from ohmstead.errors import BadInput, Forbidden, NotFound, NotSignedIn, Unavailable

TIMEOUT_S = 60.0
LINE_MOST = 1_000_000
ANSWER_MOST = 1_000_000
LOCAL = ("localhost", "127.0.0.1", "::1")


class _Meter(msgspec.Struct):
    type: str
    reading: str
    unit: str = ""


class _Problem(msgspec.Struct):
    detail: str = ""


class Instance:
    """An instance at a URL; the token is sent to it alone, and over TLS but on this machine."""

    def __init__(self, url: str, token: str, authority: Path | None = None) -> None:
        """`authority` is the file of the certificate that its own is signed with; BadInput."""
        parts = urlsplit(url)
        try:
            host, port = parts.hostname, parts.port
        except ValueError:
            host, port = None, None
        if parts.scheme not in ("http", "https") or not host or parts.username:
            raise BadInput("--url is no address of an instance; it looks like https://HOST:8443")
        if parts.scheme == "http" and host not in LOCAL:
            raise BadInput(f"--url {url!r}: a token goes over https only, but on this machine")
        if not token or not token.isascii() or not token.isprintable():
            raise BadInput("a token of the other instance is needed: --token-file, OHMSTEAD_TOKEN")
        self.name = parts.netloc
        self._host, self._port, self._base = host, port, parts.path.rstrip("/")
        self._token = token
        try:
            self._tls = (
                ssl.create_default_context(cafile=authority) if parts.scheme == "https" else None
            )
        except OSError as trouble:
            raise BadInput(f"{authority} is no file of certificates: {trouble}") from None

    def meter(self, id: str) -> tuple[str, str]:
        """What a meter there is: its type and its way of reading; NotFound and so on."""
        with self._get(f"/api/meters/{quote(id, safe='')}") as answer:
            try:
                found = msgspec.json.decode(answer.read(ANSWER_MOST), type=_Meter)
            except msgspec.DecodeError:
                raise Unavailable(f"{self.name} answers as no Ohmstead does") from None
        return found.type, found.reading

    def readings(self, id: str, first: str, last: str) -> Iterator[str]:
        """The readings of a meter from `first` to before `last` (days), as lines of JSON."""
        query = urlencode({"from": first, "to": last, "format": "ndjson"})
        with self._get(f"/api/meters/{quote(id, safe='')}/export/readings?{query}") as answer:
            try:
                while line := answer.readline(LINE_MOST + 1):
                    if len(line) > LINE_MOST:
                        raise Unavailable(f"{self.name} sends a line without end")
                    yield line.decode("utf-8", "replace")
            except (OSError, HTTPException) as trouble:
                raise Unavailable(f"{self.name} broke off: {trouble}; begin again") from trouble

    @contextmanager
    def _get(self, path: str) -> Iterator[HTTPResponse]:
        headers = {"Authorization": f"Bearer {self._token}", "Accept": "*/*"}
        with closing(self._connected()) as connection:
            try:
                connection.request("GET", self._base + path, headers=headers)
                answer = connection.getresponse()
            except ssl.SSLCertVerificationError as trouble:
                raise BadInput(
                    f"the certificate of {self.name} is not trusted ({trouble.verify_message}); "
                    "give its ca.crt with --ca"
                ) from trouble
            except (OSError, HTTPException) as trouble:
                why = str(trouble) or type(trouble).__name__
                raise Unavailable(f"{self.name} does not answer: {why}") from trouble
            if answer.status != 200:
                raise self._refused(answer)
            yield answer

    def _connected(self) -> HTTPConnection:
        if self._tls is None:
            return HTTPConnection(self._host, self._port, timeout=TIMEOUT_S)
        return HTTPSConnection(self._host, self._port, timeout=TIMEOUT_S, context=self._tls)

    def _refused(self, answer: HTTPResponse) -> Exception:
        try:
            said = msgspec.json.decode(answer.read(ANSWER_MOST), type=_Problem).detail
        except (msgspec.DecodeError, OSError, HTTPException):
            said = ""
        kinds: Mapping[int, type[Exception]] = {
            400: BadInput,
            401: NotSignedIn,
            403: Forbidden,
            404: NotFound,
        }
        why = said or f"it answers {answer.status}"
        return kinds.get(answer.status, Unavailable)(f"{self.name}: {why}")
