"""People's passwords: argon2id, nothing that can be read back."""

import pytest

from ohmstead.access import passwords


def test_a_password_matches_only_its_own_hash() -> None:
    """RFC 9106: the hash is salted, so the same password hashes differently each time."""
    kept = passwords.hashed("correct horse")
    assert kept.startswith("$argon2id$")
    assert kept != passwords.hashed("correct horse")
    assert passwords.matches(kept, "correct horse")
    assert not passwords.matches(kept, "correct horsf")
    assert not passwords.stale(kept)


@pytest.mark.parametrize("kept", [None, "", "nonsense", "$argon2id$v=19$m=65536,t=3,p=4$x"])
def test_what_is_no_hash_matches_nothing(kept: str | None) -> None:
    """A user without a password cannot sign in with any, and nothing raises."""
    assert not passwords.matches(kept, "")
    assert not passwords.matches(kept, "\ud800" * 3)


def test_lengths_are_bounded() -> None:
    """NIST SP 800-63B, 5.1.1.2: at least 8; and no hashing of megabytes."""
    assert not passwords.acceptable("1234567")
    assert passwords.acceptable("12345678")
    assert not passwords.acceptable("x" * 1025)
    assert not passwords.matches(passwords.hashed("x" * 8), "x" * 10**7)


def test_an_older_hash_is_made_anew() -> None:
    """Weaker parameters than today's are noticed."""
    weak = "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$" + "A" * 43
    assert passwords.stale(weak)
