"""What the made-up cloud answers about accounts: people, sessions, codes, the log, mail."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

CODE = "123456"
SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
RECOVERY = [f"{word}-efgh-ijkl-mnop" for word in ("abcd", "bcde", "cdef", "defg")]
LINK = "https://cloud.example/join/a-token-that-nobody-guesses"
API_TOKEN = "oht_made-up-as-everything-here"
TOKENS = {
    "invited": "invitation",
    "signing-up": "sign-up",
    "forgotten": "reset",
    "moving": "address",
}
NOW = datetime(2025, 11, 21, 12, tzinfo=UTC)

Answer = tuple[int, Any]


def person(number: int, email: str, name: str, role: str, works: bool = True) -> dict[str, Any]:
    """Somebody, of Works or of the whole installation."""
    return {
        "id": number,
        "email": email,
        "name": name,
        "role": role,
        "organisation": 1 if works else None,
        "organisation_name": "Stadtwerke Lindenhof" if works else None,
        "has_password": True,
        "second_factor": number == 2,
        "seen_at": NOW.isoformat() if number < 3 else None,
    }


def invitation(number: int, email: str, role: str) -> dict[str, Any]:
    """Somebody who was invited to Works."""
    return {
        "id": number,
        "email": email,
        "role": role,
        "organisation": 1,
        "organisation_name": "Stadtwerke Lindenhof",
        "made_by": "ada@example.org",
        "made_at": NOW.isoformat(),
        "expires_at": (NOW + timedelta(days=7)).isoformat(),
    }


def api_token(number: int, name: str, scope: str = "read") -> dict[str, Any]:
    """A token of somebody's program."""
    return {
        "id": number,
        "owner": "ada@example.org",
        "scope": scope,
        "organisation": None,
        "name": name,
        "made_at": NOW.isoformat(),
        "made_by": "ada@example.org",
        "expires_at": (NOW + timedelta(days=30)).isoformat(),
        "used_at": NOW.isoformat() if number == 1 else None,
        "used_from": "192.0.2.7" if number == 1 else None,
    }


