"""What must be read again is sealed."""

from hypothesis import given, settings
from hypothesis import strategies as st

from ohmstead.access.sealing import opened, sealed

KEY = b"k" * 32


@settings(max_examples=30)
@given(st.binary(max_size=200), st.text(max_size=30))
def test_what_is_sealed_opens_with_the_same_key(plain: bytes, about: str) -> None:
    """NIST SP 800-38D: what comes out is what went in."""
    assert opened(KEY, sealed(KEY, plain, about), about) == plain


def test_another_key_another_place_or_another_byte_open_nothing() -> None:
    """NIST SP 800-38D, 7.2: authenticated decryption fails as a whole."""
    kept = sealed(KEY, b"secret", "user 1")
    assert opened(b"l" * 32, kept, "user 1") is None
    assert opened(KEY, kept, "user 2") is None
    assert opened(KEY, kept[:-1], "user 1") is None
    assert opened(KEY, b"", "user 1") is None
    for place in range(len(kept)):
        changed = kept[:place] + bytes([kept[place] ^ 1]) + kept[place + 1 :]
        assert opened(KEY, changed, "user 1") is None


def test_the_same_twice_is_not_the_same() -> None:
    """NIST SP 800-38D, 8.2: a nonce is used once."""
    assert sealed(KEY, b"secret", "x") != sealed(KEY, b"secret", "x")
