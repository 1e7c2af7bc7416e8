"""The relay: each report of a device becomes one message for each of its integrations.

It reads the stream with a consumer of its own, so it neither waits for the collector nor holds it
up.  A batch is acknowledged when the broker has acknowledged all that was made of it; after a crash
it comes again, and the same reports are passed on again.
"""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterable, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar
from zoneinfo import ZoneInfo

import msgspec
import structlog

from ohmstead.clock import Clock
from ohmstead.errors import BadInput, Unavailable
from ohmstead.integrations.gate import due
from ohmstead.integrations.outlet import Outgoing
from ohmstead.reading.reading import Reading
from ohmstead.store.integration_devices import Counts, Progress, Route
from ohmstead.surfaces.cloud2cloud import Source
from ohmstead.surfaces.cloud2cloud_template import Message as Template

log = structlog.get_logger(__name__)

UP = "up/"
RECENT = 20
"""Messages of an integration that are shown for a test."""
MOST_RECENT = 1000
"""Integrations whose messages are remembered."""
SHOWN_BYTES = 8192
PUBLISHED, SKIPPED, FAILED = "published", "skipped", "failed"
_RETRY_S = (0.1, 5.0)
Parse = Callable[[bytes, ZoneInfo], Reading]
T = TypeVar("T")


class Report(Protocol):
    """What the broker hands over."""

    @property
    def topic(self) -> str: ...
    @property
    def payload(self) -> bytes: ...
    @property
    def received_at(self) -> datetime: ...


class Batch(Protocol):
    """Reports in order, delivered again until they are done."""

    @property
    def messages(self) -> Sequence[Report]: ...

    async def done(self) -> None: ...


class Routes(Protocol):
    """Where reports go, and what became of them.  See store/integration_devices.py."""

    async def routes(self) -> Mapping[str, list[Route]]: ...

    async def keep(self, progress: Progress) -> None: ...


class Sends(Protocol):
    """The way out.  See integrations/outlet.py."""

    async def send(self, messages: Sequence[Outgoing]) -> None: ...


@dataclass(frozen=True, slots=True)
class Sent:
    """One message that an integration was sent; `payload` is cut at 8 KiB."""

    at: datetime
    topic: str
    payload: str
    test: bool


@dataclass(frozen=True, slots=True)
class _Way:
    """A route with its template ready."""

    route: Route
    template: Template

    @property
    def key(self) -> tuple[str, str]:
        return self.route.integration, self.route.mac


