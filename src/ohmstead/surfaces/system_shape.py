"""The shape of `/api/v1/system`: documented fields as they are there, and ours with what they mean.

Source: REST/MQTT 2.0, 2.3, and the newer firmware's additions.
"""

from typing import Annotated, Any, Literal, NotRequired, TypedDict

from msgspec import Meta

Trouble = Annotated[str, Meta(description="Ours: why it is not as it should be, in words.")]


class RebootShape(TypedDict):
    """In the local time zone."""

    date: str
    time: str


class LicenceShape(TypedDict):
    """Imitated where the gateway is told to."""

    type: str
    activation_date: str


class PlugShape(TypedDict):
    """Volts."""

    v_usb: float
    v_mbus: float
    v_p1: float
    v_scap: float


class DeviceShape(TypedDict):
    """The gateway itself."""

    name: str
    id: Annotated[str, Meta(description="Twelve upper-case hexadecimal digits.")]
    model: str
    firmware: str
    build: str
    upgrade_capable: bool
    date: str
    time: str
    time_since_boot: Annotated[int, Meta(description="Seconds.")]
    last_reboot: RebootShape
    license: LicenceShape
    plug: PlugShape


class OnOffShape(TypedDict):
    """A cloud."""

    enabled: bool
    connected: bool


class WhatwattShape(TypedDict):
    """The uplink, in the place of the vendor's cloud."""

    enabled: bool
    connected: bool
    registered: Annotated[bool, Meta(description="Whether a cloud has given it an account.")]


class MystromShape(TypedDict):
    """Not spoken to."""

    enabled: bool
    status: str


class MqttShape(TypedDict):
    """The MQTT broker of one's own."""

    enabled: bool
    connected: bool
    trouble: NotRequired[Trouble]


class CloudsShape(TypedDict):
    """Where readings go."""

    whatwatt: WhatwattShape
    mystrom: MystromShape
    solar_manager: OnOffShape
    mqtc: MqttShape
    stromkonto: OnOffShape


class StateShape(TypedDict):
    """IDLE: scripts are not run."""

    state: str


class BerryShape(TypedDict):
    """Scripts."""

    execution_status: StateShape


class ModbusShape(TypedDict):
    """Ours: the Modbus TCP server."""

    enabled: bool
    listening: bool
    trouble: NotRequired[Trouble]


class ServicesShape(TypedDict):
    """What runs besides."""

    berry: BerryShape
    modbus: ModbusShape


class DoubtShape(TypedDict):
    """A value that cannot be right."""

    obis: str
    value: float
    expected: str


class MeterShape(TypedDict):
    """The meter."""

    status: str
    interface: str
    id: str
    manufacturer: str
    type: str
    model: str
    protocol: str
    protocol_version: str
    enc_en: bool
    auth_en: bool
    report_interval: Annotated[float, Meta(description="Seconds between two telegrams.")]
    tariff: int
    date: str
    time: str
    refused: Annotated[int, Meta(description="Ours: telegrams that could not be read.")]
    derived: Annotated[list[str], Meta(description="Ours: values that were worked out.")]
    implausible: Annotated[list[DoubtShape], Meta(description="Ours: what cannot be right.")]


class WifiShape(TypedDict):
    """The machine's Wi-Fi; every field empty where there is none, or nobody knows."""

    ssid: str
    bssid: str
    channel: int
    ht: str
    rssi: Annotated[int, Meta(description="dBm.")]
    signal: Annotated[int, Meta(description="Percent.")]
    auth_mode: str
    pairwise_cipher: str
    group_cipher: str
    phy: str
    wps: bool
    country: str
    mac: str
    ip: str
    mask: str
    gateway: str
    dns: str
    status: Annotated[str, Meta(description="OK, Error, Disabled or Disconnected.")]
    mode: str
    trouble: NotRequired[Trouble]


class EthernetShape(TypedDict):
    """The machine's Ethernet port."""

    mac: str
    status: Literal["Up", "Down"]
    ip: str
    mask: str
    gateway: str
    dns: str
    trouble: NotRequired[Trouble]


class SdCardShape(TypedDict):
    """The folder that is the SD card; megabytes."""

    installed: bool
    type: str
    size: int
    speed: int
    free: NotRequired[Annotated[int, Meta(description="Ours: megabytes.")]]
    state: NotRequired[Annotated[str, Meta(description="Ours: how recording stands.")]]
    trouble: NotRequired[Trouble]


class System(TypedDict):
    """The device, its meter, its network and what it does."""

    device: DeviceShape
    clouds: CloudsShape
    services: ServicesShape
    meter: MeterShape
    wifi: WifiShape
    ethernet: NotRequired[EthernetShape]
    sd_card: NotRequired[SdCardShape]
    uplink: NotRequired[
        Annotated[dict[str, Any], Meta(description="Ours: the cloud, and the queue on disk.")]
    ]
    update: NotRequired[Annotated[dict[str, Any], Meta(description="Ours: how updates stand.")]]
