"""What is new of streams: the notes of commits and of single streams, read and put together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
import numpy.typing as npt

from ohmstead.store.database import Connection
from ohmstead.store.packed import (
    Column,
    array,
    micros,
    moments,
    seconds,
    unpacked,
    whole_arrays,
)

APART_US = 86_400_000_000
"""Stretches further apart than a day are made one after the other, not all in between too."""
ALL = -1
"""All bits: nobody noted what the readings say."""
BATCHES_MOST = 1000
"""Read at a time: what they say is put together before the next are read."""
TURNS_MOST = 50
NOTES_MOST = 10_000

BATCHES = """
    SELECT id, streams, firsts, lasts, columns FROM rollup_batches WHERE id > %s
    ORDER BY id LIMIT %s
"""
BATCHES_OF = """
    SELECT 0, streams, firsts, lasts, columns FROM rollup_batches WHERE streams && %s::int4[]
"""
NOTES = """
    SELECT stream, id, first, last, columns FROM rollup_notes WHERE stream = ANY(%s)
    ORDER BY stream, id LIMIT %s
"""
NOTES_ANY = "SELECT stream, id, first, last, columns FROM rollup_notes ORDER BY stream, id LIMIT %s"
STRIKE = "DELETE FROM rollup_notes WHERE stream = ANY(%s) AND id = ANY(%s)"
STRIKE_BATCHES = "DELETE FROM rollup_batches WHERE id = ANY(%s)"
OWED = "SELECT stream, owed FROM rollup_streams WHERE owed IS NOT NULL AND stream = ANY(%s)"
OWED_ANY = """
    SELECT stream, owed FROM rollup_streams
    WHERE owed < now() - interval '20 minutes' AND NOT stream = ANY(%s) LIMIT %s
"""
"""Of those of which nothing is new: the others' are made when their quarter is over."""
OWE = """
    UPDATE rollup_streams SET owed = new.owed
    FROM (SELECT unnest(%s::int4[]) AS stream, unnest(%s::timestamptz[]) AS owed) AS new
    WHERE rollup_streams.stream = new.stream
"""
KEEP = "INSERT INTO rollup_notes (stream, first, last, columns) VALUES (%s, %s, %s, %s)"

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Stretch:
    """New readings of a stream lie from `first` to `last` (epoch seconds).

    `bits` are what they say, ALL where nobody knows.
    """

    first: float
    last: float
    bits: int


@dataclass(frozen=True, slots=True)
class Pending:
    """What is new: the stretches of each stream, and where it was noted."""

    stretches: Mapping[int, Sequence[Stretch]]
    notes: Mapping[int, Sequence[int]]
    """Stream -> ids of its own notes."""
    batches: Sequence[int]
    packets: int = 0
    """How many there are in the batches, of the streams together; those of a commit count once."""

    def only(self, streams: Sequence[int]) -> "Pending":
        """That of some streams, and no batches, since those are of others too."""
        return Pending(
            {stream: self.stretches[stream] for stream in streams if stream in self.stretches},
            {stream: self.notes[stream] for stream in streams if stream in self.notes},
            [],
        )


async def of_streams(connection: Connection, streams: Sequence[int]) -> Pending:
    """What is new of `streams`."""
    batches = await _fetched(connection, BATCHES_OF, (list(streams),))
    notes = await _fetched(connection, NOTES, (list(streams), NOTES_MOST))
    owed = await _fetched(connection, OWED, (list(streams),))
    found = _arrays(batches, [*notes, *_as_notes(owed)])
    asked = np.isin(found[0], streams)
    return Pending(_stretches(*_joined(*(each[asked] for each in found))), _own(notes), [])


async def of_all(connection: Connection) -> Pending:
    """What is new, the oldest first."""
    notes = await _fetched(connection, NOTES_ANY, (NOTES_MOST,))
    found, ids, last, packets = _arrays([], notes), list[int](), 0, 0
    for _ in range(TURNS_MOST):
        batches = await _fetched(connection, BATCHES, (last, BATCHES_MOST))
        ids += [batch[0] for batch in batches]
        new = _arrays(batches, [])
        packets += len(new[0])
        parts = zip(found, new, strict=True)
        found = _joined(*(np.concatenate(each) for each in parts))
        if len(batches) < BATCHES_MOST:
            break
        last = ids[-1]
    asked = array(Column("int4", np.unique(found[0])))
    owed = await _fetched(connection, OWED_ANY, (asked, NOTES_MOST))
    parts = zip(found, _arrays([], _as_notes(owed)), strict=True)
    found = _joined(*(np.concatenate(each) for each in parts))
    return Pending(_stretches(*found), _own(notes), ids, packets)


