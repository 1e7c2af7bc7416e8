"""The broker of an installation: our own child, or a cluster of somebody's own."""

from pathlib import Path

from ohmstead.broker.configuration import CALLOUT_USER, CONSUMER_USER, SYSTEM_USER, shared
from ohmstead.broker.external import Credentials, ExternalBroker, ExternalOptions
from ohmstead.broker.server import BrokerOptions, NatsServer
from ohmstead.broker.stream import Limits
from ohmstead.clock import Clock
from ohmstead.errors import BadInput
from ohmstead.house.authority import Authority, Files
from ohmstead.settings.broker import CREDENTIALS
from ohmstead.settings.cloud import CloudOptions

Broker = NatsServer | ExternalBroker
INCLUDED = "ohmstead.conf"
"""What the shared part of the configuration is called in examples."""


def broker_of(options: CloudOptions, files: Files, clock: Clock) -> Broker:
    """The broker that the options name, not entered yet; NotFound, BadInput."""
    external = options.broker
    if external is not None:
        told = ExternalOptions(
            external.urls,
            external.credentials,
            external.certificate or files.ca,
            Limits(replicas=external.replicas),
        )
        return ExternalBroker(told, clock)
    told_child = BrokerOptions(
        folder=options.data / "nats",
        certificate=files.certificate,
        key=files.key,
        host=options.mqtts.host,
        port=options.mqtts.port,
        sync_always=options.sync_always,
        binary=options.nats_binary,
    )
    return NatsServer(told_child, clock)


def trusted_by_devices(options: CloudOptions, authority: Authority) -> str:
    """The authority that devices are to trust, PEM: ours, or that of the external broker."""
    if options.broker is None or options.broker.certificate is None:
        return authority.ca_certificate
    try:
        return options.broker.certificate.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"--broker-ca {options.broker.certificate}: {error}") from error


def configuration(data: Path, credentials: Path | None = None) -> str:
    """What an operator gives each server of an external cluster; makes the keys at first."""
    kept = Credentials.kept(credentials or data / CREDENTIALS)
    users = {user: kept.public(user) for user in (SYSTEM_USER, CALLOUT_USER, CONSUMER_USER)}
    return shared(INCLUDED, users, kept.key.public)
