"""The Modbus registers.  Source: the device's documentation, "Modbus", as captured."""

import json
import math
import struct
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.surfaces.test_report import AT, a_device

from ohmstead.errors import BadInput
from ohmstead.reading import catalogue
from ohmstead.reading.reading import Identity, Reading
from ohmstead.surfaces import registers
from ohmstead.surfaces.register_maps import DEFAULT, SMART_GRID_READY
from ohmstead.surfaces.registers import Block, Image, Register

READING = Reading(
    "m",
    AT,
    {
        "1.7.0": 0.024,
        "21.7.0": 0.024,
        "41.7.0": 0.0,
        "16.7.0": -0.314,
        "31.7.0": 0.29,
        "s31.7.0": -0.29,
        "51.7.0": 1.5,
        "32.7.0": 233.96,
        "1.8.0": 94.255,
        "1.8.1": 61.344,
    },
    identity=Identity(id="LGZ1030784855204", model="E450"),
    tariff=2,
)


def words(payload: bytes) -> list[int]:
    return [word for (word,) in struct.iter_unpack(">H", payload)]


def read(blocks: tuple[Block, ...], address: int, count: int, **also: Any) -> bytes | None:
    return Image(blocks).read(address, count, also.pop("reading", READING), a_device(**also))


def one(id: str, type: Any = "double", scaler: int = 0, **also: Any) -> bytes:
    """The bytes of a single register at address 0."""
    register = Register(id, type, scaler)
    order = also.pop("word_order", None)
    found = read((Block(0, (register,), order),), 0, register.size, **also)
    assert found is not None
    return found


def modbus_capture(corpus: Path, name: str) -> bytes:
    return (corpus / "interop" / "captures" / f"whatwatt-docs-modbus-{name}.json").read_bytes()


# --- the map, as JSON ------------------------------------------------------------------------


def test_modbus_default_configuration_as_published(corpus: Path) -> None:
    """Modbus, "Detailed reading returns": the default map with its addresses, member by member."""
    captured = modbus_capture(corpus, "4-default-map")
    found = registers.detailed(DEFAULT)
    assert json.dumps(found) == json.dumps(json.loads(captured))


def test_modbus_default_configuration_in_json(corpus: Path) -> None:
    """Modbus, "default configuration in JSON": posting it is posting what counts anyway."""
    posted = registers.parse(modbus_capture(corpus, "3"))
    blank = replace_orders(DEFAULT)
    assert [
        (b.start_address, [msgspec.structs.replace(r) for r in b.registers]) for b in posted
    ] == [(b.start_address, list(b.registers)) for b in blank]
    assert registers.compact(posted) == registers.compact(DEFAULT)
    assert registers.compact(DEFAULT) == json.loads(modbus_capture(corpus, "3"))


def replace_orders(blocks: tuple[Block, ...]) -> tuple[Block, ...]:
    return tuple(msgspec.structs.replace(block, word_order=None) for block in blocks)


def test_modbus_example_custom_configuration(corpus: Path) -> None:
    """Modbus, "Example Custom Configuration" and what the device answers to it: types and scalers
    in effect for numbers and moments, none for the device's id and firmware."""
    posted = registers.parse(modbus_capture(corpus, "1"))
    assert registers.compact(posted) == json.loads(modbus_capture(corpus, "2"))
    assert registers.parse(json.dumps(registers.compact(posted)).encode()) == posted


def test_addresses_in_hexadecimal() -> None:
    """Modbus, `?address_format=hex`: addresses as text, sizes as numbers."""
    (block, *_) = registers.detailed((Block(501, (Register("1.7.0"),)),), registers.hexadecimal)
    assert block == {
        "start_address": "0x01F5",
        "word_order": "msw",
        "end_address": "0x01F9",
        "size": 4,
        "registers": [
            {"id": "1.7.0", "type": "double", "scaler": 0, "address": "0x01F5", "size": 4}
        ],
    }


