"""A NES meter that does not exist answers as one that does."""

from ohmstead.simulate import mep as meter
from ohmstead.wire.mep_requests import key_of, read_part, read_table
from ohmstead.wire.mep_tables import BT23, BT28

KEY = key_of("an invented key!")
TABLES = {BT23: meter.energy_table({"1.8": 1000}), BT28: meter.power_table({"1.7.0": 5})}


def test_a_meter_wants_its_sequence_number_first() -> None:
    """OSGP, response code 0C with the number it wants; after a good request the next one."""
    first = meter.answer(read_table(BT23, 0, KEY), TABLES, 41, KEY)
    assert first.data[:7].hex() == "000d0c00000029"
    assert first.sequence == 41
    then = meter.answer(read_table(BT23, 41, KEY), TABLES, 41, KEY)
    assert then.data == meter.table(TABLES[BT23], KEY)
    assert then.sequence == 42


def test_a_meter_wants_its_key() -> None:
    """OSGP, response code 0B; a meter without a key takes any digest."""
    assert meter.answer(read_table(BT28, 1), TABLES, 1, KEY).data[2] == 0x0B
    assert meter.answer(read_table(BT28, 1, KEY), TABLES, 1).data == meter.table(TABLES[BT28])


def test_a_meter_gives_a_part_of_a_table() -> None:
    """OSGP, partial read."""
    said = meter.answer(read_part(BT28, 0, 4, 1), TABLES, 1)
    assert said.data == meter.table(b"\x05\x00\x00\x00")


def test_a_meter_refuses_what_it_does_not_know() -> None:
    """OSGP, response codes 01 and 05."""
    assert meter.answer(b"hello", TABLES, 1).data[2] == 0x01
    assert meter.answer(read_table(99, 1), TABLES, 1).data[2] == 0x05
