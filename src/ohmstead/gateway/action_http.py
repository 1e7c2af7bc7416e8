"""One HTTP request of an action: sent, answered with a status, and forgotten.

A connection of its own, no cookies, no redirects followed (their 3xx is the outcome), the answer's
body read only to its bound.  httptools, which the server uses as well, parses the answer.
"""

import asyncio
import re
import socket
import ssl
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import SplitResult, quote, unquote, urlsplit

import httptools

from ohmstead import __version__
from ohmstead.errors import BadInput
from ohmstead.gateway.action_modbus import Status

Method = Literal["GET", "POST", "PUT", "DELETE"]

FORM = "application/x-www-form-urlencoded"
"""What a payload is when no header says: the document's third action just posts `turn=off`."""
CARRIES_PAYLOAD = ("POST", "PUT")
LONGEST_ANSWER = 65_536
CHUNK = 4096

OURS = frozenset({"connection", "content-length", "transfer-encoding"})
"""Headers that follow from the request itself; a definition cannot set them."""

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\uffff]*")
_HOST = re.compile(r"[^\s${}<>\"\\^`|]+")
_SAFE = "/%:@!$&'()*+,;=~-._?"


@dataclass(frozen=True, slots=True)
class Call:
    """A request, ready to be sent."""

    url: SplitResult
    method: Method = "GET"
    payload: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def host(self) -> str:
        return self.url.hostname or ""

    @property
    def port(self) -> int:
        return self.url.port or (443 if self.encrypted else 80)

    @property
    def encrypted(self) -> bool:
        return self.url.scheme == "https"

    def wire(self) -> bytes:
        """The request as it is sent."""
        path = quote(self.url.path or "/", safe=_SAFE)
        query = f"?{quote(self.url.query, safe=_SAFE)}" if self.url.query else ""
        body = self.payload.encode() if self.method in CARRIES_PAYLOAD else b""
        headers = {"host": self.url.netloc.rpartition("@")[2], "connection": "close"}
        headers |= {"user-agent": f"Ohmstead/{__version__}", "accept": "*/*"}
        if self.url.username is not None:
            pair = f"{unquote(self.url.username)}:{unquote(self.url.password or '')}"
            headers["authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
        if self.method in CARRIES_PAYLOAD:
            headers |= {"content-length": str(len(body))}
            if body:
                headers["content-type"] = FORM
        said = {name: value for name, value in self.headers.items() if name.lower() not in OURS}
        lowered = {name.lower() for name in said}
        kept = {_titled(name): v for name, v in headers.items() if name not in lowered}
        lines = [f"{name}: {value}" for name, value in {**kept, **said}.items()]
        head = "\r\n".join((f"{self.method} {path}{query} HTTP/1.1", *lines, "", ""))
        return head.encode("utf-8") + body


def _titled(name: str) -> str:
    return "-".join(word.capitalize() for word in name.split("-"))


def url(written: str) -> SplitResult:
    """An address for `Call`; BadInput when it is none."""
    try:
        parts = urlsplit(written)
        _ = parts.port
    except ValueError as error:
        raise BadInput(f"url {written!r}: {error}") from error
    if parts.scheme not in ("http", "https") or not _HOST.fullmatch(parts.hostname or ""):
        raise BadInput(
            f"url {written!r} does not begin with http:// or https:// and a host"
            " (a constant in it that is not defined stays as it is)"
        )
    return parts


def header(name: str, value: str) -> None:
    """BadInput when these cannot stand in a request."""
    if not _NAME.fullmatch(name):
        raise BadInput(f"headers: {name!r} is not the name of a header")
    if not _VALUE.fullmatch(value):
        raise BadInput(f"headers: the value of {name!r} has control characters in it")


class _Answer:
    """What httptools tells of an answer."""

    def __init__(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self.status = 0
        self.complete = False

    def feed(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        self.status = 0 if 100 <= status < 200 and status != 101 else status

    def on_message_complete(self) -> None:
        self.complete = self.status != 0


async def _read(reader: asyncio.StreamReader, answer: _Answer) -> int:
    """The status of the answer; a Status, below zero, where it has none."""
    size = 0
    while not answer.complete and size < LONGEST_ANSWER:
        data = await reader.read(CHUNK)
        if not data:
            break
        size += len(data)
        try:
            answer.feed(data)
        except httptools.HttpParserUpgrade:
            break
        except httptools.HttpParserError:
            return answer.status or Status.HEADER
    return answer.status or (Status.TOO_LONG if size >= LONGEST_ANSWER else Status.RECEIVE_ERROR)


async def send(call: Call, timeout_s: float, tls: ssl.SSLContext | None) -> int:
    """Sends; gives the HTTP status of the answer, or a Status below zero; never raises.

    `timeout_s` bounds all of it; `tls` says whom to trust, where the call is encrypted.
    """
    stage, answer = Status.NOT_CONNECTED, _Answer()
    writer: asyncio.StreamWriter | None = None
    try:
        async with asyncio.timeout(timeout_s):
            context = tls if call.encrypted else None
            reader, writer = await asyncio.open_connection(call.host, call.port, ssl=context)
            stage = Status.SEND_ERROR
            writer.write(call.wire())
            await writer.drain()
            stage = Status.TIMEOUT
            return await _read(reader, answer)
    except (socket.gaierror, UnicodeError):
        return Status.NOT_RESOLVED
    except TimeoutError:
        return answer.status or stage
    except OSError:
        return answer.status or (Status.RECEIVE_ERROR if stage is Status.TIMEOUT else stage)
    finally:
        if writer is not None:
            writer.close()
