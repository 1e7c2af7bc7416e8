"""Clients of other people's systems: a real whatwatt Go."""
