"""A NATS cluster of somebody's own in the place of our child: the same service, more machines.

The servers know us by public keys, which `ohmstead admin broker configuration` prints for them; the
private ones are in a file that only we read.  Nobody signs in before our callout answers, and it
answers only after stream and consumers exist, so the devices' port may be open from the start.
"""

import asyncio
import os
import ssl
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec
import nkeys
import structlog
from nats.errors import Error as NatsError

from ohmstead.broker import keys
from ohmstead.broker.configuration import CALLOUT_USER, CONSUMER_USER, SYSTEM_USER
from ohmstead.broker.keys import AccountKey
from ohmstead.broker.link import Link
from ohmstead.broker.stream import Limits, prepare
from ohmstead.broker.words import ServerLog
from ohmstead.clock import Clock
from ohmstead.errors import BadInput, NotFound, OhmsteadError, Unavailable

log = structlog.get_logger(__name__)

CREDENTIALS = "external.json"
REPLICAS = 3
_READY_S = 60.0
_PAUSE_S = 0.5
_LARGEST = 65_536


class Credentials(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The seeds (nkeys) of our three users, and of the account that signs what may be done."""

    system: str
    callout: str
    consumer: str
    account: str

    def __repr__(self) -> str:
        return "Credentials()"  # nothing of them in a log

    @property
    def seeds(self) -> dict[str, str]:
        """User -> seed."""
        return {
            SYSTEM_USER: self.system,
            CALLOUT_USER: self.callout,
            CONSUMER_USER: self.consumer,
        }

    @property
    def key(self) -> AccountKey:
        """The account that signs the callout's answers."""
        return AccountKey(self.account.encode())

    def public(self, user: str) -> str:
        """The public key of one of our users."""
        pair = nkeys.from_seed(self.seeds[user].encode())
        return str(pair.public_key.decode())

    @classmethod
    def kept(cls, file: Path) -> "Credentials":
        """Those in `file`, made at the first call; Unavailable when it cannot be written."""
        try:
            return cls.read(file)
        except NotFound:
            made = cls(*(_seed(kind) for kind in (_USER, _USER, _USER, _ACCOUNT)))
        try:
            file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            keys.write_private(file, msgspec.json.format(msgspec.json.encode(made), indent=2))
        except OSError as error:
            raise Unavailable(f"{file} cannot be written: {error.strerror}") from error
        return made

    @classmethod
    def read(cls, file: Path) -> "Credentials":
        """Those in `file`; NotFound or BadInput, which never show what is in it."""
        try:
            content = file.read_bytes()[:_LARGEST]
        except FileNotFoundError as error:
            raise NotFound(
                f"there are no credentials {file}; `ohmstead admin broker configuration` makes them"
            ) from error
        except OSError as error:
            raise BadInput(f"the credentials {file} cannot be read: {error.strerror}") from error
        try:
            found = msgspec.json.decode(content, type=cls)
            for seed in (*found.seeds.values(), found.account):
                nkeys.from_seed(seed.encode())
        except Exception as error:  # whatever it is: nkeys has errors of many kinds
            raise BadInput(
                f"{file} is not what `ohmstead admin broker configuration` has made"
            ) from error
        return found


_USER, _ACCOUNT = nkeys.PREFIX_BYTE_USER, nkeys.PREFIX_BYTE_ACCOUNT


def _seed(kind: int) -> str:
    return str(nkeys.encode_seed(os.urandom(32), kind).decode())


@dataclass(frozen=True, slots=True)
class ExternalOptions:
    """Where the cluster is, and how we sign in."""

    urls: tuple[str, ...]
    """`nats://HOST:PORT`, or `tls://`, of its servers; one is enough to find the others."""
    credentials: Path
    certificate: Path | None = None
    """The authority that signed the servers' certificates; None: those this machine trusts."""
    limits: Limits = Limits(replicas=REPLICAS)  # noqa: RUF009  (frozen)
    ready_s: float = _READY_S


class ExternalBroker:
    """The cluster, with our stream in it: used like `NatsServer`, but nothing of it is our child.

    Raises Unavailable if it does not answer or takes no stream, BadInput for unusable files.
    """

    def __init__(self, options: ExternalOptions, clock: Clock) -> None:
        self._options, self._clock = options, clock
        self.log = ServerLog(clock)
        """Hears nothing: the servers' logs are on their machines."""
        self.restarts = 0
        self.pid: int | None = None
        credentials = Credentials.read(options.credentials)
        self.key = credentials.key
        self.link = Link(",".join(options.urls), "", seeds=credentials.seeds, tls=_context(options))

    @property
    def publish_violations(self) -> int:
        """None that we hear of: they are in the servers' logs."""
        return self.log.publish_violations

    async def ready(self, timeout_s: float = _READY_S, *, restarts: int = 0) -> None:
        """It was when the block was entered."""

    async def reload_certificate(self, timeout_s: float = _PAUSE_S) -> None:
        """The servers' certificates are their operator's."""

    async def __aenter__(self) -> Self:
        urls = ", ".join(self._options.urls)
        trouble = "it is silent"
        try:
            async with asyncio.timeout(self._options.ready_s):
                while True:
                    try:
                        await self._prepare()
                    except (OhmsteadError, NatsError, TimeoutError) as error:
                        said, trouble = trouble, str(error) or repr(error)
                        if said != trouble:
                            log.warning("waiting for the external broker", urls=urls, why=trouble)
                        await asyncio.sleep(_PAUSE_S)
                        continue
                    break
        except TimeoutError:
            raise Unavailable(
                f"the broker at {urls} is not ready ({trouble}); does it have the configuration "
                "that `ohmstead admin broker configuration` prints?"
            ) from None
        log.info("external broker ready", urls=urls)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """It goes on without us: what devices publish is kept until we are back."""

    async def _prepare(self) -> None:
        connection = await self.link.connect(CONSUMER_USER, "prepare")
        try:
            await prepare(connection, self._options.limits)
        finally:
            await connection.close()


def _context(options: ExternalOptions) -> ssl.SSLContext | None:
    """For `tls://`; `nats://` is without unless an authority is named."""
    encrypted = any(url.startswith("tls://") for url in options.urls)
    if options.certificate is None and not encrypted:
        return None
    try:
        return ssl.create_default_context(cafile=options.certificate)
    except (OSError, ssl.SSLError) as error:
        raise BadInput(f"the certificate {options.certificate} cannot be used: {error}") from error
