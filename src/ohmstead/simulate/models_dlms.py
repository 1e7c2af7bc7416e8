"""Simulated meters that push DLMS notifications."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ohmstead.simulate import homes, pushes
from ohmstead.simulate.building import Building
from ohmstead.simulate.model import SIMULATION, Model
from ohmstead.simulate.pushes import Push
from ohmstead.simulate.weather import Place


@dataclass(frozen=True, slots=True)
class _Country:
    zone: str
    place: Place


_AT = _Country("Europe/Vienna", homes.VIENNA)
_CH = _Country("Europe/Zurich", homes.ZURICH)
_CZ = _Country("Europe/Prague", homes.BRNO)
_DK = _Country("Europe/Copenhagen", homes.COPENHAGEN)
_NO = _Country("Europe/Oslo", homes.OSLO)


def _dlms(
    says: str,
    interval_s: float,
    country: _Country,
    home: Building,
    push: Push,
    serial: str,
    interface: str = "MBUS",
) -> Model:
    keys = SIMULATION if push.seal else None
    return Model(
        says,
        interface,
        "DLMS",
        interval_s,
        country.zone,
        country.place,
        home,
        push,
        serial,
        keys=keys,
    )


DLMS: Mapping[str, Model] = MappingProxyType(
    {
        "hdlc-aidon": _dlms(
            "Norwegian home with solar panels and a wall box, DLMS over HDLC",
            2, _NO, homes.NORWEGIAN_SUN, pushes.AIDON, "7359",
        ),
        "hdlc-kaifa": _dlms(
            "Norwegian home with a car, fixed lists 1, 2 and 3 by turns, DLMS over HDLC",
            2, _NO, homes.HOME_WITH_CAR, pushes.KAIFA, "6970",
        ),
        "hdlc-kamstrup": _dlms(
            "Danish home, code and value in one flat list, DLMS over HDLC",
            10, _DK, homes.HOME, pushes.KAMSTRUP, "5706",
        ),
        "hdlc-kamstrup-sealed": _dlms(
            "Danish home, the same flat list encrypted and authenticated",
            10, _DK, homes.HOME_WITH_SUN, pushes.KAMSTRUP_SEALED, "5706",
        ),
        "hdlc-blocks": _dlms(
            "Swiss home, push list in general blocks, DLMS over HDLC",
            5, _CH, homes.SWISS_HOME, pushes.BLOCKS, "LGZ1",
        ),
        "hdlc-blocks-sealed": _dlms(
            "Swiss home with solar panels, push list in general blocks, encrypted, authenticated",
            5, _CH, homes.SWISS_SUN, pushes.BLOCKS_SEALED, "LGZ1",
        ),
        "hdlc-segments": _dlms(
            "Swiss shop, push list in HDLC segments",
            5, _CH, homes.SWISS_SHOP, pushes.SEGMENTS, "ISK1",
        ),
        "hdlc-segments-sealed": _dlms(
            "Swiss home, push list with scalers in HDLC segments, encrypted without a tag",
            5, _CH, homes.SWISS_SUN, pushes.SEGMENTS_SEALED, "ISK1",
        ),
        "hdlc-compact": _dlms(
            "Swiss home, rows in a compact array, DLMS over HDLC",
            5, _CH, homes.SWISS_HOME, pushes.COMPACT, "OHM1",
        ),
        "hdlc-sagemcom": _dlms(
            "Czech home, attribute descriptors without tags, DLMS over HDLC",
            60, _CZ, homes.HOME, pushes.SAGEMCOM, "SAG1",
        ),
        "hdlc-sagemcom-sealed": _dlms(
            "Czech home with solar panels, the same encrypted and authenticated (suite 1)",
            60, _CZ, homes.HOME_WITH_SUN, pushes.SAGEMCOM_SEALED, "SAG1",
        ),
        "mbus-rows": _dlms(
            "Austrian home, rows in M-Bus segments, in the clear",
            5, _AT, homes.HOME, pushes.MBUS_PLAIN, "KFM1",
        ),
        "mbus-flat-sealed": _dlms(
            "Austrian home, flat list with scalers over M-Bus, encrypted without a tag",
            5, _AT, homes.HOME_WITH_SUN, pushes.AUSTRIAN_FLAT, "KFM1",
        ),
        "mbus-fixed-sealed": _dlms(
            "Austrian home, values in a fixed order over M-Bus, encrypted without a tag",
            5, _AT, homes.HOME_WITH_CAR, pushes.AUSTRIAN_FIXED, "SIE1",
        ),
        "wrapper-rows": _dlms(
            "Swiss home behind a network converter, DLMS wrapper",
            5, _CH, homes.SWISS_HOME, pushes.WRAPPED, "OHM1", "LAN",
        ),
        "wrapper-blocks-sealed": _dlms(
            "Swiss home behind a network converter, general blocks in the wrapper, dedicated key",
            5, _CH, homes.SWISS_SUN, pushes.WRAPPED_SEALED, "OHM1", "LAN",
        ),
        "apdu-flat": _dlms(
            "Danish home behind an adapter that hands on the bare APDU",
            10, _DK, homes.HOME, pushes.BARE, "5706", "LAN",
        ),
        "apdu-llc": _dlms(
            "Norwegian home behind an adapter that hands on APDU and LLC",
            10, _NO, homes.HOME_WITH_CAR, pushes.BARE_LLC, "7359", "LAN",
        ),
        "apdu-sealed": _dlms(
            "Norwegian home behind an adapter that hands on the encrypted APDU",
            10, _NO, homes.HOME_WITH_SUN, pushes.BARE_SEALED, "7359", "LAN",
        ),
    }
)  # fmt: skip
"""By name: link, layout, and `sealed` where it is encrypted."""
