"""What is left of a DLMS telegram once its frames and blocks are taken off."""

from ohmstead.wire.gbt import Blocks
from ohmstead.wire.hdlc import Hdlc, Message
from ohmstead.wire.mbus_link import MbusLink
from ohmstead.wire.wrapper import Wrapper

LINKS = {"hdlc": Hdlc, "mbus": MbusLink, "wrapper": Wrapper}


def apdu_of(raw: bytes, framing: str) -> bytes:
    """The last APDU in these bytes, ciphered if it is."""
    if framing == "none":
        return Message(raw, raw, 0).without_llc().payload
    blocks = Blocks()
    messages = [one for one in LINKS[framing]().feed(raw) if isinstance(one, Message)]
    whole = [one for message in messages for one in blocks.join(message.without_llc())]
    return [one.payload for one in whole if isinstance(one, Message)][-1]
