"""The server's log as it is read, line by line."""

import asyncio
from datetime import UTC, datetime, timedelta

from structlog.testing import capture_logs

from ohmstead.broker.words import ServerLog, Violation
from ohmstead.clock import SetClock

NOW = datetime(2026, 3, 1, tzinfo=UTC)
VIOLATION = (
    b'[77] 2026/03/01 00:00:00.000001 [ERR] 127.0.0.1:9 - mid:5 - "GW1" - Publish Violation - '
    b'User "GW1", Subject "up.GW2"\n'
)


async def read(log: ServerLog, text: bytes) -> None:
    output = asyncio.StreamReader()
    output.feed_data(text)
    output.feed_eof()
    await log.follow(output)


async def test_violations_are_counted_each_and_reported_seldom() -> None:
    """A device that may not publish can do so a thousand times a second: the log stays readable."""
    clock = SetClock(NOW)
    log = ServerLog(clock)
    with capture_logs() as reported:
        await read(log, VIOLATION * 50)
        clock.set(NOW + timedelta(seconds=11))
        await read(log, VIOLATION)
    assert log.publish_violations == 51
    assert [entry["so_far"] for entry in reported] == [1, 51]
    assert (reported[0]["client"], reported[0]["topic"]) == ("GW1", "up/GW2")


async def test_each_violation_is_told_with_who_and_what() -> None:
    """The lines of NATS 2.15 for MQTT clients, the second without a user in it."""
    log, told = ServerLog(SetClock(NOW)), []
    log.on_violation = told.append
    line = b'[77] 2026/03/01 00:00:00.1 [ERR] 127.0.0.1:9 - mid:14 - "i:a" - Subscription Violation'
    await read(log, VIOLATION + line + b' - Subject "ext.y.>", SID ext.y.>\n')
    assert told == [Violation("publish", "GW1", "up/GW2"), Violation("subscribe", "i:a", "ext/y/#")]
    assert (log.publish_violations, log.subscribe_violations) == (1, 1)


async def test_what_went_wrong_is_kept_for_the_error() -> None:
    """The newest complaints, and none of the routine."""
    log = ServerLog(SetClock(NOW))
    log.begin()
    await read(
        log, b"[1] 2026/03/01 00:00:00.1 [INF] Starting\nnats-server: bad line 3\n[1] [FTL] x\n"
    )
    assert log.last == ["nats-server: bad line 3", "x"]
    assert not log.started.is_set()
    log.begin()
    await read(log, b"[1] 2026/03/01 00:00:00.1 [INF] Server is ready\n")
    assert (log.last, log.started.is_set()) == ([], True)


async def test_a_line_without_an_end_does_not_grow() -> None:
    """Memory is bounded whatever a child prints."""
    log = ServerLog(SetClock(NOW))
    await read(log, b"x" * 3_000_000)
    assert [len(each) for each in log.last] == [8192]
