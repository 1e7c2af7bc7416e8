"""The columns of a reading in the database, in one fixed order, from the catalogue."""

from collections.abc import Mapping
from types import MappingProxyType

from ohmstead.reading import catalogue

FIELDS: tuple[str, ...] = ("received_at", "meter_at", "number", "tariff", "value", "meter_crc")
"""What a reading has beside its values."""
VALUES: Mapping[str, str] = MappingProxyType({q.obis: q.column for q in catalogue.ALL})
"""Catalogue key (short OBIS) -> column."""
OBIS: Mapping[str, str] = MappingProxyType({column: obis for obis, column in VALUES.items()})
ALL: tuple[str, ...] = (*FIELDS, *VALUES.values())
"""Every column of `readings` beside the key."""
TYPES: Mapping[str, str] = MappingProxyType(
    {
        "received_at": "timestamptz",
        "meter_at": "timestamptz",
        "number": "int8",
        "tariff": "int2",
        "value": "float8",
        "meter_crc": "int4",
        **dict.fromkeys(VALUES.values(), "float8"),
    }
)
COUNTERS: tuple[str, ...] = (
    *(q.column for q in catalogue.ALL if q.kind is catalogue.Kind.COUNTER),
    "value",
)
"""The columns whose energy is kept in rollups; the order is that of bits: only add at the end."""
