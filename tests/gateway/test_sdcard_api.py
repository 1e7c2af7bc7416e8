"""The SD card over HTTP.  Sources: REST/MQTT 2.0, 6.13 and 6.13.1; RFC 9110, 14 (ranges)."""

import asyncio
import json
import os
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ohmstead.errors import BadInput
from ohmstead.gateway.api import Api
from ohmstead.gateway.http import Request
from ohmstead.gateway.ranges import Unsatisfiable, span
from ohmstead.gateway.sdcard_api import SdCardApi, _Path
from ohmstead.house.http import HttpServer, listen

WAIT_S = 10
CSV = b'RID,TIME\n1,"2024-10-10T05:01:36Z"\n4,"2024-10-10T05:01:55Z"\n'


@pytest.fixture
def card(tmp_path: Path) -> Path:
    """A card with what the document's samples have on theirs, and a secret beside it."""
    folder = tmp_path / "sdcard"
    folder.mkdir()
    (folder / "20240924.CSV").write_bytes(CSV * 3)
    (folder / "20240929.CSV").write_bytes(CSV * 2)
    (folder / "20241010.CSV").write_bytes(CSV)
    (folder / "NIHAO.TXT").write_bytes(b"ni hao, card!")
    (folder / "SYSTEM~1").mkdir()
    (folder / "SYSTEM~1" / "INNER.BIN").write_bytes(b"\0\1")
    (folder / "some_directory" / "deep").mkdir(parents=True)
    (folder / "some_directory" / "deep" / "a.csv").write_bytes(CSV)
    (tmp_path / "secret.key").write_bytes(b"secret")
    (folder / "out").symlink_to(tmp_path)
    (folder / "LINK.CSV").symlink_to(tmp_path / "secret.key")
    return folder


@pytest.fixture
async def port(card: Path) -> AsyncIterator[int]:
    sock = listen("127.0.0.1", 0, "the test")
    async with HttpServer(Api(SdCardApi(card).routes()), sock) as server:
        yield server.port
    sock.close()


@pytest.fixture
async def client(port: int) -> AsyncIterator[httpx.AsyncClient]:
    base = f"http://127.0.0.1:{port}"
    async with httpx.AsyncClient(base_url=base, timeout=WAIT_S) as client:
        yield client


async def raw(port: int, path: str, method: str = "GET") -> tuple[int, bytes]:
    """The answer to a path sent as it is: clients tidy up `..` before they ask."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    request = f"{method} {path} HTTP/1.1\r\nHost: card\r\nConnection: close\r\n\r\n"
    writer.write(request.encode("latin-1"))
    async with asyncio.timeout(WAIT_S):
        answer = await reader.read()
    writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), body


async def run(*command: str, cwd: Path | None = None) -> tuple[int, str]:
    """A program of the machine and what it printed."""
    process = await asyncio.create_subprocess_exec(
        *command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=cwd
    )
    async with asyncio.timeout(WAIT_S * 3):
        printed, _ = await process.communicate()
    return process.returncode or 0, printed.decode()


# --- listing


async def test_6_13_directory_listing(client: httpx.AsyncClient, corpus: Path) -> None:
    """6.13, "Example JSON response": `path`, and name, size and type of each file."""
    sample = corpus / "interop" / "captures" / "whatwatt-docs-sdcard-listing.json"
    answer = await client.get("/sdcard/")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    found = answer.json()
    assert list(found) == list(json.loads(sample.read_bytes())) == ["path", "files"]
    assert found["path"] == "/sdcard/"
    assert found["files"][-2:] == [
        {"name": "SYSTEM~1", "size": 0, "type": "dir"},
        {"name": "some_directory", "size": 0, "type": "dir"},
    ]
    assert {"name": "NIHAO.TXT", "size": 13, "type": "file"} in found["files"]
    assert {"name": "20241010.CSV", "size": len(CSV), "type": "file"} in found["files"]


async def test_6_13_directory_listing_of_a_directory(client: httpx.AsyncClient) -> None:
    """6.13, `GET /sdcard/<directory_name>/`; "without a file extension, the server returns a JSON
    listing", so the slash may be missing."""
    for path in ("/sdcard/SYSTEM~1/", "/sdcard/system~1", "/sdcard/SYSTEM%7E1/"):
        found = (await client.get(path)).json()
        assert found == {
            "path": "/sdcard/SYSTEM~1/",
            "files": [{"name": "INNER.BIN", "size": 2, "type": "file"}],
        }
    assert (await client.get("/sdcard")).json()["path"] == "/sdcard/"
    assert (await client.get("/sdcard/some_directory/deep/")).json()["files"][0]["name"] == "a.csv"


