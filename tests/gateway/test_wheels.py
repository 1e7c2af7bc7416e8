"""Wheels of a bundle: which are for this machine, what they need, how they are unpacked.

Sources: docs/updates.md, "What happens" 2 and 4; the packaging specifications, "Binary distribution
format" and "Platform compatibility tags".
"""

import io
import stat
import tempfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.tags import sys_tags
from tests.gateway import bundles
from tests.gateway.bundles import described, written

from ohmstead.errors import BadInput
from ohmstead.gateway import wheels
from ohmstead.gateway.release import Manifest, Wheel

HERE = next(tag for tag in sys_tags() if "any" not in tag.platform)


def named(*files: str, version: str = "2.0", **more: object) -> Manifest:
    """A manifest of wheels with these names."""
    listed = tuple(Wheel(file=file, size=1, unpacked=1, sha256="0" * 64) for file in files)
    return Manifest(version=version, wheels=listed, **more)  # type: ignore[arg-type]


def test_the_wheel_that_fits_best_is_chosen() -> None:
    """Compatibility tags: the first supported tag counts; wheels for other machines are left."""
    own, plain = "ohmstead-2.0-py3-none-any.whl", "msgspec-1.0-py3-none-any.whl"
    fits, foreign = f"msgspec-1.0-{HERE}.whl", "msgspec-1.0-cp27-cp27m-win32.whl"
    chosen = wheels.chosen(named(foreign, plain, own, fits))
    assert {wheel.file for wheel in chosen} == {own, fits}


@pytest.mark.parametrize(
    "files, trouble",
    [
        (["ohmstead-2.0-cp27-cp27m-win32.whl"], "no wheel for this machine .* of ohmstead"),
        (["msgspec-1.0-py3-none-any.whl"], "holds no wheel of Ohmstead"),
        (["ohmstead-2.1-py3-none-any.whl"], "is not Ohmstead 2.0"),
        (["ohmstead.whl"], "is not named as a wheel is"),
    ],
)
def test_a_bundle_that_is_not_for_this_machine_is_refused(files: list[str], trouble: str) -> None:
    """docs/updates.md, 400: for another machine."""
    with pytest.raises(BadInput, match=trouble):
        wheels.chosen(named(*files))


@pytest.mark.parametrize(
    "running, more, trouble",
    [
        ("1.0", {}, None),
        ("2.0", {}, None),
        ("2.1", {}, "older than 2.1 which runs"),
        ("2.0.post1", {}, "older"),
        ("2.1", {"downgrade": True}, None),
        ("1.0", {"least": "1.0"}, None),
        ("1.0", {"least": "1.5"}, "needs at least 1.5"),
        ("1.0", {"python": ">=3.11"}, None),
        ("1.0", {"python": "<3"}, "needs Python <3"),
        ("1.0", {"python": "nonsense"}, "not as it should be"),
    ],
)
def test_the_policy_of_versions(running: str, more: dict[str, str], trouble: str | None) -> None:
    """docs/updates.md, "For each release": going back takes a word under the signature."""
    manifest = named("ohmstead-2.0-py3-none-any.whl", **more)
    if trouble is None:
        wheels.may_follow(manifest, running)
    else:
        with pytest.raises(BadInput, match=trouble):
            wheels.may_follow(manifest, running)


