"""Where packets are taken beside the pages, and by how many processes."""

from dataclasses import dataclass

from ohmstead.errors import BadInput
from ohmstead.settings.address import Address

MOST_WORKERS = 64


@dataclass(frozen=True, slots=True)
class PushOptions:
    """Addresses that take packets alone.

    `workers` are processes of their own that do it; 0 is the cloud's own process.
    """

    https: Address | None = None
    http: Address | None = None
    """Without TLS: for this machine, and for proxies that are trusted."""
    workers: int = 0

    @property
    def addresses(self) -> tuple[tuple[str, Address], ...]:
        """Scheme and address of each."""
        both = (("https", self.https), ("http", self.http))
        return tuple((scheme, at) for scheme, at in both if at is not None)


def push_options(https: str | None, http: str | None, workers: int) -> PushOptions:
    """Options as they are written; BadInput says what is wrong with them."""
    try:
        made = PushOptions(
            None if https is None else Address.parse(https),
            None if http is None else Address.parse(http),
            workers,
        )
    except ValueError as error:
        raise BadInput(str(error)) from error
    if workers and not made.addresses:
        raise BadInput(
            "--workers take packets at addresses of their own: add --push or --push-http"
        )
    return made
