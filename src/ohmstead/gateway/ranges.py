"""Ranges of bytes: which part of something a client asks for.  Source: RFC 9110, 14."""

import re

_RANGE = re.compile(r"\s*bytes\s*=\s*(\d*)\s*-\s*(\d*)\s*", re.IGNORECASE)
LONGEST_NUMBER = 19


class Unsatisfiable(Exception):
    """The range begins behind the end."""


def span(wanted: str, size: int) -> tuple[int, int] | None:
    """First and last byte that the `Range` header `wanted` names, out of `size`.

    None where it names none, more than one or makes no sense: then all is sent (14.2: a server
    may ignore the header).  Unsatisfiable when the range begins behind the end.

    >>> span("bytes=0-499", 1000), span("bytes=-500", 1000), span("bytes=9500-", 10000)
    ((0, 499), (500, 999), (9500, 9999))
    >>> span("bytes=0-0,-1", 1000), span("pages=1-2", 1000), span("", 1000)
    (None, None, None)
    """
    found = _RANGE.fullmatch(wanted)
    if found is None or max(map(len, found.groups())) > LONGEST_NUMBER:
        return None
    first, last = (int(number) if number else None for number in found.groups())
    if first is None:
        if last is None:
            return None
        if not last or not size:
            raise Unsatisfiable
        return max(0, size - last), size - 1
    if last is not None and last < first:
        return None
    if first >= size:
        raise Unsatisfiable
    return first, size - 1 if last is None else min(last, size - 1)
