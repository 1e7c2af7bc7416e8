"""`ohmstead flatten`: any JSON as lines of path, type and value.

What the document's script does with jq and column.  Source: REST/MQTT 2.0, Appendix C.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from ohmstead.errors import BadInput, TooLarge

STANDARD_INPUT = Path("-")
LARGEST_INPUT = 64 * 1024 * 1024
GAP = "  "  # as column prints it


class Leaf(NamedTuple):
    """One value of a document, where it stands and what it is."""

    path: str
    type: str
    value: str


class _Number(str):
    """A number as it was written: 23.50 stays 23.50."""

    __slots__ = ()


def flatten(
    file: Annotated[
        Path, typer.Argument(help="The JSON; - reads standard input.", metavar="[FILE|-]")
    ] = STANDARD_INPUT,
) -> None:
    """Show JSON as aligned lines of path, type and value."""
    for line in aligned([leaf for value in documents(_input(file)) for leaf in leaves(value)]):
        print(line)


def documents(written: str) -> Iterator[object]:
    """The JSON values in a text, one after the other; BadInput where something is none."""
    decoder = json.JSONDecoder(parse_float=_Number, parse_int=_Number, parse_constant=_constant)
    at = _next(written, 0)
    while at < len(written):
        try:
            value, end = decoder.raw_decode(written, at)
        except json.JSONDecodeError as error:
            raise BadInput(
                f"this is not JSON: {error.msg} in line {error.lineno}, column {error.colno}"
            ) from error
        except RecursionError as error:
            raise BadInput("this JSON is nested too deeply") from error
        yield value
        at = _next(written, end)


def leaves(value: object, path: tuple[str, ...] = ()) -> Iterator[Leaf]:
    """Everything in a document that is neither object nor array; those that are empty give nothing.

    >>> list(leaves({"a": [1.5, None]}))
    [Leaf(path='a.0', type='number', value='1.5'), Leaf(path='a.1', type='null', value='null')]
    """
    waiting = [(path, value)]
    while waiting:
        where, found = waiting.pop()
        if isinstance(found, dict):
            waiting += [((*where, str(key)), found[key]) for key in reversed(found)]
        elif isinstance(found, list):
            waiting += [((*where, str(at)), found[at]) for at in reversed(range(len(found)))]
        else:
            yield Leaf(_printable(".".join(where)), *_told(found))


def aligned(found: list[Leaf]) -> Iterator[str]:
    """Lines whose columns stand below each other."""
    widths = [max((len(leaf[column]) for leaf in found), default=0) for column in (0, 1)]
    for leaf in found:
        columns = [part.ljust(width) for part, width in zip(leaf[:2], widths, strict=True) if width]
        yield GAP.join([*columns, leaf.value]).rstrip()


def _told(value: object) -> tuple[str, str]:
    if value is None:
        return "null", "null"
    if isinstance(value, bool):
        return "boolean", "true" if value else "false"
    if isinstance(value, str) and not isinstance(value, _Number):
        return "string", _printable(value)
    return "number", str(value)


def _printable(text: str) -> str:
    """A text in one line: what would break it is escaped as in JSON."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in text)


def _constant(name: str) -> object:
    raise BadInput(f"this is not JSON: {name} is no number")


def _next(written: str, at: int) -> int:
    while at < len(written) and written[at] in " \t\r\n":
        at += 1
    return at


def _input(file: Path) -> str:
    try:
        if file == STANDARD_INPUT:
            data = sys.stdin.buffer.read(LARGEST_INPUT + 1)
        else:
            with file.open("rb") as opened:
                data = opened.read(LARGEST_INPUT + 1)
    except OSError as error:
        raise BadInput(f"{file} cannot be read: {error.strerror}") from error
    if len(data) > LARGEST_INPUT:
        raise TooLarge(f"{file} is larger than {LARGEST_INPUT >> 20} MiB; cut it into pieces")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(f"this is not JSON: it is no UTF-8 at byte {error.start}") from error
