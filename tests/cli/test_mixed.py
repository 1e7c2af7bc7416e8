"""Files put together from telegrams of several meters."""

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.wire.telegrams import dlms, p1

from ohmstead.cli.mixed import MOST_METERS, heard
from ohmstead.reading.obis import Obis
from ohmstead.simulate.sml import Entry, file
from ohmstead.wire.recognise import Recogniser
from ohmstead.wire.telegram import Refused, Telegram

SML = file(b"\x0a\x01OHM\0\0\0\0\x01", [Entry(Obis(1, 0, 1, 8, 0), 5, 30, 0)], seconds=1)
KINDS = {"DSMR": p1(), "DLMS": dlms(), "SML": SML}
STARTS = b"/~\x1b\x08\x68\xe6"


def protocols(given: bytes) -> list[str]:
    return [one.protocol for one in heard(given, Recogniser) if isinstance(one, Telegram)]


@settings(max_examples=25)
@given(st.lists(st.sampled_from(sorted(KINDS)), min_size=1, max_size=6), st.binary(max_size=40))
def test_every_telegram_of_every_meter_comes_out(kinds: Sequence[str], noise: bytes) -> None:
    """`ohmstead decode` tells each telegram of a file once and in order, whoever spoke first."""
    between = noise.translate(None, STARTS)
    assert protocols(between.join(KINDS[kind] for kind in kinds)) == list(kinds)


def test_a_refusal_says_where_in_the_file_it_began() -> None:
    """What is listened to anew has its place in the whole file, and takes the place of noise."""
    damaged = dlms()[:-3] + b"\0\0~"
    given = p1() + dlms() + damaged
    found = heard(given, Recogniser)
    assert [type(one) for one in found] == [Telegram, Telegram, Refused]
    assert isinstance(found[2], Refused)
    assert found[2].offset == len(p1() + dlms())


def test_other_meters_are_looked_for_so_deep_and_no_deeper() -> None:
    """A file of a thousand telegrams in turn costs no thousand levels."""
    turns = MOST_METERS * 3
    assert protocols((p1() + dlms()) * turns) == ["DSMR", "DLMS"] * turns
