"""Tasks that belong to a block: they end with it, and one that fails ends it."""

import asyncio
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self


class Background:
    """A task group whose tasks run for as long as the block does, however long they would like to.

    When one of them fails, the block is cancelled and the failure raised as an ExceptionGroup.
    """

    def __init__(self) -> None:
        self._group = asyncio.TaskGroup()
        self._tasks: list[asyncio.Task[object]] = []

    def run(self, work: Coroutine[Any, Any, object], name: str) -> None:
        """Do `work` beside the block."""
        self._tasks.append(self._group.create_task(work, name=name))

    async def __aenter__(self) -> Self:
        await self._group.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await self._group.__aexit__(kind, error, trace)
