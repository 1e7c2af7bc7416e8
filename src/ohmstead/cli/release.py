"""`ohmstead release`: the key that signs, the bundles that gateways install, a look into one."""

from pathlib import Path
from typing import Annotated

import typer

from ohmstead.errors import BadInput
from ohmstead.gateway import release as bundles
from ohmstead.house import release as house
from ohmstead.house.release import Wish

PASSWORD = "OHMSTEAD_RELEASE_PASSWORD"  # noqa: S105  (the name of a variable)

app = typer.Typer(
    help="Make and look into releases, which gateways install from POST /load.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
Password = Annotated[
    str | None,
    typer.Option(envvar=PASSWORD, help="The private key's password; better from the variable."),
]


@app.command()
def new_key(
    file: Annotated[Path, typer.Argument(help="Where the private key goes; FILE.pub is public.")],
    password: Password = None,
    ask: Annotated[bool, typer.Option("--ask", help="Ask for a password.")] = False,
) -> None:
    """Make the key that signs releases. Whoever has the private one can update every gateway."""
    if ask and not password:
        password = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    name = house.new_key(file, password.encode() if password else None)
    typer.echo(f"{file}      the private key {name}: keep it away from other machines, and a copy")
    typer.echo(f"{file}.pub  the public key; pin it: OHMSTEAD_RELEASE_KEY={file}.pub make wheel")


@app.command()
def make(
    wheel: Annotated[
        list[Path], typer.Option(help="A wheel: Ohmstead's, and what it needs. May be repeated.")
    ],
    key: Annotated[Path, typer.Option(help="The private key.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The bundle to write.")],
    least: Annotated[
        str | None, typer.Option(help="The oldest running version that takes it.")
    ] = None,
    downgrade: Annotated[
        bool, typer.Option("--downgrade", help="Let it follow a newer version too.")
    ] = False,
    notes: Annotated[str, typer.Option(help="A few words about it.")] = "",
    password: Password = None,
) -> None:
    """Put wheels together into one signed file."""
    if password is None and house.locked(key):
        password = typer.prompt(f"Password of {key}", hide_input=True)
    private = house.private_key(key, password.encode() if password else None)
    manifest = house.make(wheel, private, output, Wish(least, downgrade, notes))
    typer.echo(f"{output}: release {manifest.version}, {output.stat().st_size} bytes")


@app.command()
def show(
    bundle: Annotated[Path, typer.Argument(help="The bundle.")],
    key: Annotated[
        Path | None, typer.Option(help="The public key. [default: the one that is pinned here]")
    ] = None,
) -> None:
    """Verify a bundle, and say what is in it. Ends with status 1 when it is not as it should be."""
    keys = house.public_keys(key) if key else bundles.pinned()
    found = house.look(bundle, keys or None)
    manifest = found.close()
    typer.echo(f"release    {manifest.version} ({found.id})")
    if manifest.python:
        typer.echo(f"python     {manifest.python}")
    if manifest.least:
        typer.echo(f"follows    {manifest.least} or newer")
    if manifest.downgrade:
        typer.echo("downgrade  it may follow a newer version")
    for one in manifest.wheels:
        typer.echo(f"wheel      {one.file}  {one.size} bytes  {one.sha256}")
    if manifest.notes:
        typer.echo(f"notes      {manifest.notes}")
    if not found.signed:
        raise BadInput(
            "the signature was not verified: no key is pinned in this installation, and none was"
            " named with --key"
        )
    typer.echo("signature  right")
