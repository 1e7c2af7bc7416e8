"""What the device says about itself.  Source: REST/MQTT 2.0, 2.3.

The shape of the document stands in `surfaces.system_shape`, for the OpenAPI too.
"""

from dataclasses import asdict

from ohmstead.reading.reading import Identity, Reading
from ohmstead.surfaces.device import Device, Ethernet, Wifi
from ohmstead.surfaces.spelling import date, number, time_of_day
from ohmstead.surfaces.system_shape import (
    CloudsShape,
    DeviceShape,
    EthernetShape,
    MeterShape,
    MqttShape,
    OnOffShape,
    PlugShape,
    SdCardShape,
    ServicesShape,
    System,
    WifiShape,
)

NO_PLUG: PlugShape = {"v_usb": 0, "v_mbus": 0, "v_p1": 0, "v_scap": 0}
"""A gateway in software has no plug; the sample prints 0 for a supply that is not used."""

NO_CARD: SdCardShape = {"installed": False, "type": "", "size": 0, "speed": 0}


def _device(device: Device) -> DeviceShape:
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


def _clouds(device: Device) -> CloudsShape:
    up = device.uplink
    off: OnOffShape = {"enabled": False, "connected": False}
    own = device.own_broker
    mqtc: MqttShape = {"enabled": own.enabled, "connected": own.connected}
    if own.trouble:
        mqtc["trouble"] = own.trouble
    return {
        "whatwatt": {
            "enabled": up is not None,
            "connected": up is not None and up.state == "CONNECTED",
            "registered": up is not None,
        },
        "mystrom": {"enabled": False, "status": "DISABLED"},
        "solar_manager": off,
        "mqtc": mqtc,
        "stromkonto": off,
    }


def _services(device: Device) -> ServicesShape:
    modbus = device.modbus
    answer: ServicesShape = {
        "berry": {"execution_status": {"state": "IDLE"}},
        "modbus": {"enabled": modbus.enabled, "listening": modbus.listening},
    }
    if modbus.trouble:
        answer["modbus"]["trouble"] = modbus.trouble
    return answer


def _meter(reading: Reading | None, device: Device) -> MeterShape:
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
        "implausible": [
            {"obis": doubt.obis, "value": doubt.value, "expected": doubt.expected}
            for doubt in device.doubts
        ],
    }


def _wifi(wifi: Wifi) -> WifiShape:
    answer: WifiShape = {
        "ssid": wifi.ssid,
        "bssid": wifi.bssid,
        "channel": wifi.channel,
        "ht": wifi.ht,
        "rssi": wifi.rssi,
        "signal": wifi.signal,
        "auth_mode": wifi.auth_mode,
        "pairwise_cipher": wifi.pairwise_cipher,
        "group_cipher": wifi.group_cipher,
        "phy": wifi.phy,
        "wps": wifi.wps,
        "country": wifi.country,
        "mac": wifi.mac,
        "ip": wifi.ip,
        "mask": wifi.mask,
        "gateway": wifi.gateway,
        "dns": wifi.dns,
        "status": wifi.status,
        "mode": wifi.mode,
    }
    if wifi.trouble:
        answer["trouble"] = wifi.trouble
    return answer


def _ethernet(ethernet: Ethernet) -> EthernetShape:
    answer: EthernetShape = {
        "mac": ethernet.mac,
        "status": "Up" if ethernet.up else "Down",
        "ip": ethernet.ip,
        "mask": ethernet.mask,
        "gateway": ethernet.gateway,
        "dns": ethernet.dns,
    }
    if ethernet.trouble:
        answer["trouble"] = ethernet.trouble
    return answer


def _card(device: Device) -> SdCardShape:
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


def document(reading: Reading | None, device: Device) -> System:
    """The object of `/api/v1/system`; `surfaces.system_shape` says which fields are ours.

    `derived` lists the values that the gateway worked out, `implausible` those that cannot be
    right.  Of a network that nobody knows, every field is there, and empty.

    `uplink` (only where a cloud is set up) tells the state of the connection and of the queue on
    disk: waiting, sent, dropped because the queue was full, damaged on disk.
    """
    answer: System = {
        "device": _device(device),
        "clouds": _clouds(device),
        "services": _services(device),
        "meter": _meter(reading, device),
        "wifi": _wifi(device.wifi or Wifi()),
    }
    if device.ethernet:
        answer["ethernet"] = _ethernet(device.ethernet)
    answer["sd_card"] = _card(device)
    if device.uplink:
        answer["uplink"] = asdict(device.uplink)
    if device.update:
        answer["update"] = asdict(device.update)
    return answer
