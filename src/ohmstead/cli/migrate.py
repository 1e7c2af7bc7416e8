"""`ohmstead migrate`: the schema of the database, to what this version needs."""

import asyncio
import json
from pathlib import Path
from typing import Annotated

import typer

from ohmstead.house import migration as house
from ohmstead.house.installation import Place
from ohmstead.settings.cloud import DEFAULT_DATA


def migrate(
    check: Annotated[
        bool, typer.Option("--check", help="Only say what is pending; status 1 when something is.")
    ] = False,
    data: Annotated[
        Path | None,
        typer.Option(
            envvar="OHMSTEAD_DATA",
            file_okay=False,
            help="Folder of the installation.",
            show_default=str(DEFAULT_DATA),
        ),
    ] = None,
    database: Annotated[
        str | None,
        typer.Option(envvar="OHMSTEAD_DATABASE", help="Its PostgreSQL by URL, without the folder."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")] = False,
) -> None:
    """Bring the database's schema up to date: forward only, safe while a cloud runs."""
    place = Place(data or (None if database else DEFAULT_DATA), database)
    found = asyncio.run(house.migrated(place, check=check))
    if as_json:
        print(json.dumps(found))
    else:
        for name in found["applied_now"]:
            print(f"applied  {name}")
        for name in found["pending"]:
            print(f"pending  {name}")
        if not found["applied_now"] and not found["pending"]:
            print(f"up to date: {found['schema'] or 'nothing'}")
    if check and found["pending"]:
        raise typer.Exit(1)
