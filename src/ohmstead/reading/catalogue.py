"""Every measured quantity, once: its OBIS code, its unit, and its name on every surface.

One line is a family (a quantity in total, by phase or by tariff); everything else in Ohmstead asks
this table.  *To add a quantity: one line here.*

Names on the surfaces come from the device's manual (Local Integration via REST/MQTT 2.0: report 3.1,
live 3.2, templates 4.1.1, OBIS Appendix D), the Cloud2Cloud how-to 2.0 (section 6), the Wattics push
API (JSON packet format), and the device's own documentation (SD-card columns, Modbus register ids).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Kind(StrEnum):
    """How a quantity behaves in time, and so how it may be put together."""

    COUNTER = "counter"
    """Only ever grows, apart from a reset: take differences, keep the last."""
    GAUGE = "gauge"
    """The value of a moment: take the mean."""
    DEMAND = "demand"
    """The highest mean power of a period: take the maximum."""
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Quantity:
    """One line of the catalogue; None where a surface does not know the quantity."""

    obis: str
    """The key inside Ohmstead: `C.D.E`; an `s` in front marks a signed net that has no code of its own."""
    unit: str | None
    kind: Kind
    label: str
    column: str
    """Column in the database and in exports, unit last."""
    report: str | None = None
    """Path inside `report` of the device's JSON."""
    live: str | None = None
    template: str | None = None
    aliases: tuple[str, ...] = ()
    sd_card: str | None = None
    cloud2cloud: str | None = None
    """Path in the default payload of Cloud2Cloud."""
    offered: bool = False
    """Whether Cloud2Cloud lists it for custom templates."""
    wattics: str | None = None
    modbus: str | None = None
    derived: bool = False
    """Computed from others, not read from the meter."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One member of a family: the total, a phase or a tariff."""

    of: str
    sd: str
    c: int = 0
    e: int = 0
    n: int | None = None

    @property
    def words(self) -> str:
        """What the label adds: nothing for the total."""
        word = {"l": "phase L", "t": "tariff T"}.get(self.of[0])
        return f", {word}{self.n}" if word and self.n else ""


TOTAL = (Variant("total", "T"),)
PHASES = tuple(Variant(f"l{n}", f"L{n}", c=20 * n, n=n) for n in (1, 2, 3))
TARIFFS = tuple(Variant(f"t{n}", f"T{n}", e=n, n=n) for n in (1, 2))

_KINDS = {8: Kind.COUNTER, 6: Kind.DEMAND, 7: Kind.GAUGE}
_SUFFIX = {"%": "percent"}


def _filled(pattern: str | None, variant: Variant) -> str | None:
    if pattern is None:
        return None
    return pattern.format(of=variant.of, n=variant.n, L=variant.of.upper())


def _register(modbus: str | None, obis: str, known: bool, variant: Variant) -> str | None:
    """The Modbus id: a name with the phase behind it, or the code of what the device reports."""
    if modbus:
        return modbus if variant.n is None else f"{modbus}.{variant.of}"
    return obis if known else None


def family(  # noqa: PLR0913  (one argument a surface)
    c: int,
    d: int,
    unit: str | None,
    label: str,
    column: str,
    *,
    variants: tuple[Variant, ...] = TOTAL,
    e: int = 0,
    signed: bool = False,
    report: str | None = None,
    sd: str | None = None,
    live: str | None = None,
    live_tariff: str | None = None,
    live_phase: str | None = None,
    aliases: tuple[str, ...] = (),
    cloud: str | None = None,
    offered: tuple[str, ...] = (),
    wattics: str | None = None,
    modbus: str | None = None,
    derived: bool = False,
) -> Iterator[Quantity]:
    """The quantities of one family.

    C is `c + 20 · phase` and E the tariff; `{n}` and `{of}` in the patterns are filled in by the
    variant.  Aliases and the default Cloud2Cloud name belong to the total; a pattern with `{L}` or
    `{n}` belongs to the phases.  `offered` names the variants (`total`, `l`, `t`) that Cloud2Cloud lists.
    """
    for variant in variants:
        total, by = variant.n is None, variant.of[0]
        obis = f"{'s' if signed else ''}{c + variant.c}.{d}.{e + variant.e}"
        member = "" if total else f"_{variant.of}"
        unit_end = f"_{_SUFFIX.get(unit, unit.lower())}" if unit else ""
        known = report is not None or (signed and unit == "A")
        yield Quantity(
            obis=obis,
            unit=unit,
            kind=_KINDS[d],
            label=label + variant.words,
            column=f"{column}{member}{unit_end}",
            report=_filled(report, variant),
            live=_filled(live if total else live_phase if by == "l" else live_tariff, variant),
            template=obis.replace(".", "_") if known else None,
            aliases=aliases if total else (),
            sd_card=f"{sd}_{variant.sd}" if sd and sd != "PF" else sd,
            cloud2cloud=_filled(cloud, variant) if total or "{L}" in (cloud or "") else None,
            offered=(variant.of if total else by) in offered,
            wattics=_filled(wattics, variant) if not total or "{" not in (wattics or "{") else None,
            modbus=_register(modbus, obis, known, variant),
            derived=derived,
        )


