"""OBIS codes: every spelling a meter uses is one code, and one code has one short form."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ohmstead.reading import obis
from ohmstead.reading.obis import Obis

groups = st.integers(0, 255)


@given(st.builds(Obis, groups, groups, groups, groups, groups, groups))
def test_the_written_form_is_read_back(code: Obis) -> None:
    """IEC 62056-6-1: A-B:C.D.E*F."""
    written = f"{code.a}-{code.b}:{code.c}.{code.d}.{code.e}*{code.f}"
    assert obis.parse(written) == code
    assert obis.from_bytes(bytes(code)) == code


@given(st.builds(Obis, st.just(1), st.just(0), groups, groups, groups, groups))
def test_the_short_form_of_an_electricity_code_is_read_back(code: Obis) -> None:
    """The short form C.D.E means electricity on channel 0."""
    assert obis.parse(code.short) == code


NO_CODES = ["", "1", "1.8.0.0", "256.8.0", "1-0:1.8.0*256", "x.y.z", "1-0:"]


@pytest.mark.parametrize("written", NO_CODES)
def test_what_is_no_code_is_refused_with_the_text_in_it(written: str) -> None:
    """A telegram's line that is no code must not become one."""
    with pytest.raises(ValueError, match="OBIS code"):
        obis.parse(written)


@pytest.mark.parametrize("length", [0, 5, 7])
def test_a_logical_name_of_another_length_is_refused(length: int) -> None:
    """IEC 62056-6-2: a logical name has six bytes."""
    with pytest.raises(ValueError, match="6 bytes"):
        obis.from_bytes(bytes(length))
