"""The push API as its senders see it: over HTTP, into a real database."""

import gzip
import http.client
import json
import re
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.house import pushing as places
from tests.house.pushing import PATH, WAIT_S, Pushing, pushing
from tests.postgres import copied

from ohmstead.store.audit import By
from ohmstead.store.credentials import Credentials

_minutes = count(1)
BEGIN = datetime(2026, 1, 2, tzinfo=UTC)


@pytest.fixture(scope="module")
def api(postgres_url: str) -> Iterator[Pushing]:
    """One push API for this file; each test sends later packets than the ones before."""
    for url in copied(postgres_url):
        with pushing(url) as running:
            yield running


def at() -> str:
    """A time later than all before."""
    return f"{BEGIN + timedelta(minutes=next(_minutes)):%Y-%m-%dT%H:%M:%S.000+00:00}"


def packet(id: str = "m1", **fields: Any) -> dict[str, Any]:
    return {"id": id, "tsISO8601": at(), **(fields or {"aP_1": 5.12})}


def raw(api: Pushing, request: bytes, answers: int = 1) -> bytes:
    """What the server answers to these bytes: so many answers, or all until it closes."""
    with socket.create_connection(("127.0.0.1", api.port), timeout=WAIT_S) as sock:
        sock.sendall(request)
        found = b""
        while len(re.findall(rb"HTTP/1.1 [2-5]", found)) < answers or not _whole(found):
            piece = sock.recv(65536)
            if not piece:
                break
            found += piece
        return found


def _whole(found: bytes) -> bool:
    head, _, body = found.rpartition(b"\r\n\r\n")
    length = re.findall(rb"content-length: (\d+)", head)
    return bool(length) and len(body) >= int(length[-1])


@pytest.mark.parametrize("path", ["", "_utc", "_partial"])
@pytest.mark.parametrize("slash", ["", "/"])
def test_a_packet_is_answered_when_it_is_stored(api: Pushing, path: str, slash: str) -> None:
    """interop 3.1: three paths, each with and without the slash; 200 and no redirect."""
    sent = packet(aP_1=1500, v_13=400.1)
    with api.client() as client:
        answer = client.post(f"{PATH}{path}{slash}", json=sent)
    assert answer.status_code == 200, answer.text
    rows = api.rows(
        "SELECT r.* FROM readings r JOIN meters m USING (stream) WHERE m.id = 'm1' AND at = %s",
        datetime.fromisoformat(sent["tsISO8601"]),
    )
    assert [(row["net_power_l1_kw"], row["voltage_l1_l3_v"]) for row in rows] == [(1.5, 400.1)]


@pytest.mark.parametrize(
    "kind", [None, "application/x-www-form-urlencoded", "text/json", "application/xml", "nonsense"]
)
def test_the_body_is_json_whatever_its_type(api: Pushing, kind: str | None) -> None:
    """interop 3.1: Swarm sends no Content-Type, the Ruby gem that of a form; never 415."""
    headers = {} if kind is None else {"Content-Type": kind}
    with api.client() as client:
        body = json.dumps(packet()).encode()
        assert client.post(PATH, content=body, headers=headers).status_code == 200


def test_the_first_request_may_come_without_credentials(api: Pushing) -> None:
    """interop 3.1: the Java client signs in after 401 `WWW-Authenticate: Basic realm=…`."""
    with api.client(scope=None) as client:
        answer = client.post(PATH, json=packet())
        assert answer.status_code == 401
        assert re.fullmatch(r'Basic realm="[^"]+".*', answer.headers["WWW-Authenticate"])
        login = httpx.BasicAuth(*api.logins["org:1"])
        assert client.post(PATH, json=packet(), auth=login).status_code == 200


def test_a_connection_for_each_packet(api: Pushing) -> None:
    """interop 3.1: the official client opens one for each packet, HTTP/1.0 ones close."""
    for _ in range(3):
        with api.client() as client:
            assert client.post(PATH, json=packet()).status_code == 200
    body = json.dumps(packet()).encode()
    head = f"POST {PATH}/ HTTP/1.0\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    assert b" 401 " in raw(api, head + body)


