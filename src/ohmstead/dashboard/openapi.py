"""The OpenAPI document: `python -m ohmstead.dashboard.openapi` prints it, without a database."""

import json
import sys

from litestar import Litestar

from ohmstead.dashboard.api import routes
from ohmstead.dashboard.description import plain


def dumped(api: Litestar | None = None) -> str:
    """The description as JSON, the same text for the same code; of the pages' API unless said."""
    document = plain((api or routes()).openapi_schema.to_schema())
    return json.dumps(document, indent=2, sort_keys=True) + "\n"


if __name__ == "__main__":
    sys.stdout.write(dumped())
