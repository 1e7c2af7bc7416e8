"""Which asker speaks which protocol, and with what it has to be told."""

from ohmstead.errors import BadInput
from ohmstead.gateway.ask import Asked, Asker
from ohmstead.gateway.ask_iec import AskIec
from ohmstead.gateway.ask_kmp import AskKmp
from ohmstead.gateway.ask_mbus import AskMbus
from ohmstead.gateway.ask_mep import AskMep
from ohmstead.gateway.source import Ask, Serial
from ohmstead.wire.cipher import Keys
from ohmstead.wire.iec62056_21_sign_on import FIRST_BAUDRATE, MODE_C


def asker(at: Asked, ask: Ask, keys: Keys | None) -> Asker:
    """Who asks the meter at `at`; BadInput where MEP's key has not its length.

    For MEP the encryption key is its digest key.
    """
    match ask.protocol:
        case "kmp":
            return AskKmp()
        case "mep":
            if keys is not None and len(keys.encryption) != 16:
                raise BadInput("a MEP key has 16 bytes")
            return AskMep(keys.encryption if keys else None)
        case "mbus":
            return AskMbus(ask.address, keys)
        case "iec":
            changes = isinstance(at, Serial)
            return AskIec(ask.address, fastest=max(MODE_C.values()) if changes else FIRST_BAUDRATE)
