"""HTTP clients of all kinds at a whole gateway: crude ones byte by byte, known ones as they come.

Sources: REST/MQTT 2.0, 3.2, 6.6.2 and Appendix B; RFC 9110 and 9112; interop, 1.3 and 1.5.
"""

import json
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.gateway.outside.gateway import SAYS, Gateway, gateway, saw
from tests.house.program import WAIT_S

PASSWORD = "correct-horse"
SCALERS = "/api/v1/meter/scalers/custom"
JSON = "application/json; charset=utf-8"


@pytest.fixture(scope="module")
def device(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with gateway(tmp_path_factory.mktemp("http")) as found:
        yield found


class Crude:
    """A client that knows sockets only."""

    def __init__(self, device: Gateway) -> None:
        self._socket = socket.create_connection(("127.0.0.1", device.port), timeout=WAIT_S)
        self._file = self._socket.makefile("rb")

    def __enter__(self) -> "Crude":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self._socket.close()

    def say(self, *lines: str, body: bytes = b"") -> None:
        head = "".join(f"{line}\r\n" for line in [*lines, ""]) if lines else ""
        self._socket.sendall(head.encode() + body)

    def head(self) -> tuple[int, dict[str, str]]:
        """Status and headers, as they are spelled."""
        status = int(self._file.readline().split()[1])
        headers: dict[str, str] = {}
        while line := self._file.readline().decode().rstrip("\r\n"):
            name, _, value = line.partition(": ")
            headers[name] = value
        return status, headers

    def answer(self) -> tuple[int, dict[str, str], bytes]:
        """A whole answer with a length."""
        status, headers = self.head()
        return status, headers, self._file.read(int(headers.get("Content-Length", 0)))

    def line(self) -> bytes:
        return self._file.readline()

    def rest(self) -> bytes:
        """All until the other side hangs up."""
        return self._file.read()


def test_headers_are_spelled_as_in_the_document(device: Gateway) -> None:
    """6.6.2, "Expected Response": `Location:` and its like, for scripts that look for them."""
    definition = {"actions": [{"id": "1", "requests": [{"http": {"url": "http://127.0.0.1:9/"}}]}]}
    httpx.post(f"{device.url}/api/v1/actions", json=definition).raise_for_status()
    printed = subprocess.run(
        ["curl", "-i", "-s", "-X", "POST", f"{device.url}/api/v1/actions/call?id=1"],
        check=True,
        capture_output=True,
        timeout=WAIT_S,
    ).stdout.decode()
    head, _, body = printed.partition("\r\n\r\n")
    lines = head.split("\r\n")
    assert lines[0] == "HTTP/1.1 202 Accepted"
    (where,) = (line for line in lines if line.startswith("Location: "))
    number = json.loads(body)["status_ids"][0]
    assert where == f"Location: /api/v1/actions/status?id={number}"
    assert f"Content-Length: {len(body)}" in lines
    assert "X-Content-Type-Options: nosniff" in lines
    assert "Cache-Control: no-store, no-cache" in lines


def test_an_old_client_gets_its_answer_and_the_end(device: Gateway) -> None:
    """RFC 9112, 9.3: HTTP/1.0 without keep-alive: the connection ends with the answer."""
    with Crude(device) as client:
        client.say("GET /api/v1/report HTTP/1.0")
        status, headers, body = client.answer()
        assert (status, headers["Content-Type"]) == (200, JSON)
        assert json.loads(body)["report"]["voltage"] == {"l1": 230.4, "l2": 231.5, "l3": 229.6}
        assert not body.endswith(b"\n")
        assert client.rest() == b""


def test_one_connection_serves_many_requests_in_their_order(device: Gateway) -> None:
    """RFC 9112, 9.3.2: kept alive, and pipelined."""
    with Crude(device) as client:
        for path in (SCALERS, "/api/v1/berry", "/nowhere", "/api/v1/openapi.json"):
            client.say(f"GET {path} HTTP/1.1", "Host: x")
        assert [client.answer()[0] for _ in range(4)] == [200, 404, 404, 200]
        client.say("HEAD /api/v1/report HTTP/1.1", "Host: x")
        status, headers = client.head()
        assert (status, int(headers["Content-Length"]) > 1000) == (200, True)
        client.say("OPTIONS /api/v1/settings HTTP/1.1", "Host: x", "Connection: close")
        status, headers, _ = client.answer()
        assert (status, headers["Allow"]) == (204, "GET, POST, PUT, HEAD, OPTIONS")
        assert client.rest() == b""


def test_a_body_may_come_in_chunks_or_be_asked_for(device: Gateway) -> None:
    """RFC 9112, 7.1; RFC 9110, 10.1.1: `100 Continue`; no Content-Type is needed (Appendix B)."""
    with Crude(device) as client:
        put = ("PUT /api/v1/settings HTTP/1.1", "Host: x")
        chunks = b'14\r\n{"system":{"name":"\xc3\r\nA\r\n\xa4nn chu"}}\r\n0\r\n\r\n'
        client.say(*put, "Transfer-Encoding: chunked", body=chunks)
        status, _, body = client.answer()
        assert (status, json.loads(body)["system"]["name"]) == (200, "änn chu")
        client.say(*put, "Content-Length: 22", "Expect: 100-continue")
        assert client.line() == b"HTTP/1.1 100 Continue\r\n"
        assert client.line() == b"\r\n"
        client.say(body=b'{"system":{"name":""}}')
        assert client.answer()[0] == 200


@pytest.mark.parametrize(
    "written",
    [
        f"{SCALERS}/",
        f"{SCALERS}?",
        f"{SCALERS}?unknown=1&unknown",
        "/api/v1/meter/scalers/%63ustom",
        f"http://whatwatt-9f8124.local{SCALERS}",
    ],
)
def test_a_path_may_be_written_in_several_ways(device: Gateway, written: str) -> None:
    """Interop 37: a slash at the end is no redirection; RFC 3986, 6.2.2; RFC 9112, 3.2."""
    with Crude(device) as client:
        client.say(f"GET {written} HTTP/1.1", "Host: x")
        assert client.answer()[::2] == (200, b"[]")


@pytest.mark.parametrize("wrong", ["NONSENSE", "GET /api/v1/system HTTP/1.1\r\nContent-Length: x"])
def test_what_is_no_http_is_refused(device: Gateway, wrong: str) -> None:
    """RFC 9112, 2.2: 400, and the connection ends."""
    with Crude(device) as client:
        client.say(wrong)
        assert client.head()[0] == 400
        assert client.rest().endswith(b"received.")


def test_the_stream_byte_by_byte(device: Gateway) -> None:
    """3.2 and interop 1.5: two lines and an empty one; no comment, no id, no retry."""
    with Crude(device) as client:
        client.say("GET /api/v1/live HTTP/1.1", "Host: x", "Connection: keep-alive")
        status, headers = client.head()
        assert (status, headers["Content-Type"]) == (200, "text/event-stream")
        for _ in range(2):
            size = int(client.line(), 16)
            lines = [client.line() for _ in range(3)]
            assert len(b"".join(lines)) == size
            assert lines[0] == b"event: live\n"
            assert lines[1].startswith(b'data: {"P_In":1.234,"P_Out":0,"P_P1_In":0.5,')
            assert lines[2] == b"\n"
            assert client.line() == b"\r\n"


def test_home_assistant_reads_the_stream(device: Gateway) -> None:
    """Interop 1.5, as an aiohttp integration does it: line by line, without end."""
    (stream,) = saw({"client": "home_assistant", "url": f"{device.url}/api/v1/live", "events": 3})
    assert stream["type"] == "text/event-stream"
    assert [event["event"] for event in stream["events"]] == ["live"] * 3
    for event in stream["events"]:
        fields = json.loads(event["data"])
        assert (fields["P_In"], fields["E_Out"]) == (SAYS["1.7.0"], SAYS["2.8.0"])


def test_1_3_a_password_is_taken_from_every_client(device: Gateway, tmp_path: Path) -> None:
    """Interop 1.3: curl by its own choice, requests and httpx by Digest, and Basic as in 2.3."""
    device.put("settings", {"system": {"protection": True, "password": PASSWORD}})
    url = f"{device.url}/api/v1/system"
    try:
        for how in ("--anyauth", "--digest", "--basic"):
            got = subprocess.run(
                ["curl", "-s", "--fail", how, "-u", f":{PASSWORD}", url],
                check=True,
                capture_output=True,
                timeout=WAIT_S,
            ).stdout
            assert json.loads(got)["meter"]["status"] == "OK", how
        assert saw({"client": "digest", "url": url, "password": PASSWORD, "times": 3}) == [
            [200] * 3
        ]
        with httpx.Client(auth=httpx.DigestAuth("", PASSWORD), timeout=WAIT_S) as client:
            assert [client.get(url).status_code for _ in range(3)] == [200] * 3
            stream = f"{device.url}/api/v1/live"
            with client.stream("GET", stream) as response:
                assert next(response.iter_lines()) == "event: live"
        assert httpx.get(url, timeout=WAIT_S).status_code == 401
    finally:
        off = {"system": {"protection": False}}
        settings = f"{device.url}/api/v1/settings"
        httpx.put(settings, json=off, auth=("", PASSWORD), timeout=WAIT_S).raise_for_status()


@pytest.mark.skipif(not shutil.which("jq"), reason="no jq on this machine; install jq")
def test_appendix_b_curl_and_appendix_c_jq(device: Gateway) -> None:
    """Appendix B: `curl -X PUT -d`, whose Content-Type is that of a form; Appendix C: to jq."""
    given = '{"services":{"report_interval":45}}'
    command = f"curl -s -X PUT -d '{given}' {device.url}/api/v1/settings"
    command += " | jq -r .services.report_interval"
    said = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command], check=True, capture_output=True, timeout=WAIT_S
    )
    assert said.stdout == b"45\n"
