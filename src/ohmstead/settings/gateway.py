"""What a gateway is told when it starts, and the file that tells it about its cloud."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta, Struct

from ohmstead.errors import BadInput, NotFound

DEFAULT_HTTP = "127.0.0.1:8080"
DEFAULT_ZONE = "Europe/Zurich"
"""The device's default zone is CET.  Source: REST/MQTT 2.0, 3.1, `.report.date_time`."""
DEFAULT_DATA = Path("~/.local/share/ohmstead/gateway")
DEFAULT_INTERVAL_S = 5.0
SHORTEST_INTERVAL_S, LONGEST_INTERVAL_S = 0.0, 86_400.0
MQTTS_PORT = 8883
LONGEST_FILE = 65_536

Mac = Annotated[str, Meta(pattern=r"^[0-9A-F]{12}$")]
Word = Annotated[str, Meta(min_length=1, max_length=256)]


class Uplink(Struct, frozen=True):
    """How a gateway reaches its cloud: what `ohmstead admin device add --json` prints."""

    id: Mac
    uri: Word
    """`mqtts://HOST[:PORT]`."""
    username: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_:-]{1,128}$")]
    """Also the client id; the broker refuses ids with dots or spaces."""
    password: Word
    topic: Annotated[str, Meta(pattern=r"^[^+#\x00]{1,256}$")]
    certificate: str
    """The authority that signed the broker's certificate, PEM."""

    @property
    def address(self) -> tuple[str, int]:
        """Host and port of the broker; BadInput when the address is not an encrypted one."""
        parts = urlsplit(self.uri)
        try:
            host, port = parts.hostname, parts.port
        except ValueError:
            host, port = None, None
        if parts.scheme != "mqtts" or not host:
            raise BadInput(f"the uplink's uri {self.uri!r} must be mqtts://HOST:PORT")
        return host, port or MQTTS_PORT


class GatewayOptions(Struct, frozen=True, kw_only=True):
    """Everything `ohmstead gateway` is told."""

    source: str
    """Where the meter is: `tcp://HOST:PORT`, `replay:FILE` or `simulate:MODEL`."""
    data: Path
    """The folder for its own id and for reports that wait."""
    http: str | None = DEFAULT_HTTP
    """Where the local API listens; None for no API."""
    id: str | None = None
    """Twelve hexadecimal digits; None: the uplink's, else one made at the first start and kept."""
    uplink: Uplink | None = None
    zone: str = DEFAULT_ZONE
    """Local time of the meter and of the device."""
    uplink_interval_s: float = DEFAULT_INTERVAL_S
    """The least time between two reports that are sent up."""
    ends: bool = False
    """Whether to end by itself once the source has ended and everything is sent."""


def mac(written: str) -> str:
    """A device id in its one spelling: twelve upper-case hexadecimal digits; BadInput otherwise.

    >>> mac("a8:42:e3:9f:81:24")
    'A842E39F8124'
    """
    plain = written.replace(":", "").replace("-", "").upper()
    if len(plain) != 12 or not all(digit in "0123456789ABCDEF" for digit in plain):
        raise BadInput(
            f"{written!r} is not a device id; it has 12 hexadecimal digits, like A842E39F8124"
        )
    return plain


def uplink(file: Path) -> Uplink:
    """What an uplink file says; NotFound or BadInput, which never show the password."""
    try:
        data = file.read_bytes()
    except FileNotFoundError as error:
        raise NotFound(
            f"the uplink file {file} does not exist; `ohmstead admin device add --json` prints it"
        ) from error
    except OSError as error:
        raise BadInput(f"the uplink file {file} cannot be read: {error.strerror}") from error
    try:
        found = msgspec.json.decode(data[: LONGEST_FILE + 1], type=Uplink)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadInput(
            f"the uplink file {file} is not what `ohmstead admin device add --json` prints: {error}"
        ) from error
    _ = found.address
    return found


def described(found: Uplink) -> Mapping[str, str]:
    """The uplink without its secret, for logs."""
    return {"uri": found.uri, "username": found.username, "topic": found.topic}
