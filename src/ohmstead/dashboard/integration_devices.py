"""The devices in an integration, trying a template, and the Test button."""

from collections.abc import Sequence
from typing import cast
from zoneinfo import ZoneInfo

from litestar import delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from ohmstead.dashboard import integration_shapes as shapes
from ohmstead.dashboard.devices import mac_behind
from ohmstead.dashboard.integrations import decides, managed, step, template_named, visible
from ohmstead.dashboard.paging import PAGE_MOST, AfterText, Limit, paged
from ohmstead.dashboard.parts import Parts
from ohmstead.dashboard.passing import Sent, ToSend
from ohmstead.dashboard.problems import answers
from ohmstead.dashboard.sessions import SIGNED_IN
from ohmstead.dashboard.shapes import Site
from ohmstead.errors import Conflict, Forbidden
from ohmstead.reading.reading import Reading
from ohmstead.store.devices import mac_of
from ohmstead.store.integration_devices import Member
from ohmstead.store.integrations import ACTIVE, Integration
from ohmstead.store.people import User
from ohmstead.store.readings import Latest
from ohmstead.surfaces.cloud2cloud import DEFAULT_TEXT, FIELDS, Source
from ohmstead.surfaces.cloud2cloud_sample import MAC, made_up
from ohmstead.surfaces.cloud2cloud_template import Message, mistakes_in

TEST_MOST = 20
"""Devices whose newest reading one test sends."""
UTC = ZoneInfo("UTC")


@get(
    "/api/integrations/{id:str}/devices",
    responses=answers(400, 401, 404, 503),
    security=SIGNED_IN,
    summary="The devices of an integration",
)
async def members(
    id: FromPath[str],
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
    after: AfterText = None,
    limit: Limit = PAGE_MOST,
) -> shapes.Members:
    """The devices of an integration, by MAC."""
    integration = await visible(id, user, parts)
    found = await parts.integration_devices.of(
        integration.id, after=mac_behind(after), limit=limit + 1
    )
    page, following = paged(found, limit, lambda each: each.mac)
    return shapes.Members(items=[_member(each) for each in page], next=following)


@put(
    "/api/integrations/{id:str}/devices/{mac:str}",
    responses=answers(400, 401, 404, 413, 503),
    security=SIGNED_IN,
    summary="Add a device to an integration",
)
async def attach(
    id: FromPath[str],
    mac: FromPath[str],
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
    data: JSONBody[shapes.Joining | None],
) -> shapes.Member:
    """Add a device that one has claimed, or change how it is in."""
    integration = await managed(id, user, parts)
    plain, how = mac_of(mac), data or shapes.Joining()
    if not decides(user) and plain not in await parts.devices.claimed(user.id):
        raise Forbidden(f"device {plain} is not claimed by you; claim it with its code first")
    with template_named():
        member = await parts.integration_devices.attach(
            integration,
            plain,
            step(user, parts),
            template=how.template,
            interval_s=how.interval_s,
        )
    return _member(member)


@delete(
    "/api/integrations/{id:str}/devices/{mac:str}",
    responses=answers(400, 401, 404, 503),
    security=SIGNED_IN,
    summary="Take a device out of an integration",
)
async def detach(
    id: FromPath[str],
    mac: FromPath[str],
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
) -> None:
    """Nothing of the device is passed on to this integration any more."""
    integration = await managed(id, user, parts)
    await parts.integration_devices.detach(integration, mac, step(user, parts))


@get(
    "/api/integrations/fields",
    responses=answers(401, 503),
    security=SIGNED_IN,
    summary="The fields of templates",
)
async def fields(user: NamedDependency[User]) -> shapes.Fields:  # noqa: ARG001  (signed in)
    """Every field that a template may name, and the default template."""
    return shapes.Fields(
        items=[
            shapes.Field(
                name=each.name,
                also=list(each.also),
                unit=each.unit,
                kind="number" if each.is_number else "text",
                label=each.label,
                default=each.default,
                listed=each.listed,
            )
            for each in FIELDS
        ],
        template=DEFAULT_TEXT,
    )


