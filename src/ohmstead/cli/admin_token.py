"""`ohmstead admin token`: what programs act with in somebody's name."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated

import typer

from ohmstead.access.tokens import Scope
from ohmstead.cli.admin_words import EPILOG, Shown, print_all, print_one
from ohmstead.house.admin_tokens import AdminTokens

app = typer.Typer(
    help="Tokens for programs that use the APIs.", no_args_is_help=True, epilog=EPILOG
)


def _print(context: typer.Context, work: Callable[[AdminTokens], Awaitable[Shown]]) -> None:
    print_one(context, lambda installation, clock: work(AdminTokens(installation, clock)))


@app.command("add", epilog=EPILOG)
def add_token(
    context: typer.Context,
    owner: Annotated[str, typer.Option(metavar="EMAIL", help="Whose rights it has.")],
    scope: Annotated[Scope, typer.Option(help="How much of them.")],
    organisation: Annotated[
        str | None,
        typer.Option(
            "--organisation", "--org", help="Number or name of the one organisation it is for."
        ),
    ] = None,
    expires: Annotated[
        int | None, typer.Option(metavar="DAYS", help="When it ends; without it, never.")
    ] = None,
    name: Annotated[str, typer.Option(help="What it is for.")] = "",
) -> None:
    """Make a token and print it, once."""
    _print(context, lambda tokens: tokens.add(owner, scope, organisation, expires, name))


@app.command("list", epilog=EPILOG)
def list_tokens(
    context: typer.Context,
    owner: Annotated[
        str | None, typer.Option(metavar="EMAIL", help="Only those of this user.")
    ] = None,
) -> None:
    """List every token, and when it was used last; not the tokens themselves."""

    def work(tokens: AdminTokens) -> Awaitable[Sequence[Shown]]:
        return tokens.list(owner)

    print_all(context, lambda installation, clock: work(AdminTokens(installation, clock)))


@app.command("revoke", epilog=EPILOG)
def revoke_token(context: typer.Context, id: Annotated[int, typer.Argument(metavar="ID")]) -> None:
    """End a token at once, for good."""
    _print(context, lambda tokens: tokens.revoke(id))
