"""The push API and what a meter is: parts of a reading, pulses, made of others, unknown fields."""

from collections.abc import Iterator
from typing import Any

import pytest
from tests.house.pushing import PATH, Pushing, pushing
from tests.postgres import copied

from ohmstead.store.virtual_meters import VirtualMeters


@pytest.fixture(scope="module")
def api(postgres_url: str) -> Iterator[Pushing]:
    """One push API for this file."""
    for url in copied(postgres_url):
        with pushing(url) as running:
            yield running


def newest(api: Pushing, id: str) -> dict[str, Any]:
    (row,) = api.rows("SELECT n.* FROM newest n JOIN meters USING (stream) WHERE id = %s", id)
    return row


def test_a_partial_packet_adds_to_the_reading_of_its_moment(api: Pushing) -> None:
    """interop 3.1: POST unifiedjson_partial; what was said first stays."""
    at = "2026-01-02T03:04:05.000+01:00"
    first = {"id": "m1", "tsISO8601": at, "aP_1": 1000, "v_1": None}
    with api.client() as client:
        assert client.post(f"{PATH}_partial/", json=first).json() == {"result": "stored"}
        more = {"id": "m1", "tsISO8601": at, "aP_1": 9, "aP_2": 2000, "v_1": 230}
        assert client.post(f"{PATH}/", json=more).json() == {"result": "known"}
        assert client.post(f"{PATH}_partial/", json=more).json() == {"result": "merged"}
        assert client.post(f"{PATH}_partial/", json=more).json() == {"result": "known"}
        shown = client.get(PATH, params={"stream": "m1"}).json()
        later = {"id": "m1", "tsISO8601": "2026-01-02T03:05:05+01:00", "aP_1": 1}
        assert client.post(PATH, json=later).json() == {"result": "stored"}
        late = {"id": "m1", "tsISO8601": at, "aP_3": 3000}
        assert client.post(f"{PATH}_partial", json=late).json() == {"result": "merged"}
        none = {"id": "m1", "tsISO8601": "2026-01-02T02:00:00+01:00", "aP_3": 3000}
        assert client.post(f"{PATH}_partial", json=none).json()["result"] == "discarded"
    assert shown == {**first, "aP_2": 2000, "v_1": 230}
    (row,) = api.rows("SELECT * FROM readings ORDER BY at LIMIT 1")
    powers = [row[f"net_power_l{n}_kw"] for n in (1, 2, 3)]
    assert (powers, row["voltage_l1_v"]) == ([1.0, 2.0, 3.0], 230)


def test_electricity_in_value_counts_pulses(api: Pushing) -> None:
    """The push API's promise: unit, Wh per pulse too; of electricity `value` is energy imported."""
    api.meter("pulses")
    api.do(api.database.change("UPDATE meters SET wh_per_pulse = 10 WHERE id = 'pulses'"))
    packet = {"id": "pulses", "tsISO8601": "2026-01-02T03:04:05Z", "value": 1234}
    with api.client() as client:
        assert client.post(PATH, json=packet).status_code == 200
    row = newest(api, "pulses")
    assert (row["active_import_energy_kwh"], row["value"]) == (12.34, None)


def test_a_meter_that_is_made_of_others_takes_no_packets(api: Pushing) -> None:
    """docs/virtual-meters.md: its formula says all."""
    api.do(VirtualMeters(api.database).add("sum", 1, "m1 + m2"))
    packet = {"id": "sum", "tsISO8601": "2026-01-02T03:04:05Z", "pC_1": 1}
    with api.client() as client:
        answer = client.post(PATH, json=packet)
    assert answer.status_code == 403
    assert "formula" in answer.json()["detail"]


