"""`ohmstead download-csv`.  Sources: REST/MQTT 2.0, 6.13.1; interop 1.6 (what real devices do)."""

import asyncio
import re
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ohmstead.cli.download_csv import Outcome, fetch, span
from ohmstead.clock import SystemClock
from ohmstead.connect.device import Device, digest
from ohmstead.errors import BadInput, NotFound, NotSignedIn, OhmsteadError, Unavailable
from ohmstead.gateway.api import Api
from ohmstead.gateway.auth import Lock
from ohmstead.gateway.sdcard_api import SdCardApi
from ohmstead.house.http import HttpServer, listen
from ohmstead.settings.device import System

WAIT_S = 30
ROW = b'1,"2024-09-24T05:01:36Z","220000399","OK",2,0.169,29.424,20.841,8.583\n'
DAYS = span("20240924", "20240930")


class Pretended(ThreadingHTTPServer):
    """A device as real ones are: what it has, how it answers, and what it was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {}
        self.listed: dict[str, int] = {}
        self.heeds_range = False
        self.breaks_off_after: int | None = None
        self.status_missing = 500
        self.status_listing = 200
        self.password = ""
        self.challenges: list[str] = []
        self.asked: list[tuple[str, str]] = []
        self.seen: list[str] = []

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Pretended

    def do_GET(self) -> None:
        device = self.server
        wanted = self.headers.get("Range", "")
        device.asked.append((self.path, wanted))
        if device.password and not self._signed():
            self.send_response(401)
            for challenge in device.challenges:
                self.send_header("WWW-Authenticate", challenge)
            self.end_headers()
        elif self.path == "/sdcard/":
            self._listing()
        else:
            self._file(device.files.get(self.path.removeprefix("/sdcard/")), wanted)

    def _listing(self) -> None:
        sizes = {name: len(content) for name, content in self.server.files.items()}
        entries = ",".join(
            f'{{"name":"{name}","size":{size},"type":"file"}}'
            for name, size in {**sizes, **self.server.listed}.items()
        )
        self._send(
            self.server.status_listing, f'{{"path":"/sdcard/","files":[{entries}]}}'.encode()
        )

    def _file(self, content: bytes | None, wanted: str) -> None:
        if content is None:
            self._send(self.server.status_missing, b"no such file")
            return
        match = re.fullmatch(r"bytes=(\d+)-", wanted)
        if match and self.server.heeds_range:
            start = int(match[1])
            if start >= len(content):
                self._send(416, b"")
            else:
                said = f"bytes {start}-{len(content) - 1}/{len(content)}"
                self._send(206, content[start:], said)
        else:
            self._send(200, content)

    def _send(self, status: int, body: bytes, part: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if part:
            self.send_header("Content-Range", part)
        self.end_headers()
        limit = None
        if self.path != "/sdcard/":  # before a byte is out: the next request has its own thread
            limit, self.server.breaks_off_after = self.server.breaks_off_after, None
        self.wfile.write(body[:limit])

    def _signed(self) -> bool:
        given = self.headers.get("Authorization", "")
        self.server.seen.append(given)
        if given.startswith("Digest"):
            said = dict(re.findall(r'(\w+)="?([^",]*)"?', given))
            challenge = {
                "scheme": "digest",
                **dict(re.findall(r'(\w+)="?([^",]*)"?', self.server.challenges[0])),
            }
            count = int(said.get("nc", "1"), 16)
            nonce = said.get("cnonce", "")
            return said["nonce"] == challenge["nonce"] and given == digest(
                challenge, self.path, self.server.password, count, nonce
            )
        return given == "Basic OnNlY3JldA=="  # :secret

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def device() -> Iterator[Pretended]:
    found = Pretended()
    found.files = {"20240924.CSV": ROW * 100, "20240928.CSV": ROW * 50, "NIHAO.TXT": b"ni hao"}
    thread = threading.Thread(target=found.serve_forever, args=(0.02,))
    thread.start()
    yield found
    found.shutdown()
    found.server_close()
    thread.join(WAIT_S)


def fetched(address: str, folder: Path, password: str = "", days: list[date] = DAYS) -> Outcome:
    return fetch(Device(address, password), days, folder, lambda _: None, lambda _: lambda *_: None)


def ohmstead(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ohmstead", "download-csv", *words]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=WAIT_S, check=False, cwd=cwd
    )


def test_a_password_in_the_address_is_used_and_never_shown(
    device: Pretended, tmp_path: Path
) -> None:
    """RFC 3986, 3.2.1: userinfo may hold a password, as in `curl http://:secret@HOST`."""
    device.password, device.challenges = "secret", ['Basic realm="whatwatt"']
    assert fetched(f"http://:s%65cret@{device.address}", tmp_path).fetched
    with pytest.raises(NotSignedIn, match=f"^{device.address} does not take"):
        fetched(f"http://:wrong@{device.address}", tmp_path / "other")


def test_6_13_1_result(device: Pretended, tmp_path: Path) -> None:
    """6.13.1, "Usage (example)" and "Result": the days as `2024-09-01` or `20240901`, a line for
    each file, and Done; what is missing besides."""
    for first, last in (("2024-09-01", "2024-09-30"), ("20240901", "20240930")):
        folder = tmp_path / first
        folder.mkdir()
        ran = ohmstead(device.address, first, last, cwd=folder)
        assert (ran.returncode, ran.stderr) == (0, "")
        assert ran.stdout.splitlines() == [
            "Downloading: 20240924.CSV",
            "Downloading: 20240928.CSV",
            "Missing: 2024-09-01 to 2024-09-23",
            "Missing: 2024-09-25 to 2024-09-27",
            "Missing: 2024-09-29 to 2024-09-30",
            "Done.",
        ]
        assert {file.name for file in folder.iterdir()} == {"20240924.CSV", "20240928.CSV"}
        assert (folder / "20240924.CSV").read_bytes() == ROW * 100


def test_6_13_1_script_arguments(device: Pretended, tmp_path: Path) -> None:
    """6.13.1, the script: invalid dates and a start later than the end are refused."""
    for first, last, why in (
        ("2024-13-01", "2024-09-30", "invalid start date"),
        ("2024-09-01", "yesterday", "invalid end date"),
        ("2024-09-30", "2024-09-01", "later than the end date"),
    ):
        ran = ohmstead(device.address, first, last, cwd=tmp_path)
        assert ran.returncode == 1
        assert why in ran.stderr
    with pytest.raises(BadInput):
        span("2024-09-31", "2024-10-01")


def test_what_is_here_is_not_fetched_again(device: Pretended, tmp_path: Path) -> None:
    """A second start asks for the listing only."""
    fetched(device.address, tmp_path)
    device.asked.clear()
    found = fetched(device.address, tmp_path)
    assert found.had == ["20240924.CSV", "20240928.CSV"]
    assert device.asked == [("/sdcard/", "")]


@pytest.mark.parametrize("heeds_range", [True, False])
def test_todays_file_goes_on_where_it_ended(
    device: Pretended, tmp_path: Path, heeds_range: bool
) -> None:
    """interop 1.6: a device that ignores Range sends the whole file, and that is taken too."""
    device.heeds_range = heeds_range
    fetched(device.address, tmp_path)
    device.files["20240928.CSV"] += ROW * 30
    device.asked.clear()
    found = fetched(device.address, tmp_path)
    assert found.fetched == ["20240928.CSV"]
    assert (tmp_path / "20240928.CSV").read_bytes() == ROW * 80
    assert device.asked[-1] == ("/sdcard/20240928.CSV", f"bytes={50 * len(ROW) - 256}-")


@pytest.mark.parametrize("heeds_range", [True, False])
def test_a_download_that_breaks_off_goes_on(
    device: Pretended, tmp_path: Path, heeds_range: bool
) -> None:
    """A connection that ends early is taken up again, from there where the device lets it."""
    device.heeds_range = heeds_range
    device.breaks_off_after = 3000
    found = fetched(device.address, tmp_path)
    assert found.fetched == ["20240924.CSV", "20240928.CSV"]
    assert (tmp_path / "20240924.CSV").read_bytes() == ROW * 100
    assert ("/sdcard/20240924.CSV", "bytes=2744-") in device.asked
    assert not list(tmp_path.glob("*.part"))


def test_an_older_part_is_used(device: Pretended, tmp_path: Path) -> None:
    """What an earlier start left unfinished is not fetched twice."""
    device.heeds_range = True
    (tmp_path / "20240924.CSV.part").write_bytes((ROW * 100)[:5000])
    found = fetched(device.address, tmp_path)
    assert "20240924.CSV" in found.fetched
    assert (tmp_path / "20240924.CSV").read_bytes() == ROW * 100
    assert ("/sdcard/20240924.CSV", "bytes=4744-") in device.asked


def test_another_file_of_the_same_name_is_fetched_whole(device: Pretended, tmp_path: Path) -> None:
    """Another card: what is here is not continued with what is there."""
    device.heeds_range = True
    (tmp_path / "20240924.CSV").write_bytes(b"other" * 100)
    found = fetched(device.address, tmp_path)
    assert "20240924.CSV" in found.fetched
    assert (tmp_path / "20240924.CSV").read_bytes() == ROW * 100


@pytest.mark.parametrize("heeds_range", [True, False])
def test_a_longer_file_here_is_never_replaced(
    device: Pretended, tmp_path: Path, heeds_range: bool
) -> None:
    """A card that was emptied must not cost what was fetched from it."""
    device.heeds_range = heeds_range
    mine = tmp_path / "20240924.CSV"
    mine.write_bytes(ROW * 200)
    found = fetched(device.address, tmp_path)
    assert "shorter" in found.failed["20240924.CSV"]
    assert mine.read_bytes() == ROW * 200
    assert not list(tmp_path.glob("*.part"))


def test_a_listing_that_lags(device: Pretended, tmp_path: Path) -> None:
    """interop 1.1: the size that is listed for today's open file lags behind."""
    device.heeds_range = True
    device.listed["20240928.CSV"] = 10
    fetched(device.address, tmp_path)
    assert (tmp_path / "20240928.CSV").read_bytes() == ROW * 50
    again = fetched(device.address, tmp_path)
    assert "20240928.CSV" in again.had
    assert (tmp_path / "20240928.CSV").read_bytes() == ROW * 50


