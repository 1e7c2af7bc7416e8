"""What a gateway is told when it starts, and the file that tells it about its cloud."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal
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

KEY_LINES = 2
"""Of a key file: the encryption key, the authentication key."""

Licence = Literal["plus", "free"]
Mac = Annotated[str, Meta(pattern=r"^[0-9A-F]{12}$")]
Word = Annotated[str, Meta(min_length=1, max_length=256)]


class Uplink(Struct, frozen=True):
    """How a gateway reaches its cloud: what `ohmstead admin device add --json` prints."""

    id: Mac
    uri: Annotated[str, Meta(min_length=1, max_length=1024)]
    """`mqtts://HOST[:PORT]`; several of a cluster with commas between them."""
    username: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_:-]{1,128}$")]
    """Also the client id; the broker refuses ids with dots or spaces."""
    password: Word
    topic: Annotated[str, Meta(pattern=r"^[^+#\x00]{1,256}$")]
    certificate: str
    """The authority that signed the broker's certificate, PEM."""
    claim: Annotated[str, Meta(max_length=256)] | None = None
    """The code by which the device's owner takes it over in the cloud, shown on its pages."""

    def __repr__(self) -> str:
        return f"Uplink(id={self.id!r}, uri={self.uri!r})"  # and not the password

    @property
    def addresses(self) -> tuple[tuple[str, int], ...]:
        """Host and port of the broker, or of each server of its cluster; BadInput when one is not
        an encrypted address."""
        return tuple(map(_address, self.uri.split(",")))


def _address(written: str) -> tuple[str, int]:
    parts = urlsplit(written.strip())
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if parts.scheme != "mqtts" or not host:
        raise BadInput(f"the uplink's uri {written!r} must be mqtts://HOST:PORT")
    return host, port or MQTTS_PORT


class Secret:
    """A text that stands in no log, no error and no repr."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text.strip()

    def reveal(self) -> str:
        """The text itself, for the one who needs it."""
        return self._text

    def __repr__(self) -> str:
        return "Secret()"


class Scaler(Struct, frozen=True, forbid_unknown_fields=True):
    """The power of ten of one quantity.  Source: REST/MQTT 2.0, 6.5.

    `obis` is `C.D.E`; 255 as E means all of them.
    """

    obis: Annotated[str, Meta(pattern=r"^\d{1,3}\.\d{1,3}\.\d{1,3}$")]
    scaler: Annotated[int, Meta(ge=-6, le=6)]


class MeterSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """What a meter's telegrams leave open.  Source: REST/MQTT 2.0, 6.3 and 6.5."""

    scalars_set: Literal["default", "lge570", "custom"] = "default"
    """Which scalers count where a DLMS telegram has none: the model's, those of the Landis+Gyr
    E570, or `scalers`."""
    scalers: tuple[Scaler, ...] = ()
    conv_factor: Annotated[float, Meta(ge=0.001, le=10_000)] = 1
    """Power, energy, current and demand are multiplied by it.  Quirk: 6.3 says a whole number from
    1, the device's own documentation a real one from 0.001 to 1000."""


class GatewayOptions(Struct, frozen=True, kw_only=True):
    """Everything `ohmstead gateway` is told."""

    source: str
    """Where the meter is: `serial:DEVICE`, `tcp://HOST:PORT`, `simulate:MODEL` and others."""
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
    key: Secret | None = None
    """The meter's encryption key (hexadecimal); for MEP the letters of its key."""
    authentication_key: Secret | None = None
    meter: MeterSettings = MeterSettings()
    licence: Licence = "plus"
    """free imitates a device without a licence, which has no reports, variables and actions."""
    reboot_host: bool = False
    """Whether `reboot` and `restore` restart the machine too, by systemctl."""
    launched: bool = False
    """Whether a launcher started it, which can start another version of it."""
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
    _ = found.addresses
    return found


def keys_in(file: Path) -> tuple[Secret, Secret | None]:
    """The keys in a file: the encryption key on its first line, the authentication key on the
    second, if there is one.  NotFound or BadInput, which never show what is in it.
    """
    try:
        written = file.read_bytes()[: LONGEST_FILE + 1]
        lines = [line.strip() for line in written.decode("ascii").splitlines() if line.strip()]
    except FileNotFoundError as error:
        raise NotFound(f"the key file {file} does not exist") from error
    except OSError as error:
        raise BadInput(f"the key file {file} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError:
        lines = []
    if not 1 <= len(lines) <= KEY_LINES:
        raise BadInput(
            f"the key file {file} must hold the encryption key on its first line, and on its second"
            " the authentication key if there is one"
        )
    return Secret(lines[0]), Secret(lines[1]) if len(lines) == KEY_LINES else None


def scaler(written: str) -> Scaler:
    """The scaler that `OBIS=POWER` spells; BadInput says what is wrong with it.

    >>> scaler("1.7.0=-1"), scaler("1.8.255=3").obis
    (Scaler(obis='1.7.0', scaler=-1), '1.8.255')
    """
    obis, _, power = written.partition("=")
    try:
        return msgspec.convert({"obis": obis, "scaler": int(power)}, Scaler)
    except (ValueError, msgspec.ValidationError) as error:
        raise BadInput(
            f"{written!r} is no scaler; it looks like 1.7.0=-1 (C.D.E, and a power of ten from -6"
            " to 6; 255 as E means every tariff)"
        ) from error


SCALERS = ("default", "lge570")


def meter(chosen: str, own: Sequence[str], conv_factor: float) -> MeterSettings:
    """The settings of the meter: a set of scalers, or scalers of one's own like `1.7.0=-1`.

    BadInput says what is wrong with them.
    """
    if chosen not in SCALERS:
        raise BadInput(f"there is no set of scalers {chosen!r}; there are {', '.join(SCALERS)}")
    if own and chosen != "default":
        raise BadInput(f"the scalers are given twice: the set {chosen}, and {', '.join(own)}")
    if own:
        return MeterSettings("custom", tuple(map(scaler, own)), conv_factor)
    return msgspec.convert({"scalars_set": chosen, "conv_factor": conv_factor}, MeterSettings)


def described(found: Uplink) -> Mapping[str, str]:
    """The uplink without its secret, for logs."""
    return {"uri": found.uri, "username": found.username, "topic": found.topic}
