"""The server's own log: passed on, and searched for what nobody else tells us."""

import asyncio
import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from ohmstead.broker import child, topics
from ohmstead.clock import Clock

log = structlog.get_logger(__name__)

_LINE = re.compile(r"\[\d+\] (?:\S+ \S+ )?\[(?P<level>[A-Z]{3})\] (?P<text>.*)")
_VIOLATION = re.compile(
    r'- (?:"(?P<client>.*)" - )?(?P<kind>Publish|Subscription) Violation - (?P<what>.*)'
)
_SUBJECT = re.compile(r'Subject "([^"]*)"')
_READY, _RELOADED = "Server is ready", "Reloaded server configuration"
_ROUTINE = ("INF", "DBG", "TRC")
_KNOWN = re.compile(
    r"authentication error - |Auth callout service returned an error|Plaintext passwords detected"
)
"""A refused sign-in is reported by who refused it; our passwords live as long as the server."""
_ONE_LINE_IN_S = 10.0


@dataclass(frozen=True, slots=True)
class Violation:
    """Something that a client tried and may not."""

    kind: str
    """`publish` or `subscribe`."""
    client_id: str
    topic: str


class ServerLog:
    """Reads the server's output line by line.

    A forbidden publish is acknowledged to its sender and dropped (MQTT 3.1.1 has no other answer),
    so the server's "Publish Violation" line is the only trace of it: counted, told to
    `on_violation`, and reported at most every ten seconds, with the newest one's sender and topic.
    The same goes for subscriptions, which are refused.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._reported_at_s: float | None = None
        self.publish_violations = self.subscribe_violations = 0
        self.on_violation: Callable[[Violation], None] = lambda _: None
        """Told of each; must not wait."""
        self.violated = asyncio.Condition()
        """Notified at each violation."""
        self.started = asyncio.Event()
        self.reloaded = asyncio.Event()
        self._last: deque[str] = deque(maxlen=5)

    @property
    def last(self) -> list[str]:
        """The newest complaints of the server, oldest first."""
        return list(self._last)

    def begin(self) -> None:
        """A new server is about to speak."""
        self.started.clear()
        self._last.clear()

    async def follow(self, output: asyncio.StreamReader) -> None:
        """Read until the server closes its output."""
        async for line in child.lines(output):
            await self._read(line)

    async def _read(self, line: str) -> None:
        found = _LINE.match(line)
        level, text = (found["level"], found["text"]) if found else ("", line.strip())
        if text.startswith(_READY):
            self.started.set()
        if text.startswith(_RELOADED):
            self.reloaded.set()
        if level in _ROUTINE or _KNOWN.search(text):
            log.debug("nats-server", said=text)
        elif violation := _VIOLATION.search(text):
            await self._violation(violation)
        elif text:
            self._last.append(text)
            log.warning("nats-server", said=text)

    async def _violation(self, found: re.Match[str]) -> None:
        subject = _SUBJECT.search(found["what"])
        violation = Violation(
            kind="publish" if found["kind"] == "Publish" else "subscribe",
            client_id=found["client"] or "",
            topic=topics.topic(subject[1]) if subject else found["what"],
        )
        if violation.kind == "publish":
            self.publish_violations += 1
        else:
            self.subscribe_violations += 1
        self.on_violation(violation)
        now_s = self._clock.monotonic_s()
        if self._reported_at_s is None or now_s - self._reported_at_s >= _ONE_LINE_IN_S:
            self._reported_at_s = now_s
            log.warning(
                f"{violation.kind} refused",
                client=violation.client_id,
                topic=violation.topic,
                so_far=self.publish_violations + self.subscribe_violations,
            )
        async with self.violated:
            self.violated.notify_all()
