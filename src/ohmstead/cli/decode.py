"""`ohmstead decode`: what a meter's bytes say."""

import json
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from ohmstead.cli import decoded, mixed
from ohmstead.cli.hexadecimal import dumped, spelled, text_of
from ohmstead.errors import BadInput
from ohmstead.wire import scalers
from ohmstead.wire.cipher import Keys
from ohmstead.wire.mep import Mep
from ohmstead.wire.recognise import DECODERS, Make, Recogniser
from ohmstead.wire.telegram import NO_DATA, NOT_RECOGNIZED, Refused, Telegram

STANDARD_INPUT = Path("-")
LARGEST_INPUT = 64 * 1024 * 1024
USAGE = 2


def decode(
    file: Annotated[
        Path,
        typer.Argument(help="The bytes of a meter; - reads standard input.", metavar="[FILE|-]"),
    ] = STANDARD_INPUT,
    hexadecimal: Annotated[
        bool, typer.Option("--hex", help="The input is hexadecimal text, or a dump as of xxd.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object a line, also on a terminal.")
    ] = False,
    key: Annotated[
        str | None, typer.Option(envvar="OHMSTEAD_KEY", help="Encryption key, hexadecimal.")
    ] = None,
    auth_key: Annotated[
        str | None, typer.Option(envvar="OHMSTEAD_AUTH_KEY", help="Authentication key, the same.")
    ] = None,
    model: Annotated[
        str, typer.Option(help='What meter it is, in your words: "Landis+Gyr E450".')
    ] = "",
    request: Annotated[
        str | None, typer.Option(help="The request these bytes answer, hexadecimal (for MEP).")
    ] = None,
) -> None:
    """Tell what telegrams say: JSON lines, or a table on a terminal.

    What is refused goes to standard error as JSON.  Status 0: at least one telegram came out;
    1: none; 2: the call is wrong.
    """
    try:
        given = _input(file, hexadecimal)
        found = read(given, key=key, auth_key=auth_key, model=model, request=request)
    except BadInput as error:
        print(f"ohmstead decode: {error}", file=sys.stderr)
        raise typer.Exit(USAGE) from error
    show = _json if as_json or not sys.stdout.isatty() else _table
    telegrams = 0
    for each in found:
        if isinstance(each, Telegram):
            telegrams += 1
            show(each)
        else:
            print(json.dumps(decoded.refusal(each), ensure_ascii=False), file=sys.stderr)
    raise typer.Exit(0 if telegrams else 1)


def read(
    given: bytes,
    *,
    key: str | None = None,
    auth_key: str | None = None,
    model: str = "",
    request: str | None = None,
) -> list[Telegram | Refused]:
    """Every telegram and refusal in `given`; keys and request are hexadecimal.  BadInput.

    Without a telegram, a refusal says in the device's words what that means.
    """
    keys = _keys(key, auth_key)
    asked = spelled("--request", request) if request else None
    decoders: tuple[Make, ...] = (lambda _: Mep(asked),) if asked else DECODERS
    found = mixed.heard(given, lambda: Recogniser(keys, decoders))
    if not any(isinstance(each, Telegram) or each.status for each in found):
        status = NOT_RECOGNIZED if given else NO_DATA
        reason = "no telegram of a known protocol is in it" if given else "there are no bytes in it"
        found.append(Refused(reason, 0, status))
    return [
        replace(each, values=scalers.by_model(each.values, model))
        if isinstance(each, Telegram)
        else each
        for each in found
    ]


def _json(telegram: Telegram) -> None:
    print(json.dumps(decoded.document(telegram), ensure_ascii=False))


def _table(telegram: Telegram) -> None:
    said = decoded.document(telegram)
    who = " ".join(str(part) for part in _known(said["meter"].values()))
    title = f"{said['protocol']} over {said['framing']}  {who}  {said['at'] or ''}".rstrip()
    table = Table(title=title, title_justify="left", title_style="bold")
    table.add_column("code")
    table.add_column("value", justify="right")
    table.add_column("unit")
    for code, value in said["values"].items():
        table.add_row(code, str(value["value"]), value["unit"] or "")
    Console().print(table)


def _known(parts: Iterable[object]) -> list[object]:
    return [part for part in parts if part]


def _input(file: Path, hexadecimal: bool) -> bytes:
    try:
        if file == STANDARD_INPUT:
            data = sys.stdin.buffer.read(LARGEST_INPUT + 1)
        else:
            with file.open("rb") as opened:
                data = opened.read(LARGEST_INPUT + 1)
    except OSError as error:
        raise BadInput(f"{file} cannot be read: {error.strerror}") from error
    if len(data) > LARGEST_INPUT:
        raise BadInput(f"{file} is larger than {LARGEST_INPUT >> 20} MiB; cut it into pieces")
    if not hexadecimal:
        return data
    written = text_of(data)
    dump = dumped(written)
    return spelled(str(file), written) if dump is None else dump


def _keys(key: str | None, auth_key: str | None) -> Keys | None:
    if key is None:
        if auth_key is not None:
            raise BadInput("--auth-key needs --key beside it")
        return None
    authentication = spelled("--auth-key", auth_key) if auth_key is not None else None
    return Keys(spelled("--key", key), authentication)
