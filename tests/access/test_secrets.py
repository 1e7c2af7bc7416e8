"""Secrets of machines: long, safe in names, checked in constant time."""

import re

from ohmstead.access import secrets

KEY = bytes(range(32))


def test_secrets_are_long_and_fit_everywhere() -> None:
    """A NATS user name, a URL and a cookie take only some characters; 192 and 256 bits."""
    made = [secrets.new_secret() for _ in range(100)]
    assert len(set(made)) == 100
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{32}", secret) for secret in made)
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", secrets.new_token())
    assert len(secrets.new_key()) == 32


def test_only_the_same_secret_and_key_match() -> None:
    """Keyed BLAKE2b: what is kept says nothing without the key."""
    kept = secrets.digest(KEY, "secret")
    assert len(kept) == 32
    assert secrets.matches(KEY, "secret", kept)
    assert not secrets.matches(KEY, "Secret", kept)
    assert not secrets.matches(KEY[::-1], "secret", kept)
    assert not secrets.matches(KEY, "secret", b"")


def test_any_text_can_be_tried() -> None:
    """What a stranger types in must not raise: lone surrogates, zero characters, much text."""
    for tried in ("", "\0", "\ud800", "é" * 100_000):
        assert not secrets.matches(KEY, tried, secrets.digest(KEY, "secret"))
