"""The system's D-Bus, as far as NetworkManager is spoken to over it.

Every call has a bound; a bus that went away is connected to again at the next call.  The address
is the system's (`DBUS_SYSTEM_BUS_ADDRESS` names another).  Source: D-Bus specification 0.41;
NetworkManager D-Bus reference 1.42.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ohmstead.errors import Unavailable
from ohmstead.gateway.network_api import NO_NETWORK

if TYPE_CHECKING:
    from dbus_fast import Message
    from dbus_fast.aio import MessageBus

NOT_INSTALLED = (
    "This machine's network cannot be set from here: install ohmstead[gateway] (dbus-fast)."
)

NM: Final = "org.freedesktop.NetworkManager"
ROOT: Final = "/org/freedesktop/NetworkManager"
SETTINGS: Final = f"{ROOT}/Settings"
PROPERTIES: Final = "org.freedesktop.DBus.Properties"
DBUS: Final = "org.freedesktop.DBus"
BUS: Final = "/org/freedesktop/DBus"
NONE: Final = "/"
"""The object path that stands for no object."""

CONNECT_S = 5.0
CALL_S = 10.0
"""Without an answer for so long the bus is given up, and connected to anew."""

ABSENT = ("ServiceUnknown", "NameHasNoOwner", "NoReply", "Disconnected", "NoSuchUnit")
"""Errors of the bus itself, by the end of their names: NetworkManager is not there."""
DENIED = ("PermissionDenied", "AccessDenied", "AuthFailed", "InteractiveAuthorizationRequired")

SIGNALS = (
    f"type='signal',sender='{DBUS}',member='NameOwnerChanged',arg0='{NM}'",
    f"type='signal',sender='{NM}',interface='{NM}'",
    f"type='signal',sender='{NM}',interface='{NM}.Device'",
    *(
        f"type='signal',sender='{NM}',interface='{PROPERTIES}',arg0='{NM}{what}'"
        for what in ("", ".Device", ".Device.Wired", ".Device.Wireless", ".IP4Config")
    ),
)
"""What is listened to: enough to notice a change, without the strength of every access point."""

FAILED = 120
"""NMDeviceState."""

Answerer = Callable[["Message"], "Message | bool | None"]


@dataclass(frozen=True, slots=True)
class Typed:
    """A value of a variant, with its D-Bus signature."""

    signature: str
    value: Any


Profile = Mapping[str, Mapping[str, Typed]]
"""A connection profile, `a{sa{sv}}`.  Source: NetworkManager, nm-settings-dbus."""


class Away(Unavailable):
    """There is no NetworkManager to speak to."""


class Refused(Unavailable):
    """NetworkManager answered with an error; `name` is the end of the error's name."""

    def __init__(self, name: str, why: str) -> None:
        self.name = name.rpartition(".")[2]
        self.why = why
        words = f"NetworkManager refuses: {why or self.name}"
        if self.name in DENIED:
            words = (
                f"NetworkManager does not let this gateway do that ({why or self.name}):"
                " run it as root, or allow its user by a polkit rule"
            )
        super().__init__(words)


