"""A real SMTP server in this process: with TLS from the start, by STARTTLS or without, and AUTH."""

import asyncio
import datetime
import ipaddress
import ssl
import warnings
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

USER, PASSWORD = "meters", "a p@ssword / with ü"


@dataclass
class Taken:
    """What the server took, and what it answers instead when it refuses."""

    port: int = 0
    mails: list[tuple[EmailMessage, list[str], bool]] = field(default_factory=list)
    """Each message, its recipients, and whether it came over TLS."""
    refuses: str | None = None
    at_data: str | None = None

    async def handle_RCPT(
        self, _server: SMTP, _session: Any, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if self.refuses:
            return self.refuses
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, _session: Any, envelope: Envelope) -> str:
        if self.at_data:
            return self.at_data
        content = envelope.content
        assert isinstance(content, bytes)
        message = message_from_bytes(content, policy=default)
        assert isinstance(message, EmailMessage)
        assert server.transport is not None
        over_tls = server.transport.get_extra_info("ssl_object") is not None
        self.mails.append((message, list(envelope.rcpt_tos), over_tls))
        return "250 OK"


Serve = Callable[..., AbstractAsyncContextManager[Taken]]


def _authenticated(
    _server: SMTP, _session: Any, _envelope: Any, _way: str, given: LoginPassword
) -> AuthResult:
    right = (given.login, given.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=right, handled=False)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate of its own authority for 127.0.0.1, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a mail server")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    folder = tmp_path_factory.mktemp("smtp")
    (folder / "ca.crt").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return folder / "ca.crt", folder / "key.pem"


@pytest.fixture
def serve(certificate: tuple[Path, Path]) -> Serve:
    """Starts servers: `async with serve("tls", auth=True) as taken: …`."""

    @asynccontextmanager
    async def served(security: str, *, auth: bool = False) -> AsyncIterator[Taken]:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
        taken = Taken()

        def protocol() -> SMTP:
            with warnings.catch_warnings():  # it does not know of TLS from the start
                warnings.simplefilter("ignore")
                return SMTP(
                    taken,
                    hostname="mail.test",
                    tls_context=context if security == "starttls" else None,
                    require_starttls=security == "starttls",
                    authenticator=_authenticated if auth else None,
                    auth_required=auth,
                    auth_require_tls=security == "starttls",
                    enable_SMTPUTF8=True,
                )

        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            protocol, "127.0.0.1", 0, ssl=context if security == "tls" else None
        )
        taken.port = server.sockets[0].getsockname()[1]
        try:
            yield taken
        finally:
            server.close()

    return served