ELECTRICAL: tuple[Quantity, ...] = (
    *family(13, 7, None, "Power factor", "power_factor", report="power_factor", sd="PF", live="PF", offered=("total",)),
    *family(1, 8, "kWh", "Energy imported", "active_import_energy", variants=TOTAL + TARIFFS,
            report="energy.active.positive.{of}", sd="EAP", live="E_In", live_tariff="E_In_T{n}",
            aliases=("energy.in",), cloud="Energy.Active.Positive", offered=("total", "t")),
    *family(2, 8, "kWh", "Energy exported", "active_export_energy", variants=TOTAL + TARIFFS,
            report="energy.active.negative.{of}", sd="EAN", live="E_Out", live_tariff="E_Out_T{n}",
            aliases=("energy.out",), cloud="Energy.Active.Negative", offered=("total", "t")),
    *family(3, 8, "kvarh", "Reactive energy imported", "reactive_import_energy", variants=TOTAL + TARIFFS,
            report="energy.reactive.positive.{of}", sd="ERP", live="rE_In", offered=("total",)),
    *family(4, 8, "kvarh", "Reactive energy exported", "reactive_export_energy", variants=TOTAL + TARIFFS,
            report="energy.reactive.negative.{of}", sd="ERN", live="rE_Out", offered=("total",)),
    *family(5, 8, "kvarh", "Reactive energy Q1, imported inductive", "reactive_q1_energy", variants=TOTAL + TARIFFS,
            report="energy.reactive.imported.inductive.{of}", sd="ERII", live="rEii"),
    *family(6, 8, "kvarh", "Reactive energy Q2, imported capacitive", "reactive_q2_energy", variants=TOTAL + TARIFFS,
            report="energy.reactive.imported.capacitive.{of}", sd="ERIC", live="rEic"),
    *family(7, 8, "kvarh", "Reactive energy Q3, exported inductive", "reactive_q3_energy", variants=TOTAL + TARIFFS,
            report="energy.reactive.exported.inductive.{of}", sd="EREI", live="rEei"),
    *family(8, 8, "kvarh", "Reactive energy Q4, exported capacitive", "reactive_q4_energy", variants=TOTAL + TARIFFS,
            report="energy.reactive.exported.capacitive.{of}", sd="EREC", live="rEec"),
    *family(1, 6, "kW", "Maximum demand, import", "import_demand", variants=TOTAL + TARIFFS,
            report="max_demand.active.positive.{of}", sd="MDAP", live="P_P_In", live_tariff="P_P_In_T{n}",
            offered=("total", "t")),
    *family(2, 6, "kW", "Maximum demand, export", "export_demand", variants=TOTAL + TARIFFS,
            report="max_demand.active.negative.{of}", sd="MDAN"),
    *family(1, 7, "kW", "Power imported", "active_import_power", variants=TOTAL + PHASES,
            report="instantaneous_power.active.positive.{of}", sd="IPAP", live="P_In", live_phase="P_P{n}_In",
            aliases=("power.in",), cloud="InstantaneousPower.Active.Positive", offered=("total", "l")),
    *family(2, 7, "kW", "Power exported", "active_export_power", variants=TOTAL + PHASES,
            report="instantaneous_power.active.negative.{of}", sd="IPAN", live="P_Out", live_phase="P_P{n}_Out",
            aliases=("power.out",), cloud="InstantaneousPower.Active.Negative", offered=("total", "l")),
    *family(3, 7, "kvar", "Reactive power imported", "reactive_import_power", variants=TOTAL + PHASES,
            report="instantaneous_power.reactive.positive.{of}", sd="IPRP", live="rP_In", live_phase="rP_P{n}_In",
            offered=("total",)),
    *family(4, 7, "kvar", "Reactive power exported", "reactive_export_power", variants=TOTAL + PHASES,
            report="instantaneous_power.reactive.negative.{of}", sd="IPRN", live="rP_Out", live_phase="rP_P{n}_Out",
            offered=("total",)),
    *family(9, 7, "kVA", "Apparent power", "apparent_power", report="instantaneous_power.apparent.{of}", sd="IPA"),
    *family(12, 7, "V", "Voltage", "voltage", variants=PHASES, report="voltage.{of}", sd="V", live_phase="V_P{n}",
            cloud="Voltage.{L}", offered=("l",), wattics="v_{n}"),
    *family(11, 7, "A", "Current", "current", variants=PHASES, report="current.{of}", sd="I", live_phase="I_P{n}",
            cloud="Current.{L}", offered=("l",), wattics="c_{n}"),
)  # fmt: skip
"""The 54 quantities of the device, in the order of its SD-card columns."""

