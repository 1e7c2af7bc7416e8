"""Records on disk.  Source: the docstring of `gateway.records` (a format of our own)."""

from hypothesis import given
from hypothesis import strategies as st

from ohmstead.gateway import records
from ohmstead.gateway.records import MARK, REPORT, Damage, Record, Tally

PAYLOADS = st.lists(st.binary(max_size=60) | st.just(b"Oq" * 9), max_size=6)


def whole(data: bytes) -> list[Record]:
    return [found for found in records.scan(data) if isinstance(found, Record)]


def made(payloads: list[bytes]) -> list[bytes]:
    return [records.written(REPORT, number, p) for number, p in enumerate(payloads, 1)]


@given(PAYLOADS)
def test_what_was_written_is_found(payloads: list[bytes]) -> None:
    """Round trip: kind, number and payload of each record, and no damage."""
    found = list(records.scan(b"".join(made(payloads))))
    assert [(r.kind, r.number, r.payload) for r in whole(b"".join(made(payloads)))] == [
        (REPORT, number, payload) for number, payload in enumerate(payloads, 1)
    ]
    assert len(found) == len(payloads)


def test_a_mark_carries_the_tally() -> None:
    """A mark says up to where all is settled, and what became of it."""
    (found,) = whole(records.mark(7, Tally(sent=5, dropped=1, damaged=2)))
    assert (found.kind, found.number) == (MARK, 7)
    assert records.tally_of(found) == Tally(5, 1, 2)


@given(PAYLOADS, st.data())
def test_a_file_may_end_anywhere(payloads: list[bytes], data: st.DataObject) -> None:
    """A kill at any byte: the records before the end are found, the torn one is one damage."""
    parts = made(payloads)
    stream = b"".join(parts)
    cut = data.draw(st.integers(0, len(stream)))
    before = 0
    while sum(map(len, parts[: before + 1])) <= cut and before < len(parts):
        before += 1
    found = list(records.scan(stream[:cut]))
    kept = sum(map(len, parts[:before]))
    assert [r.number for r in whole(stream[:cut])] == list(range(1, before + 1))
    assert [d for d in found if isinstance(d, Damage)] == (
        [Damage(kept, cut - kept)] if cut > kept else []
    )


@given(PAYLOADS.filter(bool), st.data())
def test_damage_costs_what_it_touches(payloads: list[bytes], data: st.DataObject) -> None:
    """A changed byte: every record it is not in is found all the same."""
    parts = made(payloads)
    hit = data.draw(st.integers(0, len(parts) - 1))
    place = data.draw(st.integers(0, len(parts[hit]) - 1))
    damaged = bytearray(parts[hit])
    damaged[place] ^= data.draw(st.integers(1, 255))
    stream = b"".join([*parts[:hit], bytes(damaged), *parts[hit + 1 :]])
    numbers = [r.number for r in whole(stream)]
    assert numbers == [n for n in range(1, len(parts) + 1) if n != hit + 1]


@given(st.binary(max_size=300))
def test_noise_is_damage(noise: bytes) -> None:
    """Style 14: noise never raises; what it covers is accounted for byte by byte."""
    assert sum(found.size for found in records.scan(noise)) == len(noise)
