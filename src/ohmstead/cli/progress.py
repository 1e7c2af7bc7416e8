"""How far a long command is, on standard error where that is a terminal."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

Told: TypeAlias = Callable[[float, int], None]
"""Takes how far it is, 0 to 1, and how many rows, or readings, that were."""


@contextmanager
def shown(what: str, hidden: bool) -> Iterator[Told]:
    """A bar with so many of `what` ("rows"), as long as the block lasts; nothing where `hidden`."""
    if hidden or not sys.stderr.isatty():
        yield lambda _done, _count: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeRemainingColumn,
    )

    bar = Progress(
        TextColumn(f"{{task.fields[count]}} {what}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    with bar:
        number = bar.add_task(what, total=1.0, count=0)
        yield lambda done, count: bar.update(number, completed=done, count=count)
