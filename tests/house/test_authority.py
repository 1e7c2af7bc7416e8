"""The local certificate authority: what its files hold, when they change, and who can use them."""

import multiprocessing
import ssl
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from ohmstead.clock import SetClock, SystemClock
from ohmstead.errors import Conflict
from ohmstead.house.authority import Authority, Files

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def certificate(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def names(files: Files) -> set[str]:
    found = certificate(files.certificate).extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    )
    return {str(each.value) for each in found.value}


def shake_hands(authority: Authority, name: str) -> str | None:
    """One TLS handshake in memory; gives the protocol version."""
    trusting = ssl.create_default_context(cadata=authority.ca_certificate)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = trusting.wrap_bio(to_client, to_server, server_hostname=name)
    server = authority.server_context().wrap_bio(to_server, to_client, server_side=True)
    for _ in range(4):
        for side in (client, server):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
    return client.version()


def test_the_first_start_makes_an_authority_and_a_certificate(tmp_path: Path) -> None:
    """Key types, lifetimes and private files as the contract says: P-256, 20 years, 397 days."""
    files = Authority(tmp_path, SetClock(NOW)).ensure()
    ca, server = certificate(files.ca), certificate(files.certificate)
    assert files.renewed
    assert ca.not_valid_after_utc - NOW > timedelta(days=20 * 365)
    assert server.not_valid_after_utc - NOW == timedelta(days=397)
    assert isinstance(server.public_key(), ec.EllipticCurvePublicKey)
    assert stat.S_IMODE(files.key.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "ca.key").stat().st_mode) == 0o600
    assert {"localhost", "127.0.0.1", "::1"} <= names(files)
    assert ca.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert not [each.name for each in tmp_path.iterdir() if each.name.startswith(".")]


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "::1", "meters.example"])
def test_a_client_that_trusts_the_authority_connects_by_every_name(
    tmp_path: Path, name: str
) -> None:
    """RFC 5280 path validation and RFC 6125 name checks, done by OpenSSL with its defaults."""
    authority = Authority(tmp_path, SystemClock())
    authority.ensure(["meters.example"])
    assert shake_hands(authority, name) == "TLSv1.3"


def test_a_client_refuses_a_name_that_is_not_in_the_certificate(tmp_path: Path) -> None:
    """RFC 6125, section 6: the name must be listed."""
    authority = Authority(tmp_path, SystemClock())
    authority.ensure()
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(authority, "other.example")


def test_a_second_start_changes_nothing(tmp_path: Path) -> None:
    """Clients keep `ca.crt`: the authority must stay the same for its whole life."""
    clock = SetClock(NOW)
    first = Authority(tmp_path, clock).ensure(["meters.example"])
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    clock.set(NOW + timedelta(days=300))
    again = Authority(tmp_path, clock).ensure(["meters.example"])
    assert (first.renewed, again.renewed) == (True, False)
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before


@pytest.mark.parametrize("reason", ["age", "name", "other key", "damage", "no key"])
def test_a_certificate_that_no_longer_serves_is_made_anew_by_the_same_authority(
    tmp_path: Path, reason: str
) -> None:
    """The contract: re-issued when near its end or when names are missing."""
    clock = SetClock(NOW)
    authority = Authority(tmp_path, clock)
    before = authority.ensure()
    serial, ca = certificate(before.certificate).serial_number, authority.ca_certificate
    wanted = []
    if reason == "age":
        clock.set(NOW + timedelta(days=397 - 29))
    elif reason == "name":
        wanted = ["192.0.2.17"]
    elif reason == "other key":
        other = ec.generate_private_key(ec.SECP256R1()).private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        before.key.write_bytes(other)
    elif reason == "damage":
        before.certificate.write_bytes(b"half a certif")
    else:
        before.key.unlink()
    after = authority.ensure(wanted)
    assert after.renewed
    assert certificate(after.certificate).serial_number != serial
    assert authority.ca_certificate == ca
    assert set(wanted) <= names(after)


def test_no_certificate_outlives_its_authority(tmp_path: Path) -> None:
    """RFC 5280, 6.1.3: a path is valid only while every certificate in it is."""
    clock = SetClock(NOW)
    authority = Authority(tmp_path, clock)
    ca = certificate(authority.ensure().ca)
    clock.set(ca.not_valid_after_utc - timedelta(days=40))
    assert certificate(authority.ensure().certificate).not_valid_after_utc == ca.not_valid_after_utc


def test_a_wrong_authority_key_is_said_with_the_remedy(tmp_path: Path) -> None:
    """An error says what happened and what to do (style, 7)."""
    authority = Authority(tmp_path, SetClock(NOW))
    authority.ensure()
    (tmp_path / "server.crt").unlink()
    other = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (tmp_path / "ca.key").write_bytes(other)
    with pytest.raises(Conflict, match=r"ca\.key"):
        authority.ensure()


def _ensure(folder: Path, barrier: object, results: object) -> None:
    barrier.wait(20)  # type: ignore[attr-defined]
    authority = Authority(folder, SystemClock())
    authority.ensure()
    results.put(authority.ca_certificate)  # type: ignore[attr-defined]


def test_two_first_starts_at_once_make_one_authority(tmp_path: Path) -> None:
    """Two commands may open the same folder at the same time; clients would trust one of two."""
    context = multiprocessing.get_context("spawn")
    barrier, results = context.Barrier(3), context.Queue()
    started = [
        context.Process(target=_ensure, args=(tmp_path / "pki", barrier, results)) for _ in range(3)
    ]
    for each in started:
        each.start()
    found = {results.get(timeout=90) for _ in started}
    for each in started:
        each.join(10)
    assert len(found) == 1
