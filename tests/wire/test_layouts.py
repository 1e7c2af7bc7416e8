"""The ways values are laid out, with numbers that no meter said."""

import pytest
from tests.wire.telegrams import STAMP, notification, row

from ohmstead.wire import cosem, scalers
from ohmstead.wire.telegram import Refused, Telegram

HEAD = b"\x0f\x00\x00\x00\x01\x0c" + STAMP


def name(code: str) -> bytes:
    return b"\x09\x06" + bytes.fromhex(code)


def long(number: int) -> bytes:
    return b"\x06" + number.to_bytes(4, "big")


def short(number: int) -> bytes:
    return b"\x12" + number.to_bytes(2, "big")


def text(letters: str) -> bytes:
    return b"\x09" + bytes([len(letters)]) + letters.encode()


def structure(*elements: bytes) -> bytes:
    return b"\x02" + bytes([len(elements)]) + b"".join(elements)


def values(body: bytes) -> dict[str, tuple[float | str, str | None]]:
    found = cosem.telegram(HEAD + body, framing="hdlc", raw=b"")
    assert isinstance(found, Telegram), found
    return {key: (value.value, value.unit) for key, value in found.values.items()}


def pushed(code: str, kind: int = 3, attribute: int = 2) -> bytes:
    return structure(short(kind), name(code), b"\x0f" + bytes([attribute]), short(0))


def test_a_push_list_has_its_objects_first() -> None:
    """VSE, standard push list 2026: the list itself, then as many values as objects."""
    objects = [
        pushed("0006190900ff", 40),
        pushed("00002a0000ff", 1),
        pushed("0101010800ff"),
        pushed("0100200700ff"),
        pushed("01001f0700ff"),
        pushed("01000d0700ff"),
        pushed("0001180201ff", 4),
    ]
    listed = b"\x01" + bytes([len(objects)]) + b"".join(objects)
    numbers = [text("OHM12"), long(21956), short(2357), short(6), short(941), long(30545)]
    assert values(structure(listed, *numbers)) == {
        "42.0.0": ("OHM12", None),
        "1.8.0": (21956, "Wh"),
        "32.7.0": (235.7, "V"),
        "31.7.0": (0.06, "A"),
        "13.7.0": (0.941, None),
        "0-1:24.2.1": (30545, None),
    }


def test_a_push_list_may_bring_its_scalers() -> None:
    """Attribute 3 of a register is its scaler and unit (IEC 62056-6-2, 4.3.2)."""
    objects = [pushed("0006190900ff", 40), pushed("01001f0700ff"), pushed("01001f0700ff", 3, 3)]
    listed = b"\x01" + bytes([len(objects)]) + b"".join(objects)
    scaled = structure(b"\x0f\xfd", b"\x16\x21")
    assert values(structure(listed, short(1500), scaled)) == {"31.7.0": (1.5, "A")}


def test_a_push_list_need_not_name_itself() -> None:
    """IEC 62056-6-2, 4.4.8 (push setup): the list is what somebody put into it, perhaps without
    the list."""
    listed = b"\x01\x02" + pushed("00002a0000ff", 1) + pushed("0101010800ff")
    assert values(structure(listed, text("OHM12"), long(21956))) == {
        "42.0.0": ("OHM12", None),
        "1.8.0": (21956, "Wh"),
    }


@pytest.mark.parametrize(
    "broken",
    [
        structure(b"\x01\x00", long(1)),
        structure(b"\x01\x01" + long(1)),
        structure(b"\x01\x01" + pushed("0101010800ff"), long(1), long(2)),
        structure(b"\x01\x03" + 3 * pushed("0101010800ff"), long(1)),
    ],
)
def test_a_push_list_that_does_not_match_is_refused(broken: bytes) -> None:
    """A value under the wrong code would be worse than none."""
    assert isinstance(cosem.telegram(HEAD + broken, framing="hdlc", raw=b""), Refused)


CLOCK = ("2025-07-03T14:15:00", None)
"""The time in front of a list, which is the only clock of Norway's lists."""


def test_kamstrup_names_its_list_and_counts_in_tens() -> None:
    """Kamstrup, HAN-NVE interface: list name, then code and value; nulls for absent phases."""
    body = structure(
        b"\x0a\x0eKamstrup_V0001",
        name("0101000005ff"), text("5700000000000001"),
        name("0101010700ff"), long(826),
        name("01011f0700ff"), long(237), b"\x00", b"\x00",
        name("0101010800ff"), long(7745250),
    )  # fmt: skip
    assert values(body) == {
        "0.0.5": ("5700000000000001", None),
        "1.7.0": (826, "W"),
        "31.7.0": (2.37, "A"),
        "1.8.0": (77452500, "Wh"),
        "0.2.129": ("Kamstrup_V0001", None),
        "1.0.0": CLOCK,
    }


def test_kamstrup_has_a_clock_of_its_own_where_the_list_has_none_in_front() -> None:
    """Kamstrup, HAN-NVE interface: the hourly list has 0.1.1.0.0.255."""
    body = structure(b"\x0a\x0eKamstrup_V0001", name("0001010000ff"), b"\x09\x0c" + STAMP)
    found = cosem.telegram(b"\x0f\x00\x00\x00\x01\x00" + body, framing="hdlc", raw=b"")
    assert isinstance(found, Telegram)
    assert found.at == found.values["1.0.0"].at == found.values["0-1:1.0.0"].at is not None


