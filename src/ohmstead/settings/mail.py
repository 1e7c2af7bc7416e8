"""How mail is sent: which SMTP server, with what security, as whom."""

import socket
from dataclasses import dataclass, field
from email.errors import MessageError
from email.headerregistry import Address
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qs, unquote, urlsplit

from ohmstead.errors import BadInput

Security = Literal["tls", "starttls", "none"]
PORTS: dict[Security, int] = {"tls": 465, "starttls": 587, "none": 25}
"""Source: RFC 8314, section 7.3 (465), RFC 6409, section 3.1 (587), RFC 5321, 4.5.4.2 (25)."""
LOOKS_LIKE = "smtps://user@smtp.example.org:465 or smtp://user@smtp.example.org:587"
FOLDER = "mail"


@dataclass(frozen=True, slots=True)
class Smtp:
    """A server that takes mail; `ca` is a file of certificates to trust instead of the system's."""

    host: str
    port: int
    security: Security
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    ca: Path | None = None

    @property
    def shown(self) -> str:
        """The server as a person is shown it.

        >>> Smtp("smtp.example.org", 587, "starttls", "me", "secret").shown
        'smtp.example.org:587'
        """
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class MailOptions:
    """Where mail goes: to a server, or into a folder of `.eml` files where `smtp` is None."""

    sender: Address
    folder: Path
    smtp: Smtp | None = None


def default_sender() -> Address:
    """Who mail comes from when nobody says: `ohmstead@` this machine."""
    host = socket.getfqdn()
    try:
        return Address("Ohmstead", "ohmstead", host.encode("idna").decode())
    except (ValueError, IndexError, MessageError):
        return Address("Ohmstead", "ohmstead", "localhost")


def origin_of(written: str) -> str:
    """Where people reach the pages, without a slash at the end; BadInput.

    >>> origin_of("https://energy.example.org/")
    'https://energy.example.org'
    """
    parts = urlsplit(written.strip())
    plain = f"{parts.scheme}://{parts.netloc}"
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        raise BadInput(f"{written!r} is no address of pages; it looks like https://energy.example")
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise BadInput(f"{written!r} has more than a host and a port; write {plain}")
    return plain


def smtp_of(url: str, password: str | None = None) -> Smtp:
    """The server that `url` names; BadInput says what is wrong.

    `smtps:` is TLS from the start, `smtp:` is TLS by STARTTLS, without which nothing is sent;
    `smtp:…?security=none` sends readably, for a server on the same machine.  `?ca=FILE` names a
    file of certificates to trust.  A password in the URL counts when none is given beside it.

    >>> smtp_of("smtp://me@smtp.example.org", password="secret")
    Smtp(host='smtp.example.org', port=587, security='starttls', user='me', ca=None)
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as trouble:
        raise BadInput(
            f"the SMTP server's URL is not one ({trouble}); it looks like {LOOKS_LIKE}"
        ) from None
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname or parts.path.strip("/"):
        raise BadInput(f"this is not the URL of an SMTP server; it looks like {LOOKS_LIKE}")
    asked = {name: said[-1] for name, said in parse_qs(parts.query).items()}
    security: Security = "tls" if parts.scheme == "smtps" else "starttls"
    if unknown := set(asked) - {"security", "ca"}:
        raise BadInput(f"{sorted(unknown)[0]!r} in the SMTP URL is not security or ca")
    if asked.get("security", security) == "none" and parts.scheme == "smtp":
        security = "none"
    elif asked.get("security", security) != security:
        raise BadInput(
            f"security={asked['security']} does not fit {parts.scheme}:; leave it out, or write "
            "smtp:…?security=none for a server on this machine"
        )
    user = unquote(parts.username) if parts.username else None
    secret = password if password is not None else parts.password and unquote(parts.password)
    if user is not None and not secret:
        raise BadInput(
            f"the SMTP user {user!r} needs a password: give it with --smtp-password-file or "
            "OHMSTEAD_SMTP_PASSWORD"
        )
    if security == "none" and secret:
        raise BadInput("a password is not sent to an SMTP server without TLS")
    ca = Path(asked["ca"]).expanduser() if "ca" in asked else None
    return Smtp(parts.hostname, port or PORTS[security], security, user, secret or None, ca)


def sender_of(written: str) -> Address:
    """Who mail comes from, as `ohmstead@example.org` or `Ohmstead <ohmstead@example.org>`.

    BadInput says what is wrong.

    >>> str(sender_of("Our meters <meters@example.org>"))
    'Our meters <meters@example.org>'
    """
    name, bracket, rest = written.strip().rpartition("<")
    plain = rest.removesuffix(">") if bracket else rest
    try:
        found = Address(name.strip().strip('"'), addr_spec=plain.strip())
    except (ValueError, IndexError, MessageError) as trouble:
        raise BadInput(
            f"{written!r} is no address to send from ({trouble}); it looks like "
            "Ohmstead <ohmstead@example.org>"
        ) from None
    if not found.username or not found.domain or not written.isprintable():
        raise BadInput(
            f"{written!r} is no address to send from; it looks like Ohmstead <ohmstead@example.org>"
        )
    return found
