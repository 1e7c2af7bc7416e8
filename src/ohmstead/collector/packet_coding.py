"""A packet's body without its content coding: gzip, also of several members, or deflate.

Source: RFC 9110, 8.4.1; RFC 1952, 2.2 (members); RFC 1950 and 1951 (what is called deflate).
"""

import zlib

from ohmstead.errors import BadInput, TooLarge
from ohmstead.surfaces.wattics import LARGEST

CODINGS = (b"gzip", b"x-gzip", b"deflate")
MEMBERS_MOST = 64
MEMBER = b"\x1f\x8b"
"""How a member of a gzip begins; what follows a gzip otherwise is nothing, as gzip has it."""
ANY, BARE = 47, -15
"""The forms: gzip or zlib, whichever it is; and deflate without a head, which some send."""


def decoded(body: bytes, coding: bytes) -> bytes:
    """The body as it was before; BadInput, TooLarge.

    >>> import gzip
    >>> decoded(gzip.compress(b'{"id"') + gzip.compress(b':"m"}'), b"gzip")
    b'{"id":"m"}'
    """
    if coding in (b"identity", b""):
        return body
    if coding not in CODINGS:
        shown = coding[:40].decode("latin-1")
        raise BadInput(f"Content-Encoding: {shown!r} is not understood; send gzip, deflate or none")
    try:
        return _opened(body, ANY)
    except zlib.error as error:
        trouble = error
    if coding == b"deflate":
        try:
            return _opened(body, BARE)
        except zlib.error as error:
            trouble = error
    raise BadInput(f"the body is not {coding.decode()}: {trouble}")


def _opened(body: bytes, form: int) -> bytes:
    plain = b""
    for _ in range(MEMBERS_MOST):
        member = zlib.decompressobj(wbits=form)
        plain += member.decompress(body, LARGEST + 1 - len(plain))
        if len(plain) > LARGEST:
            raise TooLarge(f"the packet unpacks to more than {LARGEST} bytes")
        if not member.eof:
            raise BadInput("the body ends before what it was packed into does; send all of it")
        body = member.unused_data
        if not body.startswith(MEMBER):
            return plain
    raise BadInput(f"the body has more than {MEMBERS_MOST} members of gzip; send a packet as one")
