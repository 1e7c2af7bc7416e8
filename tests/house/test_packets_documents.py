"""What the two documents of Wattics promise a sender, sentence by sentence, and where it is shown.

Source: Wattics REST API of 2019, and of 2016 where it says more.  A test named without its file
is one of this file.  What they say of their own mail, people and plug-ins is left out.

| sentence | test |
|---|---|
| Your metered points must be registered before measurements are pushed | test_a_meter_is_registered_before_it_sends |
| Credentials can be agreed per meter, per end-user, per site or per partner | house/test_packets.py::test_a_credential_is_good_for_its_scope |
| once received … immediately available to end-users | test_what_was_answered_is_there_at_once |
| electricity, gas, water and other data types at the same URL | test_the_documented_examples_are_taken |
| Non-secure requests are automatically rejected | test_non_secure_requests_are_rejected |
| must use the POST method | test_post_is_the_method |
| must use basic authentication | house/test_packets.py::test_the_first_request_may_come_without_credentials |
| one packet per HTTP transaction | test_one_packet_a_transaction |
| data holes will be assumed if no packets are being received when due | store/test_intervals.py::test_what_comes_faster_is_put_together_by_the_rule_of_its_quantity |
| registered every 5 minutes and you are pushing less frequent | store/test_senders.py::test_a_slow_sender_and_strange_fields_are_warned_of |
| Electrical measurements … with associated units | surfaces/test_wattics.py::test_every_documented_field_is_read_in_its_unit |
| EXAMPLE electrical JSON packet, EXAMPLE numeric value JSON packet | test_the_documented_examples_are_taken |
| sent in one line, no line breaks | test_line_breaks_do_no_harm |
| timestamped with local time … shown in the dashboard | house/test_packets.py::test_the_latest_packet_is_shown_as_it_was_sent |
| the system will discard all packets not sent chronologically | house/test_packets.py::test_the_order_rule |
| must comply with the ISO8601 standard | surfaces/test_wattics.py::test_spellings_of_one_moment |
| 21:45:31.070 the local time and 11:00 the timezone offset | surfaces/test_wattics.py::test_the_time_is_local_with_its_offset |
| You can send a subset of the parameters | test_any_one_field_will_do |
| one total value … the first parameter | store/test_energy.py::test_phases_tariffs_and_power_stand_in_for_a_total |
| 400 Bad Request | house/test_packets.py::test_a_bad_body_is_4xx_and_nothing_else |
| 401 Unauthorized | house/test_packets.py::test_what_is_no_credential_is_401 |
| 403 Forbidden | house/test_packets.py::test_a_credential_is_good_for_its_scope |
| 404 Not Found | test_a_meter_is_registered_before_it_sends |
| 500 Internal Server Error | collector/test_packet_queue.py::test_one_bad_packet_does_not_hold_up_the_others |
| 503 Service Unavailable … try again later | collector/test_packet_queue.py::test_without_the_database_everybody_gets_503 |
| retry transmission until you get status=200 | test_sending_again_until_it_is_200_stores_it_once |
| check the latest processed packet through a GET request | house/test_packets.py::test_the_latest_packet_is_shown_as_it_was_sent |
| means that no data has been received yet | test_a_meter_is_registered_before_it_sends |
| a batch of historical data | house/test_packets.py::test_the_past_is_taken_in_any_order |
| push frequency will define the granularity … shown aggregated | store/test_intervals.py::test_what_comes_faster_is_put_together_by_the_rule_of_its_quantity |
"""  # noqa: E501

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from tests.house.pushing import PATH, Pushing, pushing
from tests.postgres import copied

from ohmstead.surfaces import wattics

ELECTRICAL = {f"{name}_{n}": 123 for name in ("aP", "rP", "apP", "v", "c", "pC") for n in (1, 2, 3)}
LINES = {"v_12": 123, "v_13": 123, "v_23": 123}
ELSEWHERE = {"X-Forwarded-For": "203.0.113.7", "X-Forwarded-Proto": "http"}
_minutes = count(1)


@pytest.fixture(scope="module")
def api(postgres_url: str) -> Iterator[Pushing]:
    """One push API for this file, behind a proxy that it trusts: this machine."""
    for url in copied(postgres_url):
        with pushing(url, trusted=("127.0.0.1",)) as running:
            yield running


def packet(id: str = "m1", /, **fields: Any) -> dict[str, Any]:
    """A packet that is later than all before."""
    at = datetime(2026, 1, 2, tzinfo=UTC) + timedelta(minutes=next(_minutes))
    return {"id": id, "tsISO8601": at.isoformat(timespec="milliseconds"), **fields}


def test_every_sentence_has_its_test() -> None:
    """CONTRIBUTING.md: what is said stays true; here, that each test of the table is there."""
    folder = Path(__file__).parent.parent
    named = re.findall(r"\| (?:([\w/.]+)::)?(test_\w+) \|", __doc__ or "")
    assert len(named) == (__doc__ or "").count("\n| ") - 1
    for file, name in named:
        text = (folder / (file or "house/test_packets_documents.py")).read_text()
        assert f"def {name}(" in text, name


