"""Recorded telegrams of real meters, and damaged ones; the folder is not part of this
repository."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.wire.telegrams import heard

from ohmstead.reading import units
from ohmstead.wire import cosem
from ohmstead.wire.cipher import Keys
from ohmstead.wire.hdlc import Message
from ohmstead.wire.p1 import time_of
from ohmstead.wire.recognise import Recogniser
from ohmstead.wire.telegram import Telegram

PROTOCOLS = {"DSMR", "DLMS", "MBUS", "SML", "KMP", "IEC62056-21", None}
"""What the recogniser reads; None: nobody's.  MEP replies need their request (test_mep)."""


def recorded(corpus: Path, *patterns: str) -> list[dict[str, Any]]:
    """The recordings whose names match."""
    files = sorted(file for pattern in patterns for file in (corpus / "telegrams").glob(pattern))
    found = [json.loads(file.read_text()) for file in files]
    if not found:
        pytest.fail(f"no recordings {patterns} in {corpus}")
    return [recording for recording in found if recording["protocol"] in PROTOCOLS]


def keys_of(recording: dict[str, Any]) -> Keys | None:
    """The keys that open a recording, None where there are none."""
    key, other = recording["encryption_key"], recording["authentication_key"]
    return Keys(bytes.fromhex(key), bytes.fromhex(other) if other else None) if key else None


def telegram_of(recording: dict[str, Any]) -> Telegram:
    """The (last) telegram in a recording; one published without its frame is read as an APDU."""
    raw = bytes.fromhex(recording["raw_hex"])
    if recording["framing"] == "none":
        apdu = Message(raw, raw, 0).without_llc().payload
        found = cosem.telegram(apdu, framing="none", raw=raw)
        assert isinstance(found, Telegram), recording["name"]
        return found
    recogniser = Recogniser(keys_of(recording))
    telegrams = [one for one in heard(recogniser, [raw]) if isinstance(one, Telegram)]
    assert len(telegrams) == 1, recording["name"]
    assert recogniser.status == "OK", recording["name"]
    return telegrams[0]


def compare(recording: dict[str, Any], telegram: Telegram) -> None:
    """Hold a telegram against `expected`."""
    name = recording["name"]
    assert telegram.protocol == recording["protocol"], name
    assert telegram.framing == recording["framing"], name
    for key, expected in recording["expected"].items():
        value = telegram.values.get(key)
        if value is None:
            assert expected["value"] == "", (name, key)
            continue
        assert value.value == expected["value"], (name, key)
        if expected["unit"] or isinstance(expected["value"], str):
            assert value.unit == (expected["unit"] and units.named(expected["unit"])), (name, key)
        for field in {"raw", "scaler"} & expected.keys():
            assert getattr(value, field) == expected[field], (name, key)
        if "time" in expected:
            assert value.at == time_of(expected["time"]), (name, key)
            assert value.at is not None, (name, key)


def test_telegrams_give_what_others_have_read_in_them(corpus: Path) -> None:
    """telegrams/dsmr and dlms: `expected`, agreed on by independent decoders."""
    for recording in recorded(corpus, "dsmr/*.json", "dlms/*.json"):
        telegram = telegram_of(recording)
        expected = recording["expected"]
        if "1.0.0" in expected and "1.0.0" not in telegram.values:  # the notification's own time
            assert telegram.at is not None, recording["name"]
            assert cosem.written(telegram.at) == expected.pop("1.0.0")["value"], recording["name"]
        compare(recording, telegram)


def test_plain_lists_give_nothing_that_is_not_in_them(corpus: Path) -> None:
    """telegrams/dsmr and dlms/aidon-*: `expected` is all there is, but for texts to the
    customer."""
    for recording in recorded(corpus, "dsmr/*.json", "dlms/aidon-*.json"):
        found = telegram_of(recording).values.keys() - {"96.13.0", "96.13.1"}
        assert found <= recording["expected"].keys(), recording["name"]


@pytest.mark.parametrize("piece", [100_000, 1, 17])
def test_damaged_streams_give_as_many_telegrams_as_they_hold(corpus: Path, piece: int) -> None:
    """telegrams/bad: `expect`, at once and in pieces."""
    for recording in recorded(corpus, "bad/*.json"):
        raw = bytes.fromhex(recording["raw_hex"])
        recogniser = Recogniser(keys_of(recording))
        found = heard(recogniser, [raw[at : at + piece] for at in range(0, len(raw), piece)])
        expect = recording["expect"]
        count = sum(isinstance(one, Telegram) for one in found)
        assert count == expect["telegrams"], recording["name"]
        assert recogniser.status == expect.get("status", recogniser.status), recording["name"]


def test_bombs_are_refused_by_the_apdu_itself(corpus: Path) -> None:
    """telegrams/bad/axdr-*: they come without a frame, so they are given to the APDU's reader."""
    for recording in recorded(corpus, "bad/axdr-*.json"):
        raw = bytes.fromhex(recording["raw_hex"])
        found = cosem.telegram(raw, framing="hdlc", raw=raw)
        assert not isinstance(found, Telegram), recording["name"]
