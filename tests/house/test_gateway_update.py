"""A real gateway takes a real release: the repository's own code as a newer version of itself.

Sources: REST/MQTT 2.0, 2.3 (`.device.upgrade_capable`) and 6.14; docs/updates.md.
"""

import asyncio
import re
import shutil
import zipfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from tests.gateway.bundles import KEY, pem
from tests.house.program import WAIT_S, Program, program

import ohmstead
from ohmstead.house import release
from ohmstead.house.release import Wish

Json = dict[str, Any]

VERSION = "98.0.0"
BROKEN = "98.1.0"
LEFT_OUT = shutil.ignore_patterns("pages", ".*")  # compiled files stay, which saves seconds
LONG_S = 120
"""For what takes some seconds on an idle machine."""

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installation that pins a key, on Python's path before this checkout."""
    folder = tmp_path_factory.mktemp("installation")
    shutil.copytree(Path(ohmstead.__file__).parent, folder / "ohmstead", ignore=LEFT_OUT)
    (folder / "ohmstead" / "release_key.txt").write_bytes(pem())
    (folder / "ohmstead" / "build.txt").write_text("0123abc-68dfd692")
    return folder


def bundle(installation: Path, version: str, change: Callable[[str, str], str]) -> Path:
    """A bundle of the installation's own code as another version, changed file by file."""
    wheel = installation.parent / f"ohmstead-{version}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for file in sorted(installation.rglob("*")):
            name = str(file.relative_to(installation))
            if file.suffix == ".py":
                archive.writestr(name, change(name, file.read_text()))
            elif file.is_file() and "__pycache__" not in file.parts:
                archive.write(file, name)
        about = f"Metadata-Version: 2.1\nName: ohmstead\nVersion: {version}\n"
        archive.writestr(f"ohmstead-{version}.dist-info/METADATA", about)
    to = installation.parent / f"{version}.bin"
    release.make([wheel], KEY, to, Wish())
    return to


def numbered(version: str) -> Callable[[str, str], str]:
    """The code with another version's number."""

    def change(name: str, code: str) -> str:
        own = name == "ohmstead/__init__.py"
        return code.replace(ohmstead.__version__, version) if own else code

    return change


@asynccontextmanager
async def running(
    data: Path, installation: Path, patch: pytest.MonkeyPatch, *arguments: str
) -> AsyncIterator[Program]:
    """A gateway of that installation, without a meter that matters."""
    patch.setenv("PYTHONPATH", str(installation))
    source = ("--source", "simulate:p1-dsmr5", "--id", "A842E39F8124")
    async with program(data, *source, *arguments, python=("-P",)) as found:
        await found.url()
        yield found


async def system(gateway: Program, wanted: Callable[[Json], bool] = lambda _: True) -> Json:
    """Its `/api/v1/system` once that is as wanted, wherever it listens by then."""
    async with httpx.AsyncClient(timeout=WAIT_S) as client, asyncio.timeout(LONG_S):
        while True:
            assert gateway.process.poll() is None, gateway.said()
            port = re.findall(r'event="gateway runs" .*port=(\d+)', gateway.said())[-1]
            try:
                found: Json = (await client.get(f"http://127.0.0.1:{port}/api/v1/system")).json()
            except httpx.TransportError:
                found = {}
            if found and wanted(found):
                return found
            await asyncio.sleep(0.05)


async def loaded(gateway: Program, file: Path) -> str:
    """What curl prints, called as in the document (it asks first whether to send so much)."""
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("no curl on this machine; install the package 'curl'")
    process = await asyncio.create_subprocess_exec(
        curl, "-s", "-i", "-F", f"file=@{file.name}", f"{await gateway.url()}/load",
        stdout=asyncio.subprocess.PIPE, cwd=file.parent,
    )  # fmt: skip
    async with asyncio.timeout(LONG_S):
        said = (await process.communicate())[0].decode()
    return said.removeprefix("HTTP/1.1 100 Continue\r\n\r\n")


async def test_6_14_a_release_replaces_what_runs(
    tmp_path: Path, installation: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """6.14 and 2.3: the documented request; then the new version runs, in the same process of the
    service, and with the same data."""
    file = bundle(installation, VERSION, numbered(VERSION))
    async with running(tmp_path / "gw", installation, monkeypatch) as gateway:
        before = await system(gateway)
        assert before["device"]["firmware"] == ohmstead.__version__
        assert before["device"]["build"] == "0123abc-68dfd692"
        assert before["device"]["upgrade_capable"] is True
        assert before["update"]["state"] == "NONE"
        answer = await loaded(gateway, file)
        assert answer.startswith("HTTP/1.1 200 OK\r\n")
        assert answer.endswith(f"Release {VERSION} is installed; the device restarts.\n")
        after = await system(gateway, lambda found: found["device"]["firmware"] == VERSION)
        assert after["device"]["id"] == "A842E39F8124"
        assert after["device"]["upgrade_capable"] is True
        assert after["update"]["state"] in {"TRIAL", "CONFIRMED"}
        assert after["update"]["release"].startswith(f"{VERSION}-")
        gateway.process.terminate()
        assert gateway.process.wait(timeout=WAIT_S) == 0


async def test_a_release_that_does_not_come_up_is_rolled_back(
    tmp_path: Path, installation: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """docs/updates.md, 7: the version before runs again and says what happened."""

    def breaking(name: str, code: str) -> str:
        start = "    folder = folder_of(options.data)\n"
        assert name != "ohmstead/house/gateway.py" or start in code
        return numbered(BROKEN)(name, code).replace(start, "    raise OSError('no luck')\n", 1)

    file = bundle(installation, BROKEN, breaking)
    async with running(tmp_path / "gw", installation, monkeypatch) as gateway:
        assert (await loaded(gateway, file)).startswith("HTTP/1.1 200 OK\r\n")
        back = await system(gateway, lambda found: found["update"]["state"] == "ROLLED BACK")
        assert back["device"]["firmware"] == ohmstead.__version__
        assert back["update"]["release"] == ""
        assert back["update"]["rolled_back"].startswith(f"{BROKEN}-")
        assert back["update"]["trouble"] == "it ended with status 1, before it ran"
        assert "no luck" in gateway.said()


async def test_updates_can_be_left_out(
    tmp_path: Path, installation: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`--no-updates`: no launcher, and `/load` says so."""
    file = tmp_path / "any.bin"
    file.write_bytes(b"x")
    async with running(tmp_path / "gw", installation, monkeypatch, "--no-updates") as gateway:
        found = await system(gateway)
        assert found["device"]["upgrade_capable"] is False
        assert "update" not in found
        answer = await loaded(gateway, file)
        assert answer.startswith("HTTP/1.1 409 Conflict\r\n")
        assert "started without its launcher" in answer


def test_the_key_of_these_tests_signs_as_one_from_a_file(tmp_path: Path) -> None:
    """docs/updates.md, "Once": openssl's keys are of the same kind."""
    file = tmp_path / "key"
    file.write_bytes(
        KEY.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    assert release.private_key(file, None).private_bytes_raw() == KEY.private_bytes_raw()
