"""What can be measured, for the pages: names and units come from one table."""

from litestar import get
from litestar.di import NamedDependency

from ohmstead.dashboard import shapes
from ohmstead.dashboard.problems import answers
from ohmstead.dashboard.sessions import SIGNED_IN
from ohmstead.reading import catalogue as measured
from ohmstead.reading import labels
from ohmstead.store.people import User

KNOWN = shapes.Catalogue(
    quantities=[
        shapes.Quantity(
            obis=q.obis, unit=q.unit, kind=q.kind.value, label=q.label, labels=labels.labels(q)
        )
        for q in measured.ALL
    ],
    media=[shapes.Medium(kind=m.kind, label=m.label, unit=m.unit) for m in measured.MEDIA],
)


@get(
    "/api/catalogue",
    responses=answers(401, 503),
    security=SIGNED_IN,
    summary="What can be measured",
)
async def catalogue(user: NamedDependency[User]) -> shapes.Catalogue:  # noqa: ARG001  (signed in)
    """Every quantity and every kind of meter, with names and units."""
    return KNOWN


ROUTES = [catalogue]