# --- download


async def test_6_13_file_download(client: httpx.AsyncClient) -> None:
    """6.13, "File Download": MIME type by extension, `text/csv` for a .csv."""
    answer = await client.get("/sdcard/20241010.CSV")
    assert (answer.status_code, answer.content) == (200, CSV)
    assert answer.headers["content-type"].split(";")[0] == "text/csv"
    assert answer.headers["content-length"] == str(len(CSV))
    assert answer.headers["accept-ranges"] == "bytes"
    text = await client.get("/sdcard/nihao.txt")
    assert text.headers["content-type"].split(";")[0] == "text/plain"
    other = await client.get("/sdcard/SYSTEM~1/INNER.BIN")
    assert other.headers["content-type"] == "application/octet-stream"


async def test_6_13_curl_o(port: int, tmp_path: Path) -> None:
    """6.13.1, "save the file to disk immediately": `curl -O`."""
    target = tmp_path / "saved"
    target.mkdir()
    url = f"http://127.0.0.1:{port}/sdcard/20241010.CSV"
    status, printed = await run("curl", "-s", "-O", url, cwd=target)
    assert status == 0, printed
    assert (target / "20241010.CSV").read_bytes() == CSV


async def test_names_are_the_same_in_any_case(client: httpx.AsyncClient, card: Path) -> None:
    """interop 5, 23: FAT compares names without case; an exact name comes first."""
    assert (await client.get("/sdcard/20241010.csv")).content == CSV
    (card / "20241010.csv").write_bytes(b"lower")
    assert (await client.get("/sdcard/20241010.csv")).content == b"lower"
    assert (await client.get("/sdcard/20241010.CSV")).content == CSV


async def test_head_says_what_get_would(client: httpx.AsyncClient) -> None:
    """RFC 9110, 9.3.2: the headers of GET without the body."""
    answer = await client.head("/sdcard/20241010.CSV")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-length"] == str(len(CSV))


async def test_a_range_of_a_file(client: httpx.AsyncClient) -> None:
    """RFC 9110, 14: 206 with Content-Range, 416 behind the end, 200 for what makes no sense."""
    size = len(CSV)
    for wanted, part in (
        ("bytes=0-8", CSV[:9]),
        ("bytes=9-", CSV[9:]),
        ("bytes=-5", CSV[-5:]),
        (f"bytes=5-{size + 100}", CSV[5:]),
    ):
        answer = await client.get("/sdcard/20241010.CSV", headers={"range": wanted})
        assert (answer.status_code, answer.content) == (206, part)
        first = CSV.index(part)
        expected = f"bytes {first}-{first + len(part) - 1}/{size}"
        assert answer.headers["content-range"] == expected
        assert answer.headers["content-length"] == str(len(part))
    answer = await client.get("/sdcard/20241010.CSV", headers={"range": f"bytes={size}-"})
    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{size}"
    answer = await client.get("/sdcard/20241010.CSV", headers={"range": "bytes=0-1,3-4"})
    assert (answer.status_code, answer.content) == (200, CSV)


async def test_a_range_of_another_file_is_all_of_this_one(client: httpx.AsyncClient) -> None:
    """RFC 9110, 13.1.5: If-Range with an old tag gets the whole file."""
    tag = (await client.head("/sdcard/20241010.CSV")).headers["etag"]
    headers = {"range": "bytes=3-", "if-range": tag}
    assert (await client.get("/sdcard/20241010.CSV", headers=headers)).status_code == 206
    headers["if-range"] = '"old"'
    assert (await client.get("/sdcard/20241010.CSV", headers=headers)).status_code == 200


async def test_curl_resumes(port: int, tmp_path: Path) -> None:
    """`curl -C -` with a half file: the rest is fetched."""
    half = tmp_path / "half.csv"
    half.write_bytes(CSV[:20])
    url = f"http://127.0.0.1:{port}/sdcard/20241010.CSV"
    status, printed = await run("curl", "-s", "-f", "-C", "-", "-o", str(half), url)
    assert status == 0, printed
    assert half.read_bytes() == CSV


