"""The rows of the SD card.  Sources: REST/MQTT 2.0, 6.13; a capture of a real device's file."""

import csv
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st
from tests.surfaces.test_report import AT, a_device

from ohmstead.reading import catalogue
from ohmstead.reading.reading import Identity, Reading
from ohmstead.surfaces import sd_card

SEED_COLUMNS = "RID,TIME,MID,MSTAT,TARIFF,PF,EAP_T,EAP_T1,EAP_T2,EAN_T,EAN_T1,EAN_T2,"
"""How the document prints the beginning of the header."""

TEXTS = st.none() | st.text(max_size=20)
NUMBERS = st.floats(-1e9, 1e9, allow_nan=False)


def read_back(line: bytes) -> dict[str, str]:
    """A row as a CSV reader sees it: column -> text."""
    (fields,) = csv.reader([line.decode()])
    return dict(zip(sd_card.COLUMNS, fields, strict=True))


def test_6_13_file_download_sample_header() -> None:
    """REST/MQTT 2.0, 6.13, "Sample response (CSV snippet)": the columns as far as shown."""
    assert sd_card.HEADER.decode().startswith(SEED_COLUMNS)
    assert len(sd_card.COLUMNS) == len(set(sd_card.COLUMNS)) == 64
    assert sd_card.HEADER.endswith(b",RP\n")


def test_6_13_file_download_sample_row() -> None:
    """REST/MQTT 2.0, 6.13, the same: its first row comes out as printed."""
    reading = Reading(
        "m",
        at=datetime(2024, 10, 10, 3, 1, 36, tzinfo=UTC),
        values={"13.7.0": 0.169, "1.8.0": 29.424, "1.8.1": 20.841, "1.8.2": 8.583},
        identity=Identity(id="220000399"),
        tariff=2,
        number=1,
    )
    line = sd_card.row(reading, a_device()).decode()
    expected = '1,"2024-10-10T05:01:36Z","220000399","OK",2,0.169,29.424,20.841,8.583,'
    assert line.startswith(expected)


def test_a_captured_file_is_written_as_the_device_wrote_it(corpus: Path) -> None:
    """interop 1.1: header and rows of a real device, byte for byte, from what each row says."""
    captured = (corpus / "interop" / "captures" / "whatwatt-docs-sdcard.csv").read_bytes()
    header, *rows = captured.splitlines(keepends=True)
    assert header == sd_card.HEADER
    for line in rows:
        said = read_back(line)
        values = {
            q.obis: float(said[q.sd_card])
            for q in catalogue.ELECTRICAL
            if q.sd_card and said[q.sd_card]
        }
        at = datetime.strptime(said["TIME"], "%Y-%m-%dT%H:%M:%SZ").replace(
            tzinfo=ZoneInfo("Europe/Zurich")
        )
        reading = Reading(
            "m",
            at=at.astimezone(UTC),
            values=values,
            identity=Identity(
                id=said["MID"] or None,
                logical_name=said["MIDENT"],
                model=said["MMODEL"] or None,
                interface=said["MIF"],
                protocol=said["MPROT"],
            ),
            tariff=int(said["TARIFF"]),
            number=int(said["RID"]),
            interval_s=int(said["RP"]) / 1000,
        )
        assert sd_card.row(reading, a_device(meter_status=said["MSTAT"])) == line


def test_the_time_is_the_meters_clock_in_local_time() -> None:
    """CSV format, field reference: TIME is "sent by the meter in the report, in local timezone"."""
    meter_at = datetime(2025, 1, 22, 10, 53, 59, tzinfo=UTC)
    reading = Reading("m", AT, {}, meter_at=meter_at)
    assert read_back(sd_card.row(reading, a_device()))["TIME"] == "2025-01-22T11:53:59Z"
    reading = replace(reading, meter_at=None)
    assert read_back(sd_card.row(reading, a_device()))["TIME"] == "2025-01-22T11:54:02Z"


def test_what_is_not_known_is_empty() -> None:
    """CSV format: numbers nobody said are empty fields, texts empty quotes; a zero is a zero."""
    line = sd_card.row(Reading("m", AT, {"1.7.0": 0.0}, number=7), a_device()).decode()
    assert line.startswith('7,"2025-01-22T11:54:02Z","","OK",,,,')
    assert line.endswith(',"","","","",\n')
    assert read_back(line.encode())["IPAP_T"] == "0"


@given(TEXTS, TEXTS, st.dictionaries(st.sampled_from([q.obis for q in catalogue.ALL]), NUMBERS))
def test_any_reading_is_one_line_of_64_fields(
    id: str | None, model: str | None, values: dict[str, float]
) -> None:
    """RFC 4180: whatever a meter calls itself, a CSV reader finds the same columns."""
    reading = Reading("m", AT, values, identity=Identity(id=id, model=model))
    line = sd_card.row(reading, a_device())
    assert line.count(b"\n") == 1
    said = read_back(line)
    for quantity in catalogue.ELECTRICAL:
        written = said[quantity.sd_card or ""]
        assert (float(written) if written else None) == values.get(quantity.obis)