@pytest.mark.parametrize("status", [404, 500])
def test_a_file_that_is_gone_meanwhile_is_missing(
    device: Pretended, tmp_path: Path, status: int
) -> None:
    """6.13: 404 for what does not exist; interop 1.6: real devices answer 500."""
    device.listed["20240926.CSV"] = 1000
    device.status_missing = status
    found = fetched(device.address, tmp_path)
    assert date(2024, 9, 26) in found.missing
    assert not found.failed


def test_no_card_and_no_device(device: Pretended, tmp_path: Path) -> None:
    """6.13: 503 when no card is mounted; a device that does not answer is said too."""
    device.status_listing = 503
    with pytest.raises(Unavailable, match="no SD card"):
        fetched(device.address, tmp_path)
    device.status_listing = 404
    with pytest.raises(NotFound, match="404"):
        fetched(device.address, tmp_path)
    free = listen("127.0.0.1", 0, "the test")
    port = free.getsockname()[1]
    free.close()
    with pytest.raises(Unavailable, match="does not answer"):
        fetched(f"127.0.0.1:{port}", tmp_path)
    for wrong in ("", "http://", "ftp://device", "device:port"):
        with pytest.raises(BadInput, match="address"):
            Device(wrong)


@pytest.mark.parametrize(
    "challenge",
    [
        'Basic realm="whatwatt"',
        'Digest realm="whatwatt-ABCDEF.local", nonce="n1", algorithm=MD5-sess, qop="auth"',
        'Digest realm="whatwatt", nonce="n1"',
        'Digest realm="whatwatt", nonce="n1", algorithm=SHA-256, qop="auth,auth-int"',
    ],
)
def test_a_protected_device(device: Pretended, tmp_path: Path, challenge: str) -> None:
    """interop 1.3: Basic before firmware 1.10, Digest with MD5-sess and an empty user since."""
    device.password, device.challenges = "secret", [challenge]
    with pytest.raises(NotSignedIn, match="asks for its password"):
        fetched(device.address, tmp_path)
    with pytest.raises(NotSignedIn, match="does not take"):
        fetched(device.address, tmp_path, "wrong")
    assert len(fetched(device.address, tmp_path, "secret").fetched) == 2
    scheme = challenge.partition(" ")[0]
    assert all(given.startswith(scheme) for given in device.seen if given)


