"""The meters that can be simulated, by name.

*To add a meter: one line in the table of its protocol.*
"""

from collections.abc import Mapping
from types import MappingProxyType

from ohmstead.simulate.model import Model
from ohmstead.simulate.models_dlms import DLMS
from ohmstead.simulate.models_heads import HEADS
from ohmstead.simulate.models_p1 import P1

MODELS: Mapping[str, Model] = MappingProxyType({**P1, **DLMS, **HEADS})
"""By name, as in `simulate:p1-dsmr5`."""