def test_the_documented_examples_are_taken(api: Pushing) -> None:
    """Wattics 2019, JSON Packet Format: both examples, at one URL."""
    api.meter("gas", type="gas", unit="m3")
    with api.client() as client:
        for said in (packet(**ELECTRICAL, **LINES), packet("gas", value=123)):
            answer = client.post(f"{PATH}/", json=said)
            assert (answer.status_code, answer.json()) == (200, {"result": "stored"})
            assert client.get(PATH, params={"stream": said["id"]}).json() == said


def test_what_was_answered_is_there_at_once(api: Pushing) -> None:
    """Wattics 2019, Overview: measurements are immediately available."""
    with api.client() as client:
        said = packet(aP_1=1500, pC_1=77_000)
        assert client.post(PATH, json=said).status_code == 200
        (row,) = api.rows(
            "SELECT r.* FROM readings r JOIN meters USING (stream) WHERE id = 'm1' AND at = %s",
            wattics.moment(said["tsISO8601"]),
        )
        numbers = {value for value in row.values() if isinstance(value, float)}
        assert numbers == {1.5, 77.0}
        live = {"36.7.0": 1.5, "21.8.0": 77.0}
        assert api.until(lambda: [each for each in api.shown if each.values == live])


def test_a_meter_is_registered_before_it_sends(api: Pushing) -> None:
    """Wattics 2019, Step 1 and Data Acknowledgement: 404 before; what has no data yet says so."""
    with api.client() as client:
        assert client.post(PATH, json=packet("new", value=1)).status_code == 404
        assert client.get(PATH, params={"stream": "new"}).status_code == 404
        api.meter("new")
        said = client.get(PATH, params={"stream": "new"})
        assert (said.status_code, said.json()) == (200, {"id": "new", "tsISO8601": None})
        assert client.post(PATH, json=packet("new", value=1)).status_code == 200


@pytest.mark.parametrize("method", ["POST", "GET"])
def test_non_secure_requests_are_rejected(api: Pushing, method: str) -> None:
    """Wattics 2019, API Service URL: rejected, and the answer says what to do."""
    with api.client() as client:
        said = packet(aP_1=1)
        asked = {"params": {"stream": "m1"}} if method == "GET" else {"json": said}
        refused = client.request(method, PATH, headers=ELSEWHERE, **asked)
        assert (refused.status_code, "Send over https" in refused.json()["detail"]) == (403, True)
        secure = {**ELSEWHERE, "X-Forwarded-Proto": "https"}
        assert client.request(method, PATH, headers=secure, **asked).status_code == 200


def test_post_is_the_method(api: Pushing) -> None:
    """Wattics 2016, Clarifications: POST; RFC 9110, 15.5.6: 405 names those there are."""
    with api.client() as client:
        for method in ("PUT", "PATCH", "DELETE"):
            refused = client.request(method, PATH, json=packet(aP_1=1))
            assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD, POST")


def test_one_packet_a_transaction(api: Pushing) -> None:
    """Wattics 2019, Clarifications: one packet per HTTP transaction; a list says where it goes."""
    with api.client() as client:
        refused = client.post(PATH, json=[packet(aP_1=1), packet(aP_1=2)])
        assert (refused.status_code, "/batch" in refused.json()["detail"]) == (400, True)
        two = json.dumps(packet(aP_1=1)) + json.dumps(packet(aP_1=2))
        assert client.post(PATH, content=two).status_code == 400


def test_line_breaks_do_no_harm(api: Pushing) -> None:
    """Wattics 2019, Important notes: one line; RFC 8259, 2: white space is allowed all the same."""
    with api.client() as client:
        text = json.dumps(packet(aP_1=1, pC_1=2), indent=2).replace("\n", "\r\n")
        assert client.post(PATH, content=text).json() == {"result": "stored"}


def test_any_one_field_will_do(api: Pushing) -> None:
    """Wattics 2019, Important notes: a subset, for example only energy in watt-hours."""
    with api.client() as client:
        for name in wattics.FIELDS:
            assert client.post(PATH, json=packet(**{name: 1})).json() == {"result": "stored"}, name


def test_sending_again_until_it_is_200_stores_it_once(api: Pushing) -> None:
    """Wattics 2019, Data Acknowledgement: retry until 200; RFC 9110, 9.2.2."""
    said = packet(pC_1=5)
    with api.client(scope=None) as stranger, api.client() as client:
        assert stranger.post(PATH, json=said).status_code == 401
        assert client.post(PATH, content=json.dumps(said)[:-1]).status_code == 400
        results = [client.post(PATH, json=said).json()["result"] for _ in range(3)]
    assert results == ["stored", "known", "known"]
    at = wattics.moment(said["tsISO8601"])
    assert len(api.rows("SELECT 1 FROM readings WHERE at = %s", at)) == 1
