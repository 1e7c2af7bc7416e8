"""The troubles a route may answer with, for its OpenAPI."""

from litestar.openapi import ResponseSpec

from ohmstead.dashboard.problems import MEDIA_TYPE, TITLES
from ohmstead.dashboard.shapes import Problem


def documented(*statuses: int) -> dict[int, ResponseSpec]:
    """A problem for each of `statuses`, and 500, which any route may come to."""
    return {
        status: ResponseSpec(
            data_container=Problem,
            description=TITLES[status],
            media_type=MEDIA_TYPE,
            generate_examples=False,
        )
        for status in (*statuses, 500)
    }
