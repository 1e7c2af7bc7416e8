"""What a meter measures at a moment: powers, voltages and currents that belong to each other."""

import math
from dataclasses import dataclass
from datetime import datetime

from ohmstead.simulate.draws import unit, wave
from ohmstead.simulate.ledger import Registers, Stretch

NOMINAL_V = 230.0
RIPPLE = 0.02
_RIPPLE, _VOLTAGE, _FREQUENCY = 41, 42, 43
_WH = 3_600_000  # mWs


@dataclass(frozen=True, slots=True)
class Moment:
    """Everything a meter could say at a moment; a telegram prints a part of it.

    `values` maps the short OBIS to kW, kvar, kVA, kWh, kvarh, V, A or Hz; counters are whole Wh
    and varh, cut off, as meters show them.
    """

    local: datetime
    """The meter's own clock: aware, in its zone, whole seconds."""
    tariff: int
    values: dict[str, float]
    demand_at: datetime
    """When the month's highest demand ended, local."""


def ripple(seed: int, second: int) -> float:
    """The factor by which all powers differ at this second.

    Over every two seconds it cancels out, so the registers need not know of it; and it leans to
    neither side, for those who look at every other second only.
    """
    share = RIPPLE * (2 * unit(seed, _RIPPLE, second // 2) - 1)
    return 1 + share if second % 2 else 1 - share


def voltage(seed: int, phase: int, epoch_s: float, import_w: float) -> float:
    """V on a phase: the grid's slow ups and downs, its flicker, and what the load pulls it down."""
    offset = 3 * unit(seed, _VOLTAGE, phase) - 1
    slow = 2.2 * wave(epoch_s, 1200, seed, _VOLTAGE) + 0.8 * wave(epoch_s, 90, seed, phase)
    flicker = 0.3 * unit(seed, _VOLTAGE, phase, int(epoch_s))
    return NOMINAL_V + offset + slow + flicker - 0.2 * import_w / NOMINAL_V


def both_ways(net: float) -> tuple[float, float]:
    """Import and export of a net value; one of them is zero."""
    return (net, 0.0) if net > 0 else (0.0, -net)


def energies(registers: Registers) -> dict[str, float]:
    """kWh and kvarh of all counters."""
    in_1, in_2, out_1, out_2 = (r // _WH / 1000 for r in registers[:4])
    return {
        "1.8.0": (registers.in_1 + registers.in_2) // _WH / 1000,
        "1.8.1": in_1,
        "1.8.2": in_2,
        "2.8.0": (registers.out_1 + registers.out_2) // _WH / 1000,
        "2.8.1": out_1,
        "2.8.2": out_2,
        "3.8.0": registers.reactive_in // _WH / 1000,
        "4.8.0": registers.reactive_out // _WH / 1000,
        "1.4.0": (registers.in_1 + registers.in_2 - registers.quarter) / 900 / 1_000_000,
        "1.6.0": registers.demand / 1_000_000,
    }


def electrics(seed: int, epoch_s: float, stretch: Stretch) -> dict[str, float]:
    """Powers, voltages, currents: on each phase P² + Q² = (U·I)², and the phases add up."""
    factor = ripple(seed, int(epoch_s)) / 1_000_000
    values: dict[str, float] = {}
    net = reactive = 0.0
    for phase in range(3):
        p, q = stretch.power[phase] * factor, stretch.reactive[phase] * factor
        u = voltage(seed, phase, epoch_s, p * 1000)
        c = 20 * (phase + 1)
        values[f"{c + 1}.7.0"], values[f"{c + 2}.7.0"] = both_ways(p)
        values[f"{c + 3}.7.0"], values[f"{c + 4}.7.0"] = both_ways(q)
        values[f"{c + 12}.7.0"] = u
        values[f"{c + 11}.7.0"] = 1000 * (apparent := math.hypot(p, q)) / u
        values[f"{c + 13}.7.0"] = abs(p) / apparent if apparent else 1.0
        values[f"{c + 16}.7.0"] = p
        net, reactive = net + p, reactive + q
    values["1.7.0"], values["2.7.0"] = both_ways(net)
    values["3.7.0"], values["4.7.0"] = both_ways(reactive)
    values["16.7.0"] = net
    values["9.7.0"] = apparent = math.hypot(net, reactive)
    values["13.7.0"] = abs(net) / apparent if apparent else 1.0
    values["14.7.0"] = 50 + 0.03 * wave(epoch_s, 60, seed, _FREQUENCY)
    return values
