"""Release bundles: read in any pieces, refused when anything in them was changed.

Sources: docs/updates.md, "The file"; RFC 8032 (Ed25519); decision 34.
"""

import base64
from collections.abc import Iterable
from itertools import pairwise

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.gateway import bundles
from tests.gateway.bundles import KEY, KEYS, OTHER, bundled, pem

from ohmstead.errors import BadInput, TooLarge
from ohmstead.gateway import release
from ohmstead.gateway.release import LARGEST, LONGEST_MANIFEST, MAGIC, Reader

WHEELS = {"ohmstead-2.0-py3-none-any.whl": bundles.wheel({"a.py": "a" * 500}, "ohmstead", "2.0")}
WHEELS["other-1-py3-none-any.whl"] = bundles.wheel({"b.py": "b"}, "other", "1")
BUNDLE = bundled(WHEELS, "2.0", least="1.0", notes="Better.")


def read(pieces: Iterable[bytes], keys: release.Keys = KEYS) -> dict[str, bytes]:
    """The wheels in a bundle."""
    reader, found = Reader(keys), dict[str, bytes]()
    for piece in pieces:
        for part in reader.feed(piece):
            found[part.wheel.file] = found.get(part.wheel.file, b"") + part.data
    reader.close()
    return found


@given(st.lists(st.integers(0, len(BUNDLE)), max_size=12))
@example(list(range(300)))
def test_a_bundle_may_arrive_in_any_pieces(cuts: list[int]) -> None:
    """docs/updates.md, "The file": wherever it is cut, the same wheels come out."""
    at = [0, *sorted(cuts), len(BUNDLE)]
    assert read(BUNDLE[a:b] for a, b in pairwise(at)) == WHEELS


@given(st.integers(0, len(BUNDLE) - 1), st.integers(1, 255))
def test_no_byte_can_be_changed(where: int, by: int) -> None:
    """docs/updates.md: the signature covers all of it, and every wheel has its SHA-256."""
    changed = bytearray(BUNDLE)
    changed[where] ^= by
    with pytest.raises((BadInput, TooLarge)):
        read([bytes(changed)])


@given(st.integers(0, len(BUNDLE) - 1))
def test_none_can_be_left_out_at_the_end(length: int) -> None:
    """docs/updates.md, 400: cut short."""
    with pytest.raises(BadInput):
        read([BUNDLE[:length]])


def test_none_can_be_added() -> None:
    """docs/updates.md, 400: longer than it should be."""
    with pytest.raises(BadInput, match="goes on after its end"):
        read([BUNDLE, b"x"])


@settings(max_examples=50)
@given(st.lists(st.binary(max_size=300), max_size=20))
@example([MAGIC, b"x" * 89, b"{}\n"])
@example([MAGIC, b"\n" * 200])
def test_noise_is_refused_and_never_raises_otherwise(noise: list[bytes]) -> None:
    """CONTRIBUTING, decoders: noise never raises anything but its refusal."""
    with pytest.raises(BadInput):
        read(noise)


def test_noise_never_grows_memory() -> None:
    """docs/updates.md: a manifest has at most 64 kB, and no more of it is kept."""
    reader = Reader(KEYS)
    list(reader.feed(MAGIC))
    for _ in range(LONGEST_MANIFEST // 1000):
        list(reader.feed(b"x" * 1000))
    with pytest.raises(BadInput, match="longer than 65536 bytes"):
        list(reader.feed(b"x" * 1000))
    assert len(reader._head) < LONGEST_MANIFEST + 2000


def test_another_key_is_refused() -> None:
    """docs/updates.md, 400: signed with another key."""
    with pytest.raises(BadInput, match="the signature is not right"):
        read([bundled(WHEELS, "2.0", OTHER)])


def test_without_a_key_nothing_is_right() -> None:
    """docs/updates.md: an installation without a key takes no updates."""
    with pytest.raises(BadInput, match="the signature is not right"):
        read([BUNDLE], ())


def test_any_of_the_pinned_keys_will_do() -> None:
    """docs/updates.md, "Once": an old key and its successor may be pinned together."""
    assert read([BUNDLE], release.keys_in(pem(OTHER) + pem(KEY))) == WHEELS


def test_nothing_is_parsed_before_the_signature_is_right() -> None:
    """docs/updates.md, "What happens" 1: what a stranger writes as a manifest is not even read."""
    nonsense = b"{nonsense\n"
    unsigned = MAGIC + base64.b64encode(bytes(64)) + b"\n" + nonsense
    with pytest.raises(BadInput, match="signature"):
        read([unsigned])
    signature = base64.b64encode(KEY.sign(MAGIC + nonsense))
    with pytest.raises(BadInput, match="manifest is not as it should be"):
        read([MAGIC + signature + b"\n" + nonsense])


def test_a_signature_of_something_else_is_of_no_use() -> None:
    """RFC 8032, 8.10 in spirit: the magic word is signed too, so no other file's signature fits."""
    line = BUNDLE.split(b"\n")[2] + b"\n"
    with pytest.raises(BadInput, match="signature"):
        read([MAGIC + base64.b64encode(KEY.sign(line)) + b"\n" + line])


@pytest.mark.parametrize(
    "line",
    [
        b'{"version":"2.0","wheels":[]}',
        b'{"version":"2.0"}',
        b'{"version":"../2","wheels":[%s]}',
        b'{"version":"2.0","wheels":[%s],"surprise":1}',
        b'{"version":"2.0","wheels":[%s,%s]}',
        b'{"version":"2.0","wheels":[{"file":"../a.whl","size":1,"unpacked":1,"sha256":"'
        + b"0" * 64
        + b'"}]}',
    ],
)
def test_a_manifest_is_strict(line: bytes) -> None:
    """docs/updates.md, "The file": unknown fields, odd names and doubled wheels are refused."""
    one = b'{"file":"a.whl","size":1,"unpacked":1,"sha256":"' + b"0" * 64 + b'"}'
    line = line.replace(b"%s", one) + b"\n"
    signature = base64.b64encode(KEY.sign(MAGIC + line))
    with pytest.raises(BadInput, match="manifest"):
        read([MAGIC + signature + b"\n" + line])


def test_a_bundle_is_not_larger_than_it_may_be() -> None:
    """docs/updates.md, 413: known from the manifest, before the wheels arrive."""
    half = [
        b'{"file":"%s.whl","size":%d,"unpacked":1,"sha256":"%s"}' % (name, LARGEST, b"0" * 64)
        for name in (b"a", b"b")
    ]
    line = b'{"version":"2.0","wheels":[' + b",".join(half) + b"]}\n"
    with pytest.raises(TooLarge):
        read([MAGIC + base64.b64encode(KEY.sign(MAGIC + line)) + b"\n" + line])


def test_keys_that_are_none_are_refused() -> None:
    """docs/updates.md, "Once": public Ed25519 keys as PEM."""
    curve = generate_private_key(SECP256R1()).public_key()
    foreign = curve.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    for text in (b"", b"no key", foreign, pem().replace(b"MCow", b"MCoz")):
        with pytest.raises(BadInput, match="key"):
            release.keys_in(text)
    assert len(release.keys_in(pem())) == 1


def test_this_installation_pins_no_key() -> None:
    """docs/updates.md: a checkout takes no updates, so nobody updates a developer's machine."""
    assert release.pinned() == ()
