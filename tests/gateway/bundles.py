"""Small wheels, and bundles of them, for tests."""

import hashlib
import io
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ohmstead.gateway import release
from ohmstead.gateway.release import Manifest, Wheel

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(32))
KEYS = (KEY.public_key(),)


def pem(key: Ed25519PrivateKey = KEY) -> bytes:
    """The public half of a key, as it is pinned."""
    return key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def code(version: str, breaks: str = "") -> dict[str, str]:
    """The least that the trial run of a version asks for; `breaks` is code that it runs."""
    return {
        "ohmstead/__init__.py": f"__version__ = {version!r}\n",
        "ohmstead/cli/__init__.py": "",
        "ohmstead/cli/gateway.py": breaks,
        "ohmstead/house/__init__.py": "",
        "ohmstead/house/gateway.py": "from ohmstead import __version__\n",
        "ohmstead/release_key.txt": pem().decode(),
    }


def wheel(
    files: Mapping[str, str | bytes], name: str, version: str, requires: Sequence[str] = ()
) -> bytes:
    """The bytes of a wheel."""
    about = [f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nRequires-Python: >=3.11"]
    about += [f"Requires-Dist: {one}" for one in requires]
    info = f"{name}-{version}.dist-info"
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in files.items():
            archive.writestr(path, content)
        archive.writestr(f"{info}/METADATA", "\n".join(about) + "\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
    return stream.getvalue()


def described(file: str, content: bytes) -> Wheel:
    """A wheel as a manifest names it."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        unpacked = sum(entry.file_size for entry in archive.infolist())
    digest = hashlib.sha256(content).hexdigest()
    return Wheel(file=file, size=len(content), unpacked=unpacked, sha256=digest)


def bundled(
    wheels: Mapping[str, bytes], version: str, key: Ed25519PrivateKey = KEY, **more: object
) -> bytes:
    """A bundle of wheels by their names; `more` are fields of the manifest."""
    listed = tuple(described(file, content) for file, content in wheels.items())
    manifest = Manifest(version=version, wheels=listed, **more)  # type: ignore[arg-type]
    return release.head(manifest, key) + b"".join(wheels.values())


def bundle(version: str = "99.1.0", *, breaks: str = "", **more: object) -> bytes:
    """A bundle with the least of a version."""
    own = wheel(code(version, breaks), "ohmstead", version)
    return bundled({f"ohmstead-{version}-py3-none-any.whl": own}, version, **more)  # type: ignore[arg-type]


def written(folder: Path, name: str, content: bytes) -> Path:
    """`content` as a file."""
    file = folder / name
    file.write_bytes(content)
    return file
