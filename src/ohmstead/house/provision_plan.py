"""What provisioning would change in a device, told before anything is written."""

import ipaddress
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from ohmstead.connect.whatwatt import System, not_shown
from ohmstead.errors import BadInput

LONGEST_TOLD = 127
_IN_URL = re.compile(r"://([^/@:]*):[^/@]*@")


@dataclass(frozen=True, slots=True)
class Change:
    """One setting that becomes another."""

    name: str
    old: str
    new: str


def suits(system: System) -> None:
    """BadInput for a device that cannot be provisioned."""
    if system.too_old:
        raise BadInput(
            f"firmware {system.firmware} knows no certificate of a broker, and the cloud takes "
            "TLS only; update the device to 1.7.6 or newer"
        )


def warnings(system: System, before: dict[str, Any]) -> list[str]:
    """What whoever provisions this device should know first."""
    found = []
    if lost := not_shown(before):
        found.append(f"the device does not show {', '.join(lost)}: the backup cannot have it")
    if system.licence == "FREE":
        found.append("its licence is FREE: real devices publish nothing then")
    if system.meter_status not in ("OK", ""):
        found.append(f"its meter's status is {system.meter_status}: it publishes once that is OK")
    return found


def changes(
    before: dict[str, Any],
    settings: dict[str, Any],
    interval_before: int | None,
    interval_s: int,
) -> list[Change]:
    """What becomes another, in the order of the document; secrets and long texts as their size."""
    old, new = _flat(before), _flat(settings)
    old_password = before.get("password_len") or 0
    old |= {"password": f"({old_password} characters)" if old_password else "none"}
    new |= {"password": "(a new one, made for this device)"}
    pairs = [Change(name, old.get(name, "none"), new[name]) for name in new]
    pairs += [
        Change(name, value, "none")
        for name, value in old.items()
        if name not in new and not name.endswith("_len") and value not in ("none", "(empty)")
    ]
    was = "unknown" if interval_before is None else f"{interval_before} s"
    pairs.append(Change("report_interval", was, f"{interval_s} s"))
    return [pair for pair in pairs if pair.old != pair.new]


def _flat(settings: dict[str, Any], path: str = "") -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in settings.items():
        if isinstance(value, dict):
            found |= _flat(value, f"{path}{name}.")
        elif isinstance(value, str):
            value = _IN_URL.sub(r"://\1:(hidden)@", value)  # noqa: PLW2901
            short = len(value) <= LONGEST_TOLD and "\n" not in value
            told = f"({len(value)} characters, {value[:24]!r}...)"
            found[path + name] = (value or "(empty)") if short else told
        else:
            found[path + name] = "none" if value is None else str(value).lower()
    return found


def one_address(uri: str, device: str) -> str:
    """The first `mqtts://HOST:PORT` of `uri`, which a device at address `device` can reach.

    BadInput when it is none, or this machine's own and the device is not on it.
    """
    first = uri.split(",", maxsplit=1)[0].strip()
    parts = urlsplit(first)
    try:
        host, port = parts.hostname, parts.port or 8883
    except ValueError:
        host, port = None, 0
    if parts.scheme != "mqtts" or not host:
        raise BadInput(f"{uri!r} is not the address of an MQTT service; write mqtts://HOST:PORT")
    if _here(host) and not _here(urlsplit(f"//{device}").hostname or ""):
        raise BadInput(
            f"the device cannot reach {first}: that is this machine for itself. Start the cloud "
            "with --mqtts 0.0.0.0:8883 and --name NAME, or say the address with --uri"
        )
    return f"mqtts://{f'[{host}]' if ':' in host else host}:{port}"


def _here(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
