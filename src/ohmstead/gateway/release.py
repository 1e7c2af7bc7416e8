"""A release bundle: one file with the wheels of a version, and a signature that covers every byte.

    ohmstead release 1          what it is
    SIGNATURE                   Ed25519 (RFC 8032) over the first and the third line, base64
    MANIFEST                    JSON in one line: the version, and size and SHA-256 of each wheel
    the wheels, one after the other, in the manifest's order

Nothing but the first two lines is looked at before the signature is found right: no archive is
opened and no JSON parsed.  Bytes in, wheels out: no files, no sockets.
"""

import base64
import binascii
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Annotated

import msgspec
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from msgspec import Meta, Struct

from ohmstead.errors import BadInput, TooLarge

MAGIC = b"ohmstead release 1\n"
SIGNATURE_LINE = 89
"""64 bytes as base64, and the line's end."""
LONGEST_MANIFEST = 65_536
MOST_WHEELS = 200
LARGEST = 256 * 1024 * 1024
"""Bytes of all wheels of a bundle."""
LARGEST_UNPACKED = 1024 * 1024 * 1024
PINNED = "release_key.txt"
"""Beside the package's code; `hatch_build.py` puts it there."""
PEM_END = b"-----END PUBLIC KEY-----"

Version = Annotated[str, Meta(pattern=r"^[0-9][A-Za-z0-9.+!]{0,63}$")]


class Wheel(Struct, frozen=True, forbid_unknown_fields=True):
    """One wheel of a bundle."""

    file: Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.+!-]{0,200}\.whl$")]
    """Its name: no folder, and nothing that a shell or a file system reads otherwise."""
    size: Annotated[int, Meta(ge=1, le=LARGEST)]
    unpacked: Annotated[int, Meta(ge=0, le=LARGEST_UNPACKED)]
    """Bytes of the files in it."""
    sha256: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]


