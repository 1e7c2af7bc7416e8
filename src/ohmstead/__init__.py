"""Ohmstead: an open, self-hosted smart-meter platform."""

from importlib.metadata import version

__version__ = version("ohmstead")