@pytest.mark.parametrize(
    "posted, named",
    [
        ("{", "list of register blocks"),
        ("{}", "array"),
        ('[{"registers": []}]', "start_address"),
        ('[{"start_address": 0}]', "registers"),
        ('[{"start_address": 9999, "registers": []}]', "start_address"),
        ('[{"start_address": -1, "registers": []}]', "start_address"),
        ('[{"start_address": 0, "word_order": "big", "registers": []}]', "word_order"),
        ('[{"start_address": 0, "registers": [{"id": "1.7.0", "type": "bool"}]}]', "type"),
        ('[{"start_address": 0, "registers": [{"id": "1.7.0", "scaler": 7}]}]', "scaler"),
        ('[{"start_address": 0, "registers": [{"id": "9.9.9"}]}]', "[0].registers[0].id"),
        ('[{"start_address": 0, "registers": [{"type": "int"}]}]', "id"),
        ('[{"start_address": 9996, "registers": [{"id": "1.7.0"}]}]', "[0]"),
        (
            '[{"start_address": 4, "registers": [{"id": "0"}]},'
            ' {"start_address": 1, "registers": [{"id": "0"}]}]',
            "overlaps",
        ),
        ("[" * 2000, "block"),
    ],
)
def test_a_wrong_map_is_refused_by_name(posted: str, named: str) -> None:
    """Modbus, JSON configuration format: required members, ranges, enumerations."""
    with pytest.raises(BadInput) as refused:
        registers.parse(posted.encode())
    assert named in str(refused.value)


def test_a_map_may_be_empty_and_may_end_at_the_last_address() -> None:
    """Modbus: the array and `registers[]` have "0.." members; addresses reach 9998."""
    assert registers.parse(b"[]") == ()
    assert registers.parse(b'[{"start_address":0,"registers":[]}]')[0].size == 0
    (last,) = registers.parse(b'[{"start_address":9995,"registers":[{"id":"1.8.0"}]}]')
    assert last.end_address == 9999


def test_every_identifier_of_the_list_is_known() -> None:
    """Modbus, "Possible Register Identifiers": quantities, nets, currents, the rest."""
    documented = {q.obis for q in catalogue.ELECTRICAL} | {"0", "1", "96.14.0", "conv_factor"}
    documented |= {"report.timestamp", "sys.timestamp"}
    documented |= {f"current.l{n}" for n in (1, 2, 3)}
    for net in ("power.active", "power.reactive"):
        documented |= {net, *(f"{net}.l{n}" for n in (1, 2, 3))}
    assert set(registers.NUMBERS) == documented
    assert set(registers.TEXTS) == {"96.1.0", "96.1.1", "42.0.0", "sys.id", "sys.firmware"}
    assert set(registers.MOMENTS) == {"report.date_time", "sys.date_time"}


# --- values ----------------------------------------------------------------------------------


def test_modbus_reading_instantaneous_values(corpus: Path) -> None:
    """Modbus, "Reading Instantaneous Values": W and A and V as floats, here low word first."""
    blocks = registers.parse(modbus_capture(corpus, "1"))
    found = read(blocks, 0, 20)
    assert found
    swapped = b"".join(found[at + 2 : at + 4] + found[at : at + 2] for at in range(0, 40, 4))
    values = struct.unpack(">10f", swapped)
    assert values[:5] == pytest.approx((24, 24, 0, math.nan, 0.29), nan_ok=True)
    assert values[7] == pytest.approx(233.96)


def test_modbus_reading_energy_counters(corpus: Path) -> None:
    """Modbus, "Reading Energy Counters": kWh with scaler 3 as whole Wh; absent: 0."""
    blocks = registers.parse(modbus_capture(corpus, "1"))
    found = read(blocks, 1000, 6)
    assert found
    assert struct.unpack(">3i", found) == (94255, 61344, 0)


def test_modbus_reading_system_information(corpus: Path) -> None:
    """Modbus, "Reading System Information": id, firmware 1.2.18 and the local time, as printed."""
    blocks = registers.parse(modbus_capture(corpus, "1"))
    now = datetime(2025, 3, 17, 16, 34, 20, tzinfo=UTC)
    found = read(blocks, 2000, 10, now=now, firmware="1.2.18")
    assert found
    assert words(found) == [
        *(0xA842, 0xE39F, 0x8124, 0x0102, 0x1200, 0x0000),
        *(0x07E9, 0x0311, 0x1122, 0x1400),
    ]


