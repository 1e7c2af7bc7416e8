"""The account key that signs what the callout allows, and the tokens signed with it."""

import base64
import contextlib
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

import msgspec
import nkeys

SEED_FILE = "account.nk"
_HEADER = b'{"typ":"JWT","alg":"ed25519-nkey"}'


def write_private(path: Path, content: bytes) -> None:
    """Put `content` at `path` in one step, readable by the owner only."""
    new = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            new.unlink()
        raise


class AccountKey:
    """An Ed25519 key in NATS's own writing (nkey, prefix `A`)."""

    def __init__(self, seed: bytes) -> None:
        self._pair = nkeys.from_seed(seed)
        self.public: str = self._pair.public_key.decode()
        """What the server's configuration calls the issuer."""

    def token(self, claims: Mapping[str, object]) -> str:
        """`claims` as a JWT signed with this key (algorithm `ed25519-nkey`, NATS JWT 2)."""
        body = _base64(_HEADER) + b"." + _base64(msgspec.json.encode(claims))
        return (body + b"." + _base64(self._pair.sign(body))).decode()


def _base64(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def claims_of(token: bytes) -> bytes:
    """The JSON in a JWT's middle part, its signature unread; ValueError if it is not a JWT.

    The server's requests come over a subject that only the server itself can publish on.
    """
    parts = token.split(b".")
    if len(parts) != 3:
        raise ValueError("a JWT has three parts")
    return base64_decoded(parts[1])


def base64_decoded(text: bytes) -> bytes:
    """The bytes that base64url without padding spells."""
    return base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))


def kept(folder: Path) -> AccountKey:
    """The account key in `folder`, made at the first call."""
    path = folder / SEED_FILE
    if not path.exists():
        seed = nkeys.encode_seed(os.urandom(32), nkeys.PREFIX_BYTE_ACCOUNT)
        write_private(path, seed)
    return AccountKey(path.read_bytes())
