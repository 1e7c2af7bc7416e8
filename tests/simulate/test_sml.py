"""What the SML encoder says, the decoder reads; SML 1.04."""

from hypothesis import given
from hypothesis import strategies as st

from ohmstead.reading.obis import Obis
from ohmstead.simulate import sml as made
from ohmstead.simulate.sml import Entry, Unsigned
from ohmstead.wire.sml import Sml
from ohmstead.wire.sml_tree import field
from ohmstead.wire.telegram import Telegram

NUMBERS = st.one_of(
    st.integers(-(2**63), 2**63 - 1),
    st.integers(1, 8).flatmap(
        lambda width: st.integers(0, 2 ** (8 * width) - 1).map(lambda n: Unsigned(n, width))
    ),
)
FIELDS: st.SearchStrategy[made.Field] = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, st.binary(min_size=1, max_size=600)),
    lambda inner: st.lists(inner, min_size=1, max_size=20),
    max_leaves=40,
)
CODES = st.tuples(st.just(1), st.just(0), *[st.integers(0, 255)] * 3).map(lambda t: Obis(*t))
SERVER = bytes.fromhex("0a01454d480000bc614e")


def plain(value: made.Field) -> object:
    """What the decoder makes of a field."""
    if isinstance(value, Unsigned):
        return value.value
    return [plain(one) for one in value] if isinstance(value, list) else value


@given(FIELDS)
def test_a_field_comes_back_as_it_went(value: made.Field) -> None:
    """Numbers of any width, texts and lists of any length, nested."""
    data = made.field(value)
    assert field(data, 0) == (plain(value), len(data))


@given(st.dictionaries(CODES, NUMBERS, min_size=1, max_size=30), st.integers(-6, 6))
def test_a_list_comes_back_as_it_went(said: dict[Obis, int | Unsigned], scaler: int) -> None:
    """Raw number and scaler of every value, whatever bytes are in them."""
    entries = [Entry(code, number, 30, scaler) for code, number in said.items()]
    (telegram,) = Sml().feed(made.file(SERVER, entries, seconds=99))
    assert isinstance(telegram, Telegram)
    assert {key: (value.raw, value.scaler) for key, value in telegram.values.items()} == {
        code.short: (plain(number), scaler) for code, number in said.items()
    }
