"""The OpenAPI document: `python -m ohmstead.dashboard.openapi` prints it, without a database."""

import json
import sys

from ohmstead.dashboard.api import routes
from ohmstead.dashboard.description import plain


def dumped() -> str:
    """The description as JSON, the same text for the same code."""
    document = plain(routes().openapi_schema.to_schema())
    return json.dumps(document, indent=2, sort_keys=True) + "\n"


if __name__ == "__main__":
    sys.stdout.write(dumped())