class _Made:
    """What one batch becomes."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, Outgoing]] = []
        self.passed: dict[tuple[str, str], datetime] = {}
        self.counts: Counter[tuple[str, str]] = Counter()
        """(Integration, fate) -> how many reports: published, skipped or failed."""
        self.failures: dict[str, str] = {}

    def progress(self, now: datetime) -> Progress:
        """What is to be kept of it."""
        counts = self.counts
        return Progress(
            self.passed,
            {
                one: Counts(
                    counts[one, PUBLISHED],
                    counts[one, SKIPPED],
                    counts[one, FAILED],
                    last_published_at=now if counts[one, PUBLISHED] else None,
                    last_failure=self.failures.get(one),
                )
                for one in {integration for integration, _ in counts}
            },
        )


class Relay:
    """Passes reports on, for as long as it runs."""

    def __init__(self, routes: Routes, outlet: Sends, clock: Clock, parse: Parse) -> None:
        self._routes, self._outlet, self._clock, self._parse = routes, outlet, clock, parse
        self._ways: Mapping[str, Sequence[_Way]] = {}
        self._last: dict[tuple[str, str], datetime] = {}
        self._recent: dict[str, deque[Sent]] = {}
        self._stale = True

    def changed(self) -> None:
        """Routes have changed: they are read anew before the next report."""
        self._stale = True

    def recent(self, integration: str) -> Sequence[Sent]:
        """The last messages of an integration since the start, the newest first."""
        return tuple(reversed(self._recent.get(integration, ())))

    async def run(self, batches: AsyncIterable[Batch]) -> None:
        """Pass on batch after batch, until cancelled."""
        async for batch in batches:
            wait_s = _RETRY_S[0]
            while not await self._tried(batch.messages):
                await asyncio.sleep(wait_s)
                wait_s = min(2 * wait_s, _RETRY_S[1])
            await batch.done()

    async def _tried(self, reports: Sequence[Report]) -> bool:
        try:
            await self._pass_on(reports)
        except Exception:  # nothing that is acknowledged may be lost to any fault of ours
            log.exception("reports not passed on; trying again", reports=len(reports))
            return False
        return True

    async def send(self, integration: str, messages: Sequence[Outgoing]) -> Sequence[Sent]:
        """Publish messages at once, beside the reports: for a test."""
        await self._outlet.send(messages)
        return [self._note(integration, each, test=True) for each in messages]

    async def _pass_on(self, reports: Sequence[Report]) -> None:
        if self._stale:
            await self._read()
        made = _Made()
        for report in reports:
            ways = self._ways.get(report.topic.removeprefix(UP).upper())
            if ways:
                self._make(report, ways, made)
        await self._outlet.send([message for _, message in made.messages])
        if not made.counts:
            return
        self._last |= made.passed
        await _patiently(lambda: self._routes.keep(made.progress(self._clock.now())))
        for integration, message in made.messages:
            self._note(integration, message, test=False)

    def _make(self, report: Report, ways: Sequence[_Way], made: _Made) -> None:
        try:
            reading = self._parse(report.payload, ways[0].route.zone)
        except BadInput:
            return  # the collector keeps it as a dead letter, with the reason
        for way in ways:
            route = way.route
            last = made.passed.get(way.key) or self._last.get(way.key)
            if not due(reading.at, last, route.interval_s, report.received_at):
                made.counts[route.integration, SKIPPED] += 1
                continue
            source = Source(route.mac, reading, route.zone, route.zero)
            try:
                payload = way.template.payload(source)
            except Exception as trouble:  # one integration's template is not the others' trouble
                made.counts[route.integration, FAILED] += 1
                made.failures[route.integration] = str(trouble) or type(trouble).__name__
                log.warning("not passed on", integration=route.integration, why=repr(trouble))
                continue
            topic = f"ext/{route.integration}/{route.mac}"
            made.messages.append((route.integration, Outgoing(topic, payload, route.retain)))
            made.counts[route.integration, PUBLISHED] += 1
            made.passed[way.key] = reading.at

    async def _read(self) -> None:
        self._stale = False
        ready: dict[bytes, Template] = {}
        try:
            found = await _patiently(self._routes.routes)
        except BaseException:
            self._stale = True
            raise
        ways = {
            mac: [_Way(each, _template(each, ready)) for each in routes]
            for mac, routes in found.items()
        }
        known = {way.key: way for each in ways.values() for way in each}
        last = {key: way.route.last_at for key, way in known.items() if way.route.last_at}
        # what is here is as new as what was kept, or newer
        self._last = last | {key: at for key, at in self._last.items() if key in known}
        self._ways = ways

    def _note(self, integration: str, message: Outgoing, *, test: bool) -> Sent:
        text = message.payload[:SHOWN_BYTES].decode(errors="replace")
        sent = Sent(self._clock.now(), message.topic, text, test)
        self._recent.setdefault(integration, deque(maxlen=RECENT)).append(sent)
        if len(self._recent) > MOST_RECENT:
            del self._recent[next(iter(self._recent))]
        return sent


def _template(route: Route, ready: dict[bytes, Template]) -> Template:
    """The route's template, taken apart once for all routes that have the same."""
    key = msgspec.json.encode(route.template)
    if key not in ready:
        try:
            ready[key] = Template(route.template)
        except BadInput:  # saved by an older version that knew a field which is no more
            log.error("template not usable, the default one is sent", integration=route.integration)
            ready[key] = Template(None)
    return ready[key]


async def _patiently(action: Callable[[], Awaitable[T]]) -> T:
    """What `action` gives, as soon as the database is there."""
    wait_s = _RETRY_S[0]
    while True:
        try:
            return await action()
        except Unavailable as trouble:
            log.warning("waiting for the database", why=str(trouble))
        await asyncio.sleep(wait_s)
        wait_s = min(2 * wait_s, _RETRY_S[1])
