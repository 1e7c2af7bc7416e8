"""Simulated meters that answer when they are asked."""

from collections.abc import Mapping
from types import MappingProxyType

from ohmstead.simulate import homes, pulls
from ohmstead.simulate.model import Model

ASKED: Mapping[str, Model] = MappingProxyType(
    {
        "kmp": Model(
            "Danish home with solar panels, KMP: answers requests for registers",
            "TTL",
            "KMP",
            10,
            "Europe/Copenhagen",
            homes.COPENHAGEN,
            homes.HOME_WITH_SUN,
            pulls.Kmp(),
            "",
        ),
    }
)
"""By name."""