async def test_a_large_file_is_sent_in_pieces(client: httpx.AsyncClient, card: Path) -> None:
    """A month's file does not have to fit into memory; an empty one is sent too."""
    content = os.urandom(3_000_000)
    (card / "BIG.BIN").write_bytes(content)
    (card / "EMPTY.CSV").write_bytes(b"")
    assert (await client.get("/sdcard/BIG.BIN")).content == content
    empty = await client.get("/sdcard/EMPTY.CSV")
    assert (empty.status_code, empty.content) == (200, b"")
    headers = {"range": "bytes=0-"}
    assert (await client.get("/sdcard/EMPTY.CSV", headers=headers)).status_code == 416


async def test_a_client_that_goes_away_leaves_no_open_file(port: int, card: Path) -> None:
    """A download that is broken off lets go of its file."""
    (card / "BIG.BIN").write_bytes(bytes(30_000_000))
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /sdcard/BIG.BIN HTTP/1.1\r\nHost: card\r\n\r\n")
    async with asyncio.timeout(WAIT_S):
        await reader.read(1000)
        writer.transport.abort()

        def still_open() -> bool:
            folder = Path("/proc/self/fd")
            return any(os.path.realpath(one).endswith("BIG.BIN") for one in folder.iterdir())

        while still_open():  # noqa: ASYNC110  (nobody tells when)
            await asyncio.sleep(0.02)


# --- deletion


async def test_6_13_file_delete(port: int, card: Path) -> None:
    """6.13, "File Delete": the document's curl line, in lower case as there, answers 204."""
    url = f"http://127.0.0.1:{port}/sdcard/20240929.csv"
    _, printed = await run("curl", "-s", "-i", "-X", "DELETE", url)
    assert printed.startswith("HTTP/1.1 204")
    assert not (card / "20240929.CSV").exists()


async def test_6_13_directory_delete(port: int, card: Path, tmp_path: Path) -> None:
    """6.13: "all files and subdirectories contained within will also be deleted"; links in it are
    taken away, not followed."""
    (card / "some_directory" / "deep" / "out").symlink_to(tmp_path)
    url = f"http://127.0.0.1:{port}/sdcard/some_directory/"
    _, printed = await run("curl", "-s", "-i", "-X", "DELETE", url)
    assert printed.startswith("HTTP/1.1 204")
    assert not (card / "some_directory").exists()
    assert (tmp_path / "secret.key").exists()


async def test_deleting_what_is_named_wrongly(client: httpx.AsyncClient, card: Path) -> None:
    """6.13: a trailing slash names a directory; without one a directory is not deleted."""
    assert (await client.delete("/sdcard/20241010.CSV/")).status_code == 404
    assert (await client.delete("/sdcard/SYSTEM~1")).status_code == 400
    assert (card / "20241010.CSV").exists()
    assert (card / "SYSTEM~1").exists()


# --- trouble


async def test_6_13_error_handling_400(client: httpx.AsyncClient, card: Path) -> None:
    """6.13, "Error Handling": 400, "for example delete of root directory"."""
    for path in ("/sdcard/", "/sdcard"):
        assert (await client.delete(path)).status_code == 400
    assert (card / "20241010.CSV").exists()


async def test_6_13_error_handling_404(client: httpx.AsyncClient) -> None:
    """6.13, "Error Handling": 404, "when there no file or directory"."""
    for path in ("20200101.CSV", "nothing/", "nothing/a.csv", "20241010.CSV/a.csv", "NIHAO.TXT/"):
        for method in ("GET", "DELETE"):
            answer = await client.request(method, f"/sdcard/{path}")
            assert answer.status_code == 404, path
            assert answer.json()["error"] == "not_found"


async def test_6_13_error_handling_503(client: httpx.AsyncClient, card: Path) -> None:
    """6.13: "If the card is not mounted, an error code 503 will be returned"."""
    shutil.rmtree(card)
    for method, path in (("GET", ""), ("GET", "20241010.CSV"), ("DELETE", "20241010.CSV")):
        answer = await client.request(method, f"/sdcard/{path}")
        assert answer.status_code == 503
        assert "mounted" in answer.json()["message"]


