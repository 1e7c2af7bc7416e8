"""How the device speaks with its meter.  Source: REST/MQTT 2.0, 6.3, and the newer firmware's
additions."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from msgspec import Meta, Struct
from msgspec.structs import force_setattr

from ohmstead.settings.form import SECRET, Form

KEY = r"^$(?!\n)|^[0-9A-Fa-f]{32}$(?!\n)"
NO_KEY = "0" * 32
"""What takes a key away.  Source: 6.3, `.encryption_key`."""

HALF_INT32 = 2**31

Key = Annotated[
    str,
    Meta(pattern=KEY, description="32 hexadecimal digits; empty or 32 zeros for none."),
    SECRET,
]


class MeterPort(Form, frozen=True):
    """The meter's port, keys and sizes.  Source: REST/MQTT 2.0, 6.3."""

    TWINS: ClassVar[Mapping[str, str]] = {"scalers_set": "scalars_set"}  # the newer firmware's name

    baudrate: Annotated[int, Meta(ge=300, le=115_200, description="Bits per second.")] = 115_200
    parity: Literal["none", "odd", "even"] = "none"
    stop_bits: Literal["1", "1.5", "2"] = "1"
    buffer_size: Annotated[int, Meta(ge=1, le=128, description="Bytes; kept, without effect.")] = 64
    method: Literal["Passive Push"] = "Passive Push"
    encryption: Annotated[bool, Meta(description="Whether the keys are used.")] = False
    rx_invert: Annotated[bool, Meta(description="Kept: a port of this machine cannot.")] = False
    tx_invert: Annotated[bool, Meta(description="Kept: a port of this machine cannot.")] = False
    auto_baudrate: Annotated[
        bool, Meta(description="Searches the settings of the serial line; else they count.")
    ] = True
    if_type: Literal[
        "auto", "p1", "mbus", "ttl", "mep", "irda", "uart", "p1_adapter", "ttl_push"
    ] = "auto"
    protocol: Literal["auto", "dsmr", "hdlc", "kmp", "mep", "mbus", "mbtr"] = "auto"
    if_mode: Literal["auto", "push", "pull"] = "auto"
    conv_factor: Annotated[
        float,
        Meta(
            ge=0.001,
            le=10_000,
            description="Power, energy, current and demand are multiplied by it.",
        ),
    ] = 1  # Quirk 16: whole from 1 to 10000 here, real from 0.001 to 1000 in newer documents
    time_offset: Annotated[
        int,
        Meta(ge=-HALF_INT32, le=HALF_INT32 - 1, description="Seconds added to the meter's clock."),
    ] = 0
    sync_time_offset_with_ntp: Annotated[
        bool, Meta(description="`time_offset` follows the system's clock.")
    ] = False
    scalars_set: Annotated[
        Literal["default", "lge570", "custom"],
        Meta(description="The scalers of DLMS registers that come without one."),
    ] = "default"
    encryption_key: Key = ""
    authentication_key: Key = ""

    def __post_init__(self) -> None:
        for name in ("encryption_key", "authentication_key"):
            if getattr(self, name) == NO_KEY:
                force_setattr(self, name, "")


class CustomScaler(Struct, frozen=True):
    """The power of ten of one quantity.  Source: REST/MQTT 2.0, 6.5."""

    obis: Annotated[
        str,
        Meta(
            pattern=(
                r"^(?:(?:25[0-4]|2[0-4]\d|1\d\d|[1-9]?\d)\.){2}(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)$(?!\n)"
            ),
            description="C.D.E; 255 as E means every one.",
        ),
    ]
    scaler: Annotated[int, Meta(ge=-6, le=6, description="A power of ten.")]


CustomScalers = Annotated[tuple[CustomScaler, ...], Meta(max_length=256)]
