"""The meter's settings and scalers over HTTP.  Source: REST/MQTT 2.0, 6.3 and 6.5."""

from pathlib import Path

import httpx
import pytest
from tests.gateway.setting import (
    KEY,
    METER,
    SCALERS,
    put,
    refused,
)
from tests.gateway.vendor import captured, examples

from ohmstead.gateway.configuration import Configuration


async def test_6_3_the_defaults_are_those_of_the_example(
    settings_client: httpx.AsyncClient, corpus: Path
) -> None:
    """6.3 (its example is cut by a table), as the newer firmware publishes it; both names of the
    set of scalers."""
    ours = (await settings_client.get(METER)).json()
    newer = captured(corpus, "whatwatt-docs-meter-settings-1.json").popitem()[1]
    assert ours.pop("scalars_set") == "default"
    assert ours == newer


async def test_6_3_published_changes_are_taken(
    settings_client: httpx.AsyncClient, corpus: Path
) -> None:
    """The newer firmware's meter page: each example is answered with what it set."""
    for given in captured(corpus, "whatwatt-docs-meter-settings-*.json").values():
        said = await put(settings_client, METER, given)
        for name, value in given.items():
            assert said.get(name, value) == value or name.endswith("_key")


async def test_6_3_both_names_of_the_set_of_scalers_are_one(
    settings_client: httpx.AsyncClient,
) -> None:
    """6.3 `scalars_set`, newer firmware `scalers_set`: an object sent back with one changed."""
    for name, other in (("scalars_set", "scalers_set"), ("scalers_set", "scalars_set")):
        for chosen in ("lge570", "custom", "default"):
            sent_back = {**(await settings_client.get(METER)).json(), name: chosen}
            said = (await settings_client.post(METER, json=sent_back)).json()
            assert said[name] == said[other] == chosen
    both = {"scalars_set": "lge570", "scalers_set": "custom"}
    assert "scal" in await refused(settings_client, METER, both)


async def test_6_3_keys_are_write_only_and_go_with_zeros(
    settings_client: httpx.AsyncClient, configuration: Configuration
) -> None:
    """6.3, `.encryption_key`: not returned; "set the field to 32 zeros" to reset it."""
    keys = {"encryption_key": KEY, "authentication_key": KEY.lower()}
    said = await put(settings_client, METER, {"encryption": True, **keys})
    assert (said["encryption_key_len"], said["authentication_key_len"]) == (32, 32)
    assert not keys.keys() & said.keys()
    said = await put(
        settings_client, METER, {"encryption_key": "0" * 32, "authentication_key": None}
    )
    assert not {"encryption_key_len", "authentication_key_len"} & said.keys()
    assert configuration.meter.encryption_key == ""


@pytest.mark.parametrize(
    "name, value",
    [
        ("baudrate", 299),
        ("baudrate", 115201),
        ("parity", "mark"),
        ("stop_bits", "3"),
        ("stop_bits", 1),
        ("buffer_size", 0),
        ("buffer_size", 129),
        ("method", "Active Pull"),
        ("encryption_key", "00"),
        ("encryption_key", "g" * 32),
        ("encryption_key", KEY + "\n"),
        ("authentication_key", KEY + "0"),
        ("if_type", "P1"),
        ("protocol", "dlms"),
        ("if_mode", "both"),
        ("conv_factor", 0),
        ("conv_factor", -1),
        ("conv_factor", 10000.5),
        ("time_offset", 2**31),
        ("time_offset", -(2**31) - 1),
        ("time_offset", 0.5),
        ("scalars_set", "lge450"),
    ],
)
async def test_6_3_what_is_out_of_range_is_refused_by_name(
    settings_client: httpx.AsyncClient, name: str, value: object
) -> None:
    """6.3, column Range; 6.1: 400."""
    assert (await refused(settings_client, METER, {name: value})).startswith(f"{name}:")


@pytest.mark.parametrize("factor", [0.001, 0.5, 1, 40, 10000])
async def test_6_3_the_factor_is_a_number_and_whole_ones_look_so(
    settings_client: httpx.AsyncClient, factor: float
) -> None:
    """6.3, `.conv_factor` (whole from 1 to 10000) and the newer firmware's (0.001 to 1000)."""
    answer = await settings_client.put(METER, json={"conv_factor": factor})
    assert f'"conv_factor":{factor},' in answer.text


async def test_6_5_the_scalers_are_given_back(
    settings_client: httpx.AsyncClient, corpus: Path
) -> None:
    """6.5: "the same JSON format must be used"; 255 is every E."""
    for given in (*examples(corpus, "6.5."), [{"obis": "1.8.255", "scaler": 3}], []):
        answer = await settings_client.post(SCALERS, json=given)
        assert (answer.status_code, answer.json()) == (200, given)
        assert (await settings_client.get(SCALERS)).json() == given
    for sets in captured(corpus, "whatwatt-docs-scalers-default-*.json").values():
        assert (await settings_client.post(SCALERS, json=sets)).json() == sets


@pytest.mark.parametrize(
    "given",
    [
        [{"obis": "1.7.0", "scaler": 7}],
        [{"obis": "1.7.0", "scaler": -7}],
        [{"obis": "255.7.0", "scaler": 0}],
        [{"obis": "1.7.256", "scaler": 0}],
        [{"obis": "1-0:1.7.0", "scaler": 0}],
        [{"obis": "1.7", "scaler": 0}],
        [{"obis": "1.7.0"}],
        [{"scaler": 0}],
        [{"obis": "1.7.0", "scaler": 0}, {"obis": "1.7.0", "scaler": 1}],
        [7],
        {"obis": "1.7.0", "scaler": 0},
    ],
)
async def test_6_5_what_is_out_of_range_is_refused(
    settings_client: httpx.AsyncClient, given: object
) -> None:
    """6.5, column Range: 0..254.0..254.0..255, -6..6."""
    assert (await settings_client.post(SCALERS, json=given)).status_code == 400
    assert (await settings_client.get(SCALERS)).json() == []


async def test_6_5_a_whole_number_may_come_with_a_fraction_of_zero(
    settings_client: httpx.AsyncClient,
) -> None:
    """RFC 8259, 6: JSON knows one kind of number; some clients write every one with a point."""
    body = b'[{"obis": "1.7.0", "scaler": -1.0}]'
    answer = await settings_client.post(SCALERS, content=body)
    assert (answer.status_code, answer.content) == (200, b'[{"obis":"1.7.0","scaler":-1}]')
