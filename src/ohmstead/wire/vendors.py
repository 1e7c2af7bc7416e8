"""Who stands behind three letters: the FLAG identifiers that meters say of their makers.

Source: the DLMS User Association's list of manufacturer identifiers; only makers of meters with a
customer port.
"""

from collections.abc import Mapping
from types import MappingProxyType

VENDORS: Mapping[str, str] = MappingProxyType(
    {
        "ABB": "ABB",
        "ACE": "Itron",
        "AID": "Aidon",
        "AUX": "Aux",
        "DZG": "DZG",
        "EAS": "Eastron",
        "ELS": "Elster",
        "EMH": "EMH",
        "EMR": "Energomera",
        "EMU": "EMU",
        "ENS": "Ensor",
        "ESR": "Ensor",
        "ESY": "EasyMeter",
        "FIN": "Finder",
        "GMC": "Gossen Metrawatt",
        "HLY": "Holley",
        "ISK": "Iskraemeco",
        "ITR": "Itron",
        "KAM": "Kamstrup",
        "KFM": "Kaifa",
        "KMP": "Kamstrup",
        "LGB": "Landis+Gyr",
        "LGF": "Landis+Gyr",
        "LGZ": "Landis+Gyr",
        "NES": "NES",
        "SAG": "Sagemcom",
        "SBC": "Saia-Burgess",
        "SIE": "Siemens",
        "XMX": "Xemex",
        "ZIV": "ZIV",
    }
)


def prefix_of(name: str | None) -> str | None:
    """The three letters that a logical device name or identification begins with, in capitals, if
    it does.

    >>> prefix_of("ISk5\\\\2MT382-1000"), prefix_of("1ESY1336001560"), prefix_of(None)
    ('ISK', None, None)
    """
    start = (name or "")[:3]
    return start.upper() if len(start) == 3 and start.isascii() and start.isalpha() else None
