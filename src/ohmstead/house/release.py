"""Making releases: the key, the bundle out of wheels, and a look into one."""

import email
import hashlib
import os
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import Message
from pathlib import Path

import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from packaging.utils import canonicalize_name

from ohmstead.errors import BadInput, Conflict, NotFound, Unavailable
from ohmstead.gateway import release
from ohmstead.gateway.release import Keys, Manifest, Reader, Wheel
from ohmstead.gateway.wheels import OURS, placed

PIECE = 1024 * 1024
OPENED_BY = f"ohmstead/{release.PINNED}"
PUBLIC = ".pub"


@dataclass(frozen=True, slots=True)
class Wish:
    """What a release says besides its wheels."""

    least: str | None = None
    downgrade: bool = False
    notes: str = ""


def new_key(file: Path, password: bytes | None) -> str:
    """Writes a new private key to `file` and its public key beside it, as `.pub`; gives the
    fingerprint.  Conflict when one is there already: a lost key cannot be made again."""
    key = Ed25519PrivateKey.generate()
    lock: serialization.KeySerializationEncryption = (
        serialization.BestAvailableEncryption(password)
        if password
        else serialization.NoEncryption()
    )
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, lock)
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    _create(file, private, 0o600)
    _create(file.with_name(file.name + PUBLIC), public, 0o644)
    return release.fingerprint(key.public_key())


def _create(file: Path, content: bytes, mode: int) -> None:
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except FileExistsError as error:
        raise Conflict(f"{file} exists already; choose another name") from error
    except OSError as error:
        raise Unavailable(f"{file} cannot be written: {error.strerror}") from error
    with os.fdopen(handle, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def locked(file: Path) -> bool:
    """Whether the private key in `file` asks for a password."""
    return b"ENCRYPTED" in _read(file)


def private_key(file: Path, password: bytes | None) -> Ed25519PrivateKey:
    """The private key in `file`; BadInput when it is none, or the password is wrong."""
    try:
        key = serialization.load_pem_private_key(_read(file), password or None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise BadInput(f"{file} is no private key, or its password is wrong") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise BadInput(f"{file} is no Ed25519 key; `ohmstead release new-key` makes one")
    return key


def public_keys(file: Path) -> Keys:
    """The public keys in `file`; BadInput."""
    try:
        return release.keys_in(_read(file))
    except BadInput as error:
        raise BadInput(f"{file}: {error}") from error


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()[: release.LONGEST_MANIFEST]
    except FileNotFoundError as error:
        raise NotFound(f"{file} does not exist") from error
    except OSError as error:
        raise Unavailable(f"{file} cannot be read: {error.strerror}") from error


def make(wheels: Sequence[Path], key: Ed25519PrivateKey, to: Path, wish: Wish) -> Manifest:
    """Writes a bundle of `wheels`, one of them Ohmstead's, to `to`, and gives its manifest.

    BadInput when a wheel could not be installed, or the release pins no key: it would be the last.
    """
    described = [(wheel, *_described(wheel)) for wheel in wheels]
    own = [about for _, _, about in described if canonicalize_name(about["Name"] or "") == OURS]
    if not own:
        raise BadInput("none of the wheels is Ohmstead's; `make wheel` builds it into dist/")
    fields = {
        "version": own[0]["Version"],
        "wheels": [msgspec.to_builtins(wheel) for _, wheel, _ in described],
        "python": own[0]["Requires-Python"] or "",
        "least": wish.least,
        "downgrade": wish.downgrade,
        "notes": wish.notes,
    }
    try:
        manifest = msgspec.convert(fields, Manifest)
    except msgspec.ValidationError as error:
        raise BadInput(f"the release cannot be described: {error}") from error
    _write(to, release.head(manifest, key), wheels)
    look(to, [key.public_key()])
    return manifest


def _write(to: Path, head: bytes, wheels: Sequence[Path]) -> None:
    """The bundle, under its name only once it is whole."""
    new = to.with_name(f"{to.name}.new")
    try:
        with new.open("wb") as stream:
            stream.write(head)
            for wheel in wheels:
                stream.write(wheel.read_bytes())
            stream.flush()
            os.fsync(stream.fileno())
        new.replace(to)
    except OSError as error:
        raise Unavailable(f"{to} cannot be written: {error.strerror}") from error


def _described(file: Path) -> tuple[Wheel, Message]:
    """A wheel as the manifest names it, and its metadata."""
    content = _whole(file)
    try:
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
            for entry in entries:
                placed(entry, file.name)
            about = [one for one in entries if one.filename.endswith(".dist-info/METADATA")]
            if len(about) != 1:
                raise BadInput(f"{file} is not a wheel: it has no METADATA, or several")
            metadata = email.message_from_bytes(archive.read(about[0]))
            if canonicalize_name(metadata["Name"] or "") == OURS:
                _pins(archive, file)
    except zipfile.BadZipFile as error:
        raise BadInput(f"{file} is not a wheel: {error}") from error
    wheel = Wheel(
        file=file.name,
        size=len(content),
        unpacked=sum(entry.file_size for entry in entries),
        sha256=hashlib.sha256(content).hexdigest(),
    )
    return wheel, metadata


def _whole(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except FileNotFoundError as error:
        raise NotFound(f"the wheel {file} does not exist") from error
    except OSError as error:
        raise Unavailable(f"{file} cannot be read: {error.strerror}") from error


def _pins(archive: zipfile.ZipFile, file: Path) -> None:
    if OPENED_BY not in archive.namelist():
        raise BadInput(
            f"{file.name} pins no release key, so nothing could follow it: build it with"
            " OHMSTEAD_RELEASE_KEY=KEY.pub make wheel"
        )
    release.keys_in(archive.read(OPENED_BY))


def look(bundle: Path, keys: Keys | None) -> Reader:
    """Reads a whole bundle and verifies it; without `keys` all but its signature."""
    reader = Reader(keys)
    try:
        with bundle.open("rb") as stream:
            while piece := stream.read(PIECE):
                for _ in reader.feed(piece):
                    pass
    except FileNotFoundError as error:
        raise NotFound(f"the bundle {bundle} does not exist") from error
    except OSError as error:
        raise Unavailable(f"{bundle} cannot be read: {error.strerror}") from error
    reader.close()
    return reader