def test_modbus_date_and_time_type() -> None:
    """Modbus, "Date and Time Type", example: 2025-03-17 17:05:58, no daylight saving."""
    at = datetime(2025, 3, 17, 16, 5, 58, tzinfo=UTC)
    found = one("report.date_time", reading=replace(READING, meter_at=at))
    assert words(found) == [0x07E9, 0x0311, 0x1105, 0x3A00]
    summer = one("sys.date_time", now=datetime(2025, 7, 1, 10, 0, 5, tzinfo=UTC))
    assert words(summer) == [0x07E9, 0x0701, 0x0C00, 0x0501]


def test_modbus_reading_the_report_generation_time() -> None:
    """Modbus, "Reading the Report Generation Time": Unix seconds as `int`, 1742228790 there."""
    at = datetime.fromtimestamp(1742228790.7, UTC)
    found = one("report.timestamp", "int", reading=replace(READING, meter_at=at))
    assert int.from_bytes(found, "big") == 1742228790
    now = datetime.fromtimestamp(1742228791.2, UTC)
    assert int.from_bytes(one("sys.timestamp", "int", now=now), "big") == 1742228791


def test_modbus_word_order() -> None:
    """Modbus, "Word Order for 32-bit Values": the order of words changes, that of bytes never."""
    value = replace(READING, values={"1.8.0": float(0x12345678)})
    assert one("1.8.0", "int", reading=value).hex() == "12345678"
    assert one("1.8.0", "int", reading=value, word_order="lsw").hex() == "56781234"
    plain = one("1.8.0", "double", reading=value)
    turned = one("1.8.0", "double", reading=value, word_order="lsw")
    assert words(turned) == words(plain)[::-1]
    assert one("1.8.0", "short", scaler=-6, reading=value, word_order="lsw").hex() == "0131"
    text = one("96.1.0", reading=READING, word_order="lsw")
    assert text == one("96.1.0", reading=READING)


@pytest.mark.parametrize(
    "kind, size", [("short", 1), ("int", 2), ("long", 4), ("float", 2), ("double", 4)]
)
def test_modbus_numeric_types_and_their_lengths(kind: Any, size: int) -> None:
    """Modbus, "Numeric Types and Their Lengths"; the paddings 0 and 1; a size for each text."""
    assert Register("1.8.0", kind).size == size
    assert not any(one("0", kind))
    form = {"short": ">h", "int": ">i", "long": ">q", "float": ">f", "double": ">d"}[kind]
    assert struct.unpack(form, one("1", kind)) == (1,)
    assert Register("96.1.0", kind).size == 12
    assert Register("sys.id", kind).size == Register("sys.firmware", kind).size == 3
    assert Register("sys.date_time", kind).size == 4


def test_signed_nets_and_currents() -> None:
    """Modbus, identifiers: `power.*` and `current.*` are signed; a current without a known
    direction is as the meter gives it."""
    assert struct.unpack(">i", one("power.active", "int", 3)) == (-314,)
    assert struct.unpack(">d", one("current.l1")) == (-0.29,)
    assert struct.unpack(">d", one("31.7.0")) == (0.29,)
    assert struct.unpack(">d", one("current.l2")) == (1.5,)


def test_numbers_that_are_no_measurements() -> None:
    """Modbus, identifiers: tariff and conversion factor."""
    assert struct.unpack(">i", one("96.14.0", "int")) == (2,)
    assert struct.unpack(">d", one("conv_factor", conv_factor=0.5)) == (0.5,)


def test_texts_fill_24_bytes() -> None:
    """Modbus, identifiers: 96.1.0, 96.1.1 and 42.0.0, size 24 B; byte 0 comes first."""
    assert one("96.1.0") == b"LGZ1030784855204".ljust(24, b"\0")
    assert one("42.0.0") == bytes(24)
    long = replace(READING, identity=Identity(model="M" * 40))
    assert one("96.1.1", reading=long) == b"M" * 24


@pytest.mark.parametrize("kind", ["float", "double"])
def test_what_is_not_known_is_not_a_number(kind: Any) -> None:
    """Style 5: absent is never 0 where the type can say so; before the first reading too."""
    form = ">f" if kind == "float" else ">d"
    for reading in (READING, None):
        (found,) = struct.unpack(form, one("4.8.2", kind, 3, reading=reading))
        assert math.isnan(found)


