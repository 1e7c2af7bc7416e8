"""Columns in PostgreSQL's binary forms."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ohmstead.store.packed import Column, array, arrays_of, copied

NUMBERS = st.one_of(st.just(float("nan")), st.floats(allow_nan=False, allow_infinity=False))
TABLES = st.integers(0, 5).flatmap(
    lambda width: st.lists(st.lists(NUMBERS, min_size=width, max_size=width), min_size=1)
)


@settings(max_examples=60, deadline=None)
@given(TABLES)
def test_a_table_of_numbers_is_written_as_its_columns_are(table: list[list[float]]) -> None:
    """PostgreSQL, COPY, "Binary Format": the length of a NULL is -1, and no bytes follow it."""
    values = np.array(table, dtype=np.float64).reshape(len(table), -1)
    columns = [Column("float8", each, np.isnan(each)) for each in values.T]
    streams = Column("int4", np.arange(len(table)))
    some = Column("int8", np.arange(len(table)), np.arange(len(table)) % 2 == 1)
    assert copied([streams, some], values) == copied([streams, some, *columns])
    assert arrays_of(values) == [array(each) for each in columns]
