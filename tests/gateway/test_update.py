"""Installing a release: all of it or nothing, whatever happens on the way.

Source: docs/updates.md, "What happens" and "What POST /load answers".
"""

import asyncio
import errno
import json
import os
import subprocess
import sys
from collections import namedtuple
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.gateway import bundles, killing
from tests.gateway.bundles import KEYS, OTHER, bundle, bundled, code, wheel

from ohmstead.errors import BadInput, Conflict, OhmsteadError, TooLarge, Unavailable
from ohmstead.gateway import update
from ohmstead.gateway.release import Keys
from ohmstead.gateway.update import Running, Updates
from ohmstead.gateway.versions import State, Versions, confirmed

WAIT_S = 60
OWN = "ohmstead-99.1.0-py3-none-any.whl"


async def sent(content: bytes) -> AsyncIterator[bytes]:
    """A bundle as it arrives."""
    for at in range(0, len(content), 700):
        yield content[at : at + 700]


def updates(
    data: Path, *, version: str = "1.0", keys: Keys = KEYS, launched: bool = True
) -> Updates:
    """The updates of a gateway."""
    return Updates(data, Running(version, keys, launched, os.environ.copy()))


def left(data: Path) -> list[str]:
    """What lies among the versions."""
    return sorted(path.name for path in (data / "versions").glob("*"))


async def test_a_release_is_installed_beside_and_counts_next(tmp_path: Path) -> None:
    """What happens 3 to 6: its folder, and the state that says it is on trial."""
    here = updates(tmp_path)
    manifest = await here.install(sent(bundle()))
    assert manifest is not None
    assert manifest.version == "99.1.0"
    state = here.state
    assert state == State(current=state.current, starts=0)
    assert state.current.startswith("99.1.0-")
    site = Versions(tmp_path).site(state.current)
    assert (site / "ohmstead" / "__init__.py").read_text() == "__version__ = '99.1.0'\n"
    assert left(tmp_path) == [state.current, "state.json"]


async def test_nothing_is_installed_while_a_release_is_on_trial(tmp_path: Path) -> None:
    """409: the last one is still on trial."""
    here = updates(tmp_path)
    await here.install(sent(bundle()))
    with pytest.raises(Conflict, match="on trial"):
        await here.install(sent(bundle("99.2.0")))


async def test_the_release_that_runs_is_not_installed_again(tmp_path: Path) -> None:
    """200: or it is what runs already."""
    versions = Versions(tmp_path)
    await updates(tmp_path).install(sent(bundle()))
    versions.write(confirmed(versions.read()))
    assert await updates(tmp_path, version="99.1.0").install(sent(bundle())) is None
    assert not versions.read().on_trial


async def test_the_release_before_is_kept_and_older_ones_are_not(tmp_path: Path) -> None:
    """What happens, end: the release before the one that runs is kept on the disk."""
    versions, names = Versions(tmp_path), []
    for version in ("99.1.0", "99.2.0", "99.3.0"):
        await updates(tmp_path).install(sent(bundle(version)))
        versions.write(confirmed(versions.read()))
        names.append(versions.read().current)
        await updates(tmp_path).tidy()
    assert left(tmp_path) == [*names[1:], "state.json"]
    assert versions.read().previous == names[1]