def test_kaifa_in_norway_sends_no_codes() -> None:
    """Kaifa, KFM_001, lists 1 to 3: the number of elements says which list it is."""
    names = [text("KFM_001"), text("6970000000000001"), text("MA304H3E")]
    powers = [long(948), long(0), long(0), long(64)]
    phases = [long(1416), long(3241), long(3119), long(2385), long(0), long(2389)]
    energies = [b"\x09\x0c" + STAMP, long(1000), long(20), long(3), long(4)]
    assert values(structure(long(4117))) == {"1.7.0": (4117, "W"), "1.0.0": CLOCK}
    assert len(values(structure(*names, *powers, phases[0], phases[3]))) == 10
    three = values(structure(*names, *powers, *phases, *energies))
    assert len(three) == 18
    assert (three["31.7.0"], three["52.7.0"], three["1.8.0"]) == (
        (1.416, "A"),
        (0, "V"),
        (1000, "Wh"),
    )


def test_austrian_meters_send_six_numbers_in_order() -> None:
    """Siemens IM350 and Iskraemeco AM550 in Austria: as the network operator describes."""
    body = structure(
        name("0006190900ff"), text("1100000000001"), text("time"), text("date5"),
        *map(long, (9534, 2896, 726, 2561, 738, 0)), b"\x09\x00", b"\x09\x00",
    )  # fmt: skip
    assert values(body) == {
        "96.1.0": ("1100000000001", None),
        "1.8.0": (9534, "Wh"),
        "2.8.0": (2896, "Wh"),
        "3.8.0": (726, "varh"),
        "4.8.0": (2561, "varh"),
        "1.7.0": (738, "W"),
        "2.7.0": (0, "W"),
    }


def test_a_flat_list_may_end_in_its_serial_number() -> None:
    """Netz NÖ, description of the customer interface: the meter number is the last element."""
    body = structure(
        name("0100010700ff"), long(5), structure(b"\x0f\x00", b"\x16\x1b"), text("181200000001")
    )
    assert values(body) == {"1.7.0": (5, "W"), "96.1.0": ("181200000001", None)}


def test_an_untagged_descriptor_is_put_right() -> None:
    """EG.D, description of the customer interface: {class, name, attribute} without tags."""
    descriptors = b"\x02\x02\x00\x03\x01\x00\x01\x07\x00\xff\x02" + long(3)
    descriptors += b"\x02\x02\x00\x01\x00\x00\x60\x0e\x00\xff\x02\x09\x02T3"
    assert values(b"\x01\x02" + descriptors) == {"1.7.0": (3, "W"), "96.14.0": ("T3", None)}


def test_a_tag_and_a_length_that_changed_places_are_put_right() -> None:
    """Landis+Gyr ZMF100: 06 09 in front of the currents' names."""
    good = notification(
        [row("0100010700ff", long(560), 0, 27), row("01001f0700ff", b"\x10\x00\xf4", -2, 33)]
    )
    faulty = good.replace(b"\x09\x06\x01\x00\x1f", b"\x06\x09\x01\x00\x1f")
    assert faulty != good
    found = cosem.telegram(faulty[3:], framing="hdlc", raw=b"")
    assert isinstance(found, Telegram)
    assert found.values["31.7.0"].value == 2.44


@pytest.mark.parametrize(
    "code,number,maker,expected",
    [
        ("1.8.0", 5, None, (0, "Wh")),
        ("2.8.2", 5, None, (0, "Wh")),
        ("21.7.0", 5, None, (0, "W")),
        ("63.7.0", 5, None, (0, "var")),
        ("9.7.0", 5, None, (0, "VA")),
        ("51.7.0", 5, None, (-2, "A")),
        ("72.7.0", 231, None, (0, "V")),
        ("72.7.0", 2310, None, (-1, "V")),
        ("33.7.0", 941, None, (-3, None)),
        ("1.8.0", 5, "Kamstrup", (1, "Wh")),
        ("31.7.0", 5, "Kamstrup", (-2, "A")),
        ("1.8.0*1", 5, None, (0, "Wh")),
        ("0-1:24.2.1", 5, None, (0, None)),
        ("96.14.0", 5, None, (0, None)),
        ("124.7.0", 5, None, (0, None)),
    ],
)
def test_what_a_bare_number_means(
    code: str, number: int, maker: str | None, expected: tuple[int, str | None]
) -> None:
    """IEC 62056-6-1 for the units; the makers' papers for the powers of ten."""
    assert scalers.assumed(code, number, maker) == expected


@pytest.mark.parametrize(
    "scaler",
    [b"\x0a\x01x", b"\x09\x01x", b"\x06\x00\x00\x04\x00", b"\x00", structure(b"\x0f\x00")],
    ids=["text", "octets", "too large", "null", "nested"],
)
def test_a_scaler_is_a_small_number_or_none(scaler: bytes) -> None:
    """IEC 62056-6-2, 4.3.2: scaler is an int8; found by `make fuzz`."""
    odd = structure(scaler, b"\x16\x1b")
    rows = [structure(name(code), long(7), odd) for code in ("0100010700ff", "0100020700ff")]
    assert values(structure(*rows)) == {"1.7.0": (7, "W"), "2.7.0": (7, "W")}
    asked = (pushed("0000190900ff", 40), pushed("0100010700ff"), pushed("0100010700ff", 3, 3))
    assert values(structure(b"\x01\x03" + b"".join(asked), long(7), odd)) == {"1.7.0": (7, "W")}
