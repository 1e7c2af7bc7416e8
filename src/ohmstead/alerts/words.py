"""What letters say, in every language of the pages; {slots} are filled by `letters.py`.

*To add a letter: one kind here, in each language.*
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Text:
    """One letter: its subject, its paragraphs, and what the link is called, if it has one."""

    subject: str
    paragraphs: tuple[str, ...]
    verb: str | None = None


ENGLISH: Mapping[str, Text] = MappingProxyType(
    {
        "invitation": Text(
            "You are invited to {place}",
            (
                "{by} invites you to {place} on Ohmstead, as {role}.",
                "Follow the link and choose a password. It works once, until {until}.",
                "If you do not know what this is about, do nothing; no account is made then.",
            ),
            "Accept the invitation",
        ),
        "invited-known": Text(
            "An invitation to {place}",
            (
                "{by} invited you to {place} on Ohmstead, but this address has an account already, "
                "and an account belongs to one organisation.",
                "Ask {by} to invite another address of yours, or an admin of the installation to "
                "move your account.",
            ),
        ),
        "sign-up": Text(
            "Activate your account",
            (
                "Somebody, probably you, asked for an Ohmstead account with this address.",
                "Follow the link and choose a password. It works once, until {until}.",
                "If it was not you, do nothing; no account is made then.",
            ),
            "Activate the account",
        ),
        "known": Text(
            "You have an account already",
            (
                "Somebody, probably you, asked for an Ohmstead account with this address. There is "
                "one already, and nothing has changed.",
                "Sign in with your password, or choose a new one there if you have forgotten it.",
            ),
            "Go to sign-in",
        ),
        "reset": Text(
            "Choose a new password",
            (
                "Somebody, probably you, asked for a new password for this address.",
                "Follow the link and choose one. It works once, until {until}; every session ends "
                "with it.",
                "If it was not you, do nothing; your password stays as it is.",
            ),
            "Choose a new password",
        ),
        "address": Text(
            "Confirm your new address",
            (
                "The Ohmstead account {old} is to have this address from now on.",
                "Follow the link to confirm it. It works once, until {until}.",
                "If it was not you, do nothing; the account keeps its address.",
            ),
            "Confirm the address",
        ),
        "address-changed": Text(
            "The address of your account was changed",
            (
                "Your Ohmstead account has another e-mail address now: {address}.",
                "If it was not you, tell an admin of your installation at once.",
            ),
        ),
        "password-changed": Text(
            "Your password was changed",
            (
                "Your Ohmstead account has a new password, and every other session has ended.",
                "If it was not you, tell an admin of your installation at once.",
            ),
        ),
        "second-step-on": Text(
            "Signing in now asks for a code",
            (
                "Your Ohmstead account asks for a code of your authenticator from now on.",
                "If it was not you, tell an admin of your installation at once.",
            ),
        ),
        "second-step-off": Text(
            "Signing in no longer asks for a code",
            (
                "The second step of your Ohmstead account was turned off by {by}.",
                "If you did not expect that, tell an admin of your installation at once.",
            ),
        ),
        "integration-requested": Text(
            "A request for an integration",
            (
                "{by} asks for the integration {integration}.",
                "Approve it, or refuse it with a reason, on its page.",
            ),
            "Look at the request",
        ),
        "integration-approved": Text(
            "The integration {integration} is approved",
            (
                "The integration {integration} was approved and can begin.",
                "Its page has the connection sheet: address, certificate, user name and topic. The "
                "password is made there, and shown once.",
            ),
            "Open the connection sheet",
        ),
        "integration-refused": Text(
            "The integration {integration} was refused",
            (
                "An admin of the installation refused the integration {integration}.",
                "The reason: {reason}",
            ),
            "Look at the request",
        ),
        "test": Text(
            "It arrived",
            ("This is the test you sent from the mail page of Ohmstead. Mail works.",),
        ),
    }
)
GERMAN: Mapping[str, Text] = MappingProxyType(
    {
        "invitation": Text(
            "Sie sind zu {place} eingeladen",
            (
                "{by} lädt Sie auf Ohmstead zu {place} ein, als {role}.",
                "Öffnen Sie den Link und wählen Sie ein Passwort. Er gilt einmal, bis {until}.",
                "Wenn Sie nicht wissen, worum es geht, tun Sie nichts; dann entsteht kein Konto.",
            ),
            "Einladung annehmen",
        ),
        "invited-known": Text(
            "Eine Einladung zu {place}",
            (
                "{by} hat Sie auf Ohmstead zu {place} eingeladen, aber diese Adresse hat schon ein "
                "Konto, und ein Konto gehört zu einer Organisation.",
                "Bitten Sie {by}, eine andere Adresse von Ihnen einzuladen, oder einen Admin der "
                "Installation, Ihr Konto umzuziehen.",
            ),
        ),
        "sign-up": Text(
            "Aktivieren Sie Ihr Konto",
            (
                "Jemand, wahrscheinlich Sie, möchte mit dieser Adresse ein Ohmstead-Konto.",
                "Öffnen Sie den Link und wählen Sie ein Passwort. Er gilt einmal, bis {until}.",
                "Wenn Sie es nicht waren, tun Sie nichts; dann entsteht kein Konto.",
            ),
            "Konto aktivieren",
        ),
        "known": Text(
            "Sie haben schon ein Konto",
            (
                "Jemand, wahrscheinlich Sie, möchte mit dieser Adresse ein Ohmstead-Konto. Es gibt "
                "schon eines, und nichts hat sich geändert.",
                "Melden Sie sich mit Ihrem Passwort an, oder wählen Sie dort ein neues, wenn Sie "
                "es vergessen haben.",
            ),
            "Zur Anmeldung",
        ),
        "reset": Text(
            "Wählen Sie ein neues Passwort",
            (
                "Jemand, wahrscheinlich Sie, möchte für diese Adresse ein neues Passwort.",
                "Öffnen Sie den Link und wählen Sie eines. Er gilt einmal, bis {until}; damit "
                "endet jede Sitzung.",
                "Wenn Sie es nicht waren, tun Sie nichts; Ihr Passwort bleibt, wie es ist.",
            ),
            "Neues Passwort wählen",
        ),
        "address": Text(
            "Bestätigen Sie Ihre neue Adresse",
            (
                "Das Ohmstead-Konto {old} soll künftig diese Adresse haben.",
                "Öffnen Sie den Link, um sie zu bestätigen. Er gilt einmal, bis {until}.",
                "Wenn Sie es nicht waren, tun Sie nichts; das Konto behält seine Adresse.",
            ),
            "Adresse bestätigen",
        ),
        "address-changed": Text(
            "Die Adresse Ihres Kontos wurde geändert",
            (
                "Ihr Ohmstead-Konto hat jetzt eine andere E-Mail-Adresse: {address}.",
                "Wenn Sie es nicht waren, sagen Sie es sofort einem Admin Ihrer Installation.",
            ),
        ),
        "password-changed": Text(
            "Ihr Passwort wurde geändert",
            (
                "Ihr Ohmstead-Konto hat ein neues Passwort, und jede andere Sitzung ist beendet.",
                "Wenn Sie es nicht waren, sagen Sie es sofort einem Admin Ihrer Installation.",
            ),
        ),
        "second-step-on": Text(
            "Die Anmeldung fragt jetzt nach einem Code",
            (
                "Ihr Ohmstead-Konto fragt ab jetzt nach einem Code Ihrer Authenticator-App.",
                "Wenn Sie es nicht waren, sagen Sie es sofort einem Admin Ihrer Installation.",
            ),
        ),
        "second-step-off": Text(
            "Die Anmeldung fragt nicht mehr nach einem Code",
            (
                "{by} hat den zweiten Schritt Ihres Ohmstead-Kontos ausgeschaltet.",
                "Wenn Sie das nicht erwartet haben, sagen Sie es sofort einem Admin Ihrer "
                "Installation.",
            ),
        ),
        "integration-requested": Text(
            "Eine Anfrage für eine Integration",
            (
                "{by} möchte die Integration {integration}.",
                "Genehmigen Sie sie auf ihrer Seite, oder lehnen Sie sie mit einer Begründung ab.",
            ),
            "Anfrage ansehen",
        ),
        "integration-approved": Text(
            "Die Integration {integration} ist genehmigt",
            (
                "Die Integration {integration} wurde genehmigt und kann beginnen.",
                "Auf ihrer Seite steht das Verbindungsblatt: Adresse, Zertifikat, Benutzername und "
                "Topic. Das Passwort wird dort gemacht und einmal gezeigt.",
            ),
            "Verbindungsblatt öffnen",
        ),
        "integration-refused": Text(
            "Die Integration {integration} wurde abgelehnt",
            (
                "Ein Admin der Installation hat die Integration {integration} abgelehnt.",
                "Die Begründung: {reason}",
            ),
            "Anfrage ansehen",
        ),
        "test": Text(
            "Angekommen",
            ("Das ist der Test von der E-Mail-Seite von Ohmstead. Der Versand funktioniert.",),
        ),
    }
)
TEXTS: Mapping[str, Mapping[str, Text]] = MappingProxyType({"en": ENGLISH, "de": GERMAN})
WHOLE: Mapping[str, str] = MappingProxyType(
    {"en": "the whole installation", "de": "der ganzen Installation"}
)
ROLES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "en": MappingProxyType({"admin": "admin", "manager": "manager", "viewer": "viewer"}),
        "de": MappingProxyType({"admin": "Admin", "manager": "Manager", "viewer": "Betrachter"}),
    }
)
MOMENT: Mapping[str, str] = MappingProxyType(
    {"en": "%d/%m/%Y, %H:%M UTC", "de": "%d.%m.%Y, %H:%M UTC"}
)
"""How a moment is written; nobody knows the reader's time zone."""
LINK_HINT: Mapping[str, str] = MappingProxyType(
    {
        "en": "If the button does not work, open this address:",
        "de": "Wenn die Schaltfläche nicht geht, öffnen Sie diese Adresse:",
    }
)
