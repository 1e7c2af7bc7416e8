"""Formulas over meters: what is read, how it is written back, and what is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ohmstead.analytics.formula import (
    LONGEST,
    Load,
    Measured,
    Node,
    Number,
    Percent,
    Product,
    Sum,
    Untracked,
    parse,
    written,
)
from ohmstead.analytics.formula_terms import METERS_MOST, terms
from ohmstead.errors import BadInput

ids = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=8)
numbers = st.floats(0, 1e6, allow_nan=False).map(lambda value: round(value, 6))
leaves: st.SearchStrategy[Node] = st.one_of(
    st.builds(Number, numbers),
    st.builds(Percent, numbers),
    st.builds(Load, numbers),
    st.builds(Measured, ids, st.sampled_from([None, "1.8.0", "2.8.1"]), st.booleans()),
    st.builds(Untracked, ids),
)
trees = st.recursive(
    leaves,
    lambda inner: st.builds(
        lambda signs, parts, kind: kind(tuple(zip(signs, parts, strict=False))),
        st.lists(st.sampled_from("+-"), min_size=2, max_size=3).map(lambda s: ["+", *s]),
        st.lists(inner, min_size=2, max_size=3),
        st.sampled_from([Sum, lambda parts: Product(tuple(("*/"[s == "-"], p) for s, p in parts))]),
    ),
    max_leaves=12,
)


@given(trees)
def test_what_is_written_is_read_as_the_same(tree: Node) -> None:
    """docs/virtual-meters.md, "How a formula is kept": one spelling, read the same for ever."""
    read = parse(written(tree))
    assert written(read) == written(tree)
    assert parse(written(read)) == read


@given(st.one_of(st.text(max_size=60), st.text("ab-+*/()[]?%'\".,:0123456789 kW", max_size=60)))
def test_noise_is_read_or_refused(text: str) -> None:
    """docs/virtual-meters.md, "What is refused": always with words, never with a crash."""
    try:
        tree = parse(text)
        terms(tree)
    except BadInput:
        return
    assert parse(written(tree)) == parse(written(parse(written(tree))))


@pytest.mark.parametrize(
    "text, factors, kw",
    [
        ("a + b - 0.5 * c", {"a": 1.0, "b": 1.0, "c": -0.5}, 0.0),
        ("-a + 2*(b - a/4)", {"a": -1.5, "b": 2.0}, 0.0),
        ("a * 3%", {"a": 0.03}, 0.0),
        ("a + b - 10%", {"a": 0.9, "b": 0.9}, 0.0),
        ("a + 10% - b", {"a": 1.1, "b": -1.0}, 0.0),
        ("(a + 0.3 kW) * 2 - .5kW", {"a": 2.0}, 0.1),
        ("sum(a, b, c) / 2", {"a": 0.5, "b": 0.5, "c": 0.5}, 0.0),
        ("a - a + b", {"a": 0.0, "b": 1.0}, 0.0),
    ],
)
def test_a_formula_is_a_sum_of_meters(text: str, factors: dict[str, float], kw: float) -> None:
    """docs/virtual-meters.md, "What may stand in a formula": worked out by hand."""
    found = terms(parse(text))
    assert {leaf.meter: factor for leaf, factor in found.factors} == pytest.approx(factors)
    assert found.kw == pytest.approx(kw)


@pytest.mark.parametrize(
    "text, known, spelled",
    [
        ("hall-1 + hall-2", {"hall-1", "hall-2"}, "'hall-1' + 'hall-2'"),
        ("hall-1", {"hall"}, "hall - 1"),
        ("a-b-c", {"a-b"}, "'a-b' - c"),
        ("2*a-3*b", (), "2 * a - 3 * b"),
        ("'it''s' + \"x\"\"y\"", (), "'it''s' + 'x\"y'"),
        ("00:11:22 + 'größe' + über", (), "00:11:22 + größe + über"),
        ("'12' + '3kW' - 'a b'", (), "'12' + '3kW' - 'a b'"),
        ("grid + sun[2.8.0]? - grid[ 2.8.0 ]", (), "grid + sun[2.8.0]? - grid[2.8.0]"),
        ("-(a*b) + c", (), "-(a * b) + c"),
        ("untracked( main ) - 1 kW", (), "untracked(main) - 1 kW"),
    ],
)
def test_ids_may_have_odd_characters(text: str, known: set[str], spelled: str) -> None:
    """docs/virtual-meters.md, "What may stand in a formula": quotes, and `-` in known ids."""
    assert written(parse(text, known)) == spelled


@pytest.mark.parametrize(
    "text, why",
    [
        ("", "ends too early: a meter, a number or \\("),
        ("a + + ", "ends too early"),
        ("a b", "'b' at character 3: an operator"),
        ("a + (b", r"ends too early: \) was expected"),
        ("0,5 * a", "',' at character 2"),
        ("a $ b", r"'\$' at character 3, which is not understood.*quotes"),
        ("'a", r"\"'\" at character 1"),
        ("max(a, b)", r"no function max\(\): take sum or untracked"),
        ("untracked(a + b)", "takes one meter"),
        ("a[1.7.0]", r"\[1.7.0\] is not the code of a counter"),
        ("(" * 60 + "a" + ")" * 60, "at most 50 deep"),
        ("-" * 60 + "a", "at most 50 deep"),
        ("+".join(["a"] * LONGEST), f"at most {LONGEST} characters"),
        ("9" * 400 + " * a", "too large a number"),
    ],
)
def test_what_is_not_understood_is_said(text: str, why: str) -> None:
    """docs/virtual-meters.md, "What is refused": where, and what was expected."""
    with pytest.raises(BadInput, match=why):
        parse(text)


@pytest.mark.parametrize(
    "text, why",
    [
        ("5", "at least one meter"),
        ("3 kW", "at least one meter"),
        ("a + 5", "5 is a number and no energy.*0.5 kW"),
        ("5 - a", "5 is a number"),
        ("a * b", "energy times energy"),
        ("1 / a", "divides by a number only"),
        ("a / (2 - 2)", "divide by 0"),
        ("a" + " * 1000000000000" * 40, "too large"),
        (" + ".join(f"m{n}" for n in range(METERS_MOST + 1)), f"at most {METERS_MOST} meters"),
    ],
)
def test_what_is_no_energy_is_said(text: str, why: str) -> None:
    """docs/virtual-meters.md, "What is refused": and what could be meant."""
    with pytest.raises(BadInput, match=why):
        terms(parse(text))
