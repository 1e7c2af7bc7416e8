"""The MQTT client to a broker of the user's own.  Source: REST/MQTT 2.0, 4."""

from typing import Annotated

from msgspec import Meta

from ohmstead.settings.form import OMITTED, SECRET_SHOWN_EMPTY, Form

PEM = "^$|-----BEGIN "
LONGEST_PEM = 8192


class Publish(Form, frozen=True):
    """Where and what it publishes."""

    topic: Annotated[
        str,
        Meta(max_length=127, pattern=r"^[^+#\x00]*$", description="A topic without wildcards."),
    ] = ""
    template: Annotated[
        str, Meta(max_length=1023, description="The message; `${name}` is a variable.")
    ] = ""


class Broker(Form, frozen=True):
    """What proves the broker."""

    certificate: (
        Annotated[
            str,
            Meta(
                max_length=LONGEST_PEM,
                pattern=PEM,
                description="The authority that signed the broker's certificate, PEM.",
            ),
        ]
        | None
    ) = None


class Client(Form, frozen=True):
    """What proves this client to the broker."""

    certificate: (
        Annotated[
            str,
            Meta(
                max_length=LONGEST_PEM,
                pattern=PEM,
                description="The client's certificate, PEM; it needs the key.",
            ),
        ]
        | None
    ) = None
    key: (
        Annotated[
            str,
            Meta(max_length=LONGEST_PEM, pattern=PEM, description="Its private key, PEM."),
            SECRET_SHOWN_EMPTY,
        ]
        | None
    ) = None
    key_password: (
        Annotated[str, Meta(max_length=255, description="What opens the key."), SECRET_SHOWN_EMPTY]
        | None
    ) = None

    def __post_init__(self) -> None:
        if bool(self.certificate) != bool(self.key):
            raise ValueError("certificate and key are given together or not at all")


class MqttSettings(Form, frozen=True):
    """The MQTT client.  Source: REST/MQTT 2.0, 4."""

    enable: bool = False
    url: Annotated[
        str,
        Meta(
            max_length=127,
            pattern=r"^$|^mqtts?://.",
            description="`mqtt://HOST[:PORT]`, or `mqtts://` for TLS.",
        ),
    ] = ""
    username: Annotated[str, Meta(max_length=127)] = ""
    client_id: Annotated[
        str, Meta(max_length=63, description="Must be another for each client of a broker.")
    ] = ""
    skip_cn_check: Annotated[
        bool, Meta(description="Does not compare the name in the broker's certificate.")
    ] = False
    publish: Publish = Publish()
    broker: Annotated[Broker, OMITTED] = Broker()
    client: Annotated[Client, OMITTED] = Client()
    password: Annotated[str, Meta(max_length=127), SECRET_SHOWN_EMPTY] = ""
