"""Bodies of packets without their content coding.  Source: RFC 9110, 8.4.1; RFC 1951; RFC 1952."""

import gzip
import zlib
from functools import partial

import pytest

from ohmstead.collector.packet_coding import MEMBERS_MOST, decoded
from ohmstead.errors import BadInput, TooLarge
from ohmstead.surfaces.wattics import LARGEST

BODY = b'{"id":"m","tsISO8601":"2026-01-02T03:04:05Z"}'


gzipped = partial(gzip.compress, mtime=0)
"""The same at any time, since a test's name has it in it."""


def bare() -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(BODY) + packer.flush()


@pytest.mark.parametrize(
    "coding, body",
    [
        (b"", BODY),
        (b"identity", BODY),
        (b"x-gzip", gzipped(BODY)),
        (b"gzip", gzipped(b"") + gzipped(BODY[:7]) + gzipped(BODY[7:])),
        (b"gzip", gzipped(BODY) + bytes(99)),
        (b"deflate", zlib.compress(BODY)),
        (b"deflate", bare()),
    ],
)
def test_a_body_comes_in_any_of_the_codings(coding: bytes, body: bytes) -> None:
    """RFC 1952, 2.2: members follow each other; RFC 9110, 8.4.1.2: some send deflate bare."""
    assert decoded(body, coding) == BODY


@pytest.mark.parametrize(
    "coding, body, error",
    [
        (b"br", BODY, BadInput),
        (b"gzip, gzip", BODY, BadInput),
        (b"gzip", BODY, BadInput),
        (b"gzip", b"", BadInput),
        (b"gzip", bare(), BadInput),
        (b"deflate", BODY, BadInput),
        (b"gzip", gzipped(BODY)[:-9], BadInput),
        (b"gzip", gzipped(BODY) + gzipped(BODY)[:-9], BadInput),
        (b"gzip", gzipped(b"") * (MEMBERS_MOST + 1), BadInput),
        (b"gzip", gzipped(bytes(LARGEST + 1)), TooLarge),
        (b"gzip", gzipped(bytes(LARGEST)) + gzipped(b" "), TooLarge),
    ],
)
def test_what_is_none_of_them_is_refused(
    coding: bytes, body: bytes, error: type[Exception]
) -> None:
    """The push API's promise: 400 or 413, and no memory for what is too large."""
    with pytest.raises(error):
        decoded(body, coding)
