"""An external broker: a NATS cluster of somebody's own, instead of a server that we start."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from ohmstead.errors import BadInput

CREDENTIALS = Path("nats") / "external.json"
"""Where the keys are in the folder of an installation."""
REPLICAS = 3
MOST_REPLICAS = 5
"""Source: NATS documentation, JetStream clustering."""


@dataclass(frozen=True, slots=True)
class External:
    """Which cluster, and how devices and we come to it."""

    urls: tuple[str, ...]
    """`nats://HOST:PORT` or `tls://HOST:PORT` of its servers, for us."""
    mqtts: str
    """`mqtts://HOST:PORT`, for devices and integrations; several with commas between them."""
    credentials: Path
    """The keys that `ohmstead admin broker configuration` has made."""
    certificate: Path | None = None
    """The authority that signed the servers' certificates; None is our own."""
    replicas: int = REPLICAS
    """On how many servers each message is kept."""

    @property
    def addresses(self) -> tuple[tuple[str, int], ...]:
        """Host and port of each server for MQTT."""
        parts = [urlsplit(uri.strip()) for uri in self.mqtts.split(",")]
        return tuple((each.hostname or "", each.port or 8883) for each in parts)


def external(
    urls: Sequence[str],
    mqtts: str | None,
    credentials: Path,
    certificate: Path | None,
    replicas: int,
) -> External | None:
    """What the options say, None where no broker is named; BadInput names the wrong one."""
    named = tuple(each.strip() for url in urls for each in url.split(",") if each.strip())
    if not named:
        if mqtts or certificate:
            raise BadInput("--broker-mqtts and --broker-ca belong to --broker, which is missing")
        return None
    for url in named:
        _checked(url, ("nats", "tls"), "--broker", "nats://HOST:4222")
    if mqtts is None:
        raise BadInput(
            "--broker-mqtts is missing: the mqtts://HOST:PORT where devices reach this broker"
        )
    for uri in mqtts.split(","):
        _checked(uri.strip(), ("mqtts",), "--broker-mqtts", "mqtts://HOST:8883")
    return External(named, mqtts, credentials, certificate, replicas)


def _checked(url: str, schemes: tuple[str, ...], option: str, example: str) -> None:
    parts = urlsplit(url)
    try:
        known = parts.hostname, parts.port
    except ValueError:
        known = None, None
    if parts.scheme not in schemes or not known[0] or parts.username or parts.path.strip("/"):
        raise BadInput(f"{option}: {url!r} is no address like {example}")
