"""A real whatwatt Go (or our own gateway) as a client of its settings sees it.

Source: REST/MQTT 2.0, 2.3 (system), 4 (mqtt/settings), 6.1 and 6.2 (verbs, settings); licences and
Digest as in the device's later documentation.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any

import msgspec

from ohmstead.connect.device import Device
from ohmstead.errors import BadInput, NotFound, OhmsteadError, Unavailable

Json = dict[str, Any]

SYSTEM, MQTT, SETTINGS = "/api/v1/system", "/api/v1/mqtt/settings", "/api/v1/settings"
LONGEST_ANSWER = 65_536
LONGEST_WRITTEN = 8192
"""Bytes of settings that a device takes.  Source: 4, note."""
FIRST_WITH_CERTIFICATES = (1, 7, 6)
"""Source: 5.2, prerequisites."""
LENGTH = "_len"
"""What a secret is shown as.  Source: 4, `password_len`."""

_ID = re.compile(r"[0-9A-F]{12}")
_VERSION = re.compile(r"(\d+)\.(\d+)\.(\d+)")


@dataclass(frozen=True, slots=True)
class System:
    """What matters here of what a device says about itself."""

    id: str
    model: str
    firmware: str
    meter_status: str
    licence: str | None
    """FREE or PLUS; None where the device does not say."""
    mqtt_connected: bool
    mqtt_trouble: str
    """Why not; our own gateway says it, a real device does not."""

    @property
    def too_old(self) -> bool:
        """Whether its MQTT client does not know certificates of brokers yet."""
        version = _VERSION.match(self.firmware)
        if not self.model.startswith("WW") or version is None:
            return False
        return tuple(map(int, version.groups())) < FIRST_WITH_CERTIFICATES


def _part(document: Mapping[str, Any], *path: str) -> Json:
    found: Any = document
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else {}


class WhatwattGo:
    """The settings of one device, read and written.

    Every call raises NotSignedIn for a wrong password, Unavailable when the device does not answer
    or does not make sense, BadInput when it refuses what is written.
    """

    def __init__(self, device: Device) -> None:
        self._device = device
        self.name = device.name

    def system(self) -> System:
        """Who it is; NotFound when nothing of the kind is at this address."""
        try:
            said = self._read(SYSTEM)
        except NotFound as error:
            raise NotFound(f"{self.name} is no whatwatt Go: {error}") from error
        device, mqtt = _part(said, "device"), _part(said, "clouds", "mqtc")
        id = str(device.get("id", "")).upper().replace(":", "")
        if not _ID.fullmatch(id):
            raise NotFound(f"{self.name} is no whatwatt Go: {SYSTEM} names no device.id")
        licence = _part(device, "license").get("type")
        return System(
            id=id,
            model=str(device.get("model", "")),
            firmware=str(device.get("firmware", "")),
            meter_status=str(_part(said, "meter").get("status", "")),
            licence=str(licence).upper() if licence else None,
            mqtt_connected=mqtt.get("connected") is True,
            mqtt_trouble=str(mqtt.get("trouble", "")),
        )

    def mqtt(self) -> Json:
        """The MQTT client's settings, secrets as their lengths."""
        return self._read(MQTT)

    def write_mqtt(self, settings: Json) -> None:
        """Replace all of them (POST: what is left out goes to its factory setting)."""
        self._write("POST", MQTT, settings)

    def report_interval_s(self) -> int | None:
        """The least time between two messages; None where the device does not say."""
        said = _part(self._read(SETTINGS), "services").get("report_interval")
        return said if isinstance(said, int) and not isinstance(said, bool) else None

    def write_report_interval(self, interval_s: int) -> None:
        """Set it; all other settings stay."""
        self._write("PUT", SETTINGS, {"services": {"report_interval": interval_s}})

    def _read(self, path: str) -> Json:
        status, body = self._asked("GET", path)
        if status == 404:
            raise NotFound(f"it has no {path} (404)")
        if status != 200:
            raise Unavailable(f"{self.name} answers {status} to GET {path}: {_words(body)}")
        try:
            found = msgspec.json.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise Unavailable(f"{self.name}: what {path} answers is no JSON: {error}") from error
        if not isinstance(found, dict):
            raise Unavailable(f"{self.name}: what {path} answers is no JSON object")
        return found

    def _write(self, method: str, path: str, value: Json) -> None:
        body = msgspec.json.encode(value)
        if len(body) > LONGEST_WRITTEN:
            raise BadInput(f"the settings have {len(body)} bytes; a device takes {LONGEST_WRITTEN}")
        status, said = self._asked(method, path, body)
        if status not in (200, 204):
            text = f"{self.name} refuses the settings ({method} {path}: {status}): {_words(said)}"
            raise BadInput(text) if 400 <= status < 500 else Unavailable(text)

    def _asked(self, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
        headers = {"content-type": "application/json"} if body is not None else None
        try:
            with self._device.ask(method, path, body, headers) as answer:
                return answer.status, answer.read(LONGEST_ANSWER)
        except OhmsteadError:
            raise
        except (OSError, HTTPException) as error:
            raise Unavailable(
                f"{self.name} broke off: {str(error) or type(error).__name__}"
            ) from error


def _words(body: bytes) -> str:
    """What an answer says, in one short line."""
    return " ".join(body[:200].decode(errors="replace").split()) or "it does not say why"


def writable(shown: Mapping[str, Any]) -> Json:
    """Settings as they were shown, as they are written back: without the lengths of secrets."""
    return {
        name: writable(value) if isinstance(value, dict) else value
        for name, value in shown.items()
        if not name.endswith(LENGTH)
    }


def not_shown(shown: Mapping[str, Any], path: str = "") -> list[str]:
    """The names of secrets that are set but were not shown, like `password`.

    >>> not_shown({"password_len": 8, "client": {"key_len": 0}})
    ['password']
    """
    found = []
    for name, value in shown.items():
        if isinstance(value, dict):
            found += not_shown(value, f"{path}{name}.")
        elif name.endswith(LENGTH) and value and name.removesuffix(LENGTH) not in shown:
            found.append(path + name.removesuffix(LENGTH))
    return found


def differs(wanted: Mapping[str, Any], shown: Mapping[str, Any], path: str = "") -> list[str]:
    """Where a device shows something else than was written; what it does not show is not compared.

    Of a text shown as its length only, a password's must be the same; a certificate may have been
    written in another way.

    >>> differs({"url": "a", "password": "p"}, {"url": "b", "password_len": 2})
    ['url', 'password']
    """
    found = []
    for name, value in wanted.items():
        length = shown.get(name + LENGTH)
        if isinstance(value, dict):
            inner = shown.get(name)
            found += differs(value, inner if isinstance(inner, dict) else {}, f"{path}{name}.")
        elif name in shown:
            if _plain(shown[name]) != _plain(value):
                found.append(path + name)
        elif length is not None and (
            length != len(value or "") if name == "password" else bool(length) != bool(value)
        ):
            found.append(path + name)
    return found


def _plain(value: object) -> object:
    return "\n".join(value.split("\r\n")).strip() if isinstance(value, str) else value
