"""`ohmstead import`: what other programs measured, as data that come late."""

import os
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from datetime import timedelta, tzinfo
from itertools import chain, islice
from pathlib import Path
from typing import Annotated

import typer

from ohmstead.cli.imported import feed_of, run
from ohmstead.cli.progress import Told
from ohmstead.connect.instance import Instance
from ohmstead.errors import BadInput
from ohmstead.house import import_files
from ohmstead.house.export import day
from ohmstead.house.import_instance import fetched
from ohmstead.house.importing import Importer
from ohmstead.house.installation import Place
from ohmstead.settings.cloud import DEFAULT_DATA
from ohmstead.store.import_zones import zone_of
from ohmstead.store.meters import Meter
from ohmstead.surfaces import csv_found, csv_read, green_button_read, instance_read, sd_card_read
from ohmstead.surfaces.green_button_feed import look
from ohmstead.surfaces.imports import Item

app = typer.Typer(
    help="Take in what other programs measured.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
SAMPLE = 1000
"""So many lines tell how a table is laid out."""
CHUNK = 65_536
JSON_SUFFIXES = (".json", ".ndjson", ".jsonl")
MAP = "--map"

Files = Annotated[
    list[Path],
    typer.Argument(metavar="FILE...", help="Files, packed with gzip or not; - is stdin."),
]
MeterId = Annotated[str, typer.Option("--meter", help="Id of the meter to import into.")]
Dry = Annotated[bool, typer.Option("--dry-run", help="Say what would become of it; store nothing.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]
Quiet = Annotated[bool, typer.Option("--no-progress", help="Do not show how far it is.")]
Zone = Annotated[
    str | None,
    typer.Option(help="Zone of its local times: Europe/Zurich, +01:00; that of the meter's site."),
]
Data = Annotated[
    Path | None,
    typer.Option(
        envvar="OHMSTEAD_DATA",
        file_okay=False,
        help="Folder of the installation.",
        show_default=str(DEFAULT_DATA),
    ),
]
Database = Annotated[
    str | None,
    typer.Option(envvar="OHMSTEAD_DATABASE", help="Its PostgreSQL by URL, without the folder."),
]


@app.callback()
def import_() -> None:
    """Take in what other programs measured; works while the cloud runs or not.

    What is there already stays, and is counted as a duplicate.  Status 1 when a line was refused.
    """


@app.command("sd-card")
def sd_card(
    files: Files,
    meter: MeterId,
    zone: Zone = None,
    dry_run: Dry = False,
    as_json: AsJson = False,
    no_progress: Quiet = False,
    data: Data = None,
    database: Database = None,
) -> None:
    """Import a device's daily files (YYYYMMDD.CSV), or folders of them."""

    def read(file: import_files.File, into: Meter | None) -> Iterable[Item]:
        return sd_card_read.read(file.lines(), _zone(zone, into))

    place = _place(data, database)
    paths = import_files.found(files, (".csv", ".gz"))
    run(place, feed_of(paths, read, meter, {}), dry_run, as_json, no_progress)


@app.command("green-button")
def green_button(
    files: Files,
    meter: MeterId,
    usage_point: Annotated[
        str | None, typer.Option(help="Which one, where a file has several: id or title.")
    ] = None,
    dry_run: Dry = False,
    as_json: AsJson = False,
    no_progress: Quiet = False,
    data: Data = None,
    database: Database = None,
) -> None:
    """Import Green Button files (ESPI XML) of a utility."""

    def read(file: import_files.File, into: Meter | None) -> Iterable[Item]:
        with tempfile.TemporaryFile() as kept:  # read twice, whatever it comes from
            shutil.copyfileobj(file.bytes, kept, CHUNK)
            kept.seek(0)
            feed = look(iter(lambda: kept.read(CHUNK), b""))
            kept.seek(0)
            pieces = iter(lambda: kept.read(CHUNK), b"")
            yield from green_button_read.read(pieces, feed, usage_point, _unit(into))

    place = _place(data, database)
    paths = import_files.found(files, (".xml", ".gz"))
    run(place, feed_of(paths, read, meter, {}), dry_run, as_json, no_progress)


@app.command("csv")
def csv(  # noqa: PLR0913, PLR0917  (one argument an option)
    files: Files,
    meter: Annotated[
        str | None, typer.Option("--meter", help="Id of the meter to import into.")
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(help='What a column is: "Wh total=1.8.0:Wh"; may be repeated.'),
    ] = None,
    time_column: Annotated[
        list[str] | None,
        typer.Option(help="Name or number of the time's column; two where date and clock differ."),
    ] = None,
    time_format: Annotated[
        str | None, typer.Option(help="Like %d.%m.%Y %H:%M; or iso, epoch, epoch-ms.")
    ] = None,
    zone: Zone = None,
    meter_column: Annotated[
        str | None, typer.Option(help="The column that names the meter, in a file of several.")
    ] = None,
    map: Annotated[
        list[str] | None, typer.Option(MAP, help="A meter's name in the file and its id: a=b.")
    ] = None,
    starts: Annotated[
        bool, typer.Option("--time-is-start", help="A time is the start of its interval.")
    ] = False,
    delimiter: Annotated[
        str | None, typer.Option(help="What is between columns; tab is a word for it.")
    ] = None,
    decimal: Annotated[str | None, typer.Option(help="The decimal sign: . or ,")] = None,
    encoding: Annotated[str | None, typer.Option(help="utf-8, cp1252, utf-16 …")] = None,
    skip: Annotated[int, typer.Option(min=0, help="So many lines stand before the header.")] = 0,
    no_header: Annotated[
        bool, typer.Option("--no-header", help="The first line has no names, columns have numbers.")
    ] = False,
    dry_run: Dry = False,
    as_json: AsJson = False,
    no_progress: Quiet = False,
    data: Data = None,
    database: Database = None,
) -> None:
    """Import tables of any other program; what is not said is found out."""
    if (meter is None) == (meter_column is None):
        raise BadInput("say into which meter: --meter ID, or --meter-column NAME for several")
    if decimal not in (None, ".", ","):
        raise BadInput(f"--decimal {decimal!r} is neither . nor ,")
    between = "\t" if delimiter in ("tab", "\\t") else delimiter
    if between is not None and len(between) != 1:
        raise BadInput(f"--delimiter {delimiter!r} is not one character, and not tab")
    if starts and meter is None:
        raise BadInput("--time-is-start needs --meter: its interval is added")

    def read(file: import_files.File, into: Meter | None) -> Iterable[Item]:
        if into is None and zone is None:
            raise BadInput("a file of several meters needs --zone: that of its local times")
        told = csv_found.Told(
            time=time_column or (),
            time_format=time_format,
            columns=column or (),
            meter=meter_column,
            delimiter=between,
            decimal=decimal,
            header=not no_header,
            shift=timedelta(seconds=into.interval_s) if starts and into else timedelta(0),
            skipped=skip,
        )
        lines = islice(file.lines(encoding), skip, None)
        head = list(islice(lines, SAMPLE))
        layout = csv_found.layout(head, told, _zone(zone, into), _unit(into))
        return csv_read.read(chain(head if no_header else head[1:], lines), layout)

    place, paths = _place(data, database), import_files.found(files, (".csv", ".txt", ".gz"))
    run(place, feed_of(paths, read, meter, _names(map)), dry_run, as_json, no_progress)


@app.command("instance")
def instance(  # noqa: PLR0913, PLR0917  (one argument an option)
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="[FILE...]", help="Files, unless --url is said.")
    ] = None,
    meter: Annotated[
        str | None, typer.Option("--meter", help="Id of the meter, instead of those of the file.")
    ] = None,
    url: Annotated[
        str | None, typer.Option(help="The other instance, over the network: https://HOST:8443.")
    ] = None,
    first: Annotated[
        str | None, typer.Option("--from", metavar="DATE", help="First day, at its site.")
    ] = None,
    last: Annotated[
        str | None, typer.Option("--to", metavar="DATE", help="Day after the last.")
    ] = None,
    token_file: Annotated[
        Path | None, typer.Option(help="File with a token of it; OHMSTEAD_TOKEN otherwise.")
    ] = None,
    ca: Annotated[
        Path | None, typer.Option(help="The authority of its certificate: its ca.crt.")
    ] = None,
    map: Annotated[
        list[str] | None, typer.Option(MAP, help="A meter's id there and its id here: a=b.")
    ] = None,
    dry_run: Dry = False,
    as_json: AsJson = False,
    no_progress: Quiet = False,
    data: Data = None,
    database: Database = None,
) -> None:
    """Import what another instance measured: files of `export readings`, or over the network."""
    names, place = _names(map), _place(data, database)
    if url is not None:
        if files or first is None or last is None or not (names or meter):
            raise BadInput("--url needs --from, --to, and --meter ID or --map THERE=HERE; no files")
        if names and meter:
            raise BadInput("--url takes --meter ID or --map THERE=HERE; --map may be repeated")
        remote = Instance(url, _token(token_file), ca)
        span = day("--from", first), day("--to", last)
        meters = names or {meter or "": meter or ""}

        async def fetch(importer: Importer, told: Told) -> None:
            await fetched(importer, remote, meters, span, told)

        run(place, fetch, dry_run, as_json, no_progress)
        return
    if not files:
        raise BadInput("say what to import: files of `ohmstead export readings`, or --url")

    def read(file: import_files.File, _into: Meter | None) -> Iterable[Item]:
        begin = file.bytes.peek(4)[:4]
        if begin == b"PAR1":
            return instance_read.from_parquet(Path(file.name))
        if begin.lstrip()[:1] in (b"[", b"{"):
            return instance_read.from_json(file.lines("utf-8"))
        return instance_read.from_csv(file.lines("utf-8"))

    paths = import_files.found(files, (".csv", ".parquet", ".gz", *JSON_SUFFIXES))
    run(place, feed_of(paths, read, meter, names), dry_run, as_json, no_progress)


def _place(data: Path | None, database: str | None) -> Place:
    return Place(data or (None if database else DEFAULT_DATA), database, existing=True)


def _zone(written: str | None, meter: Meter | None) -> tzinfo:
    """The zone that is said, or that of the meter's site."""
    if written is not None:
        return zone_of(written)
    assert meter is not None  # noqa: S101  (asked for before)
    return meter.site.zone


def _unit(meter: Meter | None) -> str | None:
    """The unit of the meter's value; None of an electric one."""
    return None if meter is None or meter.type == "electricity" else meter.unit or ""


def _names(written: Sequence[str] | None) -> dict[str, str]:
    found: dict[str, str] = {}
    for each in written or ():
        name, equals, id = each.rpartition("=")
        if not equals or not name or not id:
            raise BadInput(f"{MAP} {each!r} is not understood; it looks like THERE=HERE")
        found[name] = id
    return found


def _token(file: Path | None) -> str:
    """The token of the other instance."""
    if file is None:
        return os.environ.get("OHMSTEAD_TOKEN", "").strip()
    try:
        return file.read_text().strip()
    except (OSError, UnicodeDecodeError) as trouble:
        raise BadInput(f"--token-file {file} cannot be read: {trouble}") from None
