"""Where the MQTT client connects to, as whom, whom it trusts.  Source: REST/MQTT 2.0, 4 and 5."""

import ssl
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from ohmstead.errors import BadInput
from ohmstead.settings.mqtt import Client, MqttSettings

PORT, TLS_PORT = 1883, 8883


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Everything a connection takes."""

    host: str
    port: int
    client_id: str
    username: str | None
    password: str | None
    tls: ssl.SSLContext | None
    surprising: bool
    """Whether it is encrypted although the address says that it is not."""


def endpoint(settings: MqttSettings, device_id: str) -> Endpoint:
    """What the settings say; BadInput names the one that cannot be.

    Without a client id it is the device's id; a user in the address counts where none is set.
    """
    parts = urlsplit(settings.url)
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if parts.scheme not in ("mqtt", "mqtts") or not host:
        raise BadInput(f"url: {settings.url!r} is not mqtt://HOST[:PORT] or mqtts://HOST[:PORT]")
    # Quirk 27: the vendor's own script writes mqtt:// and sends certificates with it.
    proven = bool(settings.broker.certificate or settings.client.certificate)
    encrypted = proven or parts.scheme == "mqtts"
    username = settings.username or unquote(parts.username or "")
    return Endpoint(
        host=host,
        port=port or (TLS_PORT if encrypted else PORT),
        client_id=settings.client_id or device_id,
        username=username or None,
        password=(settings.password or unquote(parts.password or "") or None) if username else None,
        tls=_context(settings) if encrypted else None,
        surprising=proven and parts.scheme == "mqtt",
    )


def _context(settings: MqttSettings) -> ssl.SSLContext:
    """Trusts the authority (or the very certificate) that is given, else those of the machine."""
    try:
        context = ssl.create_default_context(cadata=settings.broker.certificate or None)
    except (ssl.SSLError, ValueError) as error:
        raise BadInput(f"broker.certificate: is not a PEM certificate: {error}") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # Certificates made as in section 5.4 lack the extensions that newer Pythons insist on.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.check_hostname = not settings.skip_cn_check
    if settings.client.certificate:
        _prove(context, settings.client)
    return context


def _prove(context: ssl.SSLContext, client: Client) -> None:
    """Loads the client's certificate and key, which Python takes from a file only."""
    with tempfile.TemporaryDirectory(prefix="ohmstead-") as folder:  # 0700, gone at once
        both = Path(folder) / "client.pem"
        both.write_text(f"{client.certificate}\n{client.key}\n")
        try:
            context.load_cert_chain(both, password=lambda: client.key_password or "")
        except (ssl.SSLError, OSError, ValueError) as error:
            raise BadInput(
                "client.key: certificate, key and key_password do not fit together, or are not PEM:"
                f" {error}"
            ) from error
