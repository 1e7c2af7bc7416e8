"""What is refused as a tariff, and how that is said."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.analytics.tariffs import energy, tariff

from ohmstead.analytics.tariff import document
from ohmstead.analytics.tariff_check import read
from ohmstead.errors import BadInput

BANDS = [{"name": "high", "days": ["mon-fri"], "hours": ["07:00-19:00"]}, {"name": "low"}]
BOTH = {"high": 1, "low": 2}


def block(*steps: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A charge of blocks."""
    return {"kind": "block", "name": "B", "blocks": [*steps], **more}


def versions(*spans: tuple[str, str | None]) -> list[dict[str, Any]]:
    """Versions with these validities."""
    return [{"from": first, "to": last, "charges": [energy("1")]} for first, last in spans]


@pytest.mark.parametrize(
    "charges, more, complaint",
    [
        ([energy("1")], {"currency": "SFR"}, "'SFR' is not a currency"),
        ([energy("1")], {"name": " "}, "is not a name for a tariff"),
        ([energy("NaN")], {}, "NaN is no number for a tariff"),
        ([energy("1e9")], {}, "must be less than 1000000000"),
        ([energy("0.0000000000001")], {}, "more than 12 digits"),
        ([energy("1")], {"bill": {"months": 5}}, "5 months does not fit into a year"),
        ([energy("1")], {"bill": {"day": 31}}, r"Expected `int` <= 28 - at `\$\.bill\.day`"),
        ([energy("1")], {"round_to": 0}, "round_to 0 is not between"),
        ([energy("1")], {"vat": 101}, "a tax of 101 percent"),
        (
            [energy("1")],
            {"vat": [{"percent": 7}, {"percent": 8, "from": "2024-01-01"}]},
            "rates of tax: the one from 0001-01-01 holds on 2024-01-01 still",
        ),
        (
            [],
            {"versions": versions(("2025-01-01", None), ("2026-01-01", None))},
            "the one from 2025-01-01 holds on 2026-01-01 still, .* to = 2026-01-01",
        ),
        ([], {"versions": versions(("2025-01-01", "2025-01-01"))}, "is not after from 2025-01-01"),
        ([], {"versions": []}, "length >= 1"),
        ([energy("1"), energy("2")], {}, "there are two charges named 'Energy'"),
        ([energy()], {}, "charge 'Energy': give either one price, or prices"),
        ([energy("1", prices=BOTH)], {"bands": BANDS}, "give either one price, or prices"),
        ([energy(prices={"high": 1})], {"bands": BANDS}, "no price of band 'low'"),
        ([energy(prices={**BOTH, "x": 1})], {"bands": BANDS}, "no band 'x'; there are 'high', 'lo"),
        ([energy(prices={"high": 1})], {"bands": BANDS[:1]}, r"no band holds on mon .* at 00:00"),
        ([energy("1")], {"bands": [*BANDS, BANDS[0]]}, "two bands named 'high'"),
        ([energy("1")], {"bands": [{"name": "x", "days": ["monday"]}]}, "'monday' is no day"),
        ([energy("1")], {"bands": [{"name": "x", "hours": ["7-19"]}]}, "'7-19' are no hours"),
        ([energy("1")], {"bands": [{"name": "x", "hours": ["07:10-19:00"]}]}, "within a quarter"),
        ([energy("1")], {"bands": [{"name": "x", "hours": ["07:00-07:00"]}]}, "has no length"),
        ([energy("1")], {"bands": [{"name": "x", "hours": ["07:00-25:00"]}]}, "no hours of a day"),
        ([energy("1")], {"bands": [{"name": "x", "seasons": ["w"]}]}, "no season 'w'"),
        (
            [energy("1")],
            {"seasons": [{"name": "w", "from": "02-30", "to": "04-01"}]},
            "'02-30' is no day of a year",
        ),
        (
            [energy("1")],
            {"seasons": [{"name": "w", "from": "04-01", "to": "04-01"}]},
            "season 'w' has no days",
        ),
        ([energy("1")], {"bands": [{"name": "a", "register": 1}, {"name": "b"}]}, "either every"),
        ([energy("1")], {"bands": [{"name": "a", "register": 1, "days": ["mon"]}]}, "no other tim"),
        ([energy("1")], {"holidays": {"country": "Swiss"}}, "holidays of 'Swiss' are not known"),
        (
            [energy("1")],
            {"holidays": {"country": "CH", "subdivision": "XY"}},
            "'XY' is no subdivision of CH .* ZG, ZH",
        ),
        ([energy("1")], {"holidays": {"subdivision": "ZH"}}, "need their country"),
        ([energy("1")], {"holidays": {"country": "CH", "categories": ["x"]}}, "holidays of CH"),
        ([energy("1")], {"holidays": {"extra": ["13-01"]}}, "'13-01' is no day of a year"),
        ([energy("1", quantity="1.7.0")], {}, "'1.7.0' is nothing that is counted"),
        (
            [energy(prices={"a": 1}, quantity="net")],
            {"bands": [{"name": "a", "register": 1}]},
            r"'net' by register \(16\.8\.1\) is nothing that is counted",
        ),
        ([block({"to": 5, "price": 1})], {}, "the last block, and no other, has no `to`"),
        (
            [block({"to": 5, "price": 1}, {"to": 4, "price": 2}, {"price": 3})],
            {},
            "each block ends",
        ),
        ([block({"price": 1}, bands=["x"])], {}, "no band 'x'; there are none"),
        ([{"kind": "demand", "name": "D", "price": 1, "minutes": 20}], {}, "20"),
        (
            [{"kind": "demand", "name": "D", "price": 1, "bands": ["a"]}],
            {"bands": [{"name": "a", "register": 1}]},
            "has no times in which to look for a peak",
        ),
        (
            [
                {
                    "kind": "demand",
                    "name": "D",
                    "price": 1,
                    "ratchet": {"months": 12, "percent": 800},
                }
            ],
            {},
            "a ratchet of 800 percent",
        ),
        ([{"kind": "percent", "name": "P", "percent": 1, "of": ["x"]}], {}, "no charge 'x'"),
        ([{"kind": "fixed", "name": "F", "amount": 1, "per": "week"}], {}, "'week'"),
        ([{"kind": "fixed", "name": "F", "amount": 1, "each": "day"}], {}, "unknown field `each`"),
    ],
)
def test_what_makes_no_sense_is_named(
    charges: list[dict[str, Any]], more: dict[str, Any], complaint: str
) -> None:
    """docs/tariffs.md, A tariff: refused, with the version and the charge named."""
    with pytest.raises(BadInput, match=complaint):
        tariff(*charges, **more)


