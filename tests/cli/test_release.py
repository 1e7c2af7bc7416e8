"""`ohmstead release`: keys, bundles, and a look into them.

Source: docs/updates.md, "Once", "For each release" and "The file"; docs/commands.md.
"""

import json
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from tests.gateway.bundles import OTHER, bundle, code, pem, wheel, written
from typer.testing import CliRunner

from ohmstead.cli.release import app
from ohmstead.errors import BadInput, Conflict, NotFound, OhmsteadError
from ohmstead.house import release

NAME = "ohmstead-98.0.0-py3-none-any.whl"


def ran(*arguments: object, typed: str = "") -> str:
    """What the command prints; its error is raised."""
    result = CliRunner().invoke(app, [str(one) for one in arguments], input=typed)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture
def key(tmp_path: Path) -> Path:
    ran("new-key", tmp_path / "releases.key")
    return tmp_path / "releases.key"


@pytest.fixture
def own(tmp_path: Path) -> Path:
    return written(tmp_path, NAME, wheel(code("98.0.0"), "ohmstead", "98.0.0"))


def test_the_documented_way(tmp_path: Path, key: Path, own: Path) -> None:
    """docs/updates.md: a key, a bundle signed with it, and a look into that."""
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    more = written(tmp_path, "extra-1.0-py3-none-any.whl", wheel({"e.py": ""}, "extra", "1.0"))
    to = tmp_path / "98.bin"
    said = ran(
        "make", "--key", key, "--wheel", own, "--wheel", more, "-o", to,
        "--least", "0.1.0", "--downgrade", "--notes", "Better.",
    )  # fmt: skip
    assert said == f"{to}: release 98.0.0, {to.stat().st_size} bytes\n"
    shown = ran("show", to, "--key", f"{key}.pub")
    for words in (
        "release    98.0.0 (98.0.0-", "python     >=3.11", "follows    0.1.0 or newer",
        "downgrade ", f"wheel      {NAME}  {own.stat().st_size} bytes", "extra-1.0", "Better.",
        "signature  right",
    ):  # fmt: skip
        assert words in shown
    lines = to.read_bytes().split(b"\n", 3)
    assert lines[0] == b"ohmstead release 1"
    assert [one["file"] for one in json.loads(lines[2])["wheels"]] == [NAME, more.name]
    assert lines[3] == own.read_bytes() + more.read_bytes()


def test_the_same_wheels_make_the_same_bundle(tmp_path: Path, key: Path, own: Path) -> None:
    """RFC 8032: signatures are deterministic, and nothing else of a bundle is made up."""
    for name in ("a", "b"):
        ran("make", "--key", key, "--wheel", own, "-o", tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_key_may_have_a_password(tmp_path: Path, own: Path) -> None:
    """docs/updates.md, "Once": `--ask`; it is asked for when the key is used."""
    file, to = tmp_path / "locked.key", tmp_path / "98.bin"
    ran("new-key", file, "--ask", typed="secret\nsecret\n")
    assert b"ENCRYPTED" in file.read_bytes()
    ran("make", "--key", file, "--wheel", own, "-o", to, typed="secret\n")
    ran("make", "--key", file, "--wheel", own, "-o", to, "--password", "secret")
    with pytest.raises(BadInput, match="password is wrong"):
        ran("make", "--key", file, "--wheel", own, "-o", to, typed="guess\n")
    assert "signature  right" in ran("show", to, "--key", f"{file}.pub")


def test_a_key_is_never_written_over(key: Path) -> None:
    """A lost key cannot be made again."""
    before = key.read_bytes()
    with pytest.raises(Conflict, match="exists already"):
        ran("new-key", key)
    assert key.read_bytes() == before


def test_what_is_wrong_with_a_bundle_is_said(tmp_path: Path) -> None:
    """`show` ends with status 1 when something is not as it should be."""
    public, foreign = written(tmp_path, "a.pub", pem()), written(tmp_path, "b.pub", pem(OTHER))
    good = written(tmp_path, "good", bundle())
    ran("show", good, "--key", public)
    wrong: list[tuple[Path, Path | None, type[OhmsteadError], str]] = [
        (good, foreign, BadInput, "signature is not right"),
        (good, None, BadInput, "signature was not verified"),
        (good, good, BadInput, "no public key"),
        (written(tmp_path, "short", bundle()[:-1]), public, BadInput, "ends before its end"),
        (tmp_path / "nowhere", public, NotFound, "does not exist"),
    ]
    for file, with_key, error, words in wrong:
        with pytest.raises(error, match=words):
            ran("show", file, *(["--key", with_key] if with_key else []))


def test_only_what_can_be_installed_becomes_a_bundle(tmp_path: Path, key: Path, own: Path) -> None:
    """docs/updates.md: the release pins a key itself, or nothing could follow it; and the rest."""
    unpinned = code("98.0.0")
    del unpinned["ohmstead/release_key.txt"]
    (tmp_path / "other").mkdir()
    wrong = [
        (
            written(tmp_path / "other", NAME, wheel(unpinned, "ohmstead", "98.0.0")),
            "pins no release",
        ),
        (written(tmp_path, "x-1-py3-none-any.whl", wheel({}, "x", "1")), "none of the wheels"),
        (written(tmp_path, "y.whl", b"no archive"), "is not a wheel"),
        (written(tmp_path, "z.whl", wheel({"../x": ""}, "z", "1")), "leads out of it"),
    ]
    for file, words in wrong:
        with pytest.raises(BadInput, match=words):
            ran("make", "--key", key, "--wheel", file, "-o", tmp_path / "out")
    with pytest.raises(NotFound, match="does not exist"):
        ran("make", "--key", key, "--wheel", tmp_path / "nowhere.whl", "-o", tmp_path / "out")
    with pytest.raises(BadInput, match="no private key"):
        ran("make", "--key", f"{key}.pub", "--wheel", own, "-o", tmp_path / "out")
    with pytest.raises(BadInput, match="least"):
        ran("make", "--key", key, "--wheel", own, "-o", tmp_path / "out", "--least", "../1")
    assert not (tmp_path / "out").exists()


def test_an_error_is_one_line_and_status_1(tmp_path: Path) -> None:
    """docs/commands.md: "status 1 when something is wrong"."""
    ended = subprocess.run(
        [sys.executable, "-m", "ohmstead", "release", "show", str(tmp_path / "nowhere")],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert ended.returncode == 1
    assert ended.stderr == f"ohmstead: the bundle {tmp_path}/nowhere does not exist\n"


def test_keys_are_called_by_their_fingerprint(tmp_path: Path) -> None:
    """docs/updates.md, "Once": what `new-key` prints tells keys apart."""
    name = release.new_key(tmp_path / "k", None)
    assert len(name) == 16
    assert release.release.fingerprint(release.public_keys(tmp_path / "k.pub")[0]) == name
