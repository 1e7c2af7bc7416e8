"""The data block of IEC 62056-21: codes, and what stands in brackets behind them.

Source: IEC 62056-21, 6.5 (data block) and annex D (codes).
"""

import re
from collections.abc import Mapping
from datetime import datetime

from ohmstead.reading import obis, units
from ohmstead.reading.reading import Identity
from ohmstead.wire.p1 import MODEL, text_of, time_of
from ohmstead.wire.telegram import Value
from ohmstead.wire.vendors import VENDORS, prefix_of

CODE = (
    rb"(?:\d{1,3}-\d{1,3}:)?(?:\d{1,3}|[A-Z])\.(?:\d{1,3}|[A-Z])(?:\.(?:\d{1,3}|[A-Z]))?"
    rb"(?:[*&]\d{1,3})?"
)
INSIDE = rb"\(([^()\x00-\x1f\x7f]*)\)"
SETS = re.compile(rb"(" + CODE + rb")?" + INSIDE)
"""One data set: a code and what is in brackets; further brackets belong to the code before them."""
LINE = re.compile(rb"(?:" + CODE + rb"(?:" + INSIDE + rb")+)+[ \t]*")
MORE = re.compile(rb"(?:" + INSIDE + rb")+[ \t]*")
"""A line that goes on with the values of the one before."""
FULL = re.compile(rb"^\d{1,3}-\d{1,3}:", re.MULTILINE)
"""A code with medium and channel."""
NUMBER = re.compile(r"([-+]?\d{1,15}(?:[.,]\d{1,9})?)[ ]?(\*?)[ ]?([^*()]{0,8})")
SHORT = re.compile(r"(?P<c>\d+|[A-Z])\.(?P<d>\d+|[A-Z])(?:\.(?P<e>\d+|[A-Z]))?(?:[*&](?P<f>\d+))?")
MOMENT = re.compile(r"[0-9][0-9 ,./:T-]{7,20}[0-9][SW]?")
TEXTS = ("0.0", "C.1", "96.1")
"""Numbers of the meter: letters behind their digits are no unit."""
IDENTIFYING = ("0.0.0", "C.1.0", "96.1.0", "0.0")


def keys_of(code: str) -> tuple[str, ...]:
    """What a written code is called: as it stands, and its OBIS code where it leaves out the last
    group.

    >>> keys_of("1-0:1.8.0*255"), keys_of("32.7"), keys_of("F.F"), keys_of("1.8.1*02")
    (('1.8.0',), ('32.7', '32.7.0'), ('F.F',), ('1.8.1*2',))
    """
    found = SHORT.fullmatch(code)
    if not found:
        try:
            return (obis.parse(code).own.short,)
        except ValueError:
            return ()
    groups = [found["c"], found["d"], *([found["e"]] if found["e"] else [])]
    plain = [str(int(group)) if group.isdigit() else group for group in groups]
    past = f"*{int(found['f'])}" if found["f"] and int(found["f"]) != obis.CURRENT else ""
    key = ".".join(plain) + past
    if found["e"] or not (found["c"].isdigit() and found["d"].isdigit()):
        return (key,)
    return key, ".".join((*plain, "0")) + past


def moment_of(written: str) -> datetime | None:
    """The moment that `yymmddhhmm`, `yy-mm-dd hh:mm:ss` and their likes spell, else None.

    A season digit in front is passed over.

    >>> moment_of("24-03-21 10:15"), moment_of("0240321101500")
    (datetime.datetime(2024, 3, 21, 10, 15), datetime.datetime(2024, 3, 21, 10, 15))
    """
    if not MOMENT.fullmatch(written):
        return None
    season = written[-1] if written[-1] in "SW" else ""
    digits = re.sub(r"\D", "", written)
    return time_of((digits[1:] if len(digits) in (11, 13) else digits) + season)


def clock_of(values: Mapping[str, Value]) -> datetime | None:
    """The meter's clock: 0.9.1 is the time, 0.9.2 the date (year first), 1.0.0 and 0.9.4 both."""
    for key in ("1.0.0", "0.9.4"):
        if key in values and (at := moment_of(str(values[key].value))):
            return at
    if "0.9.1" not in values or "0.9.2" not in values:
        return None
    date, time = (re.sub(r"\D", "", str(values[key].value))[-6:] for key in ("0.9.2", "0.9.1"))
    return time_of(date + time) if len(date + time) == 12 else None


def _plain(written: str, code: str) -> Value:
    """The value of `number*unit`; what has no unit stays text."""
    found = NUMBER.fullmatch(written)
    if found:
        number, star, spelled = found[1].replace(",", "."), found[2], found[3].strip()
        unit = units.named(spelled) if spelled else None
        known = unit in units.KEPT and not code.startswith(TEXTS)
        if unit and (star or known):
            return Value(float(number) if "." in number else int(number), unit)
    return Value(written)


def _value(parts: list[str], code: str) -> Value | None:
    """What the brackets behind a code say: a value, and when it was so if that stands beside it."""
    first, *rest = parts
    if rest and rest[0] and (at := moment_of(first)):
        value = _plain(rest[0], code)
    else:
        value, at = _plain(first, code), moment_of(rest[0]) if rest else None
    if value.value == "":
        return None
    return Value(value.value, value.unit, at) if at else value


def values_of(block: bytes) -> dict[str, Value]:
    """The values of a data block; the first one where a code stands twice."""
    gathered: dict[str, list[str]] = {}
    current: list[str] = []
    for line in block.replace(b"\r", b"\n").split(b"\n"):
        text = line.strip(b" \t!")
        if not (LINE.fullmatch(text) or MORE.fullmatch(text)):
            continue
        for code, inside in SETS.findall(text):
            if code:
                current = gathered.setdefault(code.decode("ascii"), [])
            current.append(inside.decode("latin-1"))
    values: dict[str, Value] = {}
    for code, parts in gathered.items():
        value = _value(parts, code)
        for key in keys_of(code) if value else ():
            values.setdefault(key, value) if value else None
    return values


def identity_of(ident: str | None, values: Mapping[str, Value]) -> Identity:
    """Who the meter is: its identification line, and the number among its values."""
    said = (str(values[key].value) for key in IDENTIFYING if key in values)
    prefix = prefix_of(ident)
    return Identity(
        id=next((text_of(text) for text in said if text), None),
        model=MODEL.sub("", ident).strip() or None if ident else None,
        vendor=VENDORS.get(prefix or ""),
        prefix=prefix,
        protocol="IEC",
        interface="TTL",
    )
