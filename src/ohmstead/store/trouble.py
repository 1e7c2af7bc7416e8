"""What the database refuses, said as one of our errors."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from ohmstead.errors import Conflict

CLASHES = (psycopg.errors.UniqueViolation, psycopg.errors.ForeignKeyViolation)


@contextmanager
def explained(clash: str) -> Iterator[None]:
    """Inside it, a row that exists already, or is still needed, is a Conflict that says `clash`."""
    try:
        yield
    except CLASHES as trouble:
        raise Conflict(clash) from trouble