FURTHER: tuple[Quantity, ...] = (
    *family(11, 7, "A", "Signed current", "signed_current", variants=PHASES, signed=True, derived=True,
            offered=("l",), modbus="current"),
    *family(16, 7, "kW", "Net power, import minus export", "net_power", variants=TOTAL + PHASES, derived=True,
            offered=("total",), wattics="aP_{n}", modbus="power.active"),
    *family(3, 7, "kvar", "Net reactive power", "net_reactive_power", variants=TOTAL + PHASES, signed=True, derived=True,
            wattics="rP_{n}", modbus="power.reactive"),
    *family(9, 7, "kVA", "Apparent power", "apparent_power", variants=PHASES, wattics="apP_{n}"),
    *family(1, 8, "kWh", "Energy imported", "active_import_energy", variants=PHASES, wattics="pC_{n}"),
    *family(2, 8, "kWh", "Energy exported", "active_export_energy", variants=PHASES),
    *family(124, 7, "V", "Voltage between L1 and L2", "voltage_l1_l2", wattics="v_12"),
    *family(125, 7, "V", "Voltage between L2 and L3", "voltage_l2_l3", wattics="v_23"),
    *family(126, 7, "V", "Voltage between L1 and L3", "voltage_l1_l3", wattics="v_13"),
    *family(12, 7, "%", "Voltage distortion", "voltage_thd", variants=PHASES, e=124, wattics="thdV_{n}"),
    *family(11, 7, "%", "Current distortion", "current_thd", variants=PHASES, e=124, wattics="thdC_{n}"),
    *family(14, 7, "Hz", "Frequency", "frequency"),
)  # fmt: skip
"""What the device does not report, but meters say, other surfaces carry, or is computed."""

ALL: tuple[Quantity, ...] = ELECTRICAL + FURTHER

_LISTED = {8: 0, 6: 1, 7: 2}


def _listed(quantity: Quantity) -> tuple[int, int]:
    c, d, _ = quantity.obis.removeprefix("s").split(".")
    return _LISTED[int(d)], int(c) % 20


TEMPLATES: tuple[Quantity, ...] = tuple(sorted((q for q in ALL if q.template), key=_listed))
"""The quantities that templates know, as the manual orders them: energies, demands, what is momentary.  Source: 4.1.1, 4.1.2."""

WATTICS_ALSO: Mapping[str, str] = MappingProxyType({"v_31": "v_13"})
"""Wattics names that are read as another one: the page of 2019 says v_31, its example and the older page v_13."""


@dataclass(frozen=True, slots=True)
class Text:
    """An identity or state that is text (or a small number), with its name on every surface."""

    obis: str
    label: str
    report: str
    template: str
    sd_card: str | None = None
    modbus: str | None = None
    live: str | None = None


IDENTITIES: tuple[Text, ...] = (
    Text("96.1.0", "Meter identifier", "meter.id", "meter.id", "MID", "96.1.0"),
    Text("42.0.0", "Logical device name", "meter.logical_name", "meter.type", "MIDENT", "42.0.0"),
    Text("96.1.1", "Meter model", "meter.model", "meter.model", "MMODEL", "96.1.1"),
    Text("96.14.0", "Current tariff", "report.tariff", "tariff", "TARIFF", "96.14.0", "T"),
)


@dataclass(frozen=True, slots=True)
class Medium:
    """A kind of meter: what one value of it is, and in which units it may come.

    `mbus` holds the M-Bus device types (EN 13757-3, table of media) that mean this kind.
    """

    kind: str
    label: str
    unit: str
    units: tuple[str, ...]
    reading: Kind
    mbus: tuple[int, ...] = ()
    wattics: str = "value"


MEDIA: tuple[Medium, ...] = (
    Medium("electricity", "Electricity", "kWh", ("kWh", "Wh", "MWh"), Kind.COUNTER, (2,)),
    Medium("gas", "Gas", "m3", ("m3", "kWh"), Kind.COUNTER, (3,)),
    Medium("water", "Water", "m3", ("m3", "l"), Kind.COUNTER, (6, 7, 21, 22)),
    Medium("heat", "Heat", "GJ", ("GJ", "kWh", "MWh", "m3"), Kind.COUNTER, (4, 10, 11, 12, 13)),
    Medium("temperature", "Temperature", "°C", ("°C",), Kind.GAUGE),
    Medium("production", "Production", "", ("",), Kind.COUNTER),
    Medium("other", "Other", "", ("",), Kind.GAUGE),
)
"""The kinds of meter; every kind but electricity sends one value, its unit with it."""

BY_OBIS: Mapping[str, Quantity] = MappingProxyType({q.obis: q for q in ALL})
BY_MEDIUM: Mapping[str, Medium] = MappingProxyType({m.kind: m for m in MEDIA})
BY_MBUS: Mapping[int, Medium] = MappingProxyType({number: m for m in MEDIA for number in m.mbus})
