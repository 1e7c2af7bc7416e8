"""What many rows measured as one array."""

from collections.abc import Mapping

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ohmstead.reading.numbers import Fields, Numbers
from ohmstead.store import columns
from ohmstead.store.batch_values import values_of

KEYS = ("32.7.0", "2.8.0", "1.8.0", "unknown")
FIELDS = Fields.of(KEYS[:3], (1.0, 1000.0, 1000.0))
SAID = st.dictionaries(st.sampled_from(KEYS), st.floats(-1e9, 1e9))


def told(rows: list[Mapping[str, float]]) -> tuple[list[dict[str, float]], list[int]]:
    """What the array says of each row, by column, and the bits."""
    names, values, bits = values_of(rows)
    assert values.shape == (len(rows), len(names))
    said = [
        {name: float(value) for name, value in zip(names, row, strict=True) if not np.isnan(value)}
        for row in values
    ]
    return said, bits.tolist()


def kept(row: Mapping[str, float]) -> dict[str, float]:
    """What the database knows of a row."""
    return {columns.VALUES[key]: value for key, value in row.items() if key in columns.VALUES}


@settings(max_examples=50, deadline=None)
@given(st.lists(SAID, min_size=1, max_size=5))
def test_each_row_says_its_own_whatever_the_others_say(rows: list[dict[str, float]]) -> None:
    """store/batch.py: values are by column, NaN is none; keys it does not know are left out."""
    said, bits = told(list(rows))
    assert said == [kept(row) for row in rows]
    assert bits == [told([row])[1][0] for row in rows]


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.lists(st.just(np.nan) | st.floats(-1e9, 1e9), min_size=3, max_size=3), min_size=1)
)
def test_numbers_of_a_table_say_what_mappings_would(table: list[list[float]]) -> None:
    """reading/numbers.py: an ordinary mapping for whoever looks at one."""
    numbers = [Numbers(FIELDS, FIELDS.packed.pack(*row)) for row in table]
    assert told(list(numbers)) == told([dict(each) for each in numbers])
