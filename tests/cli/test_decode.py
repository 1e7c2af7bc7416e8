"""`ohmstead decode`, run as a stranger runs it."""

import json
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ohmstead.cli import decoded
from ohmstead.cli.decode import read
from ohmstead.reading.units import kept
from ohmstead.simulate import Simulated
from ohmstead.wire.telegram import Refused

AT = datetime(2025, 3, 1, 11, 0, 10, tzinfo=UTC)
TELEGRAM = Simulated("hdlc-aidon", 5).telegram(AT)
UNITS = {"m^3": "m3", "-": None, "": None}


def decode(given: bytes, *arguments: str) -> tuple[int, list[Any], list[Any], str]:
    """Exit status, what came out, what was refused, and the other words on standard error."""
    done = subprocess.run(
        [sys.executable, "-m", "ohmstead", "decode", *arguments],
        input=given,
        capture_output=True,
        timeout=60,
        check=False,
    )
    said = done.stderr.decode().splitlines()
    refused = [json.loads(line) for line in said if line.startswith("{")]
    words = "\n".join(line for line in said if not line.startswith("{"))
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], refused, words


def test_a_telegram_is_one_line_of_json() -> None:
    """Protocol, framing, meter, time and values with units, electricity in the catalogue's."""
    status, (said,), refused, _ = decode(TELEGRAM)
    assert (status, refused) == (0, [])
    assert (said["protocol"], said["framing"]) == ("DLMS", "hdlc")
    assert set(said["meter"]) == {"id", "vendor", "model", "logical_name"}
    assert said["values"]["1.8.0"]["unit"] == "kWh"
    assert said["values"]["32.7.0"]["unit"] == "V"


def test_hexadecimal_input_is_read_with_blanks(tmp_path: Path) -> None:
    """`--hex` takes text, from a file too."""
    file = tmp_path / "telegram.hex"
    file.write_text(TELEGRAM.hex(" ") + "\n")
    assert decode(b"", "--hex", str(file))[1] == decode(TELEGRAM)[1]


@pytest.mark.parametrize(
    "given, status", [(b"", "NO DATA"), (bytes(range(256)) * 8, "NOT RECOGNIZED")]
)
def test_what_is_no_telegram_is_said_on_standard_error(given: bytes, status: str) -> None:
    """Exit status 1 when none came out, and the device's word for it."""
    code, said, refused, _ = decode(given)
    assert (code, said) == (1, [])
    assert refused[-1]["status"] == status
    assert set(refused[-1]) == {"refused", "offset", "status"}


@pytest.mark.parametrize(
    "arguments",
    [
        ["--key", "no key"],
        ["--key", "0011"],
        ["--auth-key", "00" * 16],
        ["/no/such/file"],
        ["--hex", "-"],
        ["--what"],
    ],
)
def test_a_wrong_call_is_a_usage_error_without_the_key(arguments: Sequence[str]) -> None:
    """Exit status 2, and no key in the message."""
    code, said, _, words = decode(b"not hex", *arguments)
    assert (code, said) == (2, [])
    assert words
    assert "no key" not in words.lower().replace("no keys", "") or "hexadecimal" in words


def _same(said: Any, expected: Any) -> bool:
    value, unit = said["value"], said["unit"]
    if not isinstance(expected["value"], int | float):
        return str(value) == str(expected["value"])
    if not isinstance(value, int | float):
        return False
    there, its_unit = kept(value, UNITS.get(unit, unit))
    wanted, wanted_unit = kept(expected["value"], UNITS.get(expected["unit"], expected["unit"]))
    if wanted_unit is None:  # the source gives no unit: the number as the meter sent it
        return any(
            abs(there * factor - wanted) <= 1e-6 * max(1, abs(wanted)) for factor in (1, 1e3)
        )
    return its_unit == wanted_unit and abs(there - wanted) <= 1e-6 * max(1, abs(wanted))


def test_every_recorded_telegram_gives_what_is_expected(corpus: Path) -> None:
    """All telegrams of the corpus through the command's own parts, units converted."""
    wrong: list[str] = []
    for file in sorted((corpus / "telegrams").glob("*/*.json")):
        if file.parent.name == "bad":
            continue
        recorded = json.loads(file.read_text())
        values: dict[str, Any] = {}
        for said in _decoded(recorded)[0]:
            values |= said["values"]
        for key, expected in recorded["expected"].items():
            if key not in values or not _same(values[key], expected):
                wrong.append(f"{file.stem} {key}: {values.get(key)} expected {expected}")
    assert not wrong, "\n".join(wrong)


def test_every_bad_input_gives_its_number_of_telegrams_and_status(corpus: Path) -> None:
    """All bad inputs of the corpus: nothing comes out of them that is not in them."""
    wrong: list[str] = []
    for file in sorted((corpus / "telegrams" / "bad").glob("*.json")):
        recorded = json.loads(file.read_text())
        said, refused = _decoded(recorded)
        expect = recorded["expect"]
        states = {each["status"] for each in refused}
        if len(said) != expect["telegrams"] or expect.get("status", None) not in {None, *states}:
            wrong.append(f"{file.stem}: {len(said)} telegrams, {states}, expected {expect}")
    assert not wrong, "\n".join(wrong)


def _decoded(recorded: Any) -> tuple[list[Any], list[Any]]:
    """What the command prints, without the cost of a process each."""
    meter = recorded.get("meter") or {}
    found = read(
        bytes.fromhex(recorded["raw_hex"]),
        key=recorded.get("encryption_key"),
        auth_key=recorded.get("authentication_key"),
        model=f"{meter.get('vendor') or ''} {meter.get('model') or ''}",
        request=recorded.get("request_hex"),
    )
    said = [decoded.document(each) for each in found if not isinstance(each, Refused)]
    return said, [decoded.refusal(each) for each in found if isinstance(each, Refused)]
