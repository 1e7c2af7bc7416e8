"""The body of a request, read as JSON whatever its type says it is."""

from typing import Any

from litestar import Request
from litestar.exceptions import InternalServerException, SerializationException

from ohmstead.dashboard.problems import Misfit


class JsonRequest(Request[Any, Any, Any]):
    """A request whose broken body is the sender's trouble, not the server's."""

    async def body(self) -> bytes:
        """The whole body; an empty one is JSON's null, so that what is missing gets named."""
        try:
            return await super().body() or b"null"
        except InternalServerException as trouble:  # the framework's word for one that has left
            raise Misfit("body", "it did not come whole, or not in time") from trouble

    async def json(self) -> Any:
        """What the body says; Misfit when it is no JSON, nested without end, or no text."""
        try:
            return await super().json()
        except RecursionError as trouble:
            raise Misfit("body", "it is nested too deeply") from trouble
        except UnicodeDecodeError as trouble:
            raise Misfit("body", f"it is not UTF-8 (byte {trouble.start})") from trouble
        except SerializationException as trouble:
            raise Misfit("body", f"it is not JSON: {trouble}") from trouble