def test_the_order_rule(api: Pushing) -> None:
    """Wattics 2019, Important notes: what is not chronological is discarded; interop 3.1: 200."""
    api.meter("ordered")
    older, newest = packet("ordered"), packet("ordered")
    with api.client() as client:
        assert client.post(PATH, json=newest).json() == {"result": "stored"}
        assert client.post(PATH, json=older).json()["result"] == "discarded"
        assert client.post(PATH, json=newest).json() == {"result": "known"}
        shown = client.get(PATH, params={"stream": "ordered"})
    assert shown.json() == newest
    stored = api.rows("SELECT at FROM readings JOIN meters USING (stream) WHERE id = 'ordered'")
    assert len(stored) == 1
    counted = api.rows("SELECT c.* FROM counters c JOIN meters USING (stream) WHERE id = 'ordered'")
    assert (counted[0]["late"], counted[0]["duplicate"]) == (1, 1)
    assert counted[0]["accepted"] == 0  # the one that is stored is counted where the newest is


def test_the_latest_packet_is_shown_as_it_was_sent(api: Pushing) -> None:
    """Wattics 2019: check the latest processed packet; interop 3.1: the keys and offset sent."""
    api.meter("asked")
    sent = b'{"id":"asked", "tsISO8601":"2026-01-02T03:04:05.070+11:00","v_31":400,"value":null}'
    with api.client() as client:
        none = client.get(f"{PATH}/", params={"stream": "asked"})
        assert (none.status_code, none.json()) == (200, {"id": "asked", "tsISO8601": None})
        assert client.post(PATH, content=sent).status_code == 200
        assert client.get(f"{PATH}/", params={"stream": "asked"}).content == sent
        assert client.get(PATH, params={"stream": "nobody"}).status_code == 404
        assert client.get(PATH, params={"stream": "far"}).status_code == 403
        assert client.get(PATH).status_code == 400
    with api.client(scope=None) as client:
        assert client.get(PATH, params={"stream": "asked"}).status_code == 401


RIGHTS = {
    "meter:m1": {"m1"},
    "site:1": {"m1"},
    "org:1": {"m1", "m2"},
    "org:2": {"far"},
    "partner:1": {"far"},
}


@pytest.mark.parametrize("scope", RIGHTS)
def test_a_credential_is_good_for_its_scope(api: Pushing, scope: str) -> None:
    """Wattics 2019, Step 1: credentials per meter, per end-user, per site or per partner; 403."""
    with api.client(scope) as client:
        for id in ("m1", "m2", "far"):
            wanted = 200 if id in RIGHTS[scope] else 403
            assert client.post(PATH, json=packet(id)).status_code == wanted, id
        assert client.post(PATH, json=packet("nobody")).status_code == 404


def test_a_password_is_rotated_with_overlap(api: Pushing) -> None:
    """docs/push.md, Setting up: rotated with overlap, removed at once; the audit log has it all."""
    kept = Credentials(api.database, places.KEY)
    made, first = api.do(kept.add("meter:m1", at=BEGIN, by="test"))
    with api.client(scope=None) as client:
        assert client.post(PATH, json=packet(), auth=(made.username, first)).status_code == 200
        _, second = api.do(kept.rotate(made.username, by=By("test", datetime.now(UTC))))
        new = made.username, second  # the word of the rotation reaches the server a moment later
        api.until(lambda: client.post(PATH, json=packet(), auth=new).status_code == 200)
        old = made.username, first
        assert client.post(PATH, json=packet(), auth=old).status_code == 200
        _, third = api.do(kept.rotate(made.username, 0, by=By("test", datetime.now(UTC))))
        login = made.username, second
        api.until(lambda: client.post(PATH, json=packet(), auth=login).status_code == 401)
        for _ in range(2):  # the overlap is over, and the password after it works on
            login = made.username, third
            assert client.post(PATH, json=packet(), auth=login).status_code == 200
        api.do(kept.remove(made.username, by=By("test", datetime.now(UTC))))
    steps = api.rows("SELECT * FROM audit WHERE subject = %s ORDER BY id", made.username)
    told = ["credential added", "credential rotated", "credential rotated", "credential removed"]
    assert [(step["action"], step["organisation"]) for step in steps] == [(a, 1) for a in told]
    assert [step["detail"]["scope"] for step in steps] == ["meter:m1"] * 4
    assert first not in str(steps)
    assert second not in str(steps)


