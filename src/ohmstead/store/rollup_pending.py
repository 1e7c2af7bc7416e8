"""What is new of streams: the notes of commits and of single streams, read and put together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
import numpy.typing as npt

from ohmstead.store.database import Connection
from ohmstead.store.packed import moments, seconds, unpacked, whole_arrays

APART_US = 86_400_000_000
"""Stretches further apart than a day are made one after the other, not all in between too."""
ALL = -1
"""All bits: nobody noted what the readings say."""
BATCHES_MOST = 1000
NOTES_MOST = 10_000

BATCHES = """
    SELECT id, streams, firsts, lasts, columns FROM rollup_batches ORDER BY id LIMIT %s
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
    return _pending(batches, notes, streams)


async def of_all(connection: Connection) -> Pending:
    """What is new, the oldest first."""
    batches = await _fetched(connection, BATCHES, (BATCHES_MOST,))
    return _pending(batches, await _fetched(connection, NOTES_ANY, (NOTES_MOST,)), None)


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


def _pending(
    batches: Sequence[tuple[Any, ...]],
    notes: Sequence[tuple[Any, ...]],
    streams: Sequence[int] | None,
) -> Pending:
    """Batches and notes, put together by stream; of all streams where none are named."""
    parts = [
        (
            unpacked(of, "int4").astype(np.int64),
            unpacked(firsts, "timestamptz"),
            unpacked(lasts, "timestamptz"),
            unpacked(bits, "int8"),
        )
        for _, of, firsts, lasts, bits in batches
    ]
    if notes:
        count = len(notes)
        parts.append(
            (
                np.array([note[0] for note in notes], dtype=np.int64),
                moments((note[2] for note in notes), count),
                moments((note[3] for note in notes), count),
                np.array([ALL if note[4] is None else note[4] for note in notes]),
            )
        )
    own = {of: [note[1] for note in each] for of, each in groupby(notes, key=lambda note: note[0])}
    found = [np.concatenate(each) for each in zip(*parts, strict=True)] if parts else []
    if found and streams is not None:
        asked = np.isin(found[0], streams)
        found = [each[asked] for each in found]
    ids = [batch[0] for batch in batches if streams is None]
    return Pending(_stretches(*found) if found else {}, own, ids)


def _stretches(streams: Ints, firsts: Ints, lasts: Ints, bits: Ints) -> dict[int, list[Stretch]]:
    """Those of a stream that lie near each other become one."""
    order = np.lexsort((firsts, streams))
    streams, firsts, lasts, bits = streams[order], firsts[order], lasts[order], bits[order]
    new = (np.diff(streams) != 0) | (firsts[1:] - lasts[:-1] > APART_US)
    begins = np.flatnonzero(np.append([True], new)) if len(streams) else np.empty(0, np.int64)
    found: dict[int, list[Stretch]] = {}
    if not len(begins):
        return found
    rows = zip(
        streams[begins].tolist(),
        seconds(np.minimum.reduceat(firsts, begins)).tolist(),
        seconds(np.maximum.reduceat(lasts, begins)).tolist(),
        np.bitwise_or.reduceat(bits, begins).tolist(),
        strict=True,
    )
    for stream, first, last, said in rows:
        found.setdefault(stream, []).append(Stretch(first, last, said))
    return found
