"""How mail goes out, and what became of it; for admins of the installation."""

from litestar import get, post
from litestar.di import NamedDependency

from ohmstead.access.roles import Action
from ohmstead.dashboard import account_shapes as shapes
from ohmstead.dashboard import letters
from ohmstead.dashboard.parts import Parts
from ohmstead.dashboard.problems import answers
from ohmstead.dashboard.proving import require
from ohmstead.dashboard.sessions import SIGNED_IN
from ohmstead.store.mails import Mail
from ohmstead.store.people import User

NEWEST = 100


@get("/api/mail", responses=answers(401, 503), security=SIGNED_IN, summary="How mail goes out")
async def mail(user: NamedDependency[User], parts: NamedDependency[Parts]) -> shapes.Post:
    """The SMTP server, or the folder where none is set; and what became of the last mails."""
    require(user, Action.MANAGE_INSTALLATION)
    return await _shown(parts)


@post(
    "/api/mail/test",
    status_code=202,
    responses=answers(401, 429, 503),
    security=SIGNED_IN,
    summary="Mail oneself",
)
async def test(user: NamedDependency[User], parts: NamedDependency[Parts]) -> shapes.Post:
    """Write a mail to oneself, to see whether it arrives."""
    require(user, Action.MANAGE_INSTALLATION)
    counted = f"test mails of user {user.id}"
    parts.attempts.begin(counted, counted)
    await letters.write(parts, user.email, "test", user.language)
    return await _shown(parts)


@post(
    "/api/mail/now",
    status_code=202,
    responses=answers(401, 503),
    security=SIGNED_IN,
    summary="Try what waits again",
)
async def hurry(user: NamedDependency[User], parts: NamedDependency[Parts]) -> shapes.Post:
    """Try every mail that waits now, without waiting for its turn."""
    require(user, Action.MANAGE_INSTALLATION)
    await parts.mails.hurry(parts.clock.now())
    parts.accounts.posted()
    return await _shown(parts)


async def _shown(parts: Parts) -> shapes.Post:
    options, counts = parts.accounts.mail, await parts.mails.counts()
    smtp = options.smtp
    return shapes.Post(
        way="folder" if smtp is None else "smtp",
        server=smtp.shown if smtp else None,
        security=smtp.security if smtp else None,
        folder=None if smtp else str(options.folder),
        sender=str(options.sender),
        waiting=counts.waiting,
        sent=counts.sent,
        dead=counts.dead,
        items=[_mail(each) for each in await parts.mails.newest(NEWEST)],
    )


def _mail(mail: Mail) -> shapes.Mail:
    return shapes.Mail(
        id=mail.id,
        made_at=mail.made_at,
        recipient=mail.recipient,
        kind=mail.kind,
        state="sent" if mail.state == "sent" else "dead" if mail.state == "dead" else "waiting",
        way=mail.way,
        tries=mail.tries,
        next_at=mail.next_at,
        done_at=mail.done_at,
        error=mail.error,
    )


ROUTES = [mail, test, hurry]