def packed(*entries: tuple[zipfile.ZipInfo | str, bytes]) -> bytes:
    """An archive, with whatever names it is told."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return stream.getvalue()


def unpacked(folder: Path, content: bytes) -> Path:
    """The site that an archive is unpacked into."""
    file, site = written(folder, "a.whl", content), folder / "site"
    site.mkdir()
    wheels.unpack(file, described("a.whl", content), site)
    return site


def test_a_wheel_is_unpacked(tmp_path: Path) -> None:
    """Binary distribution format: its root and its purelib and platlib; scripts are not."""
    content = packed(
        ("a/__init__.py", b"1"), ("a/", b""), ("a-1.data/purelib/b.py", b"2"),
        ("a-1.data/platlib/c/d.so", b"3"), ("a-1.data/scripts/run", b"4"),
    )  # fmt: skip
    site = unpacked(tmp_path, content)
    files = {str(p.relative_to(site)): p.read_bytes() for p in site.rglob("*") if p.is_file()}
    assert files == {"a/__init__.py": b"1", "b.py": b"2", "c/d.so": b"3"}


@pytest.mark.parametrize(
    "name",
    ["../x", "/x", "a/../../x", "a//x", "./x", "a\\..\\x", "C:x", "..", "a-1.data/purelib/../../x"],
)
def test_no_name_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    """docs/updates.md, "What happens" 4 (known elsewhere as zip slip)."""
    with pytest.raises(BadInput, match="leads out of it"):
        unpacked(tmp_path, packed((name, b"x")))
    assert [path.name for path in tmp_path.iterdir() if path.name == "x"] == []


@given(st.text(st.sampled_from("ab./\\:\0~"), min_size=1, max_size=12))
def test_a_name_is_refused_or_stays_below(name: str) -> None:
    """The same for every name there can be."""
    try:
        place = wheels.placed(zipfile.ZipInfo(name), "a.whl")
    except BadInput:
        return
    if place is not None:
        assert not place.is_absolute()
        assert ".." not in place.parts


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR])
def test_links_and_devices_are_refused(tmp_path: Path, kind: int) -> None:
    """docs/updates.md, "What happens" 4: no link."""
    entry = zipfile.ZipInfo("link")
    entry.external_attr = (kind | 0o777) << 16
    with pytest.raises(BadInput, match="no plain file"):
        unpacked(tmp_path, packed((entry, b"/etc/passwd")))


def test_a_wheel_is_not_larger_than_it_says(tmp_path: Path) -> None:
    """docs/updates.md, "What happens" 4: no more bytes than the manifest says."""
    content = packed(("a.py", b"x" * 1000))
    file = written(tmp_path, "a.whl", content)
    (tmp_path / "site").mkdir()
    small = Wheel(file="a.whl", size=len(content), unpacked=999, sha256="0" * 64)
    with pytest.raises(BadInput, match="larger than its manifest says"):
        wheels.unpack(file, small, tmp_path / "site")


def test_no_file_is_there_twice(tmp_path: Path) -> None:
    """docs/updates.md, "What happens" 4: two wheels cannot hide each other's files."""
    content = packed(("a.py", b"x"), ("a-1.data/purelib/a.py", b"y"))
    with pytest.raises(BadInput, match="twice"):
        unpacked(tmp_path, content)


@given(st.integers(0, 250), st.integers(1, 255))
def test_a_damaged_archive_is_refused_or_read(where: int, by: int) -> None:
    """CONTRIBUTING, decoders: noise raises nothing but its refusal."""
    content = bytearray(packed(("a.py", b"x" * 50)))
    content[where % len(content)] ^= by
    stream = io.BytesIO(bytes(content))
    declared = Wheel(file="a.whl", size=1, unpacked=10_000, sha256="0" * 64)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file = written(folder, "a.whl", stream.getvalue())
        (folder / "site").mkdir()
        try:
            wheels.unpack(file, declared, folder / "site")
        except BadInput:
            return


def test_requirements_are_compared_with_what_is_there(tmp_path: Path) -> None:
    """docs/updates.md, "What happens" 4: another version is told; what is missing, and extras and
    other platforms' needs, are not."""
    site, here = tmp_path / "site", tmp_path / "here"
    needs = (
        "msgspec>=9", "Other_One==1", "absent>=1", "msgspec>=99; extra == 'x'",
        "msgspec>=99; sys_platform == 'plan9'",
    )  # fmt: skip
    for place, content in (
        (site, bundles.wheel({}, "ohmstead", "2.0", needs)),
        (site, bundles.wheel({}, "other.one", "1")),
        (here, bundles.wheel({}, "msgspec", "0.20")),
    ):
        zipfile.ZipFile(io.BytesIO(content)).extractall(place)
    assert list(wheels.unmet(site, [str(here)])) == ["ohmstead 2.0 needs msgspec>=9; here is 0.20"]