def test_digest_is_preferred_to_the_password_itself(device: Pretended, tmp_path: Path) -> None:
    """RFC 7616, 5.1: of what is offered, the strongest is taken."""
    device.password = "secret"
    device.challenges = ['Digest realm="r", nonce="n", qop="auth"', 'Basic realm="r"']
    fetched(device.address, tmp_path, "secret")
    assert not any(given.startswith("Basic") for given in device.seen)


@pytest.fixture
async def ours(tmp_path: Path) -> AsyncIterator[str]:
    card = tmp_path / "sdcard"
    card.mkdir()
    (card / "20240924.CSV").write_bytes(ROW * 100)
    sock = listen("127.0.0.1", 0, "the test")
    lock = Lock(lambda: System(protection=True, password="p"), SystemClock())
    async with HttpServer(Api(SdCardApi(card).routes(), door=lock), sock) as server:
        yield f"127.0.0.1:{server.port}"
    sock.close()


async def test_our_own_gateway(ours: str, tmp_path: Path) -> None:
    """The command and `/sdcard/` understand each other, the password (Digest, MD5-sess) and
    resuming included."""
    target = tmp_path / "target"
    with pytest.raises(NotSignedIn):
        await asyncio.to_thread(fetched, ours, target, "q")
    assert (await asyncio.to_thread(fetched, ours, target, "p")).fetched == ["20240924.CSV"]
    with (tmp_path / "sdcard" / "20240924.CSV").open("ab") as file:
        file.write(ROW * 5)
    assert (await asyncio.to_thread(fetched, ours, target, "p")).fetched == ["20240924.CSV"]
    assert (target / "20240924.CSV").read_bytes() == ROW * 105
    assert (await asyncio.to_thread(fetched, ours, target, "p")).had == ["20240924.CSV"]


def test_a_folder_that_cannot_be_made(device: Pretended, tmp_path: Path) -> None:
    """An error of this machine is not blamed on the device."""
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OhmsteadError, match="folder"):
        fetched(device.address, tmp_path / "file" / "folder")
