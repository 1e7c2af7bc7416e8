"""The device's own settings and its services.  Source: REST/MQTT 2.0, 6.2, and the newer firmware's
additions."""

from typing import Annotated

from msgspec import Meta

from ohmstead.settings.form import SECRET, Form

HOST_NAME = r"^$(?!\n)|^[A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9])?$(?!\n)"
"""Letters, digits, `-` and (as the factory setting has one) `_`; empty for the factory setting."""


def host_name(device_id: str) -> str:
    """The factory setting of a device's host name.  Source: 6.2, `.system.host_name`.

    >>> host_name("A842E39F8124")
    'whatwatt_9F8124'
    """
    return f"whatwatt_{device_id[-6:]}"


class System(Form, frozen=True):
    """Who the device is, and who may ask it."""

    name: Annotated[str, Meta(max_length=31, description="A name given by its user.")] = ""
    host_name: Annotated[
        str,
        Meta(
            max_length=31,
            pattern=HOST_NAME,
            description="Its name on the network; empty for `whatwatt_` and the end of its id.",
        ),
    ] = ""
    protection: Annotated[
        bool, Meta(description="Whether the API and the pages ask for the password.")
    ] = False
    power_save: Annotated[bool, Meta(description="Saves power; refused while Ethernet is up.")] = (
        False
    )
    p1_wifi_boost: Annotated[
        bool, Meta(description="Wi-Fi does not save power while a P1 port feeds the device.")
    ] = True
    use_dhcp_ntp_server: Annotated[
        bool, Meta(description="Takes the time server that DHCP names.")
    ] = True
    custom_ntp_server: Annotated[
        str, Meta(max_length=127, description="A time server of one's own.")
    ] = "time.cloudflare.com"
    use_custom_ntp_server: Annotated[bool, Meta(description="Whether that time server counts.")] = (
        False
    )
    password: Annotated[str, Meta(max_length=31, description="For `protection`."), SECRET] = ""


class Cloud(Form, frozen=True):
    """The clouds the device knows; they are switches only: Ohmstead speaks to its own cloud."""

    what_watt: bool = True
    solar_manager: bool = False
    mystrom: bool = False  # Quirk 15: the table says true, every sample false
    stromkonto: bool = False


class Local(Form, frozen=True):
    """Local integrations."""

    solar_manager: bool = False  # Quirk 15: the table says true, every sample false


class SdCard(Form, frozen=True):
    """The recorder.  Source: 6.2, `.services.sd`, and 6.13."""

    enable: Annotated[bool, Meta(description="Whether reports are written to the card.")] = False
    frequency: Annotated[int, Meta(ge=1, le=1440, description="Seconds between two rows.")] = (
        15  # Quirk 20: the newer documents say minutes
    )
    recorder_mode: Annotated[bool, Meta(description="Records by itself, without a network.")] = (
        False
    )


class Modbus(Form, frozen=True):
    """The Modbus TCP server."""

    enable: bool = False
    port: Annotated[int, Meta(ge=1, le=65_535)] = 502


class Berry(Form, frozen=True):
    """The script of the newer firmware, which is kept and not run."""

    auto_run: Annotated[bool, Meta(description="Kept, without effect: scripts are not run.")] = (
        False
    )
    run_delay: Annotated[int, Meta(ge=60, le=86_400, description="Seconds.")] = 300


class Services(Form, frozen=True):
    """What the device does besides reading its meter."""

    cloud: Cloud = Cloud()
    local: Local = Local()
    broadcast: Annotated[
        bool, Meta(description="Whether it announces itself by multicast DNS.")
    ] = True
    other_energy_provider: bool = False
    report_interval: Annotated[
        int,
        Meta(
            ge=1,
            le=3600,
            description="Seconds between two reports to the MQTT broker of one's own, at least.",
        ),
    ] = 30  # Quirk 21: `report_interval` of /system is another thing, the meter's
    low_power_report: bool = False
    log: bool = False
    meter_proxy: bool = False
    sd: SdCard = SdCard()
    modbus: Modbus = Modbus()
    berry: Berry = Berry()


class Settings(Form, frozen=True):
    """Services and basic settings.  Source: REST/MQTT 2.0, 6.2."""

    system: System = System()
    services: Services = Services()
