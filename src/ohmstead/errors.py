"""What can go wrong, as one tree; each error knows the HTTP status it means.

An error says what happened, with which value, and what to do about it. Trouble that is expected
while data flow (a bad telegram, a late packet) is not here: it is a value, counted and shown.
"""


class OhmsteadError(Exception):
    """Anything Ohmstead itself reports; `status` is what an HTTP surface answers with."""

    status = 500


class BadInput(OhmsteadError):
    """What was given is not acceptable: the text names the field, the value and the remedy."""

    status = 400


class NotSignedIn(OhmsteadError):
    """The request carries no valid credential."""

    status = 401


class Forbidden(OhmsteadError):
    """The credential is valid but may not do this."""

    status = 403


class NotFound(OhmsteadError):
    """The named thing does not exist (or is not visible to who asks)."""

    status = 404


class Conflict(OhmsteadError):
    """The thing exists already, or is in a state that does not allow this."""

    status = 409


class TooLarge(OhmsteadError):
    """More bytes than this place takes."""

    status = 413


class WrongKind(OhmsteadError):
    """The body is of a kind that this place does not take."""

    status = 415


class TooMany(OhmsteadError):
    """A bound on pending or repeated work is reached; try again later."""

    status = 429


class Unavailable(OhmsteadError):
    """A part that is needed is away for now; try again later."""

    status = 503
