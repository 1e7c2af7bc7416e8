"""What the API takes and gives about accounts, people and organisations: each shape once."""

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from ohmstead.access import passwords
from ohmstead.dashboard.shapes import Code, Email, NewPassword, RoleName, Shape, Token

Name = Annotated[str, Meta(max_length=200)]
OrganisationName = Annotated[str, Meta(min_length=1, max_length=200)]
Language = Literal["en", "de"]
CurrentPassword = Annotated[str, Meta(max_length=passwords.LONGEST)]


class SignUp(Shape, frozen=True):
    """Who wants an account, and how their organisation is called."""

    email: Email
    organisation: OrganisationName
    language: Language | UnsetType = UNSET


class Forgotten(Shape, frozen=True):
    """Who cannot sign in any more."""

    email: Email


class LinkToken(Shape, frozen=True):
    """A link that was mailed."""

    token: Token


class LinkMeaning(Struct, frozen=True, kw_only=True):
    """What a link is good for, and until when; `role` and `organisation` of who will join."""

    purpose: Literal["sign-in", "reset", "address", "invitation", "sign-up"]
    email: str | None
    role: RoleName | None
    organisation: str | None
    expires_at: datetime


class Activation(Shape, frozen=True):
    """Who follows an invitation or a sign-up, and their password from now on."""

    token: Token
    password: NewPassword
    name: Name = ""
    language: Language | UnsetType = UNSET


class Reset(Shape, frozen=True):
    """A new password in place of a forgotten one."""

    token: Token
    password: NewPassword


class Session(Struct, frozen=True, kw_only=True):
    """One's session; `agent` is what the browser said it is, `current` the one that asks."""

    id: int
    begun_at: datetime
    seen_at: datetime
    address: str
    agent: str
    current: bool


class Sessions(Struct, frozen=True, kw_only=True):
    """One's sessions, the last used first."""

    items: list[Session]


class SecondFactor(Struct, frozen=True, kw_only=True):
    """Whether signing in asks for a code; how many recovery codes are left."""

    since: datetime | None
    recovery_codes_left: int


class Proof(Shape, frozen=True):
    """The present password, where there is one."""

    current_password: CurrentPassword | UnsetType = UNSET


class Proposal(Struct, frozen=True, kw_only=True):
    """What an authenticator is told, shown once: as a picture of `uri`, or typed."""

    secret: str
    uri: str


class GivenCode(Shape, frozen=True):
    """A code of one's authenticator, or a recovery code."""

    code: Code


class RecoveryCodes(Struct, frozen=True, kw_only=True):
    """Codes for the day the authenticator is lost; shown once."""

    recovery_codes: list[str]


class Person(Struct, frozen=True, kw_only=True):
    """Somebody; `seen_at` is when a session of theirs was last used."""

    id: int
    email: str
    name: str
    role: RoleName
    organisation: int | None
    organisation_name: str | None
    has_password: bool
    second_factor: bool
    seen_at: datetime | None


class Invitation(Struct, frozen=True, kw_only=True):
    """Somebody who was invited and has not come yet."""

    id: int
    email: str
    role: RoleName
    organisation: int | None
    organisation_name: str | None
    made_by: str | None
    made_at: datetime
    expires_at: datetime


class People(Struct, frozen=True, kw_only=True):
    """Who there is, and who was invited; `next` is the cursor of the next page, or null."""

    items: list[Person]
    invitations: list[Invitation]
    next: int | None


class Invite(Shape, frozen=True):
    """Whom to invite as what; `organisation` null is the whole installation, absent one's own."""

    email: Email
    role: RoleName
    organisation: int | UnsetType | None = UNSET
    language: Language | UnsetType = UNSET


class Invited(Struct, frozen=True, kw_only=True):
    """The invitation.

    `link` is its address, this once, where mail goes into a folder and one may read that.
    """

    invitation: Invitation
    link: str | None


class Change(Shape, frozen=True):
    """What to change about somebody."""

    role: RoleName


class Organisation(Struct, frozen=True, kw_only=True):
    """An organisation, and how much belongs to it."""

    id: int
    name: str
    people: int
    sites: int
    meters: int


class Organisations(Struct, frozen=True, kw_only=True):
    """The organisations one may see; `next` is the cursor of the next page, or null."""

    items: list[Organisation]
    next: int | None


class Named(Shape, frozen=True):
    """How an organisation is called."""

    name: OrganisationName


class AuditEntry(Struct, frozen=True, kw_only=True):
    """One step: who did what to what."""

    id: int
    at: datetime
    actor: str
    organisation: int | None
    action: str
    subject: str
    detail: dict[str, Any] | None


class AuditLog(Struct, frozen=True, kw_only=True):
    """Steps, the newest first; `next` is the cursor of the next page, null on the last."""

    items: list[AuditEntry]
    next: int | None


class Mail(Struct, frozen=True, kw_only=True):
    """What became of a mail; what it said is not told."""

    id: int
    made_at: datetime
    recipient: str
    kind: str
    state: Literal["waiting", "sent", "dead"]
    way: str | None
    tries: int
    next_at: datetime
    done_at: datetime | None
    error: str | None


class Post(Struct, frozen=True, kw_only=True):
    """How mail goes out, and what became of the last ones.

    `way` `folder`: no SMTP server is set, every mail is a file in `folder` and nobody gets it.
    """

    way: Literal["smtp", "folder"]
    server: str | None
    security: Literal["tls", "starttls", "none"] | None
    folder: str | None
    sender: str
    waiting: int
    sent: int
    dead: int
    items: list[Mail]