async def owe(connection: Connection, owed: Mapping[int, float | None]) -> None:
    """Keep which quarter's peaks are still to be made of each stream, None where none are."""
    times = np.array([np.nan if at is None else at for at in owed.values()])
    none = np.isnan(times)
    at = Column("timestamptz", micros(np.where(none, 0, times)), none)
    await connection.execute(OWE, (array(Column("int4", np.array(list(owed)))), array(at)))


def _as_notes(owed: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Quarters whose peaks are owed, as notes: of the stream itself, and nothing that it said."""
    return [(stream, 0, at, at, 0) for stream, at in owed]


async def strike(connection: Connection, pending: Pending) -> None:
    """Take the notes away."""
    if pending.notes:
        ids = [id for each in pending.notes.values() for id in each]
        await connection.execute(STRIKE, (list(pending.notes), ids))
    if pending.batches:
        await connection.execute(STRIKE_BATCHES, (list(pending.batches),))


async def _fetched(
    connection: Connection, question: str, parameters: Sequence[object]
) -> list[tuple[Any, ...]]:
    cursor = connection.cursor(binary=True)
    whole_arrays(cursor.adapters)
    await cursor.execute(question.encode(), parameters)
    return await cursor.fetchall()


def _own(notes: Sequence[tuple[Any, ...]]) -> dict[int, list[int]]:
    """Stream -> ids of its notes."""
    return {of: [note[1] for note in each] for of, each in groupby(notes, key=lambda note: note[0])}


def _arrays(
    batches: Sequence[tuple[Any, ...]], notes: Sequence[tuple[Any, ...]]
) -> tuple[Ints, Ints, Ints, Ints]:
    """Streams, when what is new begins and ends, and bits, of batches and of notes."""
    count = len(notes)
    parts = [
        (
            np.array([note[0] for note in notes], dtype=np.int64),
            moments((note[2] for note in notes), count),
            moments((note[3] for note in notes), count),
            np.array([ALL if note[4] is None else note[4] for note in notes], dtype=np.int64),
        )
    ]
    parts += [
        (
            unpacked(of, "int4").astype(np.int64),
            unpacked(firsts, "timestamptz"),
            unpacked(lasts, "timestamptz"),
            unpacked(bits, "int8"),
        )
        for _, of, firsts, lasts, bits in batches
    ]
    streams, firsts, lasts, bits = (np.concatenate(each) for each in zip(*parts, strict=True))
    return streams, firsts, lasts, bits


def _joined(streams: Ints, firsts: Ints, lasts: Ints, bits: Ints) -> tuple[Ints, Ints, Ints, Ints]:
    """Those of a stream that lie near each other become one."""
    if not len(streams):
        return streams, firsts, lasts, bits
    order = np.lexsort((firsts, streams))
    streams, firsts, lasts, bits = streams[order], firsts[order], lasts[order], bits[order]
    new = (np.diff(streams) != 0) | (firsts[1:] - lasts[:-1] > APART_US)
    begins = np.flatnonzero(np.append([True], new))
    return (
        streams[begins],
        np.minimum.reduceat(firsts, begins),
        np.maximum.reduceat(lasts, begins),
        np.bitwise_or.reduceat(bits, begins),
    )


def _stretches(streams: Ints, firsts: Ints, lasts: Ints, bits: Ints) -> dict[int, list[Stretch]]:
    found: dict[int, list[Stretch]] = {}
    rows = zip(
        streams.tolist(),
        seconds(firsts).tolist(),
        seconds(lasts).tolist(),
        bits.tolist(),
        strict=True,
    )
    for stream, first, last, said in rows:
        found.setdefault(stream, []).append(Stretch(first, last, said))
    return found
