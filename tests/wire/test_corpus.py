"""Recorded telegrams of real meters, and damaged ones; the folder is not part of this
repository."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from tests.wire.telegrams import heard

from ohmstead.reading import units
from ohmstead.wire import cosem
from ohmstead.wire.p1 import time_of
from ohmstead.wire.recognise import Recogniser
from ohmstead.wire.telegram import Telegram

PLAIN = (
    "dsmr/*.json",
    "dlms/aidon-6534-*.json",
    "dlms/iskraemeco-am550-1.json",
)
BAD = ("bad/p1-*.json", "bad/hdlc-*.json", "bad/garbage-*.json", "bad/axdr-*.json")


def recorded(corpus: Path, patterns: Iterable[str]) -> list[dict[str, Any]]:
    """The recordings whose names match, the encrypted ones left out."""
    files = sorted(file for pattern in patterns for file in (corpus / "telegrams").glob(pattern))
    found = [json.loads(file.read_text()) for file in files if "-enc-" not in file.name]
    if not found:
        pytest.fail(f"no recordings {patterns} in {corpus}")
    return found


def test_plain_telegrams_give_what_others_have_read_in_them(corpus: Path) -> None:
    """telegrams/dsmr and dlms: `expected`, agreed on by independent decoders."""
    for recording in recorded(corpus, PLAIN):
        name = recording["name"]
        recogniser = Recogniser()
        found = heard(recogniser, [bytes.fromhex(recording["raw_hex"])])
        (telegram,) = [one for one in found if isinstance(one, Telegram)]
        assert telegram.protocol == recording["protocol"], name
        assert telegram.framing == recording["framing"], name
        assert recogniser.status == "OK", name
        for key, expected in recording["expected"].items():
            value = telegram.values.get(key)
            assert value is not None, (name, key)
            unit = units.named(expected["unit"]) if expected["unit"] else None
            assert (value.value, value.unit) == (expected["value"], unit), (name, key)
            for field in {"raw", "scaler"} & expected.keys():
                assert getattr(value, field) == expected[field], (name, key)
            if "time" in expected:
                assert value.at == time_of(expected["time"]), (name, key)
                assert value.at is not None, (name, key)
        messages = {"96.13.0", "96.13.1"}  # texts to the customer, which not everybody lists
        assert telegram.values.keys() - messages <= recording["expected"].keys(), name


def test_damaged_streams_give_as_many_telegrams_as_they_hold(corpus: Path) -> None:
    """telegrams/bad: `expect`."""
    for recording in recorded(corpus, BAD):
        recogniser = Recogniser()
        found = heard(recogniser, [bytes.fromhex(recording["raw_hex"])])
        expect = recording["expect"]
        count = sum(isinstance(one, Telegram) for one in found)
        assert count == expect["telegrams"], recording["name"]
        assert recogniser.status == expect.get("status", recogniser.status), recording["name"]


def test_bombs_are_refused_by_the_apdu_itself(corpus: Path) -> None:
    """telegrams/bad/axdr-*: they come without a frame, so they are given to the APDU's reader."""
    for recording in recorded(corpus, ("bad/axdr-*.json",)):
        raw = bytes.fromhex(recording["raw_hex"])
        found = cosem.telegram(raw, framing="hdlc", raw=raw)
        assert not isinstance(found, Telegram), recording["name"]


def test_recordings_may_arrive_byte_by_byte(corpus: Path) -> None:
    """telegrams/bad: the same comes out however the stream is cut."""
    for recording in recorded(corpus, BAD):
        raw = bytes.fromhex(recording["raw_hex"])
        pieces = [raw[at : at + 1] for at in range(len(raw))]
        assert heard(Recogniser(), pieces) == heard(Recogniser(), [raw]), recording["name"]
