"""What the device says about itself.  Source: REST/MQTT 2.0, 2.3."""

from dataclasses import asdict

from ohmstead.reading.reading import Identity, Reading
from ohmstead.surfaces.device import Device
from ohmstead.surfaces.spelling import date, number, time_of_day

Json = dict[str, object]

NO_PLUG: Json = {"v_usb": 0, "v_mbus": 0, "v_p1": 0, "v_scap": 0}
"""A gateway in software has no plug; the sample prints 0 for a supply that is not used."""

NO_WIFI: Json = {
    "ssid": "",
    "bssid": "",
    "channel": 0,
    "ht": "",
    "rssi": 0,
    "signal": 0,
    "auth_mode": "",
    "pairwise_cipher": "",
    "group_cipher": "",
    "phy": "",
    "wps": False,
    "country": "",
    "mac": "",
    "ip": "",
    "mask": "",
    "gateway": "",
    "dns": "",
    "status": "Disabled",
    "mode": "STA",
}
"""Every field of the document, empty: the machine's network is not ours to speak for."""

NO_CARD: Json = {"installed": False, "type": "", "size": 0, "speed": 0}


def _device(device: Device) -> Json:
    return {
        "name": device.name,
        "id": device.id,
        "model": device.model,
        "firmware": device.firmware,
        "build": device.build,
        "upgrade_capable": device.update is not None,
        "date": date(device.now, device.zone),
        "time": time_of_day(device.now, device.zone),
        "time_since_boot": int(device.uptime_s),  # Quirk 1: the table calls it time_since_reboot
        "last_reboot": {
            "date": date(device.started_at, device.zone),
            "time": time_of_day(device.started_at, device.zone),
        },
        "license": {"type": device.licence, "activation_date": ""},
        "plug": NO_PLUG,  # Quirk 2: the sample shows it beside `device`, the table inside
    }


def _clouds(device: Device) -> Json:
    connected = device.uplink is not None and device.uplink.state == "CONNECTED"
    off: Json = {"enabled": False, "connected": False}
    own = device.own_broker
    mqtc: Json = {"enabled": own.enabled, "connected": own.connected}
    return {
        "whatwatt": {"enabled": device.uplink is not None, "connected": connected},
        "mystrom": {"enabled": False, "status": "DISABLED"},
        "solar_manager": off,
        "mqtc": mqtc | ({"trouble": own.trouble} if own.trouble else {}),
        "stromkonto": off,
    }


def _meter(reading: Reading | None, device: Device) -> Json:
    """Text and numbers throughout, so what is not known is empty or zero (sample, 2.3)."""
    identity = reading.identity if reading else Identity()
    at = (reading.meter_at or reading.at) if reading else None
    return {
        "status": device.meter_status,
        "interface": identity.interface or "NONE",
        "id": identity.id or "",
        "manufacturer": identity.vendor or "",
        "type": identity.logical_name or "",
        "model": identity.model or "",
        "protocol": identity.protocol or "",
        "protocol_version": identity.protocol_version or "",
        "enc_en": device.encryption,
        "auth_en": device.authentication,
        "report_interval": number((reading.interval_s if reading else None) or 0),
        "tariff": (reading.tariff if reading else None) or 0,
        "date": date(at, device.zone) if at else "",
        "time": time_of_day(at, device.zone) if at else "",
        "refused": device.refused,
        "derived": sorted(reading.derived) if reading else [],
        "implausible": [asdict(doubt) for doubt in device.doubts],
    }


def _card(device: Device) -> Json:
    """The documented four, and ours: `free`, `state` and `trouble` of recording."""
    card = device.card
    if card is None:
        return NO_CARD
    return {
        "installed": card.installed,
        "type": "folder" if card.installed else "",
        "size": card.size_mb,
        "speed": 0,
        "free": card.free_mb,
        "state": card.state,
        "trouble": card.trouble,
    }


def document(reading: Reading | None, device: Device) -> Json:
    """The object of `/api/v1/system`; ours are `meter.refused`, `.derived`, `.implausible`,
    `clouds.mqtc.trouble` and `uplink`, the rest is documented.

    `derived` lists the values that the gateway worked out, `implausible` those that cannot be
    right.

    `uplink` (only where a cloud is set up) tells the state of the connection and of the queue on
    disk: waiting, sent, dropped because the queue was full, damaged on disk.
    """
    answer: Json = {
        "device": _device(device),
        "clouds": _clouds(device),
        "services": {"berry": {"execution_status": {"state": "IDLE"}}},
        "meter": _meter(reading, device),
        "wifi": NO_WIFI,
        "sd_card": _card(device),
    }
    if device.uplink:
        answer["uplink"] = asdict(device.uplink)
    if device.update:
        answer["update"] = asdict(device.update)
    return answer
