"""Green Button: structure, order and values of the feed.  Source: NAESB REQ.21 (ESPI), espi.xsd."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ohmstead.errors import BadInput
from ohmstead.surfaces.dst import NO_RULE, local_time
from ohmstead.surfaces.green_button import GreenButtonWriter
from ohmstead.surfaces.table import Column, Kind, Page, Row, Sheet, Subject

ATOM, ESPI = "{http://www.w3.org/2005/Atom}", "{http://naesb.org/espi}"
MADE = datetime(2025, 11, 21, 12, tzinfo=UTC)
COLUMNS = [
    Column("start", Kind.LOCAL),
    Column("kwh", Kind.NUMBER),
    Column("estimated_kwh", Kind.NUMBER),
    Column("start_utc", Kind.UTC),
    Column("end_utc", Kind.UTC),
]
HALL = Subject("m1", "Hall <3> & more", "electricity", ZoneInfo("Europe/Zurich"), 900.0)
FIRST = datetime(2025, 6, 30, 22, tzinfo=UTC)


def rows(*energies: tuple[float | None, float | None], s: int = 900) -> list[Row]:
    step = timedelta(seconds=s)
    return [
        [None, kwh, guessed, FIRST + n * step, FIRST + (n + 1) * step]
        for n, (kwh, guessed) in enumerate(energies)
    ]


def feed(
    *pages: tuple[Subject, Sequence[Row]], bucket: str = "15min", quantity: str = "1.8.0"
) -> ElementTree.Element:
    sheet = Sheet("Energy", COLUMNS, MADE, bucket=bucket, quantity=quantity)
    writer = GreenButtonWriter(sheet)
    said = [writer.feed(Page(subject, given_rows, 1.0)) for subject, given_rows in pages]
    return ElementTree.fromstring(b"".join([*said, *writer.end()]))


def contents(root: ElementTree.Element, name: str) -> list[ElementTree.Element]:
    return [each[0] for each in root.iter(f"{ATOM}content") if each[0].tag == ESPI + name]


def fields(of: ElementTree.Element) -> dict[str, str | None]:
    return {child.tag.removeprefix(ESPI): child.text for child in of}


def test_each_meter_has_its_entries_and_they_are_linked() -> None:
    """ESPI, resource model: UsagePoint, LocalTimeParameters, MeterReading, ReadingType, blocks."""
    gas = Subject("g", "Gas", "gas", ZoneInfo("UTC"), 900.0)
    root = feed((HALL, rows((1.0, 0.0))), (HALL, []), (gas, rows((2.0, 0.0))))
    entries = root.findall(f"{ATOM}entry")
    kinds = [entry.find(f"{ATOM}content")[0].tag.removeprefix(ESPI) for entry in entries]  # type: ignore[index]
    whole = ["UsagePoint", "LocalTimeParameters", "MeterReading", "ReadingType", "IntervalBlock"]
    assert kinds == whole * 2
    assert len({entry.findtext(f"{ATOM}id") for entry in entries}) == len(entries)
    links = [
        {link.get("rel"): link.get("href") for link in entry.findall(f"{ATOM}link")}
        for entry in entries
    ]
    point, _, reading, kind, block = links[:5]
    assert reading["up"] == f"{point['self']}/MeterReading"
    assert kind["self"] == f"{reading['self']}/ReadingType"
    assert block["up"] == f"{reading['self']}/IntervalBlock"
    assert entries[0].findtext(f"{ATOM}title") == "Hall <3> & more"
    for entry in entries:
        order = [child.tag.removeprefix(ATOM) for child in entry if child.tag != f"{ATOM}link"]
        assert order == ["id", "title", "content", "published", "updated"]
    services = [each.findtext(f".//{ESPI}kind") for each in contents(root, "UsagePoint")]
    assert services == ["0", "1"]


@pytest.mark.parametrize(
    "quantity, bucket, expected",
    [
        ("1.8.0", "15min", {"flowDirection": "1", "uom": "72", "intervalLength": "900"}),
        ("2.8.0", "hour", {"flowDirection": "19", "uom": "72", "intervalLength": "3600"}),
        ("16.8.0", "day", {"flowDirection": "4", "powerOfTenMultiplier": "-3"}),
        ("1.8.2", "15min", {"tou": "2", "phase": "224"}),
        ("41.8.0", "15min", {"phase": "64", "flowDirection": "1"}),
        ("22.8.0", "15min", {"phase": "128", "flowDirection": "19"}),
        ("5.8.0", "15min", {"uom": "73", "flowDirection": "15"}),
    ],
)
def test_the_reading_type_says_what_is_counted(
    quantity: str, bucket: str, expected: dict[str, str]
) -> None:
    """espi.xsd, ReadingType: its elements, in the order of the schema."""
    (of,) = contents(
        feed((HALL, rows((1.0, 0.0))), quantity=quantity, bucket=bucket), "ReadingType"
    )
    said = fields(of)
    schema = (
        *("accumulationBehaviour", "commodity", "defaultQuality", "flowDirection"),
        *("intervalLength", "kind", "phase", "powerOfTenMultiplier", "tou", "uom"),
    )
    assert list(said) == [name for name in schema if name in said]
    assert said["accumulationBehaviour"] == "4"
    assert said["kind"] == "12"
    assert expected.items() <= said.items()


def test_values_times_and_qualities() -> None:
    """espi.xsd, IntervalReading: whole numbers, epoch seconds; nothing where nothing is known."""
    root = feed((HALL, rows((0.123456789, 0.0), (None, None), (2.0, 2.0), (3.0, 1.0))))
    (block,) = contents(root, "IntervalBlock")
    interval = block.find(f"{ESPI}interval")
    assert interval is not None
    assert fields(interval) == {"duration": "3600", "start": str(int(FIRST.timestamp()))}
    found = block.findall(f"{ESPI}IntervalReading")
    assert [each.findtext(f"{ESPI}value") for each in found] == [
        "123456789",
        "2000000000",
        "3000000000",
    ]
    assert [each.findtext(f".//{ESPI}quality") for each in found] == [None, "9", "13"]
    starts = [each.findtext(f"{ESPI}timePeriod/{ESPI}start") for each in found]
    assert starts == [str(int(FIRST.timestamp()) + n) for n in (0, 1800, 2700)]


@given(st.lists(st.floats(-1000, 1000).map(lambda kwh: round(kwh, 9)), min_size=1, max_size=10))
def test_no_energy_is_rounded_away(energies: list[float]) -> None:
    """Decision 47: 10⁻⁹ kWh, the last digit that the rollups keep."""
    root = feed((HALL, rows(*((kwh, 0.0) for kwh in energies))))
    values = [int(each.text or "") for each in root.iter(f"{ESPI}value")]
    assert [round(value / 1e9, 9) for value in values] == energies


def test_blocks_are_days_and_what_does_not_fit_is_refused() -> None:
    """Decision 47: a block a local day; Int48 of espi.xsd is the most a value may be."""
    root = feed((HALL, rows(*[(1.0, 0.0)] * 100)))
    sizes = [len(of.findall(f"{ESPI}IntervalReading")) for of in contents(root, "IntervalBlock")]
    assert sizes == [96, 4]
    with pytest.raises(BadInput, match="48 bits"):
        feed((HALL, rows((2e8, 0.0))))
    with pytest.raises(BadInput, match="take a counter like"):
        feed(quantity="value")
    assert feed().tag == f"{ATOM}feed"


@pytest.mark.parametrize(
    "zone, expected",
    [
        ("Europe/Zurich", (3600, 3600, 0x3E0E2000, 0xAE0E3000)),
        ("America/New_York", (-18000, 3600, 0x360E2000, 0xB40E2000)),
        ("Australia/Lord_Howe", (37800, 1800, 0xA40E2000, 0x440E2000)),
        ("Asia/Kathmandu", (20700, 0, NO_RULE, NO_RULE)),
        ("Africa/Casablanca", (3600, 0, NO_RULE, NO_RULE)),
    ],
)
def test_the_rule_of_summer_time(zone: str, expected: tuple[int, int, int, int]) -> None:
    """espi.xsd, DstRuleType: 360E2000 is the second Sunday of March at two, B40E2000 its end."""
    local = local_time(ZoneInfo(zone), datetime(2025, 7, 1, tzinfo=UTC))
    assert (local.standard_s, local.dst_s, local.start_rule, local.end_rule) == expected
    said = feed((Subject("m", "M", "electricity", ZoneInfo(zone), 900.0), rows((1.0, 0.0))))
    (of,) = contents(said, "LocalTimeParameters")
    assert list(fields(of)) == ["dstEndRule", "dstOffset", "dstStartRule", "tzOffset"]
    assert fields(of)["dstStartRule"] == f"{expected[2]:08X}"
