"""What the push API answers: each reply once, with the status that senders act upon.

Senders try again until they get 200, so that everything that will never be better is 200 or says
what to do about it.
Source: Wattics REST API of 2019, "Data Acknowledgement"; RFC 9457 for the bodies of refusals.
"""

from dataclasses import dataclass
from http import HTTPStatus

import msgspec

from ohmstead.errors import OhmsteadError

REALM = "Ohmstead"
RETRY_S = 5
"""When to come again after a 503."""
JSON, PROBLEM = b"application/json", b"application/problem+json"


@dataclass(frozen=True, slots=True, eq=False)
class Reply:
    """A whole answer; `headers` are those beside type and length."""

    status: int
    body: bytes
    kind: bytes = JSON
    headers: tuple[tuple[bytes, bytes], ...] = ()


STORED = Reply(200, b'{"result":"stored"}')
"""It is in the database, and the newest of its stream."""
MERGED = Reply(200, b'{"result":"merged"}')
"""It is in the database, in the reading of that moment that was there."""
KNOWN = Reply(200, b'{"result":"known"}')
"""Its stream has a packet of that moment already; the first one stays."""
DISCARDED = Reply(200, b'{"result":"discarded","why":"older than the newest of its stream"}')
"""Counted and shown on the stream; sending it again would change nothing."""


def refusal(status: int, detail: str, field: str | None = None) -> Reply:
    """A problem for a program, readable by a person."""
    said: dict[str, object] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
    }
    if field is not None:
        said["errors"] = [{"field": field, "message": detail.removeprefix(f"{field}: ")}]
    headers: tuple[tuple[bytes, bytes], ...] = ()
    if status == 401:
        headers = ((b"www-authenticate", f'Basic realm="{REALM}", charset="UTF-8"'.encode()),)
    elif status == 503:
        headers = ((b"retry-after", str(RETRY_S).encode()),)
    return Reply(status, msgspec.json.encode(said), PROBLEM, headers)


def of_error(error: OhmsteadError) -> Reply:
    """The refusal that an error means."""
    return refusal(error.status, str(error), getattr(error, "field", None))


UNSIGNED = refusal(401, "Sign in with basic authentication: user name and password of a credential")
WRONG = refusal(401, "User name and password are not those of a credential that counts")
PLAIN = refusal(
    403,
    "Plain http is for this machine alone and for proxies that the cloud was told to trust. "
    "Send over https, to the address that the cloud prints when it starts (usually port 8443).",
)
BUSY = refusal(503, "More packets wait to be stored than there is room for; send this one again")
AWAY = refusal(503, "The database is away; send the packet again")
BROKEN = refusal(500, "Something unforeseen; the log of the cloud has more")
TOO_LARGE = refusal(
    413, "A packet has at most 65536 bytes; many of them go to /measurements/v2/batch"
)
