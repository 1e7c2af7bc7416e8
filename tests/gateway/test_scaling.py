"""Scalers and factors that a person sets.  Source: REST/MQTT 2.0, 6.3 to 6.5."""

import json
from pathlib import Path

import pytest

from ohmstead.errors import BadInput
from ohmstead.gateway.meter import values_of
from ohmstead.gateway.scaling import Scaling
from ohmstead.reading.reading import Identity
from ohmstead.settings.gateway import MeterSettings, meter
from ohmstead.wire.recognise import Recogniser
from ohmstead.wire.telegram import Telegram, Value


def a_telegram(values: dict[str, Value], protocol: str = "DLMS") -> Telegram:
    return Telegram(protocol, "hdlc", values, None, Identity(), b"")


def bare(value: float, unit: str, raw: int) -> Value:
    """What the decoder makes of a number without a scaler."""
    return Value(value, unit, None, raw)


SAID = {
    "31.7.0": bare(0.05, "A", 5), "32.7.0": bare(232, "V", 232), "1.7.0": bare(1150, "W", 1150),
    "1.8.0": bare(1000, "Wh", 1000), "1.8.1": bare(400, "Wh", 400), "1.8.2": bare(600, "Wh", 600),
    "52.7.0": Value(231.5, "V", None, 2315, -1),
}  # fmt: skip


def sized(settings: MeterSettings, protocol: str = "DLMS") -> dict[str, float]:
    scaling = Scaling(settings)
    return values_of(scaling.sized(a_telegram(SAID, protocol)), scaling)


def test_the_e570_has_whole_amperes() -> None:
    """6.3, `.scalars_set`: "lge570 is a predefined scale set for the L&G E570"."""
    assert sized(meter("default", [], 1))["31.7.0"] == 0.05
    found = sized(meter("lge570", [], 1))
    assert (found["31.7.0"], found["32.7.0"], found["1.7.0"]) == (5, 232, 1.15)


def test_a_scaler_of_ones_own_counts_for_all_tariffs() -> None:
    """6.5: "The value '255' indicates that the scaler will be applied to all E values"; one that
    names the tariff counts more."""
    found = sized(meter("default", ["1.8.255=1", "1.8.2=0", "1.7.0=-1"], 1))
    assert (found["1.8.0"], found["1.8.1"], found["1.8.2"]) == (10, 4, 0.6)
    assert found["1.7.0"] == 0.115
    assert found["31.7.0"] == 0.05


def test_a_scaler_of_ones_own_overrides_the_telegrams() -> None:
    """6.4: what the device found out is "covered/overridden" by the scalers that are set, a model's
    set only where the telegram has none; all of them for DLMS alone (6.5)."""
    own = ["52.7.255=-2", "1.7.0=-1"]
    assert sized(meter("default", own, 1))["52.7.0"] == 23.15
    assert sized(meter("default", own, 1), "MBUS")["1.7.0"] == 1.15
    assert sized(meter("lge570", [], 1))["52.7.0"] == 231.5


def test_transformers_multiply_what_they_divide() -> None:
    """6.3, `.conv_factor`: "instantaneous power, energy, current, max demand"; not the voltage."""
    found = sized(meter("default", [], 40))
    assert (found["1.7.0"], found["1.8.0"], found["31.7.0"]) == (46, 40, 2)
    assert (found["32.7.0"], found["52.7.0"]) == (232, 231.5)


@pytest.mark.parametrize(
    "chosen, own, says",
    [
        ("lge450", [], "lge570"),
        ("lge570", ["1.7.0=1"], "twice"),
        ("default", ["1.7.0"], "1.7.0=-1"),
        ("default", ["1.7=1"], "1.7.0=-1"),
        ("default", ["1.7.0=7"], "-6 to 6"),
    ],
)
def test_settings_that_make_no_sense_are_explained(chosen: str, own: list[str], says: str) -> None:
    """6.5: OBIS as C.D.E, powers of ten from -6 to 6."""
    with pytest.raises(BadInput, match=says):
        meter(chosen, own, 1)


def test_the_corpus_e570_reads_the_same_with_its_set(corpus: Path) -> None:
    """A real E570 (idle, 232 V): the set changes what it must and nothing else."""
    case = json.loads((corpus / "telegrams" / "dlms" / "landisgyr-e570-1.json").read_bytes())
    (found,) = Recogniser().feed(bytes.fromhex(case["raw_hex"]))
    assert isinstance(found, Telegram)
    scaling = Scaling(meter("lge570", [], 1))
    assert values_of(scaling.sized(found)) == values_of(found.values)
    assert values_of(found.values)["32.7.0"] == 232
