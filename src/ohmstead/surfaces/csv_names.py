"""What a column of a table probably is, by its name: in English and German, or as OBIS codes."""

import re
from collections.abc import Iterator

from ohmstead.reading import catalogue, units

OBIS = re.compile(r"(?<![\d.])(?:\d-\d{1,2}:)?(\d{1,3}\.\d{1,2}\.\d{1,3})(?:\*255)?(?![\d.])")
TOKEN = re.compile(r"[A-Za-z°µ³]+\d?")
AT_THE_END = re.compile(r"_([A-Za-z]{1,5})$")
IN_BRACKETS = re.compile(r"[\[(]\s*([^\])]+?)\s*[\])]")
SHORTEST = 2
"""Letters of a unit that counts without brackets: `l` or `A` may be anything."""
OTHER = re.compile(
    r"status|qual[iy]|preis|price|kosten|cost|betrag|amount|chf|eur\b|€|\bct\b|temp|einheit|\bunit"
    r"|bemerk|notiz|note|flag|kennz|nummer|number|\bnr\b|\bid\b|fa[kc]tor|prozent|percent|co2",
    re.IGNORECASE,
)
EXPORT = re.compile(
    r"ei(?:n|nge)speis|inje[ck]|injeç|teruglever|immess|excedent|receiv|return|export|r[üu]e?ckspeis|r[üu]e?cklief|lieferung|feed|abgabe|surplus|[üu]bersch|"
    r"erzeug|produ[ck]t|generation|generated|\ba-|2\.8\.",
    re.IGNORECASE,
)
REACTIVE = re.compile(r"blind|reactive|k?var", re.IGNORECASE)
POWER = re.compile(r"leistung|power|lastgang|\blast\b|load|demand", re.IGNORECASE)
ENERGY = re.compile(
    r"energ|bezug|verbrauch|import|consum|usage|arbeit|z[äa]e?hlerstand|stand|wert|value|reading"
    r"|ei(?:n|nge)speis|export|abgabe|messwert|menge|generation|deliver|receiv|return|\ba\+|\ba-",
    re.IGNORECASE,
)
GRID = re.compile(
    r"netz|grid|bez[uo]g|import|export|speis|feed|deliver|receiv|return", re.IGNORECASE
)
"""What is between a house and the grid, not what the sun gives or the house needs."""
PHASE = re.compile(r"\b(?:l|phase|ph)[ _]?([123])\b|_l([123])(?:_|\b)", re.IGNORECASE)
HIGH = re.compile(r"\bht\b|hochtarif|high tariff|\bt1\b|\bpeak", re.IGNORECASE)
LOW = re.compile(r"\bnt\b|niedertarif|low tariff|\bt2\b|off.?peak", re.IGNORECASE)
END = re.compile(r"\bbis\b|\bto\b|\bend[e]?\b|until|_to\b|_end\b", re.IGNORECASE)
START = re.compile(r"\bvon\b|\bfrom\b|start|begin+\b|\bab\b|_from\b", re.IGNORECASE)
TIME = re.compile(r"zeit|time|datum|date|stamp|uhr|tag\b|day", re.IGNORECASE)
UTC = re.compile(r"(?:\b|_)(?:utc|gmt)(?:\b|_)", re.IGNORECASE)
METER = re.compile(
    r"z[äa]e?hler(?!stand)|meter|messpunkt|messstelle|messlokation|marktlokation|z[äa]e?hlpunkt|obis"
    r"|metering|\bmp\b|register|kanal|channel|series?|entity|sensor|device|ger[äa]e?t|\bcups\b|\bcpe\b"
    r"|\bpod\b|\bprm\b|\bean\b|mpan|mprn|\bnmi\b|_field|_measurement",
    re.IGNORECASE,
)
BY_COLUMN = {q.column: q.obis for q in catalogue.ALL}
_PHASED = {"V": "{}2.7.0", "A": "{}1.7.0"}
_PHASE_DIGIT = {"1": "3", "2": "5", "3": "7"}
"""Of voltages and currents; of powers and energies it is 2, 4, 6."""


def unit_in(name: str) -> str | None:
    """The unit that a name says, spelled as the catalogue's units are.

    >>> unit_in("Bezug [kwh]"), unit_in("energy_wh"), unit_in("power_w"), unit_in("A total")
    ('kWh', 'Wh', 'W', None)
    """
    for said in (*IN_BRACKETS.findall(name), *AT_THE_END.findall(name)):
        if units.named(said) in units.KEPT:
            return units.named(said)
    for token in TOKEN.findall(name.replace("_", " ")):
        if len(token) >= SHORTEST and units.named(token) in units.KEPT:
            return units.named(token)
    return None


def code_in(name: str) -> str | None:
    """The catalogue's key that a name says, as it is or as an OBIS code.

    >>> code_in("1-0:1.8.0*255 [kWh]"), code_in("active_import_power_kw"), code_in("v1.2.3")
    ('1.8.0', '1.7.0', None)
    """
    if name in BY_COLUMN:
        return BY_COLUMN[name]
    found = OBIS.search(name)
    return found[1] if found and found[1] in catalogue.BY_OBIS else None


def quantity(name: str, unit: str | None = None) -> str | None:
    """The catalogue's key of what a column of electricity is; None of what is nothing of that.

    `unit` is one that is said elsewhere than in the name.

    >>> quantity("Bezug (kWh)"), quantity("Einspeisung in kWh"), quantity("Leistung kW")
    ('1.8.0', '2.8.0', '1.7.0')
    >>> quantity("Spannung L2 (V)"), quantity("Verbrauch HT"), quantity("Kosten CHF")
    ('52.7.0', '1.8.1', None)
    """
    code = code_in(name)
    if code is not None:
        return code
    said = unit_in(name) or unit
    kind = units.KEPT[said][0] if said in units.KEPT else None
    if OTHER.search(name) and unit_in(name) is None:
        return None
    return next((key for key in _candidates(name, kind) if key in catalogue.BY_OBIS), None)


def _candidates(name: str, kind: str | None) -> Iterator[str]:
    """Keys that a name and a unit of this kind mean, the closest first."""
    c = 2 if EXPORT.search(name) else 1
    c += 2 if REACTIVE.search(name) or kind in ("kvarh", "kvar") else 0
    said = PHASE.search(name)
    phase = next(filter(None, said.groups()), "") if said else ""
    shift = 20 * int(phase) if phase else 0
    if kind in _PHASED:
        yield _PHASED[kind].format(_PHASE_DIGIT[phase or "1"])
    elif kind == "Hz":
        yield "14.7.0"
    elif kind == "kVA":
        yield f"{9 + shift}.7.0"
    elif kind in ("kW", "kvar") or (kind is None and POWER.search(name)):
        yield f"{c + shift}.7.0"
    elif kind in ("kWh", "kvarh") or (kind is None and ENERGY.search(name)):
        tariff = 1 if HIGH.search(name) else 2 if LOW.search(name) else 0
        yield f"{c + shift}.8.{tariff}"
        yield f"{c}.8.0"
