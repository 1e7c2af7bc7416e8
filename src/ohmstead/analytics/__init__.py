"""Arithmetic on what was measured: arrays in, arrays out; no store, no clock."""
