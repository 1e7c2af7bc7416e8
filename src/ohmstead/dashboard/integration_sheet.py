"""The connection sheet of an integration, and its passwords."""

from typing import cast
from zoneinfo import ZoneInfo

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from ohmstead.access import secrets
from ohmstead.dashboard import integration_shapes as shapes
from ohmstead.dashboard.integrations import managed, step, visible
from ohmstead.dashboard.parts import Parts
from ohmstead.dashboard.problems import answers
from ohmstead.dashboard.sessions import SIGNED_IN
from ohmstead.store import facts
from ohmstead.store.integrations import Integration
from ohmstead.store.people import User
from ohmstead.surfaces import connection_sheet
from ohmstead.surfaces.cloud2cloud import Source
from ohmstead.surfaces.cloud2cloud_sample import MAC, made_up
from ohmstead.surfaces.cloud2cloud_template import Message

QOS = [0, 1]
PROTOCOL = "MQTT 3.1.1"
UTC = ZoneInfo("UTC")


@post(
    "/api/integrations/{id:str}/password",
    status_code=200,
    responses=answers(400, 401, 404, 409, 413, 503),
    security=SIGNED_IN,
    summary="Make a new password",
)
async def password(
    id: FromPath[str],
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
    data: JSONBody[shapes.Renewal | None],
) -> shapes.Sheet:
    """The sheet with a new password, this one time; the old one works on for `overlap_s`."""
    await managed(id, user, parts)
    made = secrets.new_secret()
    overlap_s = (data or shapes.Renewal()).overlap_s
    renewed = await parts.integrations.renew(
        id, secrets.digest(parts.key, made), overlap_s, step(user, parts)
    )
    return await _sheet(renewed, parts, made)


@get(
    "/api/integrations/{id:str}/sheet",
    responses=answers(401, 404, 503),
    security=SIGNED_IN,
    summary="The connection sheet",
)
async def sheet(
    id: FromPath[str], user: NamedDependency[User], parts: NamedDependency[Parts]
) -> shapes.Sheet:
    """All that a client needs, apart from the password."""
    return await _sheet(await visible(id, user, parts), parts, None)


async def _sheet(of: Integration, parts: Parts, made: str | None) -> shapes.Sheet:
    uri = await parts.facts.get(facts.MQTT_URI) or ""
    certificate = await parts.facts.get(facts.CA_CERTIFICATE) or ""
    host, port = connection_sheet.address(uri)
    sample = Message(of.template).payload(Source(MAC, made_up(parts.clock.now()), UTC, of.zero))
    return shapes.Sheet(
        id=of.id,
        uri=uri,
        host=host,
        port=port,
        certificate=certificate,
        username=of.username,
        password=made,
        old_password_until=of.old_password_until,
        client_id=of.username,
        client_id_rule=connection_sheet.CLIENT_ID_RULE,
        topic=of.topic,
        qos=QOS,
        protocol=PROTOCOL,
        template=cast(shapes.Template, of.template),
        sample=sample.decode(),
        kept=parts.passing.kept,
        kept_messages=parts.passing.kept_messages,
        kept_days=parts.passing.kept_days,
        samples=[
            shapes.Sample(tool=each.tool, text=each.text)
            for each in connection_sheet.samples(uri, of.username, of.topic, certificate)
        ],
    )


ROUTES = [password, sheet]