@post(
    "/api/integrations/preview",
    status_code=200,
    responses=answers(400, 401, 404, 413, 503),
    security=SIGNED_IN,
    summary="Try a template",
)
async def preview(
    data: JSONBody[shapes.Draft], user: NamedDependency[User], parts: NamedDependency[Parts]
) -> shapes.Preview:
    """What a template makes of a device's newest reading, or what is wrong with it."""
    source = await _newest(data, user, parts)
    real = source is not None
    now = parts.clock.now()
    source = source or Source(MAC, made_up(now), UTC, data.absent == "zero")
    mistakes = mistakes_in(data.template, data.written)
    message = None if mistakes else Message(data.template)
    payload = message.payload(source) if message else None
    return shapes.Preview(
        payload=None if payload is None else payload.decode(),
        json=message is not None and message.is_json,
        bytes=len(payload or b""),
        at=source.reading.at if real else None,
        made_up=not real,
        errors=[
            shapes.Mistake(line=each.line, column=each.column, message=each.message)
            for each in mistakes
        ],
    )


async def _newest(draft: shapes.Draft, user: User, parts: Parts) -> Source | None:
    """The newest reading of the draft's device, which one must have claimed; None without any."""
    if draft.mac is None:
        return None
    plain = mac_of(draft.mac)
    if not decides(user) and plain not in await parts.devices.claimed(user.id):
        raise Forbidden(f"device {plain} is not claimed by you; claim it with its code first")
    device = await parts.devices.get(plain)
    latest = (await parts.readings.latest([device.stream])).get(device.stream)
    if latest is None:
        return None
    return Source(plain, reading_of(plain, latest), device.site.zone, draft.absent == "zero")


def reading_of(mac: str, latest: Latest) -> Reading:
    """A stored reading as it came."""
    return Reading(
        meter=mac,
        at=latest.at,
        values=latest.values,
        identity=latest.identity,
        tariff=latest.tariff,
        meter_at=latest.meter_at,
        number=latest.number or 0,
    )


@get(
    "/api/integrations/{id:str}/messages",
    responses=answers(401, 404, 503),
    security=SIGNED_IN,
    summary="The last messages",
)
async def messages(
    id: FromPath[str], user: NamedDependency[User], parts: NamedDependency[Parts]
) -> shapes.Messages:
    """The last messages that were published for an integration since the cloud started."""
    integration = await visible(id, user, parts)
    return _messages(parts.passing.recent(integration.id))


@post(
    "/api/integrations/{id:str}/test",
    status_code=200,
    responses=answers(400, 401, 404, 409, 413, 503),
    security=SIGNED_IN,
    summary="Send a message for a test",
)
async def test(
    id: FromPath[str],
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
    data: JSONBody[shapes.Test | None],
) -> shapes.Messages:
    """Send the newest reading of its devices now, or made-up values on ext/ID/test."""
    integration = await managed(id, user, parts)
    if integration.state != ACTIVE:
        raise Conflict(f"integration {id} is {integration.state}; only an active one sends")
    members = await parts.integration_devices.of(integration.id)
    if data is not None and data.mac is not None:
        members = [await parts.integration_devices.get(integration.id, data.mac)]
    sent = await parts.passing.send(id, await _for_a_test(integration, members[:TEST_MOST], parts))
    return _messages(sent)


async def _for_a_test(
    integration: Integration, members: Sequence[Member], parts: Parts
) -> list[ToSend]:
    latest = await parts.readings.latest([each.stream for each in members])
    made = []
    for each in members:
        if each.stream not in latest:
            continue
        template = integration.template if each.template is None else each.template
        reading = reading_of(each.mac, latest[each.stream])
        source = Source(each.mac, reading, each.site.zone, integration.zero)
        made.append(
            ToSend(
                f"ext/{integration.id}/{each.mac}",
                Message(template).payload(source),
                integration.retain,
            )
        )
    if not made:
        source = Source(MAC, made_up(parts.clock.now()), UTC, integration.zero)
        payload = Message(integration.template).payload(source)
        made = [ToSend(f"ext/{integration.id}/test", payload, retain=False)]
    return made


def _messages(sent: Sequence[Sent]) -> shapes.Messages:
    return shapes.Messages(
        items=[
            shapes.Sent(at=each.at, topic=each.topic, payload=each.payload, test=each.test)
            for each in sent
        ]
    )


def _member(of: Member) -> shapes.Member:
    return shapes.Member(
        mac=of.mac,
        meter=of.meter,
        site=Site(id=of.site.id, name=of.site.name, timezone=of.site.timezone),
        template=cast(shapes.Template, of.template),
        interval_s=of.interval_s,
        added_at=of.added_at,
        last_published_at=of.last_at,
    )


ROUTES = [members, attach, detach, fields, preview, messages, test]
