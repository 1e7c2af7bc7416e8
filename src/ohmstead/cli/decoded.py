"""A telegram as `ohmstead decode` tells it: one object, every value with its unit."""

from collections.abc import Mapping
from datetime import datetime
from typing import TypedDict

from ohmstead.reading import catalogue
from ohmstead.reading.units import kept
from ohmstead.wire.objects import UNITLESS
from ohmstead.wire.telegram import Refused, Telegram, Value


class Shown(TypedDict):
    """One value: a number in `unit`, or a text."""

    value: float | str
    unit: str | None


class Decoded(TypedDict):
    """One telegram."""

    protocol: str
    framing: str
    meter: dict[str, str | None]
    at: str | None
    values: dict[str, Shown]


def document(telegram: Telegram) -> Decoded:
    """The telegram, ready for JSON.

    Electricity (`C.D.E`) and channels (`A-B:C.D.E`) come in the catalogue's units; records and
    registers of EN 13757 and KMP in the meter's own.
    """
    who = telegram.identity
    return {
        "protocol": telegram.protocol,
        "framing": telegram.framing,
        "meter": {
            "id": who.id,
            "vendor": who.vendor,
            "model": who.model,
            "logical_name": who.logical_name,
        },
        "at": moment(telegram.at),
        "values": {key: shown(key, value) for key, value in telegram.values.items()},
    }


def refusal(refused: Refused) -> Mapping[str, object]:
    """Why something was not a telegram, where it began, and the meter's status it means."""
    return {"refused": refused.reason, "offset": refused.offset, "status": refused.status}


def shown(key: str, value: Value) -> Shown:
    """One value; whole numbers without a point."""
    said = value.value
    if isinstance(said, str):
        quantity = catalogue.BY_OBIS.get(key)
        is_number = key.startswith(UNITLESS) or (quantity is not None and quantity.unit is None)
        number = _number(said) if is_number else None
        return {"value": said if number is None else number, "unit": value.unit}
    unit = value.unit
    if not _is_own(key):
        said, unit = kept(said, unit)
    return {"value": int(said) if _is_whole(said) else said, "unit": unit}


def moment(at: datetime | None) -> str | None:
    """ISO 8601, with an offset where the meter says one."""
    return None if at is None else at.isoformat()


def _is_whole(number: float) -> bool:
    return float(number).is_integer() and abs(number) < 2**53


def _is_own(key: str) -> bool:
    return key.startswith(("record:", "register:"))


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
