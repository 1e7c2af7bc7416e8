"""The ways that mail goes, against a real SMTP server with TLS and AUTH."""

import asyncio
from email import message_from_bytes
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest
from tests.alerts.conftest import PASSWORD, USER, Serve
from tests.alerts.test_letters import NOW, SENDER

from ohmstead.alerts import mail as ways
from ohmstead.alerts.letters import mail
from ohmstead.alerts.mail import FolderWay, SmtpWay, Undeliverable, way_of
from ohmstead.errors import Unavailable
from ohmstead.settings.mail import MailOptions, Security, Smtp

TO = "anna@example.org"


def letter() -> EmailMessage:
    """A letter that is worth nothing, in German so that bytes beyond ASCII travel."""
    return mail(TO, "test", "de", {}, sender=SENDER, at=NOW)


def names(folder: Path) -> list[str]:
    """What is in it."""
    return sorted(file.name for file in folder.iterdir())


def smtp(port: int, security: Security, ca: Path | None, *, auth: bool = False) -> SmtpWay:
    """The way to a server on this machine."""
    user, password = (USER, PASSWORD) if auth else (None, None)
    return SmtpWay(Smtp("127.0.0.1", port, security, user, password, ca))


@pytest.mark.parametrize("security", ["tls", "starttls"])
async def test_mail_arrives_over_tls_from_who_proves_themselves(
    serve: Serve, certificate: tuple[Path, Path], security: Security
) -> None:
    """RFC 8314 (implicit TLS), RFC 3207 (STARTTLS), RFC 4954 (AUTH)."""
    async with serve(security, auth=True) as taken:
        await smtp(taken.port, security, certificate[0], auth=True).send(letter(), TO, 1)
    ((message, recipients, over_tls),) = taken.mails
    assert (recipients, over_tls) == ([TO], True)
    assert (message["To"], message["From"]) == (TO, "Ohmstead <ohmstead@example.org>")
    body = message.get_body(("plain",))
    assert body is not None
    assert "Der Versand funktioniert" in body.get_content()


@pytest.mark.parametrize("security", ["tls", "starttls"])
async def test_a_server_that_nobody_vouches_for_gets_nothing(
    serve: Serve, security: Security
) -> None:
    """The certificate is verified by default; the remedy is named."""
    async with serve(security, auth=True) as taken:
        with pytest.raises(Unavailable, match="ca=FILE"):
            await smtp(taken.port, security, None, auth=True).send(letter(), TO, 1)
    assert taken.mails == []


async def test_a_server_without_starttls_gets_nothing(
    serve: Serve, certificate: tuple[Path, Path]
) -> None:
    """`smtp:` is TLS or nothing (decision 35): a password never goes readably."""
    async with serve("none") as taken:
        with pytest.raises(Unavailable, match=f"127.0.0.1:{taken.port}"):
            await smtp(taken.port, "starttls", certificate[0], auth=True).send(letter(), TO, 1)
    assert taken.mails == []


async def test_without_tls_where_it_was_asked_for(serve: Serve) -> None:
    """`?security=none`, for a server on this machine."""
    async with serve("none") as taken:
        await smtp(taken.port, "none", None).send(letter(), TO, 1)
    assert [each[2] for each in taken.mails] == [False]


async def test_a_wrong_password_is_said_and_tried_again_later(
    serve: Serve, certificate: tuple[Path, Path]
) -> None:
    """RFC 4954, 6: 535; the settings are wrong, not the mail."""
    async with serve("starttls", auth=True) as taken:
        way = SmtpWay(Smtp("127.0.0.1", taken.port, "starttls", USER, "wrong", certificate[0]))
        with pytest.raises(Unavailable, match="user and password: 535") as raised:
            await way.send(letter(), TO, 1)
    assert "wrong" not in str(raised.value)


@pytest.mark.parametrize(
    "answer, trouble", [("550 no such user", Undeliverable), ("451 busy", Unavailable)]
)
@pytest.mark.parametrize("at_data", [False, True])
async def test_a_refusal_is_for_good_or_for_now(
    serve: Serve, answer: str, trouble: type[Exception], at_data: bool
) -> None:
    """RFC 5321, 4.2.1: 5yz is permanent, 4yz is not."""
    async with serve("none") as taken:
        if at_data:
            taken.at_data = answer
        else:
            taken.refuses = answer
        with pytest.raises(trouble, match=answer):
            await smtp(taken.port, "none", None).send(letter(), TO, 1)


async def test_a_server_that_is_not_there_is_named(unused_tcp_port: int) -> None:
    """Errors name what is away."""
    with pytest.raises(Unavailable, match=f"127.0.0.1:{unused_tcp_port} cannot be reached"):
        await smtp(unused_tcp_port, "none", None).send(letter(), TO, 1)


async def test_a_server_that_says_nothing_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every wait has an end."""
    monkeypatch.setattr(ways, "TIMEOUT_S", 0.2)
    gone = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()
        gone.set()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(Unavailable, match="did not answer"):
            await smtp(port, "none", None).send(letter(), TO, 1)
        async with asyncio.timeout(20):
            await gone.wait()


async def test_a_file_of_certificates_that_cannot_be_read(tmp_path: Path) -> None:
    """The file is named; mail waits."""
    with pytest.raises(Unavailable, match=r"nothing\.crt"):
        await smtp(1, "tls", tmp_path / "nothing.crt").send(letter(), TO, 1)


async def test_the_folder_takes_whole_files_for_its_owner(tmp_path: Path) -> None:
    """RFC 5322 in `.eml` files, 0600 in 0700, since they may hold a link."""
    folder = tmp_path / "a" / "mail"
    await FolderWay(folder).send(letter(), TO, 7)
    (file,) = folder.iterdir()
    assert file.name == "00000007.eml"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert file.stat().st_mode & 0o777 == 0o600
    message = message_from_bytes(file.read_bytes(), policy=default)
    assert (message["To"], message["Subject"]) == (TO, "Angekommen")


async def test_the_folder_has_a_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest files leave when more come."""
    monkeypatch.setattr(ways, "FILES_MOST", 2)
    for number in range(9, 12):
        await FolderWay(tmp_path).send(letter(), TO, number)
    assert names(tmp_path) == ["00000010.eml", "00000011.eml"]


async def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    """The folder is named; mail waits."""
    (tmp_path / "file").touch()
    with pytest.raises(Unavailable, match="file"):
        await FolderWay(tmp_path / "file").send(letter(), TO, 1)


def test_the_settings_choose_the_way(tmp_path: Path) -> None:
    """A server where one is set, else the folder."""
    sender = Address("", "a", "b.ch")
    assert way_of(MailOptions(sender, tmp_path)).name == "folder"
    server = Smtp("h", 465, "tls")
    assert way_of(MailOptions(sender, tmp_path, server)).name == "smtp"
