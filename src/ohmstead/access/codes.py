"""The second step of signing in: codes of an authenticator, and codes for the day it is lost.

Source: RFC 6238 with the parameters that every authenticator knows: SHA-1, 6 digits, 30 seconds.
"""

import base64
import os
import re

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor import InvalidToken
from cryptography.hazmat.primitives.twofactor.totp import TOTP

SECRET_BYTES = 20
"""Source: RFC 4226, section 4, R6 (160 bits recommended)."""
DIGITS, STEP_S = 6, 30
DRIFT_STEPS = 1
"""A code of the step before or after is taken too.  Source: RFC 6238, section 5.2."""
RECOVERY_CODES, RECOVERY_BYTES = 10, 10
"""How many, and 80 random bits each."""
ISSUER = "Ohmstead"
_CODE = re.compile(rf"[0-9]{{{DIGITS}}}")
_RECOVERY = re.compile(r"[a-z2-7]{16}")


def new_secret() -> bytes:
    """A new secret for an authenticator."""
    return os.urandom(SECRET_BYTES)


def written(secret: bytes) -> str:
    """The secret as a person types it: base32.  Source: RFC 4648, section 6.

    >>> written(b"12345678901234567890")
    'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'
    """
    return base64.b32encode(secret).decode()


def address(secret: bytes, email: str) -> str:
    """What the picture to be scanned says: an `otpauth:` address."""
    return _totp(secret).get_provisioning_uri(email, ISSUER)


def code(secret: bytes, at_s: float) -> str:
    """The code of the moment `at_s` (seconds since 1970)."""
    return _totp(secret).generate(at_s).decode()


def step_of(secret: bytes, given: str, at_s: float, after: int) -> int | None:
    """The time step that the code `given` is of; None when it is wrong.

    A step up to `after` was used before and is not taken again.  Source: RFC 6238, section 5.2.

    >>> secret = b"12345678901234567890"
    >>> step_of(secret, code(secret, 59), 59, 0), step_of(secret, code(secret, 59), 61, 1)
    (1, None)
    """
    plain = re.sub(r"[\s-]", "", given)
    if not _CODE.fullmatch(plain):
        return None
    present = int(at_s) // STEP_S
    for step in range(present - DRIFT_STEPS, present + DRIFT_STEPS + 1):
        if step > after and _is_of(secret, plain, step):
            return step
    return None


def _is_of(secret: bytes, plain: str, step: int) -> bool:
    try:
        _totp(secret).verify(plain.encode(), step * STEP_S)  # in constant time
    except InvalidToken:
        return False
    return True


def _totp(secret: bytes) -> TOTP:
    return TOTP(secret, DIGITS, SHA1(), STEP_S)  # noqa: S303  (as RFC 6238 and every app have it)


def new_recovery_codes() -> list[str]:
    """Codes for the day the authenticator is lost, each good once: `abcd-efgh-ijkl-mnop`."""
    return [_grouped(os.urandom(RECOVERY_BYTES)) for _ in range(RECOVERY_CODES)]


def _grouped(random: bytes) -> str:
    text = base64.b32encode(random).decode().lower()
    return "-".join(text[start : start + 4] for start in range(0, len(text), 4))


def recovery_code(given: str) -> str | None:
    """`given` as it was printed, however it was typed; None when it cannot be a recovery code.

    >>> recovery_code(" ABCD efgh-2345MNOP "), recovery_code("123456")
    ('abcd-efgh-2345-mnop', None)
    """
    plain = re.sub(r"[\s-]", "", given).lower()
    if not _RECOVERY.fullmatch(plain):
        return None
    return "-".join(plain[start : start + 4] for start in range(0, len(plain), 4))
