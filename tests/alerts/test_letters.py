"""A letter becomes a mail that every program can read."""

import re
import string
from datetime import UTC, datetime
from email import message_from_bytes
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import default

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ohmstead.alerts.letters import address_of, mail
from ohmstead.alerts.words import ENGLISH, GERMAN, ROLES, Text
from ohmstead.errors import BadInput

NOW = datetime(2025, 11, 21, 12, tzinfo=UTC)
SENDER = Address("Ohmstead", "ohmstead", "example.org")
LINK = "https://cloud.example/join/" + "x" * 43
FIELDS = {
    "link": LINK,
    "organisation": "Works",
    "by": "boss@example.org",
    "role": "manager",
    "old": "old@example.org",
    "address": "new@example.org",
    "integration": "acmepower",
    "reason": "no contract",
    "until": "2025-11-28T13:00+01:00",
}


def read(message: EmailMessage) -> tuple[EmailMessage, str, str]:
    """The message as a mail program reads its bytes: itself, its plain and its HTML text."""
    again = message_from_bytes(message.as_bytes(), policy=default)
    assert isinstance(again, EmailMessage)
    plain, page = again.get_body(("plain",)), again.get_body(("html",))
    assert plain is not None
    assert page is not None
    return again, plain.get_content(), page.get_content()


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("kind", sorted(ENGLISH))
def test_every_letter_can_be_written_in_every_language(kind: str, language: str) -> None:
    """RFC 5322: From, To, Subject, Date, Message-ID; both parts say the same."""
    message = mail("a@b.ch", kind, language, FIELDS, sender=SENDER, at=NOW)
    again, plain, page = read(message)
    assert (again["From"], again["To"]) == ("Ohmstead <ohmstead@example.org>", "a@b.ch")
    assert again["Date"].datetime == NOW
    assert again["Message-ID"] == "<ohmstead.0.1763726400@example.org>"
    assert again["Auto-Submitted"] == "auto-generated"
    assert again.defects == []
    text = {"en": ENGLISH, "de": GERMAN}[language][kind]
    assert (LINK in plain) is (LINK in page) is (text.verb is not None)
    assert not re.search(r"[{}]", plain)
    assert "<script" not in page
    assert "src=" not in page


def slots(text: Text) -> list[str]:
    """What is filled in."""
    said = " ".join([text.subject, *text.paragraphs])
    return sorted({name for _, name, _, _ in string.Formatter().parse(said) if name})


@pytest.mark.parametrize("kind", sorted(ENGLISH))
def test_the_languages_say_the_same(kind: str) -> None:
    """The same letters with the same slots, and a link in both or in none."""
    assert set(GERMAN) == set(ENGLISH)
    assert slots(GERMAN[kind]) == slots(ENGLISH[kind])
    assert bool(GERMAN[kind].verb) == bool(ENGLISH[kind].verb)
    assert len(GERMAN[kind].paragraphs) == len(ENGLISH[kind].paragraphs)
    assert set(ROLES["de"]) == set(ROLES["en"])


def test_a_letter_says_when_its_link_ends() -> None:
    """In UTC, since nobody knows the reader's zone, and as the language writes it."""
    _, plain, _ = read(mail("a@b.ch", "invitation", "de", FIELDS, sender=SENDER, at=NOW))
    assert "bis 28.11.2025, 12:00 UTC" in plain
    assert "als Manager" in plain
    _, plain, _ = read(mail("a@b.ch", "invitation", None, FIELDS, sender=SENDER, at=NOW))
    assert "until 28/11/2025, 12:00 UTC" in plain


def test_the_whole_installation_has_words() -> None:
    """Where no organisation is named, it is the whole installation."""
    fields = {**FIELDS, "organisation": ""}
    again, _, _ = read(mail("a@b.ch", "invitation", "de", fields, sender=SENDER, at=NOW))
    assert again["Subject"] == "Sie sind zu der ganzen Installation eingeladen"


def test_no_link_hides_in_a_name() -> None:
    """A stranger chooses the name of an organisation; a mail must not carry their advert."""
    name = "<a href='https://evil.example'>Win</a> www.evil.example/now " + "x" * 99
    fields = {**FIELDS, "organisation": name}
    again, plain, page = read(mail("a@b.ch", "invitation", "en", fields, sender=SENDER, at=NOW))
    for text in (again["Subject"], plain, page):
        assert "evil.example" not in text
        assert "<a href='" not in text
        assert "x" * 60 not in text.replace(LINK, "")


def test_a_reason_is_told_whole() -> None:
    """Why an integration was refused is a text, longer than a name may be."""
    fields = {**FIELDS, "reason": "We need " + "a contract and " * 9 + "a date."}
    _, plain, _ = read(mail("a@b.ch", "integration-refused", "en", fields, sender=SENDER, at=NOW))
    assert fields["reason"] in " ".join(plain.split())


@settings(max_examples=40)
@given(st.text(max_size=80))
def test_any_name_can_be_written(name: str) -> None:
    """What people call things never breaks a mail, nor adds a header."""
    printable = "".join(each for each in name if each.isprintable())
    fields = {**FIELDS, "organisation": printable, "by": printable}
    again, _, _ = read(mail("a@b.ch", "invitation", "en", fields, sender=SENDER, at=NOW))
    assert again["To"] == "a@b.ch"
    assert again["Bcc"] is None


@pytest.mark.parametrize("email", ["a,b@c.ch", "<a@b>", "a@b>", "ü@b.ch", "a@b@c", '"@b', "a@.."])
def test_what_no_mail_can_be_sent_to_is_said(email: str) -> None:
    """RFC 5321, 4.1.2: BadInput names the address, and no second recipient comes of it."""
    with pytest.raises(BadInput, match="mail cannot be sent to"):
        address_of(email)


def test_a_domain_beyond_ascii_is_encoded() -> None:
    """RFC 5891: what goes over SMTP is ASCII."""
    assert address_of("anna@zähler.example").addr_spec == "anna@xn--zhler-gra.example"