def test_a_document_comes_back_as_it_was() -> None:
    """docs/tariffs.md, A tariff: what is shown can be given in again; decimals lose nothing."""
    made = tariff(
        energy(prices=BOTH),
        block({"to": "100.5", "price": "0.1234567890"}, {"price": 1}, bands=["high"]),
        {"kind": "dynamic", "name": "S", "per": "MWh", "factor": "1.05"},
        {"kind": "demand", "name": "D", "price": 1, "ratchet": {"months": 12, "percent": 80}},
        {"kind": "fixed", "name": "F", "amount": "-0.1", "per": "bill"},
        {"kind": "percent", "name": "P", "percent": "2.5", "of": ["F"]},
        bands=BANDS,
        vat=[{"percent": "7.7", "to": "2024-01-01"}, {"percent": "8.1", "from": "2024-01-01"}],
    )
    written = json.dumps(document(made))
    assert '"0.1234567890"' in written
    assert read(json.loads(written)) == made


def test_versions_are_put_in_order() -> None:
    """docs/tariffs.md, Versions: however they are written."""
    made = tariff(versions=versions(("2026-01-01", None), ("2025-01-01", "2026-01-01")))
    assert [each.first.year for each in made.versions] == [2025, 2026]


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["name", "currency", "versions", "charges", "from", "kind", "vat"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None)
@given(anything)
def test_whatever_is_given_is_a_tariff_or_refused(given: Any) -> None:
    """docs/tariffs.md, A tariff: nothing but BadInput comes of nonsense."""
    try:
        read(given)
    except BadInput:
        return