REFUSED: dict[str, tuple[bytes, str]] = {
    "another key": (bundle(key=OTHER), "signature"),
    "cut short": (bundle()[:-1], "ends before its end"),
    "changed": (bundle()[:-1] + b"x", "was changed"),
    "older": (bundle("0.1.0"), "older than 1.0"),
    "another Python": (bundle(python="<3"), "needs Python"),
    "raises": (bundle(breaks="raise RuntimeError('no luck')"), "no luck"),
    "a package is missing": (bundle(breaks="import nowhere_to_be_found"), "nowhere_to_be_found"),
    "a package is too old": (
        bundled({OWN: wheel(code("99.1.0"), "ohmstead", "99.1.0", ["msgspec>=999"])}, "99.1.0"),
        "msgspec>=999; here is",
    ),
    "another version inside": (
        bundled({OWN: wheel(code("99.9.9"), "ohmstead", "99.1.0")}, "99.1.0"),
        "says that it is 99.9.9",
    ),
    "leads out": (
        bundled({OWN: wheel({"../../x": "x"}, "ohmstead", "99.1.0")}, "99.1.0"),
        "leads out of it",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
async def test_what_is_refused_changes_nothing(tmp_path: Path, what: str) -> None:
    """400, each of its reasons: what runs goes on running, and nothing is left behind."""
    content, why = REFUSED[what]
    with pytest.raises(BadInput, match=why):
        await updates(tmp_path).install(sent(content))
    assert left(tmp_path) == []
    assert Versions(tmp_path).read() == State()


async def test_nothing_runs_before_it_is_verified(tmp_path: Path) -> None:
    """What happens 1 and 3: the code of a bundle with a wrong byte at its end is never started."""
    mark = tmp_path / "ran"
    content = bundle(breaks=f"open({str(mark)!r}, 'w')")
    with pytest.raises(BadInput):
        await updates(tmp_path / "a").install(sent(content[:-1] + b"x"))
    with pytest.raises(BadInput):
        await updates(tmp_path / "b").install(
            sent(bundle(breaks=f"open({str(mark)!r})", key=OTHER))
        )
    assert not mark.exists()
    await updates(tmp_path / "c").install(sent(content))
    assert mark.exists()


async def test_a_gateway_that_takes_no_updates_says_why(tmp_path: Path) -> None:
    """409: no key pinned, or started without its launcher."""
    with pytest.raises(Conflict, match="no release key was pinned"):
        await updates(tmp_path, keys=()).install(sent(bundle()))
    with pytest.raises(Conflict, match="without its launcher"):
        await updates(tmp_path, launched=False).install(sent(bundle()))
    assert not updates(tmp_path, keys=()).capable
    assert not updates(tmp_path, launched=False).capable
    assert updates(tmp_path).capable


async def test_one_at_a_time(tmp_path: Path) -> None:
    """409: another one is being installed; the first one is not disturbed."""
    here, begun, go_on = updates(tmp_path), asyncio.Event(), asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        content = bundle()
        yield content[:1000]
        begun.set()
        await go_on.wait()
        yield content[1000:]

    first = asyncio.create_task(here.install(slow()))
    async with asyncio.timeout(WAIT_S):
        await begun.wait()
        with pytest.raises(Conflict, match="another update is being installed"):
            await here.install(sent(bundle()))
        go_on.set()
        assert await first


async def test_a_client_that_goes_away_leaves_nothing(tmp_path: Path) -> None:
    """A client that goes away in the middle changes nothing, and the next one is served."""

    async def gone() -> AsyncIterator[bytes]:
        yield bundle()[:-100]
        raise ConnectionResetError

    here = updates(tmp_path)
    with pytest.raises(OhmsteadError):
        await here.install(gone())
    assert left(tmp_path) == []
    assert await here.install(sent(bundle()))


async def test_a_client_that_stops_sending_is_given_up(tmp_path: Path) -> None:
    """400: a body that does not come is no reason to refuse the next one for ever."""

    async def silent() -> AsyncIterator[bytes]:
        yield bundle()[:-100]
        raise TimeoutError

    with pytest.raises(BadInput, match="did not come in time"):
        await updates(tmp_path).install(silent())
    assert left(tmp_path) == []


async def test_there_must_be_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """413: more than the disk has room for; known before a byte is written."""
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(update.shutil, "disk_usage", lambda _: usage(1, 1, 1000))
    with pytest.raises(TooLarge, match="1000 are free"):
        await updates(tmp_path).install(sent(bundle()))
    assert left(tmp_path) == []


@pytest.mark.parametrize("code, error", [(errno.ENOSPC, TooLarge), (errno.EIO, Unavailable)])
async def test_a_disk_that_fails_on_the_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, error: type[OhmsteadError]
) -> None:
    """413 and 503: full after all, or failing; what was written is removed."""
    real = os.write

    def full(handle: int, data: bytes) -> int:
        if str(tmp_path) in str(Path(f"/proc/self/fd/{handle}").readlink()):
            raise OSError(code, os.strerror(code))
        return real(handle, data)

    monkeypatch.setattr(update.os, "write", full)
    with pytest.raises(error):
        await updates(tmp_path).install(sent(bundle()))
    assert left(tmp_path) == []


def test_a_kill_at_any_step_leaves_the_old_or_the_new(tmp_path: Path) -> None:
    """What happens, end: before the renaming the old version runs, after it the new one."""
    told = subprocess.run(
        [sys.executable, killing.__file__, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=WAIT_S,
        check=False,
        env=dict(os.environ, PYTHONPATH=str(Path(bundles.__file__).parents[2])),
    )
    assert told.returncode == 0, told.stderr
    lines = [json.loads(line) for line in (tmp_path / "told").read_text().splitlines()]
    assert len(lines) > 20  # so many steps there are at least
    old = f"{killing.OLD}-"
    new = f"{killing.NEW}-"
    switched = [current.startswith(new) for current, *_ in lines]
    assert switched == sorted(switched)  # there is one moment at which it switches
    assert {True, False} == set(switched)
    for step, (current, previous, on_trial, there, whole, again) in enumerate(lines, start=1):
        assert there
        assert whole
        if current.startswith(new):
            assert on_trial
            assert previous.startswith(old)
        else:
            assert current.startswith(old)
            assert not on_trial
            assert again == (step % killing.EACH == 0)
