"""What the build puts into the package: the key of releases, and the build's name.

Source: docs/updates.md, "Once"; decision 34; RFC 8410 (Ed25519 keys in PEM).
"""

import re
import subprocess
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from tests.gateway.bundles import KEY, OTHER, pem

from ohmstead.gateway.release import keys_in

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def build() -> ModuleType:
    spec = spec_from_file_location("ohmstead_hatch_build", ROOT / "hatch_build.py")
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_package_without_a_key_pins_none(build: ModuleType, tmp_path: Path) -> None:
    """ "An installation without one takes no updates": that is what a checkout builds."""
    assert build.release_key(str(tmp_path), {}) is None


def test_the_key_is_named_or_lies_there(build: ModuleType, tmp_path: Path) -> None:
    """`OHMSTEAD_RELEASE_KEY`, or `release_key.pub` beside pyproject.toml; one or several."""
    (tmp_path / "release_key.pub").write_bytes(pem())
    (tmp_path / "both").write_bytes(pem() + b"\n" + pem(OTHER))
    lies = build.release_key(str(tmp_path), {})
    assert [key.public_bytes_raw() for key in keys_in(lies.encode())] == [
        KEY.public_key().public_bytes_raw()
    ]
    named = build.release_key(str(tmp_path), {"OHMSTEAD_RELEASE_KEY": str(tmp_path / "both")})
    assert len(keys_in(named.encode())) == 2


def private(key: Ed25519PrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def other_kind() -> bytes:
    return (
        X25519PrivateKey.generate()
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )


@pytest.mark.parametrize(
    "content",
    [private(KEY), private(KEY) + pem(), pem() + private(KEY), other_kind(), b"", b"x" + pem()],
    ids=["private", "private first", "private last", "X25519", "empty", "noise"],
)
def test_nothing_but_public_keys_gets_in(build: ModuleType, tmp_path: Path, content: bytes) -> None:
    """A private key in a package would be everybody's: the build stops."""
    file = tmp_path / "key"
    file.write_bytes(content)
    with pytest.raises(ValueError, match="must hold public Ed25519 keys"):
        build.release_key(str(tmp_path), {"OHMSTEAD_RELEASE_KEY": str(file)})


def test_a_key_that_is_named_must_be_there(build: ModuleType, tmp_path: Path) -> None:
    """A misspelt name must not build a package without a key."""
    with pytest.raises(FileNotFoundError):
        build.release_key(str(tmp_path), {"OHMSTEAD_RELEASE_KEY": str(tmp_path / "nowhere")})


def test_a_build_is_named_by_its_commit(build: ModuleType, tmp_path: Path) -> None:
    """REST/MQTT 2.0, newer firmware, `.device.build`: `11b8102-68dfd692`; none without git."""
    assert build.build_name(str(tmp_path)) is None
    for words in (
        ["init", "-q"],
        ["-c", "user.name=a", "-c", "user.email=a", "commit", "-q", "--allow-empty", "-m", "a"],
    ):
        subprocess.run(["git", "-C", str(tmp_path), *words], check=True)
    assert re.fullmatch(r"[0-9a-f]{7}-[0-9a-f]{8}", build.build_name(str(tmp_path)))
    (tmp_path / "inside").mkdir()
    assert build.build_name(str(tmp_path / "inside")) is None
