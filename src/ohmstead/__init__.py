"""Ohmstead: an open, self-hosted smart-meter platform."""

__version__ = "0.1.0"
