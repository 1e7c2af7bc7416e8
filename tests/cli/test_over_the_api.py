"""What the command line does to an installation can be done over the API, too; docs/api.md."""

from collections.abc import Iterator

import typer
from tests.dashboard.described import DOCUMENT

from ohmstead.cli import COMMANDS, _loaded

HERE = "it runs here: "
ROUTES: dict[str, str] = {
    "demo": HERE + "a cloud of its own",
    "cloud": HERE + "it is what answers",
    "gateway": HERE + "beside the meter, with an API of its own",
    "decode": HERE + "on bytes, without an installation",
    "download-csv": HERE + "with a device in the local network",
    "provision": HERE
    + "with a device in the local network; POST /api/devices makes the other half",
    "flatten": HERE + "on JSON, without an installation",
    "simulate": HERE + "as a meter",
    "release new-key": HERE + "where releases are made",
    "release make": HERE + "where releases are made",
    "release show": HERE + "where releases are made",
    "show latest": "GET /api/latest",
    "show readings": "GET /api/meters/{id}/readings",
    "show series": "GET /api/meters/{id}/series",
    "show energy": "GET /api/meters/{id}/energy/buckets",
    "show balance": "GET /api/meters/{id}/balance",
    "show breakdown": "GET /api/sites/{id}/breakdown",
    "show holes": "GET /api/meters/{id}/holes, GET /api/holes",
    "show compare": "GET /api/meters/{id}/comparison",
    "show peaks": "GET /api/meters/{id}/peaks",
    "show duration": "GET /api/meters/{id}/load-duration",
    "show heat-map": "GET /api/meters/{id}/heat-map",
    "show self-consumption": "GET /api/sites/{id}/self-consumption",
    "export costs": "GET /api/meters/{id}/costs",
    "export energy": "GET /api/meters/{id}/export/energy, GET /api/sites/{id}/export/energy",
    "export readings": "GET /api/meters/{id}/export/readings, GET /api/sites/{id}/export/readings",
    "import csv": "POST /api/meters/{id}/uploads/look, POST /api/meters/{id}/uploads",
    "import sd-card": HERE + "on the card's files; one file is a table for the uploads",
    "import green-button": HERE + "on files; readings are taken by /measurements/v2/batch",
    "import instance": HERE + "it is itself a client of another instance's API",
    "archive list": "GET /api/archive",
    "archive run": "POST /api/archive/runs",
    "archive restore": "POST /api/archive/restorations",
    "archive columnar": "POST /api/archive/columnar",
    "archive verify": "POST /api/archive/verifications",
    "backup make": "POST /api/backups, GET /api/backups/{id}/file",
    "backup verify": HERE + "where the file is; POST /api/backups reads what it made",
    "restore": HERE + "there is no installation yet that could answer",
    "migrate": HERE + "a cloud that answers has done it at its start",
    "admin audit": "GET /api/audit",
    "admin org add": "POST /api/organisations",
    "admin org retention": "PUT /api/organisations/{id}/retention",
    "admin org list": "GET /api/organisations",
    "admin org show": "GET /api/organisations/{id}",
    "admin org remove": "DELETE /api/organisations/{id}, POST /api/removals",
    "admin site add": "POST /api/sites",
    "admin site list": "GET /api/sites",
    "admin site show": "GET /api/sites/{id}",
    "admin site remove": "DELETE /api/sites/{id}, POST /api/removals",
    "admin meter add": "POST /api/meters, POST /api/virtual-meters",
    "admin meter list": "GET /api/meters",
    "admin meter show": "GET /api/meters/{id}",
    "admin meter remove": "DELETE /api/meters/{id}",
    "admin meter set": "PUT /api/meters/{id}",
    "admin meter role": "PUT /api/meters/{id}/role",
    "admin meter formula": "GET /api/meters/{id}/formula, PUT /api/meters/{id}/formula",
    "admin meter set-parent": "PUT /api/meters/{id}/parent",
    "admin meter tree": "GET /api/sites/{id}/tree",
    "admin device add": "POST /api/devices",
    "admin device list": "GET /api/managed-devices",
    "admin device show": "GET /api/devices/{mac}",
    "admin device renew": "POST /api/devices/{mac}/renew",
    "admin device remove": "DELETE /api/devices/{mac}",
    "admin user add": "POST /api/people, POST /api/people/{id}/link",
    "admin user list": "GET /api/people",
    "admin user show": "GET /api/people/{id}",
    "admin user link": "POST /api/people/{id}/link",
    "admin user remove": "DELETE /api/people/{id}",
    "admin user role": "PUT /api/people/{id}",
    "admin user sign-out": "DELETE /api/people/{id}/sessions",
    "admin user totp-off": "DELETE /api/people/{id}/second-factor",
    "admin integration add": "POST /api/integrations, POST /api/integrations/{id}/approve",
    "admin integration request": "POST /api/integrations",
    "admin integration requests": "GET /api/integrations",
    "admin integration approve": "POST /api/integrations/{id}/approve",
    "admin integration refuse": "POST /api/integrations/{id}/refuse",
    "admin integration list": "GET /api/integrations",
    "admin integration show": "GET /api/integrations/{id}",
    "admin integration change": "PATCH /api/integrations/{id}",
    "admin integration attach": "PUT /api/integrations/{id}/devices/{mac}",
    "admin integration detach": "DELETE /api/integrations/{id}/devices/{mac}",
    "admin integration devices": "GET /api/integrations/{id}/devices",
    "admin integration pause": "POST /api/integrations/{id}/pause",
    "admin integration resume": "POST /api/integrations/{id}/resume",
    "admin integration revoke": "POST /api/integrations/{id}/revoke",
    "admin integration delete": "DELETE /api/integrations/{id}",
    "admin integration renew-password": "POST /api/integrations/{id}/password",
    "admin broker configuration": "POST /api/broker/configuration",
    "admin reader add": "POST /api/readers",
    "admin reader list": "GET /api/readers",
    "admin reader renew": "POST /api/readers/{name}/renew",
    "admin reader remove": "DELETE /api/readers/{name}",
    "admin credential add": "POST /api/credentials",
    "admin credential list": "GET /api/credentials",
    "admin credential show": "GET /api/credentials/{id}",
    "admin credential rotate": "POST /api/credentials/{id}/rotate",
    "admin credential remove": "DELETE /api/credentials/{id}",
    "admin partner add": "POST /api/partners",
    "admin partner list": "GET /api/partners",
    "admin partner show": "GET /api/partners/{id}",
    "admin partner attach": "PUT /api/partners/{id}/organisations/{organisation}",
    "admin partner detach": "DELETE /api/partners/{id}/organisations/{organisation}",
    "admin partner remove": "DELETE /api/partners/{id}",
    "admin token add": "POST /api/tokens",
    "admin token list": "GET /api/tokens",
    "admin token revoke": "DELETE /api/tokens/{id}",
    "admin energy recompute": "POST /api/energy/recomputings",
    "admin tariff add": "POST /api/tariffs",
    "admin tariff change": "PUT /api/tariffs/{id}",
    "admin tariff list": "GET /api/tariffs",
    "admin tariff show": "GET /api/tariffs/{id}",
    "admin tariff remove": "DELETE /api/tariffs/{id}",
    "admin tariff assign": "POST /api/meters/{id}/contracts",
    "admin tariff unassign": (
        "PUT /api/meters/{id}/contracts, DELETE /api/meters/{id}/contracts/{contract}"
    ),
    "admin tariff contracts": "GET /api/contracts, GET /api/meters/{id}/contracts",
    "admin tariff prices import": "PUT /api/tariffs/{id}/prices",
    "admin tariff prices list": "GET /api/tariffs/{id}",
}
"""Each command, and the routes that do the same; or why there is none."""
SAME = ("admin organisation ", "admin org ")
"""Another word for the same commands."""


def commands() -> Iterator[str]:
    """Every command there is, as it is written after `ohmstead`."""
    for each in COMMANDS:
        yield from _below(typer.main.get_command(_loaded(each)), each.name)


def _below(command: object, name: str) -> Iterator[str]:
    inside: dict[str, object] = getattr(command, "commands", {})
    if not inside:
        yield name.replace(*SAME)
    for word, below in inside.items():
        yield from _below(below, f"{name} {word}")


def test_every_command_has_a_route_or_a_reason() -> None:
    """docs/api.md, what the admin command does: a new command is a line in the table above."""
    assert set(commands()) == set(ROUTES)


def test_the_routes_of_commands_are_there() -> None:
    """docs/api.md: what the table names is described, with that method."""
    for said in ROUTES.values():
        for route in said.split(", ") if not said.startswith(HERE) else ():
            method, _, path = route.partition(" ")
            assert method.lower() in DOCUMENT["paths"].get(path, {}), route