def test_unknown_fields_are_kept_once_a_stream(api: Pushing) -> None:
    """The push API's promise: unknown fields are reported once a stream, not fatal."""
    with api.client() as client:
        for n in range(3):
            packet = {"id": "m2", "tsISO8601": f"2026-01-02T03:0{n}:05Z", "humidity": 3}
            assert client.post(PATH, json=packet).status_code == 200
    question = "SELECT field FROM unknown_fields JOIN meters USING (stream) WHERE id = 'm2'"
    found = api.until(lambda: api.rows(question))  # notes are written every two seconds
    assert [row["field"] for row in found] == ["humidity"]
    used = api.rows("SELECT last_used_at FROM push_credentials WHERE organisation = 1")
    assert used[0]["last_used_at"] is not None


def test_a_table_is_understood_first_and_stored_when_it_is_confirmed(api: Pushing) -> None:
    """The push API's promise: CSV upload with a mapping assistant."""
    api.meter("table")
    text = "Zeit;Bezug (kWh);Notiz\n30.03.2025 01:45;10,5;a\n30.03.2025 03:15;11;b\nnie;1;c\n"
    mapping = {"stream": "table", "time": "Zeit", "column": "Bezug (kWh)=1.8.0:kWh"}
    with api.client() as client:
        path = "/measurements/v2/csv"
        said = client.post(path, content=text.encode(), params=mapping).json()
        assert said["columns"] == [{"column": "Bezug (kWh)", "key": "1.8.0", "unit": "kWh"}]
        assert (said["delimiter"], said["decimal"], said["left_out"]) == (";", ",", ["Notiz"])
        assert (said["readings"], said["stored"], said["refused"]) == (2, 0, 1)
        assert said["first"][1] == {"at": "2025-03-30T03:15:00.000+02:00", "says": {"1.8.0": 11.0}}
        assert said["first_refused"][0]["line"] == 4
        assert client.get(PATH, params={"stream": "table"}).json()["tsISO8601"] is None
        store = {**mapping, "store": "yes"}
        assert client.post(path, content=text.encode(), params=store).json()["stored"] == 2
        assert client.post(path, content=text.encode(), params=store).json()["known"] == 2
        shown = client.get(PATH, params={"stream": "table"}).json()
        assert shown["tsISO8601"] == "2025-03-30T03:15:00.000+02:00"
        plain = client.post(path, content=b"Kunde;A\n" + text.encode(), params={"stream": "table"})
        assert (plain.json()["known"], plain.json()["lines_before"]) == (0, 2)
        assert plain.json()["columns"] == said["columns"]
        odd = (
            ("nonsense", "1"),
            ("zone", "Mars"),
            ("delimiter", "ab"),
            ("delimiter", '"'),
            ("decimal", "x"),
        )
        for name, value in odd:
            wrong = {"stream": "table", name: value}
            assert client.post(path, content=text.encode(), params=wrong).status_code == 400
        assert client.post(path, content=b"", params=mapping).status_code == 400
        assert client.post(path, content=b"x", params={"stream": "far"}).status_code == 403
        assert client.get(path).status_code == 405


def test_a_table_of_energies_is_not_taken_for_a_counter(api: Pushing) -> None:
    """docs/imports.md, Counters or energies: the two are not mixed up."""
    api.meter("rises")
    api.meter("steps", reading="interval", interval_s=3600.0)
    falling = "".join(f"2025-06-{1 + n // 24:02} {n % 24:02}:00,{n % 9}\n" for n in range(99))
    rising = "".join(f"2025-06-{1 + n // 24:02} {n % 24:02}:00,{9000 + n}\n" for n in range(99))
    with api.client() as client:
        for id, text, words in (("rises", falling, "fall again"), ("steps", rising, "only grow")):
            asked: dict[str, Any] = {
                "content": f"time,1.8.0\n{text}",
                "params": {"stream": id, "column": "1.8.0=1.8.0:kWh"},
            }
            said = client.post("/measurements/v2/csv", **asked).json()
            assert (said["readings"], words in said["warnings"][0]) == (99, True)
            asked["params"]["store"] = "yes"
            refused = client.post("/measurements/v2/csv", **asked)
            assert (refused.status_code, words in refused.json()["detail"]) == (400, True)
            assert client.get(PATH, params={"stream": id}).json()["tsISO8601"] is None
