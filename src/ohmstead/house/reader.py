"""The meter is read as the settings say; when they change it is read so, without a restart."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import cast, get_args

import structlog

from ohmstead.clock import Clock
from ohmstead.errors import BadInput, Unavailable
from ohmstead.gateway import port
from ohmstead.gateway.ask import Answers, asked_at, rounds
from ohmstead.gateway.asking import asker
from ohmstead.gateway.configuration import Configuration
from ohmstead.gateway.line import Tell
from ohmstead.gateway.meter import Meter
from ohmstead.gateway.meter_clock import MeterClock
from ohmstead.gateway.scaling import Scaling
from ohmstead.gateway.search import Notebook
from ohmstead.gateway.source import Ask, Listen, Protocol, Serial, Simulate, Source, Tcp
from ohmstead.settings.gateway import MeterSettings, Scaler
from ohmstead.settings.meter_port import MeterPort
from ohmstead.wire.cipher import Keys

Heard = bytes | Answers
"""What a source gives: bytes that were pushed, or the answers of one round of questions."""

Take = Callable[[Heard], None]

_log = structlog.get_logger("gateway.reader")


def asked(protocol: str, if_type: str, if_mode: str, started: Ask | None) -> Ask | None:
    """How the meter is asked, by the settings; None when it speaks by itself.

    Source: REST/MQTT 2.0, 6.3, and the newer firmware's `protocol` and `if_mode`.
    """
    wanted = "mep" if protocol == "auto" and if_type == "mep" else protocol
    if if_mode == "push" or wanted in ("dsmr", "hdlc"):
        return None
    if wanted in get_args(Protocol) and (started is None or started.protocol != wanted):
        return Ask(cast(Protocol, wanted))
    return started


def at_port(started: Source, settings: MeterPort) -> Source:
    """Where and how the meter is read: as the gateway was started, but for what the settings fix.

    >>> at_port(Serial("/dev/ttyUSB0"), MeterPort(auto_baudrate=False, baudrate=9600))
    ... # doctest: +ELLIPSIS
    Serial(device='/dev/ttyUSB0', baudrate=9600, parity='none', stopbits=1.0, databits=8, ask=None)
    """
    if not isinstance(started, Serial | Tcp | Listen):
        return started
    ask = asked(settings.protocol, settings.if_type, settings.if_mode, started.ask)
    at: Serial | Tcp | Listen = replace(started, ask=ask)
    if isinstance(at, Serial) and not settings.auto_baudrate:
        return replace(
            at,
            baudrate=settings.baudrate,
            parity=settings.parity,
            stopbits=float(settings.stop_bits),
            databits=at.databits or 8,
        )
    return at


def keys_of(settings: MeterPort, started: Keys | None) -> Keys | None:
    """The meter's keys: those of the settings while encryption is on, else those of the start."""
    if not settings.encryption or not settings.encryption_key:
        return started
    authentication = settings.authentication_key
    return Keys(
        bytes.fromhex(settings.encryption_key),
        bytes.fromhex(authentication) if authentication else None,
    )


def scaling_of(configuration: Configuration) -> Scaling:
    """The scalers and the factor that are set."""
    scalers = tuple(Scaler(one.obis, one.scaler) for one in configuration.scalers)
    meter = configuration.meter
    return Scaling(MeterSettings(meter.scalars_set, scalers, meter.conv_factor))


class Reader:
    """Joins the port to the meter, by the settings."""

    def __init__(
        self,
        configuration: Configuration,
        meter: Meter,
        meter_clock: MeterClock,
        *,
        source: Source,
        keys: Keys | None,
        notebook: Notebook,
        clock: Clock,
        given: AsyncIterator[bytes] | None = None,
    ) -> None:
        """`source` and `keys` are what the gateway was started with; `given` are bytes to read in
        the place of the source's."""
        self._configuration = configuration
        self._meter = meter
        self._meter_clock = meter_clock
        self._source = source
        self._started_keys = keys
        self._notebook = notebook
        self._clock = clock
        self._given = given
        self._again = asyncio.Event()
        self._kept: int | None = None
        self._at = at_port(source, configuration.meter)
        self.keys = keys_of(configuration.meter, keys)
        """Of the meter, as they count now."""
        configuration.watch(self._changed)

    def check(self) -> None:
        """BadInput when the source names nothing that can be read."""
        if self._given is None and isinstance(self._source, Simulate):
            _simulated(self._source, self._clock)

    def _changed(self, name: str) -> None:
        if name not in ("meter", "scalers"):
            return
        settings = self._configuration.meter
        at, keys = at_port(self._source, settings), keys_of(settings, self._started_keys)
        self._meter_clock.use(settings.time_offset, follows=settings.sync_time_offset_with_ntp)
        self._meter.use(keys, scaling_of(self._configuration))
        if (at, keys) != (self._at, self.keys) and self._given is None:
            self._at, self.keys = at, keys
            self._again.set()

    async def run(self, take: Take) -> None:
        """Gives all that is heard to `take`, until the source ends."""
        while True:
            self._again.clear()
            heard = asyncio.create_task(self._read(take), name="meter:heard")
            changed = asyncio.create_task(self._again.wait(), name="meter:changed")
            try:
                await asyncio.wait({heard, changed}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                changed.cancel()
                over = heard.done()
                heard.cancel()
                await asyncio.gather(heard, changed, return_exceptions=True)
            if over:
                return heard.result()
            _log.info("meter is read anew, as the settings say")

    async def _read(self, take: Take) -> None:
        async with _closed(self._given or self._opened(self._meter.port)) as those:
            async for heard in those:
                take(heard)
                await self._follow()

    async def _follow(self) -> None:
        """Keeps the offset that the meter's clock was found to need."""
        settings, offset_s = self._configuration.meter, self._meter_clock.offset_s
        if not settings.sync_time_offset_with_ntp or offset_s in (settings.time_offset, self._kept):
            return
        self._kept = offset_s
        try:
            await self._configuration.put("meter", {"time_offset": offset_s})
        except Unavailable as error:
            _log.warning("offset of the meter's clock not kept", offset_s=offset_s, why=str(error))

    def _opened(self, tell: Tell) -> AsyncIterator[Heard]:
        if isinstance(self._at, Simulate):
            tell(None)
            return _simulated(self._at, self._clock)
        if pulled := asked_at(self._at):
            return rounds(*pulled, asker(*pulled, self.keys), tell, notebook=self._notebook)
        return port.chunks(self._at, tell=tell, keys=self.keys, notebook=self._notebook)


@asynccontextmanager
async def _closed(those: AsyncIterator[Heard]) -> AsyncIterator[AsyncIterator[Heard]]:
    try:
        yield those
    finally:
        if isinstance(those, AsyncGenerator):
            await those.aclose()


def _simulated(at: Simulate, clock: Clock) -> AsyncIterator[bytes]:
    # Not at the top: a gateway at a real meter has no use for load profiles, and no room for them.
    from ohmstead import simulate  # noqa: PLC0415

    if at.model not in simulate.MODELS:
        known = ", ".join(sorted(simulate.MODELS))
        raise BadInput(f"there is no simulated meter {at.model!r}; there are {known}")
    return simulate.stream(at.model, at.seed, clock)
