"""`ohmstead simulate`: a meter that does not exist, on a port like a real one."""

import asyncio
import json
import os
import sys
from typing import Annotated, Any

import typer

from ohmstead.cli.signals import until_told
from ohmstead.clock import SystemClock
from ohmstead.errors import BadInput
from ohmstead.house import simulate as house
from ohmstead.house.simulate import SimulateOptions
from ohmstead.simulate import MODELS, Model, keys_for
from ohmstead.simulate.ports import port as port_of
from ohmstead.wire.mep_requests import KEY as MEP_KEY
from ohmstead.wire.mep_requests import key_of

SLOWEST, FASTEST = 0.001, 100_000.0
KEY, AUTH_KEY = "OHMSTEAD_KEY", "OHMSTEAD_AUTH_KEY"


def simulate(
    model: Annotated[
        str | None, typer.Argument(help="Which meter; --list names them all.", show_default=False)
    ] = None,
    port: Annotated[
        str,
        typer.Option(
            help="Where it can be read: pty, tcp://HOST:PORT (it connects),"
            " listen://HOST:PORT (it waits)."
        ),
    ] = "pty",
    key: Annotated[
        str | None,
        typer.Option(help=f"Encryption key, hexadecimal. [env var: {KEY}]", show_default=False),
    ] = None,
    auth_key: Annotated[
        str | None,
        typer.Option(help=f"Authentication key, the same. [env var: {AUTH_KEY}]"),
    ] = None,
    speed: Annotated[
        float, typer.Option(min=SLOWEST, max=FASTEST, help="How much faster than time it lives.")
    ] = 1.0,
    seed: Annotated[
        int, typer.Option(min=0, max=999_999_999, help="Another number is another such meter.")
    ] = 1,
    listed: Annotated[bool, typer.Option("--list", help="Name the meters there are.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The list as JSON.")] = False,
) -> None:
    """Be a meter: send telegrams, or answer requests, on a port; Ctrl-C ends it.

    Where it can be read is printed first: the path of a pseudo-terminal, or an address.
    """
    if listed:
        _list(as_json=as_json)
        return
    if model is None:
        raise typer.BadParameter("name a meter; `ohmstead simulate --list` shows them all")
    keys = keys_for(model, *_given(model, key, auth_key))
    options = SimulateOptions(model, port_of(port), keys, speed, seed)
    asyncio.run(until_told(house.run(options, SystemClock(), _ready, _say)))


def _ready(where: str) -> None:
    print(where, flush=True)


def _say(what: str) -> None:
    print(f"ohmstead simulate: {what}", file=sys.stderr, flush=True)


def _given(model: str, key: str | None, auth_key: str | None) -> tuple[bytes | None, bytes | None]:
    """The keys of the command line; those of the environment are for meters that cipher only.

    A NES meter's key may also be the letters that utilities give.
    """
    found = MODELS.get(model)
    if found and found.encrypted:
        key, auth_key = key or os.environ.get(KEY), auth_key or os.environ.get(AUTH_KEY)
    if key and found and found.protocol == "MEP" and len(key) != 2 * MEP_KEY:
        return key_of(key), _bytes("--auth-key", auth_key)
    return _bytes("--key", key), _bytes("--auth-key", auth_key)


def _bytes(option: str, written: str | None) -> bytes | None:
    """The bytes of a hexadecimal option; an error does not repeat them."""
    if not written:
        return None
    try:
        return bytes.fromhex(written)
    except ValueError:
        raise BadInput(f"{option} is not hexadecimal; a key has 32 digits, or 64") from None


def described(name: str, model: Model) -> dict[str, Any]:
    """A line of the list."""
    keys = model.keys
    authentication = keys.authentication if keys else None
    return {
        "name": name,
        "description": model.description,
        "protocol": model.protocol,
        "interface": model.interface,
        "mode": "pull" if model.asked else "push",
        "interval_s": model.interval_s,
        "zone": model.zone,
        "encrypted": model.encrypted,
        "key": keys.encryption.hex().upper() if keys else None,
        "auth_key": authentication.hex().upper() if authentication else None,
    }


def _list(*, as_json: bool) -> None:
    found = [described(name, model) for name, model in MODELS.items()]
    if as_json:
        print(json.dumps(found, indent=2))
        return
    width = max(len(one["name"]) for one in found)
    for one in found:
        sealed = "encrypted" if one["encrypted"] else ""
        print(f"{one['name']:{width}}  {one['mode']}  {sealed:9}  {one['description']}")
    print("\nKeys of the encrypted ones, unless they are given others (they are no secret):")
    for key, auth_key in dict.fromkeys(
        (one["key"], one["auth_key"]) for one in found if one["encrypted"]
    ):
        names = [one["name"] for one in found if (one["key"], one["auth_key"]) == (key, auth_key)]
        second = f" --auth-key {auth_key}" if auth_key else ""
        print(f"  --key {key}{second}\n    {', '.join(names)}")
