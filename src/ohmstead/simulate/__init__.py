"""Meters that do not exist: their telegrams, from load profiles, the same for the same seed."""

from ohmstead.simulate.demo import DemoMeter, demo_meters
from ohmstead.simulate.meter import Simulated, keys_for, stream
from ohmstead.simulate.model import Model
from ohmstead.simulate.models import MODELS

__all__ = ["MODELS", "DemoMeter", "Model", "Simulated", "demo_meters", "keys_for", "stream"]
