"""The meters behind a device's meter: gas, water and heat, each a stream of its own."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime, timedelta

import structlog

from ohmstead.clock import Clock
from ohmstead.errors import Conflict
from ohmstead.reading.reading import Channel, Identity
from ohmstead.store.committer import Row
from ohmstead.store.devices import Device
from ohmstead.store.meters import Meter

log = structlog.get_logger(__name__)

FindChannel = Callable[[Device, int, str, str | None], Awaitable[Meter]]
"""Device, bus, kind and unit -> the meter, made when it is new."""
FUTURE = timedelta(hours=1)
"""How far a reading's time may be ahead of the broker's clock."""
FORGOTTEN_AFTER_S = 30.0
"""How long a removed or renamed channel goes on unseen."""


class Channels:
    """Finds the meter of each channel, and leaves out what it has said already.

    An electricity meter repeats what the gas meter said at the full hour in every telegram.
    """

    def __init__(self, find: FindChannel, clock: Clock) -> None:
        self._find, self._clock = find, clock
        self._known: dict[tuple[str, int], Meter | None] = {}
        self._known_at_s = clock.monotonic_s()
        self._last: dict[int, datetime] = {}

    async def rows(
        self, device: Device, row: Row, channels: Sequence[Channel]
    ) -> list[tuple[str, Row]]:
        """The meter's id and the row of each channel that says something new beside `row`."""
        if self._clock.monotonic_s() - self._known_at_s > FORGOTTEN_AFTER_S:
            self._known, self._known_at_s, self._last = {}, self._clock.monotonic_s(), {}
        found = []
        for channel in channels:
            at = channel.at or row.at
            meter = None if channel.value is None else await self._meter(device, channel)
            if meter is None or at > row.received_at + FUTURE or self._last.get(meter.stream) == at:
                continue
            who = Identity(id=channel.meter_id) if channel.meter_id else None
            new = Row(meter.stream, at, row.received_at, {}, identity=who, value=channel.value)
            found.append((meter.id, new))
        return found

    def stored(self, rows: Iterable[Row]) -> None:
        """Remember what need not be stored again."""
        for row in rows:
            if row.value is not None:
                self._last[row.stream] = row.at

    async def _meter(self, device: Device, channel: Channel) -> Meter | None:
        key = device.mac, channel.bus
        if key not in self._known:
            try:
                meter = await self._find(device, channel.bus, channel.kind, channel.unit)
            except Conflict as trouble:
                log.warning("a channel is not stored", device=device.mac, why=str(trouble))
                self._known[key] = None
            else:
                self._known[key] = meter if _agree(device, meter, channel) else None
        return self._known[key]


def _agree(device: Device, meter: Meter, channel: Channel) -> bool:
    """Whether a channel counts in its meter's unit; if not, the log says that it is left out."""
    if meter.unit != channel.unit:
        log.warning(
            "a channel is not stored: its unit is not its meter's",
            device=device.mac,
            meter=meter.id,
            unit=channel.unit,
            meter_unit=meter.unit,
        )
    return meter.unit == channel.unit