@pytest.mark.parametrize(
    "header", ["Basic", "Basic !!!", "Bearer x", "Basic bm9jb2xvbg==", "x" * 999]
)
def test_what_is_no_credential_is_401(api: Pushing, header: str) -> None:
    """RFC 7617, 2: anything but base64 of user-id, colon and password."""
    with api.client(scope=None) as client:
        answer = client.post(PATH, json=packet(), headers={"Authorization": header})
    assert answer.status_code == 401


@pytest.mark.parametrize(
    "body, status, field",
    [
        (b'{"id":"m1","tsISO8601":"2026-01-02T00:00:00Z","aP_1":"5"}', 400, "aP_1"),
        (b'{"id":"m1","tsISO8601":"2026-01-02T00:00:00Z","aP_1":NaN}', 400, None),
        (b'{"id":"m1","tsISO8601":"1970-01-01T00:00:00Z","aP_1":1}', 400, "tsISO8601"),
        (b'{"id":"m1","tsISO8601":"2999-01-01T00:00:00Z","aP_1":1}', 400, "tsISO8601"),
        (b'{"id":"m1","tsISO8601":"0001-01-01T00:00:00+14:00","aP_1":1}', 400, "tsISO8601"),
        (b'{"id":"m1","id":"m1","tsISO8601":"2026-01-02T00:00:00Z"}', 400, "id"),
        (b'{"id":"\\ud800","tsISO8601":"2026-01-02T00:00:00Z"}', 404, "id"),
        (b'{"\\ud800":1,"\\ud800":2}', 400, "\\ud800"),
        (b'{"id":"m1","tsISO8601":"2026-01-02T00:00:00Z","value":1e308}', 400, "value"),
        (b'{"id":"a\\u0000","tsISO8601":"2026-01-02T00:00:00Z"}', 404, "id"),
        (b"[" * 60_000, 400, None),
        (b"\xff\xfe", 400, None),
        (b"", 400, None),
        (b" " * 70_000, 413, None),
    ],
)  # fmt: skip
def test_a_bad_body_is_4xx_and_nothing_else(
    api: Pushing, body: bytes, status: int, field: str | None
) -> None:
    """Wattics 2019, Data Acknowledgement: 400 and 404; the field and the remedy are said."""
    with api.client() as client:
        answer = client.post(PATH, content=body)
        assert answer.status_code == status, answer.text
        said = answer.json()
        assert said["status"] == status
        if field is not None:
            assert [each["field"] for each in said["errors"]] == [field]
        assert client.post(PATH, json=packet()).status_code == 200  # the connection goes on


def test_gzip_is_read_and_a_bomb_is_413(api: Pushing) -> None:
    """RFC 9110, 8.4: content codings; what unpacks to more than a packet is refused, unread."""
    coded = {"Content-Encoding": "gzip"}
    with api.client() as client:
        body = json.dumps(packet()).encode()
        assert client.post(PATH, content=gzip.compress(body), headers=coded).status_code == 200
        members = json.dumps(packet()).encode()
        parts = gzip.compress(members[:9]) + gzip.compress(members[9:])
        assert client.post(PATH, content=parts, headers=coded).json() == {"result": "stored"}
        bomb = gzip.compress(b" " * 30_000_000)
        assert client.post(PATH, content=bomb, headers=coded).status_code == 413
        assert client.post(PATH, content=b"plain", headers=coded).status_code == 400
        cut = gzip.compress(body)[:-9]
        assert client.post(PATH, content=cut, headers=coded).status_code == 400
        other = {"Content-Encoding": "br"}
        assert client.post(PATH, content=body, headers=other).status_code == 400


