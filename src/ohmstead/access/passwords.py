"""People's passwords as argon2id hashes.

Each call takes about 0.1 s on purpose: run it in a thread, and one at a time for one user.
Source: RFC 9106, section 4 (the second recommended choice, for little memory, is the library's).
"""

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST, LONGEST = 8, 1024
"""Characters.  Source: NIST SP 800-63B, 5.1.1.2; the longest so that hashing stays bounded."""

_HASHER = PasswordHasher()


def acceptable(password: str) -> bool:
    """Whether `password` may become one: neither too short nor too long."""
    return SHORTEST <= len(password) <= LONGEST


def hashed(password: str) -> str:
    """What to keep instead of `password`; different every time."""
    return _HASHER.hash(_bytes(password))


def _bytes(password: str) -> bytes:
    return password.encode(errors="surrogatepass")  # a stranger may send anything


def matches(kept: str | None, password: str) -> bool:
    """Whether `password` is the one that `kept` was made from.

    None for `kept` (no such user, or no password) takes as long and is never a match.
    """
    if kept is None or len(password) > LONGEST:
        _HASHER.hash(_bytes(password[:LONGEST]))
        return False
    try:
        return _HASHER.verify(kept, _bytes(password))
    except (VerificationError, InvalidHashError):
        return False


def stale(kept: str) -> bool:
    """Whether `kept` was made with weaker parameters than today's and should be made anew."""
    return _HASHER.check_needs_rehash(kept)
