"""Green Button files, read.  Source: NAESB REQ.21 (ESPI) 3.3, espi.xsd."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ohmstead.errors import BadInput
from ohmstead.surfaces import green_button_read
from ohmstead.surfaces.green_button_feed import Feed, look
from ohmstead.surfaces.imports import Imported, Item, Unread

START = 1_700_000_000


def entry(place: str, inside: str, title: str = "", related: str = "") -> str:
    links = f'<link rel="self" href="{place}"/><link rel="up" href="{place.rpartition("/")[0]}"/>'
    more = f'<link rel="related" href="{related}"/>' if related else ""
    return f"<entry>{links}{more}<title>{title}</title><content>{inside}</content></entry>"


def kind(number: int, **said: int) -> str:
    given = {"accumulationBehaviour": 4, "flowDirection": 1, "uom": 72, **said}
    inside = "".join(f"<e:{name}>{value}</e:{name}>" for name, value in given.items())
    return entry(f"/ReadingType/{number}", f"<e:ReadingType>{inside}</e:ReadingType>")


def reading(number: int, point: str = "p1") -> str:
    place = f"/UsagePoint/{point}/MeterReading/{number}"
    return entry(place, "<e:MeterReading/>", related=f"/ReadingType/{number}")


def block(number: int, *values: object, point: str = "p1", length: int = 900) -> str:
    said = "".join(
        f"<e:IntervalReading><e:timePeriod><e:duration>{length}</e:duration>"
        f"<e:start>{START + n * length}</e:start></e:timePeriod><e:value>{value}</e:value>"
        "</e:IntervalReading>\n"
        for n, value in enumerate(values)
    )
    inside = (
        f"<e:IntervalBlock><e:interval><e:duration>1</e:duration><e:start>1</e:start>"
        f"</e:interval>{said}</e:IntervalBlock>"
    )
    return entry(f"/UsagePoint/{point}/MeterReading/{number}/IntervalBlock/1", inside)


def feed(*entries: str) -> bytes:
    spaces = 'xmlns="http://www.w3.org/2005/Atom" xmlns:e="http://naesb.org/espi"'
    return f'<?xml version="1.0"?><feed {spaces}>{"".join(entries)}</feed>'.encode()


def pieces(file: bytes, size: int = 50) -> Iterator[bytes]:
    return (file[n : n + size] for n in range(0, len(file), size))


def read(
    file: bytes, point: str | None = None, unit: str | None = None, size: int = 50
) -> list[Item]:
    found: Feed = look(pieces(file, size))
    return list(green_button_read.read(pieces(file, size), found, point, unit))


def values(items: list[Item]) -> list[dict[str, float]]:
    return [dict(each.values) for each in items if isinstance(each, Imported)]


@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_intervals_are_energies_at_their_end(size: int) -> None:
    """espi.xsd, IntervalReading: value times a power of ten, from start for duration."""
    file = feed(kind(1, powerOfTenMultiplier=-3), reading(1), block(1, 1_234_567, 0))
    first, second = read(file, size=size)
    assert isinstance(first, Imported)
    assert first.at == datetime.fromtimestamp(START + 900, UTC)
    assert (first.values, first.counter, first.lasts_s) == ({"1.8.0": 1.234567}, False, 900.0)
    assert isinstance(second, Imported)
    assert second.values == {"1.8.0": 0.0}


@pytest.mark.parametrize(
    "said, unit, key, value",
    [
        ({}, None, "1.8.0", 2.0),
        ({"flowDirection": 19}, None, "2.8.0", 2.0),
        ({"flowDirection": 0, "tou": 2}, None, "1.8.2", 2.0),
        ({"phase": 64}, None, "41.8.0", 2.0),
        ({"phase": 769}, None, "1.8.0", 2.0),
        ({"uom": 73, "flowDirection": 15}, None, "5.8.0", 2.0),
        ({"uom": 38, "accumulationBehaviour": 12}, None, "1.7.0", 2.0),
        ({"uom": 42, "powerOfTenMultiplier": -3}, "m3", None, 2.0),
        ({"uom": 119, "powerOfTenMultiplier": -3}, "m3", None, 2 * 0.028316846592),
        ({}, "MWh", None, 0.002),
    ],
)
def test_what_a_reading_type_says(
    said: dict[str, int], unit: str | None, key: str | None, value: float
) -> None:
    """docs/imports.md, "Green Button": unit, direction, phase, tariff, and what is not electric."""
    (found,) = read(feed(kind(1, **said), block(1, 2000)), unit=unit)
    assert isinstance(found, Imported)
    if key is None:
        assert found.value == pytest.approx(value)
    else:
        assert found.values == {key: value}


def test_counters_are_told_from_energies() -> None:
    """espi.xsd, AccumulationKind: 3 is what a register says."""
    (found,) = read(feed(kind(1, accumulationBehaviour=3), block(1, 5_000_000)))
    assert isinstance(found, Imported)
    assert (found.counter, found.lasts_s, found.values) == (True, None, {"1.8.0": 5000.0})


def test_import_and_export_become_one_reading() -> None:
    """docs/imports.md, "Green Button": one reading a moment, whatever stands where in the file."""
    file = feed(
        *(kind(1), reading(1), block(1, 1000, 2000)),
        *(kind(2, flowDirection=19), reading(2), block(2, 10, 20)),
    )
    assert values(read(file)) == [{"1.8.0": 1.0, "2.8.0": 0.01}, {"1.8.0": 2.0, "2.8.0": 0.02}]
    later = feed(reading(2), reading(1), block(2, 10), kind(1), block(1, 5), kind(2, uom=73))
    assert values(read(later)) == [{"1.8.0": 0.005, "3.8.0": 0.01}]


def test_one_usage_point_of_several() -> None:
    """docs/imports.md, "Green Button": by id or title."""
    file = feed(
        entry("/UsagePoint/p1", "<e:UsagePoint/>", "House"),
        entry("/UsagePoint/p2", "<e:UsagePoint/>", "Barn"),
        *(kind(1), block(1, 1000), block(1, 3000, point="p2")),
    )
    assert values(read(file, "p1")) == [{"1.8.0": 1.0}]
    assert values(read(file, "Barn")) == [{"1.8.0": 3.0}]
    with pytest.raises(BadInput, match=r"several usage points.*p1 \(House\), p2 \(Barn\)"):
        read(file)
    with pytest.raises(BadInput, match="no usage point 'p3'"):
        read(file, "p3")


@pytest.mark.parametrize(
    "said, why",
    [
        ({"flowDirection": 4}, "flowDirection 4 of uom 72 is not kept"),
        ({"uom": 132}, "uom 132 is not read"),
        ({"accumulationBehaviour": 6}, "neither delta data nor a counter"),
        ({"tou": 9}, "tariff"),
        ({"powerOfTenMultiplier": 99}, "between -12 and 12"),
        ({"uom": 42}, "flowDirection 1 of uom 42"),
    ],
)
def test_what_is_not_kept_is_said(said: dict[str, int], why: str) -> None:
    """docs/imports.md, "Green Button": by line."""
    (found,) = read(feed(kind(1, **said), block(1, 1)))
    assert isinstance(found, Unread)
    assert why in found.why


def test_broken_intervals_are_said_by_line() -> None:
    """docs/imports.md: the others are read."""
    found = read(feed(kind(1), block(1, 1000, "x", -5, 10**25), block(1, 7, length=0)))
    assert [isinstance(each, Imported) for each in found] == [True, False, False, False, False]
    assert [each.why for each in found if isinstance(each, Unread)] == [
        "its value 'x' is not a whole number of 48 bits",
        "1.8.0 cannot be negative (-5)",
        "its value '10000000000000000000000000' is not a whole number of 48 bits",
        "it has no duration",
    ]


BOMB = (
    '<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {chr(n + 1)} "{f"&{chr(n)};" * 10}">' for n in range(97, 105))
    + "]><feed>&i;</feed>"
).encode()


@pytest.mark.parametrize(
    "file, why",
    [
        (b"", "no XML"),
        (b"time,kwh\n", "line 1 is no XML"),
        (feed(kind(1), block(1, 1))[:-10], "no XML"),
        (BOMB, "document type"),
        (b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><feed/>', "document type"),
        (b"<feed>" + b"<a>" * 100, "nested too deep"),
        (b"<feed " + b"a" * 3_000_000, "without end"),
        (b"<feed/>", "no IntervalBlock"),
        (feed(block(1, 1)), "no ReadingType"),
    ],
    ids=["empty", "csv", "cut", "bomb", "outside", "deep", "long", "none", "no type"],
)
def test_a_file_that_is_none_is_refused_whole(file: bytes, why: str) -> None:
    """docs/imports.md, "Green Button": before anything is stored; entities never grow."""
    with pytest.raises(BadInput, match=why):
        read(file, size=65_536)


@given(st.binary(max_size=60), st.integers(0, 1500))
def test_noise_is_refused_or_read(noise: bytes, at: int) -> None:
    """docs/imports.md: noise never ends an import in another way than with words."""
    file = feed(kind(1), reading(1), block(1, 1, 2))
    with suppress(BadInput):
        read(file[:at] + noise + file[at:], size=4096)
