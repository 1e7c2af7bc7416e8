"""The live stream: one flat object with every field, sent as a server-sent event.

Source: REST/MQTT 2.0, 3.2, and the device's later documentation (`rP_P1_In`, `rEii`, `T`, `Vol`).
"""

import msgspec

from ohmstead.reading import catalogue
from ohmstead.reading.reading import Channel, Reading
from ohmstead.surfaces.device import Device
from ohmstead.surfaces.spelling import date, number, time_of_day

# fmt: off
SAMPLE = (
    "P_In", "P_Out", "P_P1_In", "P_P2_In", "P_P3_In", "P_P1_Out", "P_P2_Out",
    "P_P3_Out", "P_P_In", "P_P_In_T1", "P_P_In_T2", "I_P1", "I_P2", "I_P3",
    "V_P1", "V_P2", "V_P3", "rP_In", "rP_Out", "rP_P1_In", "rP_P2_In",
    "rP_P3_In", "rP_P1_Out", "rP_P2_Out", "rP_P3_Out", "PF", "E_In", "E_In_T1",
    "E_In_T2", "E_Out", "E_Out_T1", "E_Out_T2", "rE_In", "rE_Out", "rEii",
    "rEic", "rEei", "rEec",
)
# fmt: on
"""The order in which the document's sample prints the fields, later ones beside their like: small
clients look for the first place where a name stands."""

FIELDS: tuple[tuple[str, str], ...] = tuple(
    sorted(
        ((q.live, q.obis) for q in catalogue.ALL if q.live),
        key=lambda field: SAMPLE.index(field[0]) if field[0] in SAMPLE else len(SAMPLE),
    )
)
"""Field and catalogue key.  Quirk 5: currents are `I_P1`, as the sample says, not `L_P1`."""

SECONDS_PER_HOUR = 3600


def _volume(channel: Channel, device: Device) -> dict[str, str | float]:
    taken = channel.at and channel.at.astimezone(device.zone).strftime("%Y-%m-%dT%H:%M:%S")
    return {
        "Bus": channel.bus,
        "M_ID": channel.meter_id or "",
        "DT": taken or "",
        "Cum": number(channel.value or 0),
    }


def fields(reading: Reading, device: Device) -> dict[str, object]:
    """Every field, always.

    3.2: "all fields are always sent, even if the meter does not send such value, then the field
    value is zero or empty string".
    """
    at = reading.meter_at or reading.at
    return {
        **{name: number(reading.get(obis) or 0) for name, obis in FIELDS},
        "T": reading.tariff or 0,
        "Vol": [_volume(channel, device) for channel in reading.channels],
        "Date": date(at, device.zone),
        "Time": time_of_day(at, device.zone),
        "Uptime": number(round(device.uptime_s / SECONDS_PER_HOUR, 2)),
    }


def event(reading: Reading, device: Device) -> bytes:
    """The event as it stands in the stream: `event: live`, one `data:` line, LF only."""
    return b"event: live\ndata: " + msgspec.json.encode(fields(reading, device)) + b"\n\n"
