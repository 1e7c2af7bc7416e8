"""The NATS server's configuration file: accounts, JetStream, auth callout and the MQTT port."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ACCOUNT = "APP"
"""The account that devices and our consumer share; JetStream is enabled in it."""
SYSTEM_USER, CALLOUT_USER, CONSUMER_USER = "sys", "auth", "app"
CALLOUT_TIMEOUT_S = 5
"""How long the server waits for an answer to a sign-in."""
LARGEST_PAYLOAD = 1 << 20


@dataclass(frozen=True, slots=True)
class Mqtt:
    """The port of the devices: MQTT 3.1.1 over TLS."""

    host: str
    port: int
    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True)
class Configuration:
    """What one run of the server is told; `mqtt` None keeps the devices' port closed."""

    folder: Path
    port: int
    password: str
    issuer: str
    """Public key of the account that signs what the callout allows."""
    sync_always: bool
    max_file_bytes: int
    mqtt: Mqtt | None = None

    @property
    def pid_file(self) -> Path:
        """Where the server writes its process number."""
        return self.folder / "nats.pid"


_TEMPLATE = """\
server_name: ohmstead
listen: {listen}
pid_file: {pid_file}
max_payload: {payload}
jetstream {{
  store_dir: {store}
  max_memory_store: 67108864
  max_file_store: {max_file}
  {sync}
}}
accounts {{
  SYS {{
    users: [ {{ user: {system}, password: {password} }} ]
  }}
  AUTH {{
    users: [ {{ user: {callout}, password: {password} }} ]
  }}
  {account} {{
    jetstream: enabled
    users: [ {{ user: {consumer}, password: {password} }} ]
  }}
}}
system_account: SYS
authorization {{
  timeout: {timeout}
  auth_callout {{
    issuer: {issuer}
    auth_users: [ {system}, {callout}, {consumer} ]
    account: AUTH
  }}
}}
"""

_MQTT = """\
mqtt {{
  listen: {listen}
  tls {{
    cert_file: {certificate}
    key_file: {key}
    timeout: 10
  }}
}}
"""


def address(host: str, port: int) -> str:
    """`host:port` with an IPv6 host in brackets.

    >>> address("::1", 8883)
    '[::1]:8883'
    """
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def written(given: Configuration) -> str:
    """The configuration file's text."""
    text = _TEMPLATE.format(
        listen=json.dumps(f"127.0.0.1:{given.port}"),
        pid_file=json.dumps(str(given.pid_file)),
        payload=LARGEST_PAYLOAD,
        store=json.dumps(str(given.folder / "store")),
        max_file=given.max_file_bytes,
        # fsync before each PUBACK; without it the server syncs every two minutes
        sync="sync_interval: always" if given.sync_always else "",
        system=SYSTEM_USER,
        callout=CALLOUT_USER,
        consumer=CONSUMER_USER,
        account=ACCOUNT,
        password=json.dumps(given.password),
        timeout=CALLOUT_TIMEOUT_S,
        issuer=json.dumps(given.issuer),
    )
    if given.mqtt is not None:
        text += _MQTT.format(
            listen=json.dumps(address(given.mqtt.host, given.mqtt.port)),
            certificate=json.dumps(str(given.mqtt.certificate)),
            key=json.dumps(str(given.mqtt.key)),
        )
    return text


_SHARED = """\
# What every NATS server of Ohmstead's needs; made by `ohmstead admin broker configuration`.
# No secret is in it.  Include it in the configuration of each server:  include "{name}"
max_payload: {payload}
accounts {{
  SYS {{
    users: [ {{ nkey: {system} }} ]
  }}
  AUTH {{
    users: [ {{ nkey: {callout} }} ]
  }}
  {account} {{
    jetstream: enabled
    users: [ {{ nkey: {consumer} }} ]
  }}
}}
system_account: SYS
authorization {{
  timeout: {timeout}
  auth_callout {{
    issuer: {issuer}
    auth_users: [ {system}, {callout}, {consumer} ]
    account: AUTH
  }}
}}
"""


def shared(name: str, users: Mapping[str, str], issuer: str) -> str:
    """The part of the configuration that all servers of an external cluster share.

    `users` are the public keys of our three users, `issuer` that of the callout's account.
    """
    return _SHARED.format(
        name=name,
        payload=LARGEST_PAYLOAD,
        system=users[SYSTEM_USER],
        callout=users[CALLOUT_USER],
        consumer=users[CONSUMER_USER],
        account=ACCOUNT,
        timeout=CALLOUT_TIMEOUT_S,
        issuer=issuer,
    )
