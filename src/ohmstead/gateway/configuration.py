"""The settings of the device, as they are now: read by every feature at the moment of use, written
by the API, kept in a file each.

Source: REST/MQTT 2.0, 6.1: POST replaces and what is absent goes to the factory setting, PUT
changes what is given, DELETE goes back to the factory.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar, cast

import msgspec
import structlog

from ohmstead.errors import BadInput, OhmsteadError
from ohmstead.gateway.http import converted, named
from ohmstead.gateway.kept import Kept
from ohmstead.settings import form
from ohmstead.settings.device import Settings, host_name
from ohmstead.settings.meter_port import CustomScaler, CustomScalers, MeterPort
from ohmstead.settings.mqtt import MqttSettings
from ohmstead.settings.network import Ethernet, WifiSta

F = TypeVar("F", bound=form.Form)

Name = Literal["settings", "meter", "mqtt", "wifi_sta", "eth"]
Watcher = Callable[[str], None]
Undo = Callable[[], Awaitable[None]]
Apply = Callable[[Any], Awaitable[Undo | None]]
"""Puts a setting into effect, and gives what takes that back."""
Check = Callable[[Any], None]
"""Raises BadInput where a setting cannot be on this machine."""

_log = structlog.get_logger("gateway.configuration")


class Kind(Generic[F]):
    """One settings object: its type, its factory setting and its file."""

    def __init__(self, kept: Kept, factory: F, settled: Callable[[F], F]) -> None:
        self._kept = kept
        self._type = type(factory)
        self._settled = settled
        self.factory = settled(factory)
        self.now = self._read()

    def _read(self) -> F:
        content = self._kept.read()
        if content is None:
            return self.factory
        try:
            return self._settled(msgspec.json.decode(content, type=self._type))
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            aside = self._kept.set_aside()
            _log.error("settings not understood, set aside", file=str(aside), why=str(error))
            return self.factory

    def posted(self, given: object) -> F:
        """What POST makes of `given`; msgspec.ValidationError."""
        return self._settled(form.replaced(self.now, given, self.factory))

    def put(self, given: object) -> F:
        """What PUT makes of `given`; msgspec.ValidationError."""
        return self._settled(form.merged(self.now, given))

    def write(self, new: F) -> None:
        """Keeps `new`; it waits for the disk."""
        if new == self.factory:
            self._kept.remove()
        else:
            self._kept.write(msgspec.json.encode(new))


class Configuration:
    """All settings objects.  One owner: whoever changes a setting does it here."""

    def __init__(
        self,
        folder: Path,
        device_id: str,
        *,
        meter: MeterPort | None = None,
        scalers: tuple[CustomScaler, ...] = (),
        check: Check = lambda _: None,
    ) -> None:
        """Settings in `folder`; what the file of one does not hold is its factory setting, of
        which `meter` and `scalers` are what the gateway was started with."""

        def with_host_name(settings: Settings) -> Settings:
            if settings.system.host_name:
                return settings
            system = msgspec.structs.replace(settings.system, host_name=host_name(device_id))
            return msgspec.structs.replace(settings, system=system)

        def kept(name: str) -> Kept:
            return Kept(folder / f"{name}.json")

        self._settings = Kind(kept("settings"), Settings(), with_host_name)
        self._meter = Kind(kept("meter"), meter or MeterPort(), _as_it_is)
        self._mqtt = Kind(kept("mqtt"), MqttSettings(), _as_it_is)
        self._wifi_sta = Kind(kept("wifi_sta"), WifiSta(), _as_it_is)
        self._eth = Kind(kept("eth"), Ethernet(), _as_it_is)
        self._kept_scalers = kept("scalers")
        self._factory_scalers = scalers
        self.scalers = self._read_scalers()
        """Of `scalars_set: custom`.  Source: 6.5."""
        self._check = check
        self._writing = asyncio.Lock()
        self._changed = asyncio.Condition()
        self._watchers: list[Watcher] = []
        self.version = 0
        """Grows by one with each change."""

    @property
    def settings(self) -> Settings:
        """The device and its services.  Source: 6.2."""
        return self._settings.now

    @property
    def meter(self) -> MeterPort:
        """The meter's port.  Source: 6.3."""
        return self._meter.now

    @property
    def mqtt(self) -> MqttSettings:
        """The MQTT client.  Source: 4."""
        return self._mqtt.now

    @property
    def wifi_sta(self) -> WifiSta:
        """The Wi-Fi client.  Source: 6.7."""
        return self._wifi_sta.now

    @property
    def eth(self) -> Ethernet:
        """The Ethernet port.  Source: 6.10."""
        return self._eth.now

    def _kind(self, name: Name) -> Kind[Any]:
        return cast(Kind[Any], getattr(self, f"_{name}"))

    def shown(self, name: Name) -> form.Json:
        """What may be read of a settings object."""
        return form.shown(self._kind(name).now)

    def kind(self, name: Name) -> type[form.Form]:
        """Its type."""
        return type(self._kind(name).now)

    async def post(self, name: Name, given: object, apply: Apply | None = None) -> form.Json:
        """Replaces a settings object and shows it; BadInput names the field, Unavailable when the
        disk does not take it: then nothing has changed.

        `apply` is given the new object before it is kept; when it raises nothing has changed.
        """
        return await self._change(name, lambda kind: kind.posted(given), apply)

    async def put(self, name: Name, given: object, apply: Apply | None = None) -> form.Json:
        """Changes what is given of a settings object and shows it; otherwise as `post`."""
        return await self._change(name, lambda kind: kind.put(given), apply)

    async def delete(self, name: Name, apply: Apply | None = None) -> None:
        """Takes a settings object back to the factory; otherwise as `post`."""
        await self._change(name, lambda kind: kind.factory, apply)

    async def _change(
        self, name: Name, made: Callable[[Kind[Any]], Any], apply: Apply | None
    ) -> form.Json:
        async with self._writing:
            kind = self._kind(name)
            try:
                new = made(kind)
            except msgspec.ValidationError as error:
                raise BadInput(named(str(error))) from error
            self._check(new)
            undo = await apply(new) if apply else None
            if new != kind.now:
                try:
                    await asyncio.to_thread(kind.write, new)
                except OhmsteadError:
                    if undo:
                        await undo()
                    raise
                kind.now = new
                await self._tell(name)
            return form.shown(new)

    async def take_back(self, name: Name, failed: form.Form, former: form.Form) -> None:
        """Keeps the `former` object again, unless the one that `failed` was changed meanwhile."""
        async with self._writing:
            kind = self._kind(name)
            if kind.now == failed != former:
                await asyncio.to_thread(kind.write, former)
                kind.now = former
                await self._tell(name)

    def is_factory(self, name: Name) -> bool:
        """Whether a settings object is as it was at first."""
        kind = self._kind(name)
        return bool(kind.now == kind.factory)

    async def set_scalers(self, given: object) -> tuple[CustomScaler, ...]:
        """Replaces the custom scalers; raises as `post`."""
        new = converted(given, CustomScalers)
        twice = {one.obis for one in new if sum(one.obis == other.obis for other in new) > 1}
        if twice:
            raise BadInput(f"obis: {', '.join(sorted(twice))} is given more than once")
        async with self._writing:
            if new != self.scalers:
                await asyncio.to_thread(self._kept_scalers.write, msgspec.json.encode(new))
                self.scalers = new
                await self._tell("scalers")
        return new

    def _read_scalers(self) -> tuple[CustomScaler, ...]:
        content = self._kept_scalers.read()
        if content is None:
            return self._factory_scalers
        try:
            return msgspec.json.decode(content, type=CustomScalers)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            aside = self._kept_scalers.set_aside()
            _log.error("scalers not understood, set aside", file=str(aside), why=str(error))
            return self._factory_scalers

    async def reset(self) -> None:
        """Takes everything back to the factory.  Source: 6.12."""
        names: tuple[Name, ...] = ("settings", "meter", "mqtt", "wifi_sta", "eth")
        for name in names:
            await self.delete(name)
        async with self._writing:
            await asyncio.to_thread(self._kept_scalers.remove)
            if self.scalers != self._factory_scalers:
                self.scalers = self._factory_scalers
                await self._tell("scalers")

    async def _tell(self, name: str) -> None:
        self.version += 1
        for watcher in tuple(self._watchers):
            watcher(name)
        async with self._changed:
            self._changed.notify_all()

    def watch(self, watcher: Watcher) -> Callable[[], None]:
        """Calls `watcher` with the object's name after each change; gives what ends that."""
        self._watchers.append(watcher)
        return lambda: self._watchers.remove(watcher)

    async def changed(self, since: int) -> int:
        """The version, as soon as it is later than `since`; the caller bounds the wait."""
        changed: AbstractAsyncContextManager[object] = self._changed
        async with changed:
            await self._changed.wait_for(lambda: self.version > since)
        return self.version


def _as_it_is(value: F) -> F:
    return value