def test_before_the_first_reading_integers_texts_and_moments_are_zero() -> None:
    """REST/MQTT 2.0, 3.2 and 2.3: where a layout is fixed, what is not known is zero or empty."""
    for id in ("1.8.0", "96.14.0", "report.timestamp", "report.date_time", "96.1.0"):
        assert not any(one(id, "int", reading=None))


@pytest.mark.parametrize(
    "kind, value, expected",
    [
        ("short", 40.0, 32767),
        ("short", -40.0, -32768),
        ("short", 0.0006, 1),
        ("int", 3e9, 2**31 - 1),
        ("int", -3e9, -(2**31)),
        ("long", 1e30, 2**63 - 1),
        ("long", 29.424, 29424),
    ],
)
def test_integers_saturate_and_round(kind: Any, value: float, expected: int) -> None:
    """A counter that outgrew its type stays at the end of it, and does not begin anew."""
    found = one("1.8.0", kind, 3, reading=replace(READING, values={"1.8.0": value}))
    assert int.from_bytes(found, "big", signed=True) == expected


@given(
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(-6, 6),
    st.sampled_from(["float", "double"]),
)
def test_a_float_is_as_near_as_its_type_allows(value: float, scaler: int, kind: Any) -> None:
    """Modbus, `scaler`: a power of ten; the largest number where a float has no larger one."""
    reading = replace(READING, values={"1.8.0": value})
    form, largest = (">f", 3.4028234663852886e38) if kind == "float" else (">d", 1.797e308)
    (found,) = struct.unpack(form, one("1.8.0", kind, scaler, reading=reading))
    wanted = max(-largest, min(largest, value * 10.0**scaler))
    assert found == pytest.approx(wanted, rel=1e-6, abs=1e-37) or abs(found) >= largest


# --- reading ---------------------------------------------------------------------------------


def test_only_the_blocks_can_be_read() -> None:
    """Modbus, default configuration: from 1 to 42, from 55 to 70, and so on; nothing between."""
    assert len(read(DEFAULT, 1, 42) or b"") == 84
    assert read(DEFAULT, 0, 2) is None
    assert read(DEFAULT, 1, 43) is None
    assert read(DEFAULT, 43, 1) is None
    assert read(DEFAULT, 9998, 1) is None
    assert len(read(DEFAULT, 833, 125) or b"") == 250
    assert read((), 0, 1) is None


def test_a_read_may_cut_a_value_and_go_on_in_the_next_block() -> None:
    """Modbus: a register is a word; two blocks that touch are one to whoever reads."""
    blocks = (Block(2, (Register("1", "int"),)), Block(0, (Register("1", "int"),)))
    assert words(read(blocks, 1, 2) or b"") == [1, 0]
    assert words(read(blocks, 0, 4) or b"") == [0, 1, 0, 1]


@given(st.integers(0, 9999), st.integers(1, 125))
def test_a_read_gives_all_or_nothing(address: int, count: int) -> None:
    """Every word of a read stands in a block, and is what a read of that word alone gives."""
    image, device = Image(DEFAULT), a_device()
    inside = all(
        any(block.start_address <= at < block.end_address for block in DEFAULT)
        for at in range(address, address + count)
    )
    found = image.read(address, count, READING, device)
    assert (found is not None) == inside
    if found is not None:
        alone = [image.read(address + at, 1, READING, device) for at in range(count)]
        assert found == b"".join(word or b"?" for word in alone)


def test_the_smart_grid_ready_description_finds_its_registers(corpus: Path) -> None:
    """interop `eid`: every address of the device's Modbus descriptions is in a block."""
    image = Image((*DEFAULT, SMART_GRID_READY))
    for name in ("Full", "Min"):
        file = f"SGr_00_mmmm_dddd_WhatWatt_Go_ModbusTCP_VSE{name}_V0.1.xml"
        described = (corpus / "interop" / "eid" / file).read_text()
        addresses = described.split("<address>")[2:]
        assert addresses
        for piece in addresses:
            address = int(piece.split("<")[0])
            count = int(piece.split("<numberOfRegisters>")[1].split("<")[0])
            assert image.read(address, count, READING, a_device()), address
    assert SMART_GRID_READY.end_address == 1045
    assert image.read(1001, 12, READING, a_device()) == b"LGZ1030784855204".ljust(24, b"\0")