def test_answers_come_in_the_order_of_the_requests(api: Pushing) -> None:
    """RFC 9112, 9.3.2: packets, pages and questions, all sent before the first answer."""
    login = httpx.BasicAuth(*api.logins["org:1"])._auth_header.encode()

    def post(fields: dict[str, Any]) -> bytes:
        body = json.dumps(fields).encode()
        head = b"POST %s HTTP/1.1\r\nHost: x\r\nAuthorization: %s\r\nContent-Length: %d\r\n\r\n"
        return head % (PATH.encode(), login, len(body)) + body

    def get(path: bytes) -> bytes:
        return b"GET %s HTTP/1.1\r\nHost: x\r\nAuthorization: %s\r\n\r\n" % (path, login)

    requests = [
        post(packet()), get(b"/a"), post(packet("nobody")), post(packet()), get(b"/b"), get(b"/c"),
        post(packet("far")), get(PATH.encode() + b"?stream=nobody"), post(packet()),
    ]  # fmt: skip
    found = raw(api, b"".join(requests), answers=len(requests))
    statuses = [int(each) for each in re.findall(rb"HTTP/1.1 (\d+)", found)]
    assert statuses == [200, 200, 404, 200, 200, 200, 403, 404, 200]
    assert [found.index(b"page /" + each) for each in (b"a", b"b", b"c")] == sorted(
        found.index(b"page /" + each) for each in (b"a", b"b", b"c")
    )


def test_a_packet_comes_in_pieces_after_100(api: Pushing) -> None:
    """RFC 9110, 10.1.1: Expect: 100-continue; RFC 9112, 7.1: a chunked body."""
    connection = http.client.HTTPConnection("127.0.0.1", api.port, timeout=WAIT_S)
    login = httpx.BasicAuth(*api.logins["org:1"])._auth_header
    body = json.dumps(packet()).encode()
    connection.request("POST", PATH, iter([body[:7], body[7:]]), {"Authorization": login})
    assert connection.getresponse().status == 200
    connection.close()
    head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: {len(body)}"
    found = raw(api, f"{head}\r\nAuthorization: {login}\r\n\r\n".encode() + body)
    assert found.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 ")


@pytest.mark.parametrize("bad", [b"\x16\x03\x01\x02", b"POST", b"GET / HTTP/9.9\r\n\r\n"])
def test_what_is_not_http_ends_the_connection(api: Pushing, bad: bytes) -> None:
    """RFC 9112, 2.2: a server answers 400 to what it cannot parse, and closes."""
    found = raw(api, bad + b"\r\n\r\n\r\n")
    assert found == b"" or b" 400 " in found


def test_headers_without_end_are_refused(api: Pushing) -> None:
    """RFC 6585, 5: 431."""
    head = f"POST {PATH} HTTP/1.1\r\n".encode() + b"x: " + b"y" * 70_000 + b"\r\n\r\n"
    assert b" 431 " in raw(api, head)


def test_the_captured_requests_are_taken(api: Pushing, corpus: Path) -> None:
    """interop/captures/wattics-java-client-requests.log and wattics-packets.ndjson, replayed."""
    log = (corpus / "interop/captures/wattics-java-client-requests.log").read_text()
    found = [
        (path, "'Authorization'" in headers, body)
        for path, headers, body in re.findall(r"^(\S+) (\{'.*?'\}) (\{\".*\})$", log, re.MULTILINE)
    ]
    assert len(found) >= 9
    plain = (corpus / "interop/captures/wattics-packets.ndjson").read_text().splitlines()
    found += [(f"{PATH}/", True, line) for line in plain]
    for id in sorted({json.loads(body)["id"] for *_, body in found}):
        api.meter(id)
    with api.client() as signed, api.client(scope=None) as unsigned:
        for path, signs_in, body in found:
            answer = (signed if signs_in else unsigned).post(path, content=body)
            assert answer.status_code == (200 if signs_in else 401), body


