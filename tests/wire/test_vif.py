"""The tables of value information, and the codes that may follow; EN 13757-3."""

import pytest

from ohmstead.wire import vif
from ohmstead.wire.vif import Information, informed


@pytest.mark.parametrize(
    "table,code,quantity,unit,power",
    [
        (vif.PRIMARY, 0x03, "energy", "Wh", 0),
        (vif.PRIMARY, 0x07, "energy", "Wh", 4),
        (vif.PRIMARY, 0x0E, "energy", "J", 6),
        (vif.PRIMARY, 0x13, "volume", "m^3", -3),
        (vif.PRIMARY, 0x1B, "mass", "kg", 0),
        (vif.PRIMARY, 0x2B, "power", "W", 0),
        (vif.PRIMARY, 0x33, "power", "J/h", 3),
        (vif.PRIMARY, 0x3B, "volume flow", "m^3/h", -3),
        (vif.PRIMARY, 0x44, "volume flow", "m^3/min", -3),
        (vif.PRIMARY, 0x4B, "volume flow", "m^3/s", -6),
        (vif.PRIMARY, 0x53, "mass flow", "kg/h", 0),
        (vif.PRIMARY, 0x5A, "flow temperature", "°C", -1),
        (vif.PRIMARY, 0x5F, "return temperature", "°C", 0),
        (vif.PRIMARY, 0x61, "temperature difference", "K", -2),
        (vif.PRIMARY, 0x6B, "pressure", "bar", 0),
        (vif.PRIMARY, 0x6F, "reserved", None, 0),
        (vif.FB, 0x01, "energy", "Wh", 6),
        (vif.FB, 0x02, "reactive energy", "varh", 3),
        (vif.FB, 0x09, "energy", "J", 9),
        (vif.FB, 0x11, "volume", "m^3", 3),
        (vif.FB, 0x17, "reactive power", "var", 3),
        (vif.FB, 0x1A, "relative humidity", "%", -1),
        (vif.FB, 0x2F, "frequency", "Hz", 0),
        (vif.FB, 0x31, "power", "J/h", 9),
        (vif.FB, 0x7F, "cumulated maximum power", "W", 4),
        (vif.FD, 0x03, "credit", "Currency units", 0),
        (vif.FD, 0x0E, "firmware version", None, 0),
        (vif.FD, 0x48, "voltage", "V", -1),
        (vif.FD, 0x5C, "current", "A", 0),
        (vif.FD, 0x3A, "dimensionless", None, 0),
    ],
)
def test_each_code_has_its_quantity_unit_and_power(
    table: tuple[vif.Meaning, ...], code: int, quantity: str, unit: str | None, power: int
) -> None:
    """EN 13757-3, tables 10 (primary), 12 (0xFD) and 14 (0xFB)."""
    assert table[code][:3] == (quantity, unit, power)


@pytest.mark.parametrize("table", [vif.PRIMARY, vif.FB, vif.FD])
def test_a_table_has_all_codes(table: tuple[vif.Meaning, ...]) -> None:
    """EN 13757-3: seven bits of a code, reserved ones too."""
    assert len(table) == 128


@pytest.mark.parametrize(
    "table,code,factor",
    [
        (vif.PRIMARY, 0x21, 60),
        (vif.PRIMARY, 0x26, 3600),
        (vif.PRIMARY, 0x73, 86_400),
        (vif.FD, 0x24, 1),
        (vif.FD, 0x31, 60),
        (vif.FD, 0x6C, 3600),
        (vif.FD, 0x29, 31_556_926),
    ],
)
def test_durations_come_in_seconds(
    table: tuple[vif.Meaning, ...], code: int, factor: float
) -> None:
    """EN 13757-3: nn counts from seconds to days, pp from hours to years."""
    assert (table[code].unit, table[code].factor) == ("s", factor)


WATT = vif.PRIMARY[0x2B]


@pytest.mark.parametrize(
    "codes,changed",
    [
        ("00", {}),
        ("74", {"power": -2}),
        ("7d", {"power": 3}),
        ("7a", {"offset": 0.1}),
        ("3b", {"direction": 1}),
        ("bc00", {"direction": -1}),
        ("fc01", {"phase": 1}),
        ("fc07", {"phase": 7}),
        ("ff02", {"phase": 2}),
        ("ff8300", {"phase": 3}),
        ("ff00", {}),
        ("ff52", {"further": (0x52,)}),
        ("7f", {"further": (0x7F,)}),
        ("fc0c", {"further": (0x7C,)}),
        ("22", {"unit": "W/h", "further": (0x22,)}),
        ("2d", {"unit": "W/m^3", "further": (0x2D,)}),
        ("48", {"further": (0x48,)}),
        ("49", {"unit": None, "further": (0x49,)}),
        ("4a", {"unit": "-", "is_time": True, "further": (0x4A,)}),
        ("5d", {"unit": "s", "factor": 60, "further": (0x5D,)}),
        ("3a", {"uncorrected": True}),
        ("3e", {}),
    ],
)
def test_further_codes_change_what_is_said(codes: str, changed: dict[str, object]) -> None:
    """EN 13757-3, tables 15 and 16 (orthogonal codes), and the phases behind 0xFF of ABB and
    EMU."""
    plain: dict[str, object] = {"meaning": WATT, "unit": "W", "power": 0}
    assert informed(WATT, bytes.fromhex(codes)) == Information(**(plain | changed))  # type: ignore[arg-type]
