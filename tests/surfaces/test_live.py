"""The live event.  Source: REST/MQTT 2.0, 3.2."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.surfaces.test_report import AT, a_device

from ohmstead.reading.reading import Channel, Reading
from ohmstead.surfaces import live

TAKEN = datetime(2024, 8, 24, 12, 34, tzinfo=UTC)
EMPTY = Reading(meter="m", at=AT, values={})


def test_every_field_is_sent_even_if_the_meter_says_nothing(corpus: Path) -> None:
    """3.2: "all fields are always sent … the field value is zero or empty string"."""
    sample = (corpus / "interop" / "captures" / "whatwatt-docs-live.sse").read_text()
    documented = json.loads(sample.split("data: ")[1]) | {
        "P_P_In": 0,
        "P_P_In_T1": 0,
        "P_P_In_T2": 0,
    }
    found = live.fields(EMPTY, a_device())
    assert set(found) == set(documented)
    empty = {k: v for k, v in found.items() if k not in ("Date", "Time", "Uptime")}
    assert all(value in (0, []) for value in empty.values())


def test_3_2_fields_come_in_the_order_of_the_example(corpus: Path) -> None:
    """3.2, "Example event stream data": the names of the document, in its order."""
    (document,) = (corpus / "seeds").glob("002_*.txt")
    example = document.read_text().split('data:\n{"P_In"')[1].split("}")[0]
    documented = list(json.loads('{"P_In"' + example + "}"))
    found = [name for name in live.fields(EMPTY, a_device()) if name in documented]
    assert found == documented
    assert all(name in live.SAMPLE for name, _ in live.FIELDS)


def test_the_event_is_one_data_line_with_line_feeds_only(corpus: Path) -> None:
    """3.2 and capture: `event: live`, one `data:` line, an empty line; no carriage return."""
    sample = (corpus / "interop" / "captures" / "whatwatt-docs-live.sse").read_bytes()
    event = live.event(EMPTY, a_device())
    first, second, *rest = event.split(b"\n")
    assert [first, second[:7], rest] == [b"event: live", sample.split(b"\n")[1][:7], [b"", b""]]
    assert b"\r" not in event
    assert json.loads(second.removeprefix(b"data: "))


def test_values_stand_under_their_fields() -> None:
    """3.2, table: kW, kWh, A, V; local date and time of the meter; uptime in hours."""
    reading = replace(
        EMPTY,
        values={"1.7.0": 0.036, "22.7.0": 1.5, "1.6.0": 3.0, "31.7.0": 0.22, "1.8.1": 33.388},
        tariff=2,
        meter_at=TAKEN,
        channels=(Channel(1, "gas", 123.45, "m3", "12345678", TAKEN),),
    )  # fmt: skip
    device = a_device(started_at=AT - timedelta(hours=71.05), now=AT)
    found = live.fields(reading, device)
    assert found["P_In"] == 0.036
    assert found["P_P1_Out"] == 1.5
    assert found["P_P_In"] == 3
    assert found["I_P1"] == 0.22
    assert found["E_In_T1"] == 33.388
    assert found["T"] == 2
    assert (found["Date"], found["Time"], found["Uptime"]) == ("2024-08-24", "14:34:00", 71.05)
    assert found["Vol"] == [
        {"Bus": 1, "M_ID": "12345678", "DT": "2024-08-24T14:34:00", "Cum": 123.45}
    ]
