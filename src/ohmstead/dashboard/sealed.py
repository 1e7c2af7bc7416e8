"""What a client keeps for us, and brings back as it was."""

import base64
import binascii
from typing import TypeVar

import msgspec

from ohmstead.access import secrets
from ohmstead.dashboard.problems import Misfit

Kept = TypeVar("Kept", bound=msgspec.Struct)


def sealed(key: bytes, kept: msgspec.Struct) -> str:
    """`kept` as a text: readable, but not to be changed."""
    text = base64.urlsafe_b64encode(msgspec.json.encode(kept)).decode()
    return f"{text}.{_seal(key, text, type(kept)).hex()}"


def opened(key: bytes, text: str, kind: type[Kept], field: str) -> Kept:
    """What was sealed with `key`; Misfit for anything else.

    >>> class State(msgspec.Struct):
    ...     line: int
    >>> opened(b"k" * 32, sealed(b"k" * 32, State(7)), State, "state")
    State(line=7)
    """
    said, _, seal = text.partition(".")
    try:
        if not secrets.matches(key, _named(said, kind), bytes.fromhex(seal)):
            raise Misfit(field, "it is not as it was given")
        return msgspec.json.decode(base64.urlsafe_b64decode(said), type=kind)
    except (ValueError, binascii.Error, msgspec.DecodeError):
        raise Misfit(field, "it is not as it was given") from None


def _seal(key: bytes, text: str, kind: type[msgspec.Struct]) -> bytes:
    return secrets.digest(key, _named(text, kind))


def _named(text: str, kind: type[msgspec.Struct]) -> str:
    """A seal of one kind is none of another."""
    return f"sealed {kind.__name__} {text}"
