"""`ohmstead admin credential` and `partner`: who may send packets to the push API."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated

import typer

from ohmstead.cli.admin_words import EPILOG, Shown, print_all, print_one
from ohmstead.house.admin_credentials import CredentialAdmin
from ohmstead.store.credentials import OVERLAP_S

app = typer.Typer(
    help="Credentials of the push API: who may send packets of which meters.",
    no_args_is_help=True,
    epilog=EPILOG,
)
partner = typer.Typer(
    help="Partners: companies that send packets for several organisations.",
    no_args_is_help=True,
    epilog=EPILOG,
)

Username = Annotated[str, typer.Argument(metavar="USERNAME")]
Id = Annotated[int, typer.Argument(metavar="ID")]
Org = Annotated[int, typer.Option("--org", help="Number of the organisation.")]


def _print(context: typer.Context, work: Callable[[CredentialAdmin], Awaitable[Shown]]) -> None:
    print_one(context, lambda installation, clock: work(CredentialAdmin(installation, clock)))


def _print_all(
    context: typer.Context, work: Callable[[CredentialAdmin], Awaitable[Sequence[Shown]]]
) -> None:
    print_all(context, lambda installation, clock: work(CredentialAdmin(installation, clock)))


@app.command("add", epilog=EPILOG)
def add(
    context: typer.Context,
    scope: Annotated[
        str, typer.Option(help="Whose packets: meter:ID, site:N, org:N or partner:N.")
    ],
    note: Annotated[str, typer.Option(help="What it is for.")] = "",
) -> None:
    """Make a credential and print, once, its user name and password."""
    _print(context, lambda admin: admin.add(scope, note))


@app.command("list", epilog=EPILOG)
def list_all(context: typer.Context) -> None:
    """List every credential, and when it was used last."""
    _print_all(context, lambda admin: admin.all())


@app.command("show", epilog=EPILOG)
def show(context: typer.Context, username: Username) -> None:
    """Show one credential; its password cannot be shown again."""
    _print(context, lambda admin: admin.show(username))


@app.command("rotate", epilog=EPILOG)
def rotate(
    context: typer.Context,
    username: Username,
    overlap: Annotated[
        float, typer.Option(help="Seconds that the old password works on; 0 ends it at once.")
    ] = OVERLAP_S,
) -> None:
    """Print, once, a new password; for a while both work."""
    _print(context, lambda admin: admin.rotate(username, overlap))


@app.command("remove", epilog=EPILOG)
def remove(context: typer.Context, username: Username) -> None:
    """End a credential, within a second."""
    _print(context, lambda admin: admin.remove(username))


@partner.command("add", epilog=EPILOG)
def add_partner(context: typer.Context, name: Annotated[str, typer.Argument()]) -> None:
    """Add a partner."""
    _print(context, lambda admin: admin.add_partner(name))


@partner.command("list", epilog=EPILOG)
def list_partners(context: typer.Context) -> None:
    """List every partner."""
    _print_all(context, lambda admin: admin.partners())


@partner.command("show", epilog=EPILOG)
def show_partner(context: typer.Context, id: Id) -> None:
    """Show one partner, and the organisations it sends for."""
    _print(context, lambda admin: admin.show_partner(id))


@partner.command("attach", epilog=EPILOG)
def attach(context: typer.Context, id: Id, org: Org) -> None:
    """Let a partner send for an organisation."""
    _print(context, lambda admin: admin.attach(id, org))


@partner.command("detach", epilog=EPILOG)
def detach(context: typer.Context, id: Id, org: Org) -> None:
    """Let a partner send for an organisation no more."""
    _print(context, lambda admin: admin.detach(id, org))


@partner.command("remove", epilog=EPILOG)
def remove_partner(context: typer.Context, id: Id) -> None:
    """Remove a partner with its credentials."""
    _print(context, lambda admin: admin.remove_partner(id))