class Manifest(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a bundle holds, and where it may be installed."""

    version: Version
    """Of Ohmstead."""
    wheels: Annotated[tuple[Wheel, ...], Meta(min_length=1, max_length=MOST_WHEELS)]
    python: Annotated[str, Meta(max_length=200)] = ""
    """The Python it needs, like `>=3.11`."""
    least: Version | None = None
    """The oldest running version that it may follow."""
    downgrade: bool = False
    """Whether it may follow a newer version."""
    notes: Annotated[str, Meta(max_length=4000)] = ""

    @property
    def size(self) -> int:
        """Bytes of all wheels."""
        return sum(wheel.size for wheel in self.wheels)


@dataclass(frozen=True, slots=True)
class Piece:
    """Some bytes of a wheel."""

    wheel: Wheel
    data: bytes
    last: bool
    """Whether the wheel ends with them; its SHA-256 is then found right."""


Keys = Sequence[Ed25519PublicKey]


def keys_in(pem: bytes) -> tuple[Ed25519PublicKey, ...]:
    """The public keys in a PEM text, one or more (an old one and its successor); BadInput."""
    blocks = pem.split(PEM_END)[:-1]
    if not blocks:
        raise BadInput("there is no public key in it: it must be PEM, -----BEGIN PUBLIC KEY-----")
    found = []
    for block in blocks:
        try:
            key = serialization.load_pem_public_key(block.strip() + b"\n" + PEM_END + b"\n")
        except (ValueError, UnsupportedAlgorithm) as error:
            raise BadInput("the public key is damaged: it is not PEM as it should be") from error
        if not isinstance(key, Ed25519PublicKey):
            raise BadInput("the public key is not an Ed25519 key")
        found.append(key)
    return tuple(found)


def pinned() -> tuple[Ed25519PublicKey, ...]:
    """The keys that were pinned when this installation was built; none: it takes no updates."""
    try:
        pem = files("ohmstead").joinpath(PINNED).read_bytes()
    except FileNotFoundError:
        return ()
    return keys_in(pem)


def fingerprint(key: Ed25519PublicKey) -> str:
    """A short name for a key: 16 hexadecimal digits of its SHA-256."""
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()[:16]


def encoded(manifest: Manifest) -> bytes:
    """The manifest as its line."""
    return msgspec.json.encode(manifest) + b"\n"


def head(manifest: Manifest, key: Ed25519PrivateKey) -> bytes:
    """Everything of a bundle that stands before its wheels."""
    line = encoded(manifest)
    if len(line) > LONGEST_MANIFEST:
        raise BadInput(f"the manifest is longer than {LONGEST_MANIFEST} bytes: shorten the notes")
    return MAGIC + base64.b64encode(key.sign(MAGIC + line)) + b"\n" + line


def signed_by(signature: bytes, line: bytes, keys: Keys) -> bool:
    """Whether one of `keys` made this signature line of this manifest line."""
    try:
        made = base64.b64decode(signature.strip(), validate=True)
    except binascii.Error:
        return False
    for key in keys:
        try:
            key.verify(made, MAGIC + line)
        except InvalidSignature:
            continue
        return True
    return False


def _manifest(line: bytes) -> Manifest:
    try:
        found = msgspec.json.decode(line, type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadInput(f"the manifest is not as it should be: {error}") from error
    if found.size > LARGEST:
        raise TooLarge(f"the wheels are {found.size} bytes; at most {LARGEST} are taken")
    if len({wheel.file.lower() for wheel in found.wheels}) < len(found.wheels):
        raise BadInput("the manifest names a wheel twice")
    return found


class Reader:
    """Reads a bundle as it arrives, in any pieces; what it gives out is verified or, until the
    `last` piece of a wheel, about to be.

    >>> list(Reader(()).feed(b"PK"))
    Traceback (most recent call last):
    ohmstead.errors.BadInput: this is no release bundle: it does not begin with 'ohmstead release 1'
    """

    def __init__(self, keys: Keys | None) -> None:
        """`keys` are those that count; None takes any signature, to look into a bundle."""
        self.manifest: Manifest | None = None
        """Once its signature was found right."""
        self.id = ""
        """Version and the beginning of the manifest's SHA-256: two bundles are never the same."""
        self.signed = False
        self._keys = keys
        self._head = bytearray()
        self._left: list[Wheel] = []
        self._got = 0
        self._sum = hashlib.sha256()

    def feed(self, data: bytes) -> Iterator[Piece]:
        """What these bytes complete.  BadInput or TooLarge with what is wrong; then it is over."""
        if self.manifest is None:
            self._head += data
            data = self._begin()
            if self.manifest is None:
                return
        yield from self._wheels(memoryview(data))

    def close(self) -> Manifest:
        """After the last byte: the manifest; BadInput when something is missing."""
        if self.manifest is None:
            self._is_bundle(whole=True)
            raise BadInput("the bundle ends within its first lines; send all of it")
        if self._left:
            raise BadInput(
                f"the bundle ends before its end, in {self._left[0].file}; send all of it"
            )
        return self.manifest

    def _is_bundle(self, *, whole: bool = False) -> None:
        begins = bytes(self._head[: len(MAGIC)])
        if not MAGIC.startswith(begins) or (whole and begins != MAGIC):
            words = MAGIC.decode().strip()
            raise BadInput(f"this is no release bundle: it does not begin with {words!r}")

    def _begin(self) -> bytes:
        """Verifies the head once it is whole, and gives back what follows it."""
        self._is_bundle()
        starts = len(MAGIC) + SIGNATURE_LINE
        ends = self._head.find(b"\n", starts)
        if ends < 0:
            if len(self._head) > starts + LONGEST_MANIFEST:
                raise BadInput(f"the manifest is longer than {LONGEST_MANIFEST} bytes")
            return b""
        signature, line = (
            bytes(self._head[len(MAGIC) : starts]),
            bytes(self._head[starts : ends + 1]),
        )
        if len(line) > LONGEST_MANIFEST:
            raise BadInput(f"the manifest is longer than {LONGEST_MANIFEST} bytes")
        if self._keys is not None:
            if not signature.endswith(b"\n") or not signed_by(signature, line, self._keys):
                raise BadInput(
                    "the signature is not right: the bundle was changed, or made with another key"
                )
            self.signed = True
        rest = bytes(self._head[ends + 1 :])
        self._head.clear()
        self.manifest = _manifest(line)
        digest = hashlib.sha256(line).hexdigest()
        self.id = f"{self.manifest.version}-{digest[:12]}"
        self._left = list(self.manifest.wheels)
        return rest

    def _wheels(self, data: memoryview) -> Iterator[Piece]:
        while data:
            if not self._left:
                raise BadInput("the bundle goes on after its end")
            wheel = self._left[0]
            piece = bytes(data[: wheel.size - self._got])
            data = data[len(piece) :]
            self._sum.update(piece)
            self._got += len(piece)
            last = self._got == wheel.size
            if last:
                if self._sum.hexdigest() != wheel.sha256:
                    raise BadInput(f"{wheel.file} was changed: its SHA-256 is not the manifest's")
                del self._left[0]
                self._got = 0
                self._sum = hashlib.sha256()
            yield Piece(wheel, piece, last)
