"""One's own second step: set up an authenticator, confirm it, renew recovery codes, turn it off."""

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from ohmstead.access import codes
from ohmstead.dashboard import account_shapes as shapes
from ohmstead.dashboard import letters
from ohmstead.dashboard.parts import Parts
from ohmstead.dashboard.problems import CodeAsked, Misfit, answers
from ohmstead.dashboard.proving import Asked, by, prove_code, prove_password
from ohmstead.dashboard.sessions import SIGNED_IN
from ohmstead.errors import Conflict
from ohmstead.store.people import User

PATH = "/api/account/second-factor"
OFF = "the second step is off; set up an authenticator first"


@get(PATH, responses=answers(401, 503), security=SIGNED_IN, summary="One's second step")
async def second_factor(
    user: NamedDependency[User], parts: NamedDependency[Parts]
) -> shapes.SecondFactor:
    """Since when signing in asks for a code, null when it does not."""
    found = await parts.second_factors.of(user)
    return shapes.SecondFactor(since=found.since, recovery_codes_left=found.codes_left)


@post(
    PATH,
    status_code=200,
    responses=answers(400, 401, 409, 413, 429, 503),
    security=SIGNED_IN,
    summary="Set up an authenticator",
)
async def propose(
    data: JSONBody[shapes.Proof],
    request: Asked,
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
) -> shapes.Proposal:
    """A new secret for an authenticator, shown once; it counts after a first code was right."""
    if not user.has_password:
        raise Conflict("choose a password first; the second step is asked for after it")
    await prove_password(user, data.current_password or "", request, parts)
    secret = codes.new_secret()
    await parts.second_factors.propose(user, secret)
    return shapes.Proposal(secret=codes.written(secret), uri=codes.address(secret, user.email))


@post(
    f"{PATH}/confirm",
    status_code=200,
    responses=answers(400, 401, 409, 413, 429, 503),
    security=SIGNED_IN,
    summary="Confirm the authenticator",
)
async def confirm(
    data: JSONBody[shapes.GivenCode], user: NamedDependency[User], parts: NamedDependency[Parts]
) -> shapes.RecoveryCodes:
    """Turn the second step on with a first code; answers with recovery codes, this once."""
    counted = f"authenticator of user {user.id}"
    parts.attempts.begin(counted, counted)
    fresh = await parts.second_factors.confirm(user, data.code, by=by(user, parts))
    if fresh is None:
        raise Misfit(
            "code", "it is not the present code; check that the clock of your phone is right"
        )
    parts.attempts.succeeded(counted, counted)
    await letters.write(parts, user.email, "second-step-on", user.language)
    return shapes.RecoveryCodes(recovery_codes=fresh)


@post(
    f"{PATH}/recovery-codes",
    status_code=200,
    responses=answers(400, 401, 409, 413, 429, 503),
    security=SIGNED_IN,
    summary="Renew the recovery codes",
)
async def renew(
    data: JSONBody[shapes.GivenCode], user: NamedDependency[User], parts: NamedDependency[Parts]
) -> shapes.RecoveryCodes:
    """New recovery codes in place of the old ones; needs a code."""
    if not user.second_factor:
        raise Conflict(OFF)
    await _prove(data.code, user, parts)
    fresh = await parts.second_factors.renew_codes(user, by=by(user, parts))
    return shapes.RecoveryCodes(recovery_codes=fresh)


@post(
    f"{PATH}/off",
    status_code=204,
    responses=answers(400, 401, 409, 413, 429, 503),
    security=SIGNED_IN,
    summary="Turn the second step off",
)
async def turn_off(
    data: JSONBody[shapes.GivenCode], user: NamedDependency[User], parts: NamedDependency[Parts]
) -> None:
    """Ask for no code any more; needs one."""
    if not user.second_factor:
        raise Conflict(OFF)
    await _prove(data.code, user, parts)
    await parts.second_factors.turn_off(user, by=by(user, parts))
    await letters.write(parts, user.email, "second-step-off", user.language, by=user.email)


async def _prove(code: str, user: User, parts: Parts) -> None:
    """A wrong code of somebody who is signed in is a wrong field, and no reason to sign out."""
    try:
        await prove_code(user, code, parts)
    except CodeAsked as trouble:
        raise Misfit("code", trouble.message) from None


ROUTES = [second_factor, propose, confirm, renew, turn_off]