@pytest.mark.parametrize(
    "path",
    [
        "../secret.key",
        "%2e%2e/secret.key",
        "..%2fsecret.key",
        "%2e%2e%2fsecret.key",
        "SYSTEM~1/../../secret.key",
        "SYSTEM~1/%2e%2e/%2e%2e/secret.key",
        "./20241010.CSV",
        "/secret.key",
        "//20241010.CSV",
        "..%5csecret.key",
        "20241010.CSV%00.txt",
        "%00",
        "a%0ab",
        "..",
        "%2e%2e/",
        "x" * 300,
    ],
)
async def test_no_path_leads_out(port: int, card: Path, path: str) -> None:
    """A path that can name nothing on a card is refused with 400, however it is spelled."""
    for method in ("GET", "DELETE"):
        status, body = await raw(port, f"/sdcard/{path}", method)
        assert status == 400, body
    assert (card.parent / "secret.key").exists()
    assert (card / "20241010.CSV").exists()


@pytest.mark.parametrize("path", ["out/", "out/secret.key", "LINK.CSV", "link.csv", "OUT/"])
async def test_links_are_not_there(client: httpx.AsyncClient, card: Path, path: str) -> None:
    """FAT has no links: they are neither listed, nor followed, nor deleted."""
    for method in ("GET", "DELETE"):
        assert (await client.request(method, f"/sdcard/{path}")).status_code == 404
    names = [entry["name"] for entry in (await client.get("/sdcard/")).json()["files"]]
    assert "out" not in names
    assert (card / "out").is_symlink()
    assert (card / "LINK.CSV").is_symlink()


async def test_what_is_no_file_is_not_there(client: httpx.AsyncClient, card: Path) -> None:
    """A pipe or a socket is no file of a card: reading it would wait for ever."""
    os.mkfifo(card / "PIPE.CSV")
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(card / "s"))
        for name in ("PIPE.CSV", "s"):
            assert (await client.get(f"/sdcard/{name}")).status_code == 404


async def test_a_name_that_is_no_text_does_not_break_the_listing(
    client: httpx.AsyncClient, card: Path
) -> None:
    """Linux allows any bytes in a name."""
    (card / os.fsdecode(b"\xff.CSV")).write_bytes(CSV)
    names = [entry["name"] for entry in (await client.get("/sdcard/")).json()["files"]]
    assert "�.CSV" in names


@given(st.text(max_size=30))
def test_any_path_names_what_is_on_the_card_or_nothing(path: str) -> None:
    """Whatever is asked for, the names that are walked are plain ones."""
    try:
        found = _Path.of(Request("GET", f"/sdcard/{path}", parameters={"path": path}))
    except BadInput:
        return
    assert all(name not in ("", ".", "..") and "/" not in name for name in found.names)


@given(st.text("bytes=-0123456789, ", max_size=20), st.integers(0, 50))
def test_any_range_is_within_the_file(wanted: str, size: int) -> None:
    """RFC 9110, 14: first and last byte are of the file, or all is sent, or nothing can be."""
    try:
        found = span(wanted, size)
    except Unsatisfiable:
        return
    assert found is None or 0 <= found[0] <= found[1] < size


def documents_script(corpus: Path) -> str:
    """The script as the document prints it, without its page break and the one line that the page
    was too narrow for."""
    written = (corpus / "seeds" / "002_c62ac66f0e8fd59b.txt").read_text()
    begin = written.index("#!/usr/bin/env bash\n\nif [ $# -ne 3 ]")
    script = written[begin : written.index('echo "Done."', begin)] + 'echo "Done."\n'
    return script.replace("```\n", "").replace("-le\n$END", "-le $END")


@pytest.mark.optional
@pytest.mark.parametrize("days", [("2024-09-01", "2024-09-30"), ("20240901", "20240930")])
async def test_6_13_1_script_to_download_csv_files_from_a_date_range(
    port: int, tmp_path: Path, corpus: Path, days: tuple[str, str]
) -> None:
    """6.13.1, "Script to download CSV files from a date range": the document's own, both usages,
    and the result as printed."""
    if not shutil.which("jq"):
        pytest.skip("no jq on this machine")
    target = tmp_path / "range"
    target.mkdir()
    script = documents_script(corpus)
    command = ("bash", "-c", script, "download_csv.sh", f"127.0.0.1:{port}", *days)
    status, printed = await run(*command, cwd=target)
    assert status == 0, printed
    assert printed == "Downloading: 20240924.CSV\nDownloading: 20240929.CSV\nDone.\n"
    assert (target / "20240929.CSV").read_bytes() == CSV * 2
