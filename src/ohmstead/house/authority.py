"""The installation's own certificate authority: devices and browsers trust one file, `ca.crt`.

Made at the first start in DIR/pki.  The server's certificate names every name and address the
machine is reached by, and is made anew when it is about to end or lacks a name.
Source: RFC 5280 for the fields; lifetimes as browsers accept them (a server's at most 398 days).
"""

import contextlib
import fcntl
import ipaddress
import os
import secrets
import socket
import ssl
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ohmstead.clock import Clock
from ohmstead.errors import Conflict

AUTHORITY_LIFE = timedelta(days=20 * 365 + 5)
SERVER_LIFE = timedelta(days=397)
RENEW_BEFORE = timedelta(days=30)
_BACKDATED = timedelta(hours=1)
"""A device whose clock is a little slow must not find the certificate not valid yet."""


@dataclass(frozen=True, slots=True)
class Files:
    """Where the certificates and the server's key are."""

    ca: Path
    certificate: Path
    """The server's certificate, followed by the authority's."""
    key: Path
    renewed: bool
    """Whether the server's certificate was made just now."""


class Authority:
    """The authority whose files are in `folder` (DIR/pki)."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder, self._clock = folder, clock
        self._ca, self._ca_key = folder / "ca.crt", folder / "ca.key"
        self._server, self._server_key = folder / "server.crt", folder / "server.key"

    @property
    def ca_certificate(self) -> str:
        """The authority's certificate as PEM text: what a client must trust.  After `ensure`."""
        return self._ca.read_text(encoding="ascii")

    def ensure(self, names: Iterable[str] = ()) -> Files:
        """The files, made where they are missing, too old, or lack one of `names`.

        The machine's own names and addresses are always in.  Safe to call from several processes.
        """
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        wanted = [*own_names(), *names]
        with _alone(self._folder / "lock"):
            if not self._ca.exists():
                self._make_authority()
            renewed = not self._serves(wanted)
            if renewed:
                self._make_server(wanted)
        return Files(self._ca, self._server, self._server_key, renewed)

    def server_context(self) -> ssl.SSLContext:
        """TLS 1.2 and newer for a server of ours, with the certificate that is there now."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(self._server, self._server_key)
        return context

    def _make_authority(self) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name(
            [
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Ohmstead"),
                x509.NameAttribute(NameOID.COMMON_NAME, f"Ohmstead {secrets.token_hex(4)}"),
            ]
        )
        certificate = (
            _begun(name, name, key.public_key(), self._clock.now(), AUTHORITY_LIFE)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(signs_certificates=True), critical=True)
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
            )
            .sign(key, hashes.SHA256())
        )
        # The key first: a certificate without its key would never be replaced.
        _write(self._ca_key, _pem_of_key(key), 0o600)
        _write(self._ca, certificate.public_bytes(serialization.Encoding.PEM), 0o644)

    def _make_server(self, names: Iterable[str]) -> None:
        authority, authority_key = self._authority()
        key = ec.generate_private_key(ec.SECP256R1())
        now = self._clock.now()
        # A certificate that outlives its authority is refused by clients.
        life = min(SERVER_LIFE, authority.not_valid_after_utc - now)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Ohmstead server")])
        certificate = (
            _begun(name, authority.subject, key.public_key(), now, life)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.SubjectAlternativeName(_general(names)), critical=False)
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
            )
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()),
                critical=False,
            )
            .sign(authority_key, hashes.SHA256())
        )
        pem = serialization.Encoding.PEM
        chain = certificate.public_bytes(pem) + authority.public_bytes(pem)
        _write(self._server_key, _pem_of_key(key), 0o600)
        _write(self._server, chain, 0o644)

    def _authority(self) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
        certificate = x509.load_pem_x509_certificate(self._ca.read_bytes())
        try:
            key = serialization.load_pem_private_key(self._ca_key.read_bytes(), password=None)
        except (OSError, ValueError):
            key = None
        if (
            not isinstance(key, ec.EllipticCurvePrivateKey)
            or key.public_key() != certificate.public_key()
        ):
            raise Conflict(
                f"{self._ca_key} is not the key of {self._ca}; restore it, or remove both to begin "
                "with a new authority (every client then needs the new ca.crt)"
            )
        return certificate, key

    def _serves(self, names: Iterable[str]) -> bool:
        """Whether the server's certificate is ours, matches its key, lasts, and has all `names`."""
        if not (self._server.exists() and self._server_key.exists()):
            return False
        authority = x509.load_pem_x509_certificate(self._ca.read_bytes())
        try:
            certificate = x509.load_pem_x509_certificate(self._server.read_bytes())
            key = serialization.load_pem_private_key(self._server_key.read_bytes(), password=None)
            certificate.verify_directly_issued_by(authority)
            listed = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
            return False  # damaged, or of another authority: made anew
        return (
            key.public_key() == certificate.public_key()
            and certificate.not_valid_after_utc - self._clock.now() > RENEW_BEFORE
            and set(_general(names)) <= set(listed.value)
        )


def own_names() -> list[str]:
    """What this machine is called and reached at, `localhost` first."""
    names = ["localhost", "127.0.0.1", "::1", socket.gethostname(), socket.getfqdn()]
    names.extend(_resolved(socket.gethostname()))
    names.extend(_outgoing())
    return list(dict.fromkeys(filter(None, names)))


def _resolved(name: str) -> list[str]:
    with contextlib.suppress(OSError):
        return [str(address[0]) for *_, address in socket.getaddrinfo(name, None)]
    return []


def _outgoing() -> Iterator[str]:
    """The addresses this machine would send from; nothing is sent to find out."""
    far = ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1"))  # RFC 5737, RFC 3849
    for family, address in far:
        with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((address, 9))
            yield str(probe.getsockname()[0])


def _general(names: Iterable[str]) -> list[x509.GeneralName]:
    """Names and addresses as a certificate lists them; what can be neither is left out."""
    listed: list[x509.GeneralName] = []
    for name in dict.fromkeys(names):
        try:
            listed.append(x509.IPAddress(ipaddress.ip_address(name.partition("%")[0])))
        except ValueError:
            with contextlib.suppress(ValueError):
                listed.append(x509.DNSName(name))
    return listed


def _begun(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    now: datetime,
    life: timedelta,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now + life)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _pem_of_key(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _write(path: Path, content: bytes, mode: int) -> None:
    """Put a file there in one step, with its permissions from the first byte on."""
    new = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Run while no other process does the same; the lock ends with the process."""
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
