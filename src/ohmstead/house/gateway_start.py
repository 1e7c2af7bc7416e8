"""What a gateway is told when it starts, made ready: its folder, its id, its zone, its keys."""

import asyncio
import secrets
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import structlog

from ohmstead.errors import BadInput, Unavailable
from ohmstead.gateway.ask import asked_at
from ohmstead.gateway.ask_mep import key_from
from ohmstead.gateway.source import source_of
from ohmstead.settings.gateway import GatewayOptions, Secret, mac
from ohmstead.settings.meter_port import MeterPort
from ohmstead.wire.cipher import Keys

LOCALLY_MADE = 0x02  # second bit of a MAC's first byte: not from a manufacturer.  IEEE 802, 8.4
REBOOT_S = 10.0

_log = structlog.get_logger("gateway")


def zone_of(name: str) -> ZoneInfo:
    """The time zone called `name`; BadInput when there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise BadInput(
            f"{name!r} is not a time zone; write one like {'Europe/Zurich'!r}"
        ) from error


def folder_of(data: Path) -> Path:
    """The data folder, made if need be; Unavailable when it cannot be."""
    folder = data.expanduser()
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise Unavailable(f"the data folder {folder} cannot be made: {error.strerror}") from error
    return folder


def _made_id() -> str:
    first, *rest = secrets.token_bytes(6)
    return bytes([(first | LOCALLY_MADE) & 0xFE, *rest]).hex().upper()


def identity(options: GatewayOptions, folder: Path) -> str:
    """The device's id: the one given, the uplink's, or one made once and kept in the folder.

    BadInput when the one given is not the uplink's: the broker takes reports of that one only.
    """
    uplinked = options.uplink.id if options.uplink else None
    if options.id is not None:
        given = mac(options.id)
        if uplinked and uplinked != given:
            raise BadInput(f"--id {given} is not the device of the uplink file, {uplinked}")
        return given
    if uplinked:
        return uplinked
    return _kept_id(folder / "id")


def _kept_id(file: Path) -> str:
    try:
        if not file.exists():
            file.write_text(_made_id() + "\n")
        return mac(file.read_text("ascii").strip())
    except OSError as error:
        raise Unavailable(f"the device's id in {file} cannot be kept: {error.strerror}") from error
    except (BadInput, UnicodeDecodeError) as error:
        raise BadInput(
            f"{file} holds no device id; correct it, or remove it for a new one"
        ) from error


def _hexadecimal(key: Secret, name: str) -> bytes:
    try:
        return bytes.fromhex(key.reveal())
    except ValueError:
        raise BadInput(f"the {name} key is not hexadecimal; it has 32 digits, or 64") from None


def keys(options: GatewayOptions) -> Keys | None:
    """The meter's keys; None without any.  BadInput, which never shows them."""
    if options.key is None:
        if options.authentication_key is not None:
            raise BadInput("an authentication key is of no use without the encryption key")
        return None
    pulled = asked_at(source_of(options.source))
    if pulled and pulled[1].protocol == "mep":
        return Keys(key_from(options.key.reveal()))
    authentication = options.authentication_key
    return Keys(
        _hexadecimal(options.key, "encryption"),
        _hexadecimal(authentication, "authentication") if authentication else None,
    )


def factory_of(options: GatewayOptions) -> MeterPort:
    """The meter's settings that the gateway is started with: what a factory reset goes back to."""
    said = options.meter
    return MeterPort(scalars_set=said.scalars_set, conv_factor=said.conv_factor)


async def reboot_host() -> None:
    """Restarts the machine, by its init system; where that does not work the log says so."""
    try:
        async with asyncio.timeout(REBOOT_S):
            process = await asyncio.create_subprocess_exec("systemctl", "reboot")
            code = await process.wait()
    except (OSError, TimeoutError) as error:
        _log.error("machine not restarted", why=str(error) or "systemctl does not answer")
        return
    if code:
        _log.error("machine not restarted", why=f"systemctl ended with {code}")
