"""The time zone of a place that somebody named by city and country.

Source: zone.tab and iso3166.tab of the IANA time zone database, which come with tzdata.
"""

import unicodedata
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType

ALSO: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("uk", "united kingdom", "great britain", "england", "scotland"), "GB"),
        **dict.fromkeys(("usa", "united states of america", "u.s.", "america"), "US"),
        **dict.fromkeys(("schweiz", "suisse", "svizzera"), "CH"),
        **dict.fromkeys(("deutschland", "bundesrepublik deutschland"), "DE"),
        **dict.fromkeys(("osterreich", "oesterreich"), "AT"),
        **dict.fromkeys(("holland", "the netherlands", "nederland"), "NL"),
        **dict.fromkeys(("czechia", "czech republic"), "CZ"),
        **dict.fromkeys(("italia",), "IT"),
        **dict.fromkeys(("espana",), "ES"),
    }
)
"""Names of countries that the table does not have."""


def zone_of(city: str, country: str) -> str | None:
    """The zone named like the city, else the first of the country; None for an unknown one.

    >>> zone_of("Dublin", "Ireland"), zone_of("Bern", "CH"), zone_of("Chicago", "USA")
    ('Europe/Dublin', 'Europe/Zurich', 'America/Chicago')
    >>> zone_of("Nowhere", "Atlantis") is None
    True
    """
    code = _codes().get(_plain(country)) or ALSO.get(_plain(country))
    zones = _zones().get(code or "", ())
    named = (
        zone for zone in zones if _plain(zone.rpartition("/")[2].replace("_", " ")) == _plain(city)
    )
    return next(named, next(iter(zones), None))


def _plain(name: str) -> str:
    """A name without case and accents."""
    apart = unicodedata.normalize("NFKD", name.strip().casefold())
    return "".join(c for c in apart if not unicodedata.combining(c))


@cache
def _codes() -> Mapping[str, str]:
    found: dict[str, str] = {}
    for line in _lines("iso3166.tab"):
        code, _, name = line.partition("\t")
        found |= {_plain(code): code, _plain(name): code, _plain(name.partition(" (")[0]): code}
    return MappingProxyType(found)


@cache
def _zones() -> Mapping[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for line in _lines("zone.tab"):
        code, _, zone = line.split("\t")[:3]
        found[code] = (*found.get(code, ()), zone)
    return MappingProxyType(found)


def _lines(name: str) -> list[str]:
    text = (files("tzdata") / "zoneinfo" / name).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]
