"""What the parts of `ohmstead admin` share: options that stand anywhere, work, and printing."""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Annotated, Any, TypeAlias, TypeVar

import typer
from typer.core import TyperGroup

from ohmstead.clock import Clock, SystemClock
from ohmstead.errors import OhmsteadError
from ohmstead.house.installation import Installation, opened

Made = TypeVar("Made")
Work: TypeAlias = Callable[[Installation, Clock], Awaitable[Made]]
Shown: TypeAlias = Mapping[str, Any]

ANYWHERE = ("--data", "--database", "--json")
EPILOG = "Also, before or after the subcommand: --data DIR, --database URL, --json."

Mac = Annotated[str, typer.Argument(metavar="MAC", help="Twelve hex digits, : and - as you like.")]
Email = Annotated[str, typer.Argument(metavar="EMAIL")]


class Anywhere(TyperGroup):
    """A group whose own options may stand anywhere on the line, also after the subcommand."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Move them to the front, where the group expects them."""
        front: list[str] = []
        rest: list[str] = []
        left = list(args)
        while left:
            word = left.pop(0)
            if word == "--":
                rest += [word, *left]
                break
            own = word.partition("=")[0] in ANYWHERE
            (front if own else rest).append(word)
            if own and word in ANYWHERE[:2] and left:
                front.append(left.pop(0))
        return super().parse_args(ctx, [*front, *rest])


def done(context: typer.Context, work: Work[Made]) -> Made:
    """What `work` gives; Ohmstead's own errors end the command with status 1."""
    place, as_json = context.obj

    async def on_installation() -> Made:
        clock = SystemClock()
        async with opened(place, program="admin", clock=clock) as installation:
            return await work(installation, clock)

    try:
        return asyncio.run(on_installation())
    except OhmsteadError as trouble:
        said = json.dumps({"error": str(trouble), "status": trouble.status})
        print(said if as_json else f"ohmstead: {trouble}", file=sys.stderr)
        raise typer.Exit(1) from None


def print_one(context: typer.Context, work: Work[Shown]) -> None:
    """Print the one object that `work` gives."""
    shown = done(context, work)
    if context.obj[1]:
        print(json.dumps(shown, ensure_ascii=False))
        return
    width = max(map(len, shown))
    for name, value in shown.items():
        text = _text(value)
        print(f"{name:{width}}  {text}" if "\n" not in text else f"{name}\n{text}")


def print_all(context: typer.Context, work: Work[Sequence[Shown]]) -> None:
    """Print the objects that `work` gives, one a line."""
    shown = done(context, work)
    if context.obj[1]:
        print(json.dumps(shown, ensure_ascii=False))
    elif not shown:
        print("none yet", file=sys.stderr)
    else:
        lines = [list(shown[0]), *([_text(value) for value in each.values()] for each in shown)]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        for line in lines:
            cells = (f"{text:{width}}" for text, width in zip(line, widths, strict=True))
            print("  ".join(cells).rstrip())


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{number} {name}" for name, number in value.items())
    if isinstance(value, list):
        return "; ".join(map(str, value)) or "-"
    return (
        "-" if value is None else f"{value:g}" if isinstance(value, float) else str(value).strip()
    )
