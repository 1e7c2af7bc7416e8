"""The last lines of the gateway's log, for its pages.  Ours: the device has no such endpoint.

A `Ring` stands among structlog's processors, before the one that makes text; it keeps the newest
records and forgets the oldest.  Nobody logs a secret here; what is named like one is left out all
the same, so that a slip does not reach a browser.
"""

import itertools
import re
from collections import deque
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from typing import Any

from msgspec import Struct

from ohmstead.errors import BadInput
from ohmstead.gateway.http import About, Query, Request, Response, Route, json

PATH = "/api/v1/logs"
OURS = "Ohmstead's own, not of the device"
KEPT = 300
"""Records; the oldest makes room."""
LONGEST = 300
"""Characters of one value; what is longer is cut."""
MOST_FIELDS = 12
HIDDEN = "(hidden)"

_SECRET = re.compile(r"pass|secret|token|auth|key|claim|credential|cookie|pin\b", re.IGNORECASE)
_IN_TEXT = re.compile(r"(?<=://)[^/@\s]*:[^/@\s]*(?=@)")
"""User and password in an address."""


class Record(Struct, frozen=True):
    """One event of the log."""

    id: int
    """Grows by one with each event."""
    at: str
    """When, ISO 8601, UTC."""
    level: str
    event: str
    fields: dict[str, str]
    """What belongs to it."""


class Records(Struct, frozen=True):
    """The events after the one that was asked for."""

    last: int
    """The newest event there is; ask for those after it."""
    records: list[Record]


def _said(value: object) -> str:
    written = _IN_TEXT.sub(HIDDEN, str(value))
    return written if len(written) <= LONGEST else written[:LONGEST] + "…"


class Ring:
    """The newest events of a log.  Events may come from any thread."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._records: deque[Record] = deque(maxlen=KEPT)

    def __call__(
        self, _logger: object, _method: str, event: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        """Keeps an event and hands it on as it is: a processor of structlog."""
        self._records.append(
            Record(
                next(self._numbers),
                str(event.get("timestamp", "")),
                str(event.get("level", "info")),
                _said(event.get("event", "")),
                dict(itertools.islice(_fields(event), MOST_FIELDS)),
            )
        )
        return event

    def after(self, number: int) -> Records:
        """The events after this one; all that are kept where a restart began to count anew."""
        kept = tuple(self._records)
        last = kept[-1].id if kept else 0
        since = number if number <= last else 0
        return Records(last, [record for record in kept if record.id > since])


def _fields(event: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in event.items():
        if name in ("timestamp", "level", "event", "exc_info", "exception", "stack_info"):
            continue  # a trace of the program is for its log alone
        yield name, HIDDEN if _SECRET.search(name) else _said(value)


class Logs:
    """Gives what a `Ring` has kept."""

    def __init__(self, ring: Ring) -> None:
        self._ring = ring

    def routes(self) -> Sequence[Route]:
        """`logs`."""
        number = {"type": "integer", "minimum": 0}
        after = Query("after", "Only events after the one of this number.", schema=number)
        about = About(
            summary=f"The last events of the gateway's log, {KEPT} at most, without secrets",
            source=OURS,
            gives=Records,
            query=(after,),
            statuses=(200, 400),
        )
        return (Route("GET", PATH, self._get, about),)

    async def _get(self, request: Request) -> Response:
        written = request.query.get("after", "0")
        if not re.fullmatch(r"[0-9]{1,18}", written):
            raise BadInput(f"after: {written[:20]!r} is not the number of an event")
        return json(self._ring.after(int(written)))
