"""Many packets in one request, in any order: the past, or what a sender kept while it was away.

POST /measurements/v2/batch?from=TIME&to=TIME     a packet a line; the answer has a line for each
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from urllib.parse import parse_qs

import msgspec
import structlog

from ohmstead.clock import Clock
from ohmstead.collector import packet_replies as replies
from ohmstead.collector.packet_lines import Lines
from ohmstead.collector.packet_queue import Commits
from ohmstead.collector.packets import FIRST, FUTURE, no_stream, not_yours, row_of
from ohmstead.errors import BadInput, Forbidden, OhmsteadError, TooLarge, Unavailable
from ohmstead.store.committer import Fate, Row
from ohmstead.store.packet_directory import Sender, Target
from ohmstead.surfaces import wattics

log = structlog.get_logger(__name__)

PACKETS_MOST = 100_000
CHUNK = 500
AT_ONCE = 4
"""Batches that are taken at the same time; more get 503."""
BODY_S = 30.0
"""A body of which nothing comes for so long has ended."""
COMMIT_S = 30.0
RESULTS = {Fate.ACCEPTED: "stored", Fate.LATE: "stored", Fate.DUPLICATE: "known"}

Message = dict[str, Any]


class Finds(Protocol):
    """Where meters are asked for.  See store/packet_directory.py."""

    async def targets(self, ids: Sequence[str]) -> Mapping[str, Target]: ...


@dataclass(frozen=True, slots=True)
class Window:
    """Between which times (aware) the packets of a batch are."""

    first: datetime
    last: datetime

    def check(self, at: datetime) -> None:
        """BadInput for a time outside."""
        if not self.first <= at <= self.last:
            raise wattics.Misfit(
                wattics.AT,
                f"{wattics.written(at)} lies outside of the window from "
                f"{wattics.written(self.first)} to {wattics.written(self.last)}",
            )


def window_of(query: bytes, now: datetime) -> Window:
    """What `from` and `to` declare; where they are left out, everything that may be sent."""
    asked = parse_qs(query.decode("latin-1"), keep_blank_values=True)
    if unknown := sorted(asked.keys() - {"from", "to"}):
        raise BadInput(f"{unknown[0][:60]}: not known here; a batch has `from` and `to`")
    bounds = [FIRST, now + FUTURE]
    for n, name in enumerate(("from", "to")):
        if name in asked:
            try:  # in a query a plus is a space
                bounds[n] = wattics.moment(asked[name][-1].replace(" ", "+"))
            except wattics.Misfit as misfit:
                raise BadInput(f"{name}: {misfit.message}") from None
    if bounds[0] > bounds[1]:
        raise BadInput("from: it lies after `to`")
    return Window(*bounds)


@dataclass(slots=True)
class _Result:
    line: int
    result: str = "refused"
    status: int = 400
    field: str | None = None
    error: str | None = None


@dataclass(slots=True)
class _Batch:
    """One batch while it is taken."""

    sender: Sender
    window: Window
    results: list[_Result] = field(default_factory=list)
    pending: list[tuple[int, bytes]] = field(default_factory=list)
    targets: dict[str, Target | None] = field(default_factory=dict)


class Batches:
    """Takes batches: a few at a time, in bounded memory, a chunk a transaction."""

    def __init__(self, committer: Commits, directory: Finds, clock: Clock) -> None:
        self._committer, self._directory, self._clock = committer, directory, clock
        self._open = asyncio.Semaphore(AT_ONCE)

    async def take(
        self,
        sender: Sender,
        query: bytes,
        encoding: bytes,
        receive: Callable[[], Awaitable[Message]],
    ) -> bytes:
        """The answer to a batch: a line for each of its lines.

        Raises what refuses it as a whole; what was said before may then be stored already, and is
        found to be known when it is sent again.
        """
        if encoding not in (b"", b"identity", b"gzip", b"x-gzip"):
            raise BadInput("Content-Encoding: send the lines plain or as gzip")
        if self._open.locked():
            raise Unavailable(f"{AT_ONCE} batches are being taken; send this one again")
        batch = _Batch(sender, window_of(query, self._clock.now()))
        lines = Lines(gzipped=encoding.endswith(b"gzip"))
        number = 0
        async with self._open:
            async for line in _lines(lines, receive):
                number += 1
                if not line.strip():
                    continue
                if len(batch.results) + len(batch.pending) >= PACKETS_MOST:
                    await self._commit(batch)
                    raise TooLarge(
                        f"a batch has at most {PACKETS_MOST} packets; those up to line "
                        f"{number - 1} are stored"
                    )
                batch.pending.append((number, line.rstrip(b"\r")))
                if len(batch.pending) >= CHUNK:
                    await self._commit(batch)
            await self._commit(batch)
        return b"".join(map(_written, batch.results))

    async def _commit(self, batch: _Batch) -> None:
        """Store what is pending, and say what became of each line."""
        results = [_Result(number) for number, _ in batch.pending]
        packets: list[wattics.Said | None] = []
        for (_, line), result in zip(batch.pending, results, strict=True):
            packets.append(_read(line, result))
        unknown = {each.id for each in packets if each} - batch.targets.keys()
        if unknown:
            found = await self._directory.targets(sorted(unknown))
            batch.targets.update({id: found.get(id) for id in unknown})
        now, rows = self._clock.now(), list[Row]()
        taken: list[_Result] = []
        for said, (_, line), result in zip(packets, batch.pending, results, strict=True):
            row = self._row(batch, said, line, result, now) if said else None
            if row is not None:
                rows.append(row)
                taken.append(result)
        batch.pending.clear()
        batch.results += results
        try:
            async with asyncio.timeout(COMMIT_S):
                outcome = await self._committer.commit(rows, "store")
        except TimeoutError:
            raise Unavailable("the database is away; send the batch again") from None
        for n, (result, fate) in enumerate(zip(taken, outcome.fates, strict=True)):
            result.result = RESULTS.get(fate, "refused")
            if fate is Fate.REFUSED:
                result.field, result.error = wattics.AT, outcome.reasons[n]

    def _row(
        self, batch: _Batch, said: wattics.Said, line: bytes, result: _Result, now: datetime
    ) -> Row | None:
        target = batch.targets[said.id]
        if target is None or not batch.sender.may(target):
            reply = no_stream(said.id) if target is None else not_yours(batch.sender, target)
            result.status, result.field = reply.status, wattics.ID
            result.error = msgspec.json.decode(reply.body)["detail"]
            return None
        try:
            batch.window.check(said.at)
            return row_of(said, target, now, line)
        except (wattics.Misfit, Forbidden) as misfit:
            result.status = misfit.status
            result.field = getattr(misfit, "field", wattics.ID)
            result.error = str(misfit)
            return None


def _read(line: bytes, result: _Result) -> wattics.Said | None:
    try:
        return wattics.parse(line)
    except wattics.Misfit as misfit:
        result.field, result.error = misfit.field, str(misfit)
        return None


def _written(result: _Result) -> bytes:
    if result.result != "refused":
        return b'{"line":%d,"result":"%s"}\n' % (result.line, result.result.encode())
    said = {"line": result.line, "result": "refused", "status": result.status}
    said |= {"field": result.field} if result.field else {}
    return msgspec.json.encode(said | {"error": result.error}) + b"\n"


async def _lines(lines: Lines, receive: Callable[[], Awaitable[Message]]) -> AsyncIterator[bytes]:
    more = True
    while more:
        try:
            async with asyncio.timeout(BODY_S):
                message = await receive()
        except TimeoutError:
            raise BadInput(f"the body did not come: nothing for {BODY_S:g} s") from None
        if message["type"] == "http.disconnect":
            raise BadInput("the sender is gone")
        more = message.get("more_body", False)
        for line in lines.feed(message.get("body", b"")):
            yield line
    for line in lines.end():
        yield line


async def answer(
    batches: Batches,
    sender: Sender,
    scope: Mapping[str, Any],
    receive: Callable[[], Awaitable[Message]],
) -> replies.Reply:
    """The reply to a request for a batch."""
    headers = dict(scope["headers"])
    encoding = headers.get(b"content-encoding", b"").strip().lower()
    try:
        body = await batches.take(sender, scope["query_string"], encoding, receive)
    except OhmsteadError as error:
        return replies.of_error(error)
    return replies.Reply(200, body, b"application/x-ndjson")