@dataclass
class Accounts:
    """What the made-up cloud knows of accounts; tests change it."""

    second_since: str | None = None
    asks_for_code: bool = False
    sign_up: bool = True
    smtp: bool = False
    people: list[dict[str, Any]] = field(
        default_factory=lambda: [
            person(1, "ada@example.org", "Ada", "admin", works=False),
            person(2, "bartholomew.featherstonehaugh@energy.example.org", "Bartholomew", "manager"),
            person(3, "cleo@example.org", "", "viewer"),
        ]
    )
    invitations: list[dict[str, Any]] = field(
        default_factory=lambda: [invitation(7, "dora@example.org", "viewer")]
    )
    organisations: list[dict[str, Any]] = field(
        default_factory=lambda: [
            {"id": 1, "name": "Stadtwerke Lindenhof", "people": 2, "sites": 3, "meters": 5},
            {"id": 2, "name": "Empty house", "people": 0, "sites": 0, "meters": 0},
        ]
    )
    sessions: list[dict[str, Any]] = field(
        default_factory=lambda: [
            {
                "id": number,
                "begun_at": NOW.isoformat(),
                "seen_at": NOW.isoformat(),
                "address": f"192.0.2.{number}",
                "agent": agent,
                "current": number == 1,
            }
            for number, agent in (
                (1, "Mozilla/5.0 (X11; Linux x86_64) Chrome/131.0.0.0 Safari/537.36"),
                (2, "Mozilla/5.0 (Android 15; Mobile; rv:132.0) Gecko/132.0 Firefox/132.0"),
            )
        ]
    )

    tokens: list[dict[str, Any]] = field(default_factory=lambda: [api_token(1, "an old script")])

    def open_to_all(self, method: str, path: list[str], body: Any) -> Answer | None:
        """What strangers may ask; None for what is none of this."""
        token = (body or {}).get("token", "")
        match method, path:
            case "POST", ["sign-up"] | ["password", "forgotten"]:
                return 204, None
            case "POST", ["link"]:
                return self._meaning(token)
            case "POST", ["activation"]:
                return (200, "signed in") if TOKENS.get(token) else (401, None)
            case "POST", ["password", "reset"] | ["account", "address"]:
                return (204, None) if TOKENS.get(token) else (401, None)
        return None

    def _meaning(self, token: str) -> Answer:
        if token not in TOKENS:
            return 401, None
        invited = TOKENS[token] in ("invitation", "sign-up")
        return 200, {
            "purpose": TOKENS[token],
            "email": "new@example.org",
            "role": "viewer" if invited else None,
            "organisation": "Stadtwerke Lindenhof" if invited else None,
            "expires_at": NOW.isoformat(),
        }

    def answer(  # noqa: PLR0911  (a table)
        self, method: str, path: list[str], query: dict[str, str], body: Any
    ) -> Answer | None:
        """What somebody who is signed in may ask; None for what is none of this."""
        match path:
            case ["account", "sessions", *rest]:
                return self._sessions(method, rest)
            case ["tokens", *rest]:
                return self._tokens(method, rest, body)
            case ["account", "second-factor", *rest]:
                return self._second(method, rest, body)
            case ["people", *rest]:
                return self._people(method, rest, body)
            case ["organisations", *rest]:
                return self._organisations(method, rest, body)
            case ["audit"]:
                return self._audit(query)
            case ["mail", *rest]:
                return (202 if rest else 200), self._mail()
        return None

    def _sessions(self, method: str, rest: list[str]) -> Answer:
        if method == "GET":
            return 200, {"items": self.sessions}
        kept = [
            each
            for each in self.sessions
            if each["current"] or (rest and str(each["id"]) != rest[0])
        ]
        self.sessions = kept
        return 204, None

    def _tokens(self, method: str, rest: list[str], body: Any) -> Answer:
        if method == "GET":
            return 200, {"items": self.tokens}
        if method == "POST":
            made = api_token(2, body["name"], body["scope"])
            self.tokens = [*self.tokens, made]
            return 201, {"id": 2, "token": API_TOKEN, "made": made}
        self.tokens = [each for each in self.tokens if str(each["id"]) != rest[0]]
        return 204, None

    def _second(self, method: str, rest: list[str], body: Any) -> Answer:
        if method == "GET":
            left = 10 if self.second_since else 0
            return 200, {"since": self.second_since, "recovery_codes_left": left}
        if not rest:
            right = body.get("current_password") == "correct horse battery"
            uri = f"otpauth://totp/Ohmstead:ada%40example.org?secret={SECRET}&issuer=Ohmstead"
            return (200, {"secret": SECRET, "uri": uri}) if right else (403, None)
        if body["code"].replace(" ", "") != CODE:
            return 400, [{"field": "code", "message": "it is not the present code"}]
        if rest == ["off"]:
            self.second_since = None
            return 204, None
        self.second_since = NOW.isoformat()
        return 200, {"recovery_codes": RECOVERY}

    def _people(  # noqa: PLR0911  (a table)
        self, method: str, rest: list[str], body: Any
    ) -> Answer:
        match method, rest:
            case "GET", []:
                return 200, {"items": self.people, "invitations": self.invitations}
            case "POST", ["invitations"]:
                made = invitation(8, body["email"], body["role"])
                self.invitations = [*self.invitations, made]
                return 201, {"invitation": made, "link": None if self.smtp else LINK}
            case "POST", ["invitations", _]:
                return 200, {"invitation": self.invitations[0], "link": None if self.smtp else LINK}
            case "DELETE", ["invitations", number]:
                self.invitations = [each for each in self.invitations if str(each["id"]) != number]
                return 204, None
            case "PUT", [number]:
                found = next(each for each in self.people if str(each["id"]) == number)
                found["role"] = body["role"]
                return 200, found
            case "DELETE", [number]:
                self.people = [each for each in self.people if str(each["id"]) != number]
                return 204, None
        return 204, None

    def _organisations(self, method: str, rest: list[str], body: Any) -> Answer:
        match method, rest:
            case "GET", []:
                return 200, {"items": self.organisations}
            case "POST", []:
                made = {"id": 3, "name": body["name"], "people": 0, "sites": 0, "meters": 0}
                self.organisations = [*self.organisations, made]
                return 201, made
            case "PUT", [number]:
                found = next(each for each in self.organisations if str(each["id"]) == number)
                found["name"] = body["name"]
                return 200, found
        self.organisations = [each for each in self.organisations if str(each["id"]) != rest[0]]
        return 204, None

    def _audit(self, query: dict[str, str]) -> Answer:
        first = int(query.get("after", 90)) - 1
        steps = [
            {
                "id": first - number,
                "at": (NOW - timedelta(minutes=number)).isoformat(),
                "actor": "ada@example.org",
                "organisation": 1,
                "action": "role changed" if number % 2 else "signed in",
                "subject": "bartholomew.featherstonehaugh@energy.example.org",
                "detail": {"from": "viewer", "to": "manager"} if number % 2 else None,
            }
            for number in range(0 if query.get("subject", "b") not in "bartholomew" else 20)
        ]
        return 200, {
            "items": steps,
            "next": first - 19 if steps and "after" not in query else None,
        }

    def _mail(self) -> dict[str, Any]:
        said = {
            "id": 3,
            "made_at": NOW.isoformat(),
            "recipient": "bartholomew.featherstonehaugh@energy.example.org",
            "kind": "invitation",
            "state": "waiting",
            "way": None,
            "tries": 2,
            "next_at": NOW.isoformat(),
            "done_at": None,
            "error": "smtp.example.org:587 cannot be reached: Connection refused",
        }
        dead = {**said, "id": 2, "state": "dead", "kind": "reset"}
        sent = {**said, "id": 1, "state": "sent", "way": "smtp" if self.smtp else "folder"}
        return {
            "way": "smtp" if self.smtp else "folder",
            "server": "smtp.example.org:587" if self.smtp else None,
            "security": "starttls" if self.smtp else None,
            "folder": None if self.smtp else "/var/lib/ohmstead/cloud/mail",
            "sender": "Ohmstead <ohmstead@example.org>",
            "waiting": 1 if self.smtp else 0,
            "sent": 12,
            "dead": 1,
            "items": [said, dead, sent] if self.smtp else [{**sent, "error": None}],
        }
