"""Lists in pages: `limit` at most, `after` is `next` of the page before.  docs/api.md, lists."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, TypeVar

from litestar.params import QueryParameter

from ohmstead.dashboard.problems import NO_PAGE, Misfit, shown

LARGEST = 2**31 - 1
LARGEST_LONG = 2**63 - 1
CURSOR_LONGEST = 200
PAGE_MOST = 1000
BEFORE = "`next` of the page before; without it, the first page."
After = Annotated[int | None, QueryParameter(ge=1, le=LARGEST, description=BEFORE)]
AfterLong = Annotated[int | None, QueryParameter(ge=1, le=LARGEST_LONG, description=BEFORE)]
AfterText = Annotated[str | None, QueryParameter(max_length=CURSOR_LONGEST, description=BEFORE)]
Limit = Annotated[int, QueryParameter(ge=1, le=PAGE_MOST, description="How many at most.")]

Each = TypeVar("Each")
Cursor = TypeVar("Cursor")


def paged(
    found: Sequence[Each], limit: int, cursor: Callable[[Each], Cursor]
) -> tuple[Sequence[Each], Cursor | None]:
    """A page of `found`, which is one longer than `limit` where there is more; and its `next`.

    >>> paged([1, 2, 3], 2, str), paged([1, 2], 2, str)
    (([1, 2], '2'), ([1, 2], None))
    """
    page = found[:limit]
    return page, cursor(page[-1]) if len(found) > limit else None


def moment_behind(cursor: str) -> tuple[datetime, str]:
    """What a cursor MOMENT~REST says; Misfit.

    >>> moment_behind("2025-03-01T00:00:00 00:00~a~b")  # a + that nobody encoded
    (datetime.datetime(2025, 3, 1, 0, 0, tzinfo=datetime.timezone.utc), 'a~b')
    """
    at, _, rest = cursor.replace(" ", "+").partition("~")
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        raise no_page(cursor) from None
    if moment.tzinfo is None or not rest:
        raise no_page(cursor)
    return moment, rest


def no_page(after: object) -> Misfit:
    """`after` was not the `next` of a page."""
    return Misfit("after", f"{shown(after)} {NO_PAGE}")
