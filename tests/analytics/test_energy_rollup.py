"""All that is kept of quarters, of many streams at once and in pieces: as worked out plainly."""

from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.analytics import plainly

from ohmstead.analytics import energy_rollup
from ohmstead.analytics.energy import Floats
from ohmstead.analytics.energy_grid import Grid
from ohmstead.analytics.energy_rollup import Read, Source, edges_between

IMPORT, EXPORT = "active_import_energy_kwh", "active_export_energy_kwh"
NIGHTS = {  # midnights before nights in which clocks are changed; Kathmandu does not change them
    "Europe/Zurich": (1743202800.0, 1761346800.0),
    "Europe/Lisbon": (1743206400.0, 1761346800.0),
    "Australia/Lord_Howe": (1743858000.0, 1759498200.0),
    "Asia/Kathmandu": (1743185700.0,),
}
GAPS_S = (1, 10, 300, 899, 900, 901, 1800, 7200, 40_000)


@st.composite
def histories(draw: st.DrawFn, begin: float) -> dict[str, npt.NDArray[np.float64]]:
    """Readings of a meter: uneven, with holes, resets, roll-overs, exchanges, columns left out."""
    count = draw(st.integers(1, 25))
    regular = draw(st.booleans())
    gaps = st.just(900) if regular else st.sampled_from(GAPS_S)
    at = begin + np.cumsum(draw(st.lists(gaps, min_size=count, max_size=count)))
    used = np.array(draw(st.lists(st.integers(0, 4000), min_size=count, max_size=count))) / 1000
    start = draw(st.sampled_from([0.0, 99_990.0, 500.0]))
    counter = (start + np.cumsum(used)) % 100_000
    for n in draw(st.lists(st.integers(0, count), max_size=2)):
        counter[n:] -= counter[n] if n < count else 0  # a reset
    missing = draw(st.lists(st.booleans(), min_size=count, max_size=count))
    kw = np.where(draw(st.booleans()), used * 4, np.nan)
    exchanged = draw(st.integers(0, count))
    return {
        "at": at,
        IMPORT: np.where(draw(st.booleans()) & np.array(missing), np.nan, counter),
        EXPORT: np.where(missing, np.nan, np.cumsum(used[::-1])),
        "kw": kw,
        "meter": np.where(np.arange(count) < exchanged, 7, draw(st.sampled_from([0, 7, 8]))),
    }


def read_of(parts: list[dict[str, npt.NDArray[np.float64]]]) -> Read:
    def joined(name: str) -> Floats:
        return np.concatenate([each[name] for each in parts])

    count = len(joined("at"))
    return Read(
        at=joined("at"),
        columns={IMPORT: joined(IMPORT), EXPORT: joined(EXPORT)},
        meter=joined("meter").astype(np.int64),
        beside=np.zeros(count, np.int64),
        part=np.concatenate([np.full(len(each["at"]), n) for n, each in enumerate(parts)]),
        power=(joined("kw"), np.full(count, np.nan)),
        wrap=np.full(len(parts), np.nan),
    )


@settings(max_examples=60)
@given(data=st.data(), zone=st.sampled_from(sorted(NIGHTS)), interval=st.booleans())
def test_many_streams_at_once_are_as_each_alone_worked_out_plainly(
    data: st.DataObject, zone: str, interval: bool
) -> None:
    """docs/energy.md: rollups are those of a full recomputation, whatever the zone and night."""
    begin = data.draw(st.sampled_from(NIGHTS[zone])) - 1800
    parts = data.draw(st.lists(histories(begin), min_size=1, max_size=3))
    of = Source(900.0, interval, False, ((IMPORT,),), ZoneInfo(zone), value_kwh=0.0)
    ends = max(float(each["at"][-1]) for each in parts)
    edges = edges_between(begin - 900, ends + 3600)
    cut = float(edges[len(edges) // 2])
    pieces = [(float(edges[0]), cut), (cut, float(edges[-1]))]
    made = [
        energy_rollup.quarters(read_of(parts), (IMPORT, EXPORT), Grid(*span, len(parts)), of)
        for span in pieces
    ]
    for n, each in enumerate(parts):
        wanted = plainly.quarters(read_of([each]), edges, of, IMPORT)
        for name, expected in wanted.items():
            kept = [m.across if name.startswith("hole ") else m.whole for m in made]
            found = [
                k.get(name.removeprefix("hole "), np.full(m.grid.size, np.nan)).reshape(
                    len(parts), m.grid.quarters
                )[n]
                for k, m in zip(kept, made, strict=True)
            ]
            assert np.concatenate(found) == pytest.approx(expected, abs=1e-7, nan_ok=True), name


def test_peaks_of_phases_are_those_of_their_sum() -> None:
    """docs/energy.md, peak demand: of a meter that counts by phase alone."""
    phases = tuple(f"active_import_energy_l{n}_kwh" for n in (1, 2, 3))
    at = np.arange(9) * 900.0
    none = np.full(len(at), np.nan)
    alone = np.where(np.arange(9) % 4 == 3, np.nan, np.arange(9) * 2.0)
    two = Read(
        at=np.tile(at, 2),
        columns={
            phases[0]: np.concatenate([np.arange(9) * 0.25, np.arange(9) * 5.0]),
            phases[1]: np.concatenate([np.arange(9) * 0.5 + 99, none]),
            phases[2]: np.concatenate([alone, none]),
        },
        meter=np.zeros(18, np.int64),
        beside=np.zeros(18, np.int64),
        part=np.repeat([0, 1], 9),
        power=(np.full(18, np.nan), np.full(18, np.nan)),
        wrap=np.full(2, np.nan),
    )
    of = Source(900.0, False, False, (phases,), ZoneInfo("UTC"))
    made = energy_rollup.quarters(two, phases, Grid(0.0, 7200.0, 2), of).whole
    assert made["clock_15"][:8].tolist() == pytest.approx(
        [11.0, 11, np.nan, np.nan] * 2, nan_ok=True
    )
    assert made["clock_15"][8:].tolist() == [20.0] * 8
    assert made["sliding_60"][8:].tolist()[3:] == [20.0] * 5
