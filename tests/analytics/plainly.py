"""Quarters of an hour worked out plainly: one stream, the whole history, one bucket at a time."""

from collections.abc import Iterator, Mapping
from zoneinfo import ZoneInfo

import numpy as np

from ohmstead.analytics import energy
from ohmstead.analytics.energy import Floats, Kind, Steps, demand_kw
from ohmstead.analytics.energy_calendar import offset_s
from ohmstead.analytics.energy_rollup import WINDOWS_MIN, Read, Source


def quarters(read: Read, edges: Floats, of: Source, main: str) -> Mapping[str, Floats]:
    """What energy_rollup.quarters gives for one stream; across holes with the prefix `hole `."""
    longest_s = energy.longest_step_s(of.interval_s)
    found: dict[str, Floats] = {}
    lost = np.zeros(len(edges) - 1)
    for column, values in read.columns.items():
        steps = _steps(read, values, of)
        found[column], found[f"hole {column}"] = energy.within(steps, edges)
        unknown = (steps.kind == Kind.RESET) | (steps.kind == Kind.EXCHANGE)
        lost = np.maximum(lost, energy.spans_s(steps, unknown, edges))
    rows = _steps(read, np.zeros(len(read.at)), of)
    found["covered_s"] = np.maximum(energy.spans_s(rows, rows.measured, edges) - lost, 0)
    for name, kw in zip(("import", "export"), read.power, strict=True):
        steps = energy.integrated(read.at, kw, longest_s)
        column = f"active_{name}_energy_kwh"
        if column in read.columns:
            found[f"{name}_guessed"] = _beside(steps, _steps(read, read.columns[column], of), edges)
    found.update(_peaks(_steps(read, read.columns[main], of), edges, of.zone))
    for prefix, kw in zip(("", "export_"), read.power, strict=True):
        inside = [kw[(read.at >= a) & (read.at < a + 900) & ~np.isnan(kw)] for a in edges[:-1]]
        found[f"{prefix}mean"] = np.array([e.mean() if len(e) else np.nan for e in inside])
        found[f"{prefix}most"] = np.array([e.max() if len(e) else np.nan for e in inside])
        found[f"{prefix}least"] = np.array([e.min() if len(e) else np.nan for e in inside])
        found[f"{prefix}samples"] = np.array([len(e) or np.nan for e in inside])
    return found


def _beside(power: Steps, counter: Steps, edges: Floats) -> Floats:
    """Energy of power in time that the counter does not cover, second by second of its steps."""
    total = np.full(len(edges) - 1, np.nan)
    for n in range(len(power.start)):
        left = [(float(power.start[n]), float(power.end[n]))]
        for a, b in zip(counter.start.tolist(), counter.end.tolist(), strict=True):
            left = [
                piece
                for first, last in left
                for piece in ((first, min(last, a)), (max(first, b), last))
                if piece[1] > piece[0]
            ]
        rate = power.energy[n] / (power.end[n] - power.start[n])
        for first, last in left if not np.isnan(rate) else []:
            for m in range(len(total)):
                inside = min(last, edges[m + 1]) - max(first, edges[m])
                if inside > 1e-6:
                    total[m] = np.nan_to_num(total[m]) + rate * inside
    return total


def _steps(read: Read, values: Floats, of: Source) -> Steps:
    longest_s = energy.longest_step_s(of.interval_s)
    if of.interval:
        return energy.summed(read.at, values, of.interval_s, longest_s)
    return energy.counted(read.at, values, longest_s, read.meter)


def _peaks(steps: Steps, edges: Floats, zone: ZoneInfo) -> Iterator[tuple[str, Floats]]:
    on_clock = edges[1:] + np.array([offset_s(edge, zone) for edge in edges[1:]])
    for minutes in WINDOWS_MIN:
        demand = demand_kw(steps, edges[1:], 60.0 * minutes)
        yield f"clock_{minutes}", np.where(on_clock % (60 * minutes) == 0, demand, np.nan)
        yield f"sliding_{minutes}", sliding_peak_kw(steps, edges, 60.0 * minutes)


def sliding_peak_kw(steps: Steps, edges: Floats, window_s: float) -> Floats:
    """The highest mean power of any window that ends in each bucket; NaN where there is none.

    Power is even within a step, so the highest window begins or ends with a reading.
    """
    turns = np.concatenate([steps.start, steps.end])
    ends = np.unique(np.concatenate([turns, turns + window_s, edges]))
    ends = ends[(ends >= edges[0]) & (ends <= edges[-1])]
    found = demand_kw(steps, ends, window_s)
    ends, found = ends[~np.isnan(found)], found[~np.isnan(found)]
    highest = np.full(len(edges) - 1, -np.inf)
    for side in ("left", "right"):  # a window that ends at an edge is the limit of both buckets
        n = np.searchsorted(edges, ends, side=side) - 1
        inside = (n >= 0) & (n < len(highest))
        np.maximum.at(highest, n[inside], found[inside])
    return np.where(np.isneginf(highest), np.nan, highest)