class Bus:
    """A connection to the system's bus, made when it is needed."""

    def __init__(self) -> None:
        self._bus: MessageBus | None = None
        self._ending: asyncio.Task[None] | None = None
        self._connecting = asyncio.Lock()
        self.moved = asyncio.Event()
        """Set when NetworkManager, or the bus, says that something has changed."""
        self.failures: dict[str, int] = {}
        """Why a device last failed, by its path.  Source: NMDeviceStateReason."""
        self.answerer: Answerer | None = None
        """Who answers calls to us, while somebody does (the agent of a pairing)."""

    async def call(
        self, path: str, interface: str, member: str, signature: str = "", *arguments: Any
    ) -> Any:
        """What a method of NetworkManager returns: nothing, its one value, or a list of them.

        Variants are plain values.  Away without NetworkManager; Refused with its error.
        """
        return plain(await self.kept(path, interface, member, signature, *arguments))

    async def kept(
        self, path: str, interface: str, member: str, signature: str = "", *arguments: Any
    ) -> Any:
        """The same with the variants in it, so that it can be given back as it is."""
        return await self._call(NM, path, interface, member, signature, arguments)

    async def properties(self, path: str, interface: str) -> dict[str, Any]:
        """All properties of an object; nothing of one that is gone."""
        try:
            found: dict[str, Any] = await self.call(path, PROPERTIES, "GetAll", "s", interface)
        except Refused:
            return {}
        return found

    async def set(self, path: str, interface: str, name: str, value: Typed) -> None:
        """Sets a property."""
        await self.call(path, PROPERTIES, "Set", "ssv", interface, name, value)

    async def there(self) -> bool:
        """Whether there is a NetworkManager on the bus."""
        try:
            return bool(await self._call(DBUS, BUS, DBUS, "NameHasOwner", "s", (NM,)))
        except Unavailable:
            return False

    async def _call(
        self,
        destination: str,
        path: str,
        interface: str,
        member: str,
        signature: str,
        arguments: tuple[Any, ...],
    ) -> Any:
        from dbus_fast import Message, MessageFlag  # noqa: PLC0415
        from dbus_fast.errors import DBusFastError  # noqa: PLC0415

        bus = await self._connected()
        message = Message(
            destination=destination,
            path=path,
            interface=interface,
            member=member,
            signature=signature,
            body=[_marked(one) for one in arguments],
            flags=MessageFlag.NO_AUTOSTART,
        )
        try:
            async with asyncio.timeout(CALL_S):
                reply = await bus.call(message)
        except TimeoutError as error:
            self._drop(bus)
            raise Away(f"NetworkManager did not answer within {CALL_S:g} s ({member})") from error
        except (OSError, EOFError, DBusFastError) as error:
            self._drop(bus)
            raise Away(f"the connection to NetworkManager is lost: {_said(error)}") from error
        return _value(reply)

    async def _connected(self) -> "MessageBus":
        async with self._connecting:
            if self._bus is None or not self._bus.connected:
                self._bus = await self._connect()
            return self._bus

    async def _connect(self) -> "MessageBus":
        try:
            from dbus_fast import BusType  # noqa: PLC0415
            from dbus_fast.aio import MessageBus  # noqa: PLC0415
            from dbus_fast.errors import DBusFastError  # noqa: PLC0415
        except ImportError as error:
            raise Away(NOT_INSTALLED) from error
        try:
            async with asyncio.timeout(CONNECT_S):
                bus = await MessageBus(bus_type=BusType.SYSTEM).connect()
        except (OSError, EOFError, DBusFastError) as error:  # TimeoutError is an OSError
            raise Away(f"{NO_NETWORK} (The system's D-Bus: {_said(error)})") from error
        try:
            await self._listen(bus)
        except BaseException:
            self._drop(bus)
            raise
        ended = bus.wait_for_disconnect()  # type: ignore[no-untyped-call]
        self._ending = asyncio.create_task(ended, name="network:bus")
        self._ending.add_done_callback(self._ended)
        return bus

    def _ended(self, task: "asyncio.Task[None]") -> None:
        if not task.cancelled():
            task.exception()  # whoever calls hears of it; nobody else waits
        self.moved.set()

    async def _listen(self, bus: "MessageBus") -> None:
        from dbus_fast import Message  # noqa: PLC0415
        from dbus_fast.errors import DBusFastError  # noqa: PLC0415

        bus.add_message_handler(self._hear)
        try:
            async with asyncio.timeout(CONNECT_S):
                for rule in SIGNALS:
                    message = Message(DBUS, BUS, DBUS, "AddMatch", signature="s", body=[rule])
                    _value(await bus.call(message))
        except (OSError, EOFError, DBusFastError) as error:
            raise Away(f"{NO_NETWORK} (The system's D-Bus: {_said(error)})") from error

    def _hear(self, message: "Message") -> "Message | bool | None":
        from dbus_fast import MessageType  # noqa: PLC0415

        if message.message_type is MessageType.METHOD_CALL:
            return self.answerer(message) if self.answerer else None
        if message.message_type is MessageType.SIGNAL:
            if message.interface == f"{NM}.Device" and message.member == "StateChanged":
                state, _, reason = message.body
                if state == FAILED:
                    self.failures[str(message.path)] = reason
            self.moved.set()
        return None

    def close(self) -> None:
        """Ends the connection."""
        if self._bus is not None:
            self._drop(self._bus)

    def _drop(self, bus: "MessageBus") -> None:
        if bus.connected:
            bus.disconnect()
        if self._bus is bus:
            self._bus = None


def _value(reply: "Message | None") -> Any:
    from dbus_fast import MessageType  # noqa: PLC0415

    if reply is None:
        return None
    if reply.message_type is MessageType.ERROR:
        name = str(reply.error_name)
        why = str(reply.body[0]) if reply.body and isinstance(reply.body[0], str) else ""
        if name.startswith(f"{DBUS}.Error.") and name.endswith(ABSENT):
            raise Away(NO_NETWORK)
        raise Refused(name, why)
    values: list[Any] = reply.body
    if len(values) > 1:
        return values
    return values[0] if values else None


def plain(value: Any) -> Any:
    """`value` with what its variants hold."""
    from dbus_fast.unpack import unpack_variants  # noqa: PLC0415

    return unpack_variants(value)


def _marked(value: Any) -> Any:
    """`value` with what is Typed as variants."""
    from dbus_fast import Variant  # noqa: PLC0415

    if isinstance(value, Typed):
        return Variant(value.signature, _marked(value.value))
    if isinstance(value, Mapping):
        return {key: _marked(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_marked(one) for one in value]
    return value


def _said(error: BaseException) -> str:
    return str(error) or type(error).__name__
