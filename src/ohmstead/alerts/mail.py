"""The ways that mail goes: to an SMTP server, or into a folder where none is set."""

import asyncio
import os
import ssl
from email.message import EmailMessage
from pathlib import Path
from typing import Protocol

import aiosmtplib

from ohmstead.errors import Unavailable
from ohmstead.settings.mail import MailOptions, Smtp

TIMEOUT_S = 30.0
"""For each step of the talk with the server."""
WHOLE_TIMEOUT_S = 120.0
FILES_MOST = 1_000
"""In the folder; the oldest leave when more come."""
PERMANENT = 500
"""Source: RFC 5321, 4.2.1: a reply of 5yz will be the same next time."""


class Undeliverable(Exception):
    """The server will never take this mail: another try would be answered alike."""


class Way(Protocol):
    """Where mail goes."""

    name: str

    async def send(self, message: EmailMessage, recipient: str, number: int) -> None:
        """Hand the mail over, for good.  Unavailable: try later.  Undeliverable: never mind."""
        ...


class SmtpWay:
    """An SMTP server.  Source: RFC 5321; RFC 3207 (STARTTLS), RFC 4954 (AUTH), RFC 8314 (TLS)."""

    name = "smtp"

    def __init__(self, smtp: Smtp) -> None:
        self._smtp = smtp

    async def send(self, message: EmailMessage, recipient: str, number: int) -> None:  # noqa: ARG002
        """One connection a mail: few are sent, and none is kept open for the next."""
        smtp = self._smtp
        client = aiosmtplib.SMTP(
            hostname=smtp.host,
            port=smtp.port,
            username=smtp.user,
            password=smtp.password,
            use_tls=smtp.security == "tls",
            start_tls=smtp.security == "starttls",
            tls_context=None if smtp.security == "none" else await _context(smtp.ca),
            local_hostname="localhost",
            timeout=TIMEOUT_S,
        )
        try:
            async with asyncio.timeout(WHOLE_TIMEOUT_S), client:
                await client.send_message(message, recipients=[recipient])
        except (aiosmtplib.SMTPRecipientsRefused, aiosmtplib.SMTPDataError) as trouble:
            code, said = _refusal(trouble)
            if code >= PERMANENT:
                raise Undeliverable(f"{smtp.shown} refuses it: {code} {said}") from trouble
            raise Unavailable(f"{smtp.shown} refuses it for now: {code} {said}") from trouble
        except ssl.SSLError as trouble:
            raise Unavailable(_of_tls(smtp, trouble)) from trouble
        except (aiosmtplib.SMTPException, OSError, ValueError) as trouble:
            raise Unavailable(_of_server(smtp, trouble)) from trouble


async def _context(ca: Path | None) -> ssl.SSLContext:
    """Trusts what the system trusts, or only the certificates of the file `ca`; read each time."""
    try:
        return await asyncio.to_thread(ssl.create_default_context, cafile=ca)
    except OSError as trouble:
        raise Unavailable(f"the certificates in {ca} cannot be read: {trouble}") from trouble


def _refusal(trouble: Exception) -> tuple[int, str]:
    if isinstance(trouble, aiosmtplib.SMTPRecipientsRefused):
        return trouble.recipients[0].code, trouble.recipients[0].message
    return (
        (trouble.code, trouble.message)
        if isinstance(trouble, aiosmtplib.SMTPDataError)
        else (0, "")
    )


def _of_tls(smtp: Smtp, trouble: ssl.SSLError) -> str:
    why = getattr(trouble, "verify_message", "") or trouble.reason or str(trouble)
    return (
        f"{smtp.shown} cannot be trusted: {why}; if its certificate is your own, name the file "
        "of your authority with ?ca=FILE in the SMTP URL"
    )


def _of_server(smtp: Smtp, trouble: Exception) -> str:
    if isinstance(trouble.__cause__, ssl.SSLError):
        return _of_tls(smtp, trouble.__cause__)
    if isinstance(trouble, aiosmtplib.SMTPAuthenticationError):
        return f"{smtp.shown} does not accept user and password: {trouble.code} {trouble.message}"
    if isinstance(trouble, TimeoutError):
        return f"{smtp.shown} did not answer in {TIMEOUT_S:g} s"
    if isinstance(trouble, aiosmtplib.SMTPResponseException):
        return f"{smtp.shown} answers {trouble.code} {trouble.message}"
    why = trouble if trouble.__cause__ is None else trouble.__cause__
    return f"{smtp.shown} cannot be reached: {str(why) or type(why).__name__}"


class FolderWay:
    """A folder of `.eml` files, for an installation without an SMTP server."""

    name = "folder"

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def send(self, message: EmailMessage, recipient: str, number: int) -> None:  # noqa: ARG002
        """Write it, whole or not at all; only the owner may read it, since it may hold a link."""
        try:
            await asyncio.to_thread(self._write, message, number)
        except OSError as trouble:
            raise Unavailable(
                f"mail cannot be written into {self._folder}: {trouble.strerror or trouble}"
            ) from trouble

    def _write(self, message: EmailMessage, number: int) -> None:
        folder = self._folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = folder / f"{number:08}.eml"
        half = path.with_suffix(".half")
        with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(message.as_bytes())
            file.flush()
            os.fsync(file.fileno())
        half.replace(path)
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        for old in sorted(folder.glob("*.eml"))[:-FILES_MOST]:
            old.unlink(missing_ok=True)


def way_of(options: MailOptions) -> Way:
    """The way that the settings say."""
    return FolderWay(options.folder) if options.smtp is None else SmtpWay(options.smtp)
