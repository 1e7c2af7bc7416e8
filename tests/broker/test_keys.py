"""The key that signs what the callout allows."""

from pathlib import Path

import msgspec
import nkeys
import pytest

from ohmstead.broker import keys


def test_the_key_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    """NATS nkeys: an account's public key begins with A; the seed file is 0600."""
    first = keys.kept(tmp_path)
    assert first.public.startswith("A")
    assert keys.kept(tmp_path).public == first.public
    assert (tmp_path / keys.SEED_FILE).stat().st_mode & 0o777 == 0o600
    assert [each.name for each in tmp_path.iterdir()] == [keys.SEED_FILE]


def test_a_token_holds_its_claims_and_a_valid_signature(tmp_path: Path) -> None:
    """NATS JWT version 2: header, claims and Ed25519 signature, base64url without padding."""
    key = keys.kept(tmp_path)
    token = key.token({"sub": "U1"}).encode()
    assert msgspec.json.decode(keys.claims_of(token)) == {"sub": "U1"}
    signed, _, signature = token.rpartition(b".")
    pair = nkeys.from_seed((tmp_path / keys.SEED_FILE).read_bytes())
    assert pair.verify(signed, keys.base64_decoded(signature))


@pytest.mark.parametrize("token", [b"", b"a.b", b"a.b.c.d"])
def test_what_is_not_a_token_is_refused(token: bytes) -> None:
    """RFC 7519: three parts."""
    with pytest.raises(ValueError, match="three parts"):
        keys.claims_of(token)
