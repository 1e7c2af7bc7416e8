"""What many rows measured as one array, a column a quantity."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain

import numpy as np
import numpy.typing as npt

from ohmstead.reading.numbers import Fields, Numbers
from ohmstead.store import columns, rollup_notes
from ohmstead.store.packed import Floats

_NAMES = tuple(columns.VALUES.values())
_PLACE: Mapping[str, int] = {obis: n for n, obis in enumerate(columns.VALUES)}


@dataclass(frozen=True, slots=True)
class _Layout:
    """Rows with the same catalogue keys: their columns, and which of the values each one is."""

    names: tuple[str, ...]
    order: npt.NDArray[np.int64]
    bits: int


@lru_cache(maxsize=4096)
def _layout(keys: tuple[str, ...]) -> _Layout:
    found = [(_PLACE[obis], n) for n, obis in enumerate(keys) if obis in _PLACE]
    found.sort()
    names = tuple(_NAMES[place] for place, _ in found)
    order = np.array([n for _, n in found], dtype=np.int64)
    return _Layout(names, order, rollup_notes.bits(keys, has_value=False))


def values_of(
    said: Sequence[Mapping[str, float]],
) -> tuple[Sequence[str], Floats, npt.NDArray[np.int64]]:
    """What rows measured, its columns in the catalogue's order, and what each row says (bits).

    `values`: float64 [rows, columns], in the catalogue's unit, NaN where a row says nothing.
    """
    tables = {each.fields if type(each) is Numbers else None for each in said}
    if len(tables) == 1 and (fields := tables.pop()) is not None:
        return _of_table(fields, said)
    keys = list(map(tuple, said))
    if keys.count(keys[0]) < len(keys):
        return _of_several(keys, said)
    layout = _layout(keys[0])
    bits = np.full(len(said), layout.bits, np.int64)
    return layout.names, _numbers(said, layout, len(keys[0])), bits


def _of_several(
    keys: Sequence[tuple[str, ...]], said: Sequence[Mapping[str, float]]
) -> tuple[Sequence[str], Floats, npt.NDArray[np.int64]]:
    """The same of rows that do not all have the same keys."""
    alike: dict[tuple[str, ...], list[int]] = {}
    for n, each in enumerate(keys):
        alike.setdefault(each, []).append(n)
    layouts = {each: _layout(each) for each in alike}
    some = {name for layout in layouts.values() for name in layout.names}
    names = [name for name in _NAMES if name in some]
    places = {name: n for n, name in enumerate(names)}
    values = np.full((len(said), len(names)), np.nan)
    bits = np.empty(len(said), np.int64)
    for each, which in alike.items():
        layout = layouts[each]
        into = [places[name] for name in layout.names]
        values[np.ix_(which, into)] = _numbers([said[n] for n in which], layout, len(each))
        bits[which] = layout.bits
    return names, values, bits


@lru_cache(maxsize=16)
def _columns_of(fields: Fields) -> tuple[Floats, npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """What the numbers of a table are divided by, their places in the catalogue, their bits."""
    places = np.array([_PLACE[key] for key in fields.keys])
    order = np.argsort(places)
    bits = np.array([rollup_notes.bits((key,), has_value=False) for key in fields.keys])
    return np.array(fields.per)[order], order, bits[order]


def _of_table(
    fields: Fields, said: Sequence[Mapping[str, float]]
) -> tuple[Sequence[str], Floats, npt.NDArray[np.int64]]:
    """The same of rows whose values are Numbers of one table."""
    per, order, bits = _columns_of(fields)
    packed = b"".join(each.said for each in said if type(each) is Numbers)
    numbers = np.frombuffer(packed).reshape(-1, len(order))[:, order]
    there = ~np.isnan(numbers)
    some = there.any(axis=0)
    names = [_NAMES[_PLACE[fields.keys[n]]] for n in order[some]]
    return names, numbers[:, some] / per[some], there @ bits


def _numbers(said: Sequence[Mapping[str, float]], layout: _Layout, width: int) -> Floats:
    """The values of rows of one layout, as the database has them."""
    every = chain.from_iterable(each.values() for each in said)
    return np.fromiter(every, np.float64, len(said) * width).reshape(len(said), width)[
        :, layout.order
    ]
