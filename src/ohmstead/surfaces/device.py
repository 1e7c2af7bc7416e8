"""The device itself, as its surfaces show it: who it is, since when it runs, what it is doing."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Uplink:
    """How sending reports to the cloud stands."""

    state: str
    """CONNECTING, CONNECTED, DISCONNECTED or REFUSED (the broker does not accept the password)."""
    waiting: int = 0
    """Reports on disk that the broker has not acknowledged."""
    waiting_bytes: int = 0
    sent: int = 0
    """Reports the broker has acknowledged, ever."""
    dropped: int = 0
    """Reports that were lost because the queue was full: the oldest ones, ever."""
    damaged: int = 0
    """Places on the disk that could not be read back, ever."""
    unwritten: int = 0
    """Reports the disk did not take (full, or failing), since the start."""
    trouble: str = ""
    """Why it is not connected, in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """The SD card: a folder that readings are recorded into."""

    installed: bool
    """Whether the folder is there."""
    size_mb: int = 0
    """Of the disk it is on."""
    free_mb: int = 0
    state: str = "OFF"
    """OFF, RECORDING, FULL, NOT MOUNTED or FAILING."""
    trouble: str = ""
    """Why nothing is recorded, in words."""


@dataclass(frozen=True, slots=True)
class OwnBroker:
    """How publishing to an MQTT broker of the user's own stands."""

    enabled: bool = False
    connected: bool = False
    trouble: str = ""
    """Why it is not connected, in words; empty while it is, and while it is switched off."""


@dataclass(frozen=True, slots=True)
class ModbusState:
    """How the Modbus server stands."""

    enabled: bool = False
    listening: bool = False
    trouble: str = ""
    """Why it does not listen though it should, in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wifi:
    """The machine's Wi-Fi, and the network it is in.  Source: REST/MQTT 2.0, 2.3, `.wifi`."""

    ssid: str = ""
    bssid: str = ""
    """Twelve upper-case hexadecimal digits, as `mac`."""
    channel: int = 0
    ht: str = ""
    """20, 40+ or 40-."""
    rssi: int = 0
    """dBm."""
    signal: int = 0
    """Percent."""
    auth_mode: str = ""
    pairwise_cipher: str = ""
    group_cipher: str = ""
    phy: str = ""
    wps: bool = False
    country: str = ""
    mac: str = ""
    ip: str = ""
    mask: str = ""
    gateway: str = ""
    dns: str = ""
    status: str = "Disabled"
    """OK, Error, Disabled or Disconnected."""
    mode: str = "STA"
    trouble: str = ""
    """Why the last setting of it did not come into effect, in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ethernet:
    """The machine's Ethernet port.  Source: REST/MQTT 2.0, 2.3, `.ethernet`."""

    mac: str = ""
    up: bool = False
    ip: str = ""
    mask: str = ""
    gateway: str = ""
    dns: str = ""
    trouble: str = ""
    """Why the last setting of it did not come into effect, in words."""


@dataclass(frozen=True, slots=True)
class Update:
    """How updates of the device stand."""

    state: str = "NONE"
    """NONE (the installation itself runs), TRIAL, CONFIRMED or ROLLED BACK."""
    release: str = ""
    """The release that runs; empty when the installation itself does."""
    rolled_back: str = ""
    """The release that did not come up, until another one is installed."""
    trouble: str = ""
    """Why it was given up, in words."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """A value that cannot be right."""

    obis: str
    value: float
    """In the catalogue's unit."""
    expected: str
    """What it would have to be, in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A gateway at one moment."""

    id: str
    """Twelve upper-case hexadecimal digits."""
    now: datetime
    """Aware."""
    started_at: datetime
    boot_id: str
    """Eight upper-case hexadecimal digits, new at every start."""
    zone: ZoneInfo
    firmware: str
    build: str = ""
    """Which build of `firmware`."""
    update: Update | None = None
    """None when the device takes no updates."""
    model: str = "Ohmstead"
    name: str = ""
    meter_status: str = "NO DATA"
    refused: int = 0
    """Telegrams the decoder refused since the start."""
    doubts: tuple[Doubt, ...] = ()
    """What in the last reading cannot be right: a scaler that is wrong, most often."""
    conv_factor: float = 1
    uplink: Uplink | None = None
    """None when no cloud is set up."""
    own_broker: OwnBroker = OwnBroker()
    modbus: ModbusState = ModbusState()
    wifi: Wifi | None = None
    """None where the machine has none, or nobody knows."""
    ethernet: Ethernet | None = None
    """None where the machine has none, or nobody knows."""
    encryption: bool = False
    """Whether the meter's keys are used."""
    authentication: bool = False
    """Whether its authentication key is."""
    licence: str = "PLUS"
    """FREE or PLUS."""
    card: Card | None = None
    """None when there is no recorder."""

    @property
    def uptime_s(self) -> float:
        """Seconds since the start; never negative, also when the clock was put back."""
        return max(0.0, (self.now - self.started_at).total_seconds())