BATCH = "/measurements/v2/batch"


def lines(*packets: Any) -> bytes:
    return b"".join(
        (p if isinstance(p, bytes) else json.dumps(p).encode()) + b"\n" for p in packets
    )


def results(answer: httpx.Response) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    return [json.loads(line) for line in answer.text.splitlines()]


def test_the_past_is_taken_in_any_order(api: Pushing) -> None:
    """The push API's promise: NDJSON, gzip, any order in a declared window, a result per line."""
    api.meter("past")
    begin = datetime(2025, 3, 1, tzinfo=UTC)

    def of(minute: int, **fields: Any) -> dict[str, Any]:
        at = (begin + timedelta(minutes=minute)).isoformat()
        return {"id": "past", "tsISO8601": at, "pC_1": 1000.0 * minute, **fields}

    sent = [of(n) for n in (5, 1, 4, 2, 3, 1)]
    bad = [b"nonsense", {**of(6), "id": "nobody"}, {**of(6), "id": "far"}, of(7, aP_1="x"), of(999)]
    window = {"from": "2025-03-01T00:00:00+00:00", "to": "2025-03-01T01:00:00Z"}
    body = gzip.compress(lines(*sent, b"", *bad))
    with api.client() as client:
        coded = {"Content-Encoding": "gzip"}
        found = results(client.post(BATCH, content=body, params=window, headers=coded))
        assert [each["result"] for each in found] == ["stored"] * 5 + ["known"] + ["refused"] * 5
        assert [each["line"] for each in found] == [1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12]
        whys = [(each["status"], each.get("field")) for each in found[6:]]
        assert whys == [(400, None), (404, "id"), (403, "id"), (400, "aP_1"), (400, "tsISO8601")]
        again = results(client.post(f"{BATCH}/", content=lines(*sent)))
        assert {each["result"] for each in again} == {"known"}
        newest = client.get(PATH, params={"stream": "past"}).json()
        assert newest == sent[0]
    stored = api.rows("SELECT at FROM readings JOIN meters USING (stream) WHERE id = 'past'")
    assert len(stored) == 5


@pytest.mark.parametrize(
    "params, status, words",
    [
        ({"from": "yesterday"}, 400, "from: "),
        ({"to": "2025-01-01"}, 400, "to: "),
        ({"from": "2025-02-01T00:00:00Z", "to": "2025-01-01T00:00:00Z"}, 400, "after"),
        ({"since": "2025-01-01T00:00:00Z"}, 400, "since"),
    ],
)
def test_a_window_that_is_none_is_said(
    api: Pushing, params: dict[str, str], status: int, words: str
) -> None:
    """errors.py: what happened, with which value, and what to do."""
    with api.client() as client:
        answer = client.post(BATCH, content=lines(packet()), params=params)
    assert answer.status_code == status
    assert words in answer.json()["detail"]


def test_a_batch_is_bounded(api: Pushing, monkeypatch: pytest.MonkeyPatch) -> None:
    """The push API's promise: up to 100,000 packets; 413 says what is stored."""
    monkeypatch.setattr("ohmstead.collector.packet_batch.PACKETS_MOST", 3)
    with api.client() as client:
        answer = client.post(BATCH, content=lines(*(packet() for _ in range(4))))
        assert answer.status_code == 413
        assert "up to line 3 are stored" in answer.json()["detail"]
    with api.client(scope=None) as client:
        assert client.post(BATCH, content=b"").status_code == 401
    with api.client() as client:
        assert client.get(BATCH).status_code == 405
