"""What a gateway is told.  Source: walking skeleton, `ohmstead admin device add --json`."""

import json
from pathlib import Path

import pytest

from ohmstead.errors import BadInput, NotFound
from ohmstead.settings.gateway import Secret, keys_in, mac, uplink

GOOD = {
    "id": "A842E39F8124",
    "uri": "mqtts://cloud.example:8883",
    "username": "d-A842E39F8124",
    "password": "correct-horse",
    "topic": "up/A842E39F8124",
    "certificate": "-----BEGIN CERTIFICATE-----",
    "meter": "home",
    "site": 1,
}


def written(folder: Path, **change: object) -> Path:
    file = folder / "uplink.json"
    file.write_text(json.dumps({k: v for k, v in (GOOD | change).items() if v is not None}))
    return file


def test_an_uplink_file_is_read(tmp_path: Path) -> None:
    """The object that `device add --json` prints, taken as it is; further members do not matter."""
    found = uplink(written(tmp_path))
    assert (found.id, found.topic, found.addresses) == (
        GOOD["id"], GOOD["topic"], (("cloud.example", 8883),),
    )  # fmt: skip
    assert uplink(written(tmp_path, uri="mqtts://[::1]")).addresses == (("::1", 8883),)
    several = uplink(written(tmp_path, uri="mqtts://a.example:1, mqtts://b.example"))
    assert several.addresses == (("a.example", 1), ("b.example", 8883))


@pytest.mark.parametrize(
    "change, says",
    [
        ({"id": "a842e39f8124"}, r"\$\.id"),
        ({"password": None}, "password"),
        ({"uri": "mqtt://cloud:1883"}, "mqtts://HOST:PORT"),
        ({"uri": "mqtts://cloud:x"}, "mqtts://HOST:PORT"),
        ({"username": "dotted.name"}, "username"),
        ({"topic": "up/#"}, "topic"),
    ],
)
def test_an_uplink_file_that_cannot_work_is_explained(
    change: dict[str, object], says: str, tmp_path: Path
) -> None:
    """Which field, and never the password.  Findings, broker: no dots in a client id."""
    with pytest.raises(BadInput, match=says) as caught:
        uplink(written(tmp_path, **change))
    assert "correct-horse" not in str(caught.value)


def test_a_file_that_is_no_uplink_is_explained(tmp_path: Path) -> None:
    """A wrong path, a folder, a wrong file."""
    with pytest.raises(NotFound, match="does not exist"):
        uplink(tmp_path / "none.json")
    with pytest.raises(BadInput, match="cannot be read"):
        uplink(tmp_path)
    (tmp_path / "x").write_bytes(b"\xff\x00")
    with pytest.raises(BadInput, match="device add"):
        uplink(tmp_path / "x")


@pytest.mark.parametrize("written_as", ["a842e39f8124", "A8:42:E3:9F:81:24", "a8-42-e3-9f-81-24"])
def test_an_id_has_one_spelling(written_as: str) -> None:
    """REST/MQTT 2.0, 2.3: "12 upper-case hexadecimal letters"."""
    assert mac(written_as) == "A842E39F8124"


@pytest.mark.parametrize("wrong", ["", "A842E39F812", "A842E39F812G", "A842E39F81240"])
def test_an_id_that_is_none_is_explained(wrong: str) -> None:
    """Style 7: which value, and what one looks like."""
    with pytest.raises(BadInput, match="12 hexadecimal digits"):
        mac(wrong)


def test_keys_are_read_from_a_file_and_never_shown(tmp_path: Path) -> None:
    """`--key-file`: the encryption key, and below it the authentication key if there is one."""
    file = tmp_path / "keys"
    file.write_text("00112233445566778899AABBCCDDEEFF\n\nFFEEDDCCBBAA99887766554433221100\n")
    key, authentication = keys_in(file)
    assert key.reveal().startswith("0011")
    assert authentication is not None
    assert authentication.reveal().startswith("FFEE")
    assert "0011" not in f"{key} {key!r} {(key,)}"
    file.write_text("00112233445566778899AABBCCDDEEFF")
    assert keys_in(file)[1] is None


@pytest.mark.parametrize("content", [b"", b"a\nb\nc\n", b"\xff\xfe"])
def test_a_key_file_that_makes_no_sense_is_explained(tmp_path: Path, content: bytes) -> None:
    """Style 7: what to do, and nothing of what is in it."""
    file = tmp_path / "keys"
    file.write_bytes(content)
    with pytest.raises(BadInput, match="first line"):
        keys_in(file)
    with pytest.raises(NotFound, match="none"):
        keys_in(tmp_path / "none")


def test_a_secret_is_read_without_its_surroundings() -> None:
    """A key that was copied with a line end is the same key."""
    assert Secret(" 0011\n").reveal() == "0011"


def test_an_uplink_does_not_show_its_password(tmp_path: Path) -> None:
    """Security: secrets are in no repr."""
    assert "correct-horse" not in repr(uplink(written(tmp_path)))
