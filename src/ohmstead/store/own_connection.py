"""A connection of one's own, kept from one transaction to the next.

One of the pool is tried before it is handed out, which costs a round trip for each transaction;
whoever tries again by itself, as the committer does, needs none of that.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg

from ohmstead.store.database import CONNECTED_WITH, Connection, Database, understood


class OwnConnection:
    """Makes the connection when it is needed, and again after trouble; close it after use.

    Transactions take turns: whoever has it sees to that.
    """

    def __init__(self, database: Database) -> None:
        self._url = database.url
        self._connection: Connection | None = None

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """The connection in a transaction, committed at the end; Unavailable, BadInput.

        Unavailable is raised at once when the server is away, also when it was restarted since.
        """
        async with self._taken(autocommit=False) as connection:
            yield connection
            await connection.commit()

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[Connection]:
        """The connection, on which each statement is a transaction; Unavailable, BadInput."""
        async with self._taken(autocommit=True) as connection:
            yield connection

    @asynccontextmanager
    async def _taken(self, *, autocommit: bool) -> AsyncIterator[Connection]:
        with understood(self._url):
            connection = self._connection
            if connection is None or connection.closed:
                connection = await psycopg.AsyncConnection.connect(self._url, **CONNECTED_WITH)
                self._connection = connection
            try:
                if connection.autocommit is not autocommit:
                    await connection.set_autocommit(autocommit)
                yield connection
            except BaseException:
                await self.close()  # which rolls back, whatever state it is in
                raise

    async def close(self) -> None:
        """Close the connection, if there is one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()
