"""The settings of mail: what may be written, and what is refused with what to do."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ohmstead.errors import BadInput
from ohmstead.settings.cloud import CloudOptions
from ohmstead.settings.mail import Smtp, default_sender, origin_of, sender_of, smtp_of


@pytest.mark.parametrize(
    "url, server",
    [
        ("smtps://h", Smtp("h", 465, "tls")),
        ("smtp://h", Smtp("h", 587, "starttls")),
        ("smtp://h:2525?security=starttls", Smtp("h", 2525, "starttls")),
        ("smtp://127.0.0.1?security=none", Smtp("127.0.0.1", 25, "none")),
        ("smtp://[::1]:25?security=none", Smtp("::1", 25, "none")),
        ("smtps://me%40b.ch:p%2Fw@h", Smtp("h", 465, "tls", "me@b.ch", "p/w")),
        ("smtps://h?ca=/etc/ca.crt", Smtp("h", 465, "tls", ca=Path("/etc/ca.crt"))),
    ],
)
def test_a_server_is_named_by_a_url(url: str, server: Smtp) -> None:
    """RFC 8314, 7.3 (465), RFC 6409, 3.1 (587): TLS unless it is said otherwise."""
    assert smtp_of(url) == server


def test_a_password_beside_the_url_counts_and_is_not_shown() -> None:
    """Style 7: secrets stand in no text that is made of the settings."""
    server = smtp_of("smtps://me:in-url@h", "beside")
    assert server.password == "beside"
    assert "beside" not in repr(server)
    assert server.shown == "h:465"


@pytest.mark.parametrize(
    "url, words",
    [
        ("", "it looks like smtps://"),
        ("http://h", "it looks like smtps://"),
        ("smtp://h/path", "it looks like smtps://"),
        ("smtp://h:99999", "Port out of range"),
        ("smtp://[::1", "Invalid IPv6"),
        ("smtp://h?tls=no", "'tls' in the SMTP URL"),
        ("smtps://h?security=none", "does not fit smtps:"),
        ("smtps://me@h", "--smtp-password-file"),
        ("smtp://me:secret@h?security=none", "without TLS"),
    ],
)
def test_what_is_no_server_is_said_without_its_password(url: str, words: str) -> None:
    """BadInput names what is wrong and what it looks like."""
    with pytest.raises(BadInput, match=words) as raised:
        smtp_of(url)
    assert "secret" not in str(raised.value)


@settings(max_examples=50)
@given(st.text(max_size=40))
def test_noise_is_refused_and_nothing_else(noise: str) -> None:
    """A person may write anything on the command line."""
    for reads in (smtp_of, sender_of, origin_of):
        try:
            reads(noise)
        except BadInput:
            continue


@pytest.mark.parametrize("written", ["", "x", "<>", "a@b\nBcc: x@y.ch", "ü@b.ch", "a@b@c", "@b"])
def test_what_is_no_sender_is_refused(written: str) -> None:
    """RFC 5322, 3.4: and nobody adds a header."""
    with pytest.raises(BadInput, match=r"Ohmstead <ohmstead@example\.org>"):
        sender_of(written)


@pytest.mark.parametrize(
    "written",
    ["energy.example", "ftp://h", "https://", "https://h/path", "https://u@h", "http://h?x"],
)
def test_what_is_no_address_of_pages_is_refused(written: str) -> None:
    """Links in mails begin with it, so that it is a scheme, a host and a port."""
    with pytest.raises(BadInput):
        origin_of(written)


def test_without_a_word_mail_goes_into_the_data_folder(tmp_path: Path) -> None:
    """docs/accounts.md, mail: `mail` in the data folder, from this machine."""
    post = CloudOptions(tmp_path).post
    assert (post.smtp, post.folder, post.sender) == (None, tmp_path / "mail", default_sender())
    assert default_sender().username == "ohmstead"
