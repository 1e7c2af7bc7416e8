"""A letter becomes a mail: plain text and simple HTML, in the reader's language."""

import html
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from ohmstead.alerts.words import LINK_HINT, MOMENT, ROLES, TEXTS, WHOLE, Text
from ohmstead.errors import BadInput

LANGUAGE = "en"
"""Of whoever has not chosen one."""
NAME_LONGEST, REASON_LONGEST = 60, 1000
PAGE = """<!doctype html>
<html lang="{language}"><head><meta charset="utf-8"><title>{subject}</title></head>
<body style="margin:0;padding:24px;font:16px/1.5 system-ui,sans-serif;color:#1b1f26">
<div style="max-width:34em;margin:0 auto">
{body}
</div></body></html>
"""
BUTTON = (
    '<p><a href="{link}" style="display:inline-block;padding:10px 18px;border-radius:8px;'
    'background:#0b6b58;color:#ffffff;text-decoration:none">{verb}</a></p>'
    '<p style="font-size:14px">{hint}<br><a href="{link}">{link}</a></p>'
)


def mail(
    recipient: str,
    kind: str,
    language: str | None,
    fields: Mapping[str, str],
    *,
    sender: Address,
    at: datetime,
    number: int = 0,
) -> EmailMessage:
    """The mail of a letter that was written at `at`, ready to be sent.

    Written again it is the same mail, by the Message-ID: one that goes twice is shown once.

    BadInput when nobody can have that address.  Source: RFC 5322; RFC 3834, 5.2 (Auto-Submitted).
    """
    spoken = language if language is not None and language in TEXTS else LANGUAGE
    text, filled = TEXTS[spoken][kind], _filled(fields, spoken)
    subject = text.subject.format_map(filled)
    message = EmailMessage(policy=SMTP)
    message["From"] = sender
    message["To"] = address_of(recipient)
    message["Subject"] = subject
    message["Date"] = format_datetime(at)
    message["Message-ID"] = f"<ohmstead.{number}.{at.timestamp():.0f}@{sender.domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message["Content-Language"] = spoken
    paragraphs = [each.format_map(filled) for each in text.paragraphs]
    message.set_content(_plain(paragraphs, text, fields.get("link")), cte="quoted-printable")
    message.add_alternative(
        _page(subject, paragraphs, text, fields.get("link"), spoken),
        subtype="html",
        cte="quoted-printable",
    )
    return message


def address_of(recipient: str) -> Address:
    """`recipient` as a header and SMTP take it, a domain beyond ASCII encoded; BadInput.

    >>> str(address_of("anna@zähler.example"))
    'anna@xn--zhler-gra.example'
    """
    local, _, domain = recipient.rpartition("@")
    try:
        return Address(addr_spec=f"{local}@{domain.encode('idna').decode()}")
    except (ValueError, IndexError, MessageError) as trouble:
        raise BadInput(f"mail cannot be sent to {recipient!r} ({trouble})") from trouble


def _filled(fields: Mapping[str, str], language: str) -> dict[str, str]:
    """What stands in the slots: names are other people's words, so that no link hides in them."""
    known = {name: value for name, value in fields.items() if name not in ("link", "until")}
    filled = {
        name: _harmless(value, REASON_LONGEST if name == "reason" else NAME_LONGEST)
        for name, value in known.items()
    }
    filled["place"] = filled.get("organisation") or WHOLE[language]
    filled["role"] = ROLES[language].get(fields.get("role", ""), "")
    if "until" in fields:
        until = datetime.fromisoformat(fields["until"]).astimezone(UTC)
        filled["until"] = until.strftime(MOMENT[language])
    return filled


def _harmless(name: str, longest: int = NAME_LONGEST) -> str:
    """A name without what a mail program would make a link of; an address stays one.

    >>> _harmless("Win! https://evil.example/now"), _harmless("anna@example.org")
    ('Win! https evil. example now', 'anna@example.org')
    """
    if re.fullmatch(r"[^\s@/:]+@[^\s@/:]+", name):
        return name
    plain = re.sub(r"\.(?=\w)", ". ", re.sub(r"[<>/:\\@]+", " ", name))
    return plain if len(plain) <= longest else f"{plain[: longest - 1]}…"


def _plain(paragraphs: list[str], text: Text, link: str | None) -> str:
    parts = list(paragraphs)
    if text.verb and link:
        parts.insert(1, f"{text.verb}:\n{link}")
    return "\n\n".join([*parts, "Ohmstead"]) + "\n"


def _page(subject: str, paragraphs: list[str], text: Text, link: str | None, language: str) -> str:
    parts = [f"<p>{html.escape(each)}</p>" for each in paragraphs]
    if text.verb and link:
        button = BUTTON.format(
            link=html.escape(link),
            verb=html.escape(text.verb),
            hint=html.escape(LINK_HINT[language]),
        )
        parts.insert(1, button)
    parts.append("<p>Ohmstead</p>")
    return PAGE.format(language=language, subject=html.escape(subject), body="\n".join(parts))
