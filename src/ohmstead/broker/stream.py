"""The stream of what devices published, and its durable consumers: the collector and the relay.

`$MQTT_msgs` is the stream the server itself stores QoS 1 messages in before it sends PUBACK.  With
interest retention it keeps a message only while a consumer wants it, so ours must be there before
the first device: without it a message is acknowledged and thrown away.  Full, it refuses new ones
(`discard new`): no PUBACK, the connection closes, and the device keeps what it has.
"""

from dataclasses import dataclass

from nats.aio.client import Client
from nats.js.api import (
    AckPolicy,
    ConsumerConfig,
    DeliverPolicy,
    DiscardPolicy,
    RetentionPolicy,
    StorageType,
    StreamConfig,
)
from nats.js.errors import NotFoundError

STREAM = "$MQTT_msgs"
STORED = "$MQTT.msgs."
"""What the server puts in front of the subject of a QoS 1 message."""
CONSUMER, RELAY = "up", "relay"
"""The collector's consumer, and that of the relay to integrations: each gets every message."""
DEVICES = "up"
"""First level of the topics that devices publish on: `up/<MAC>`."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is kept, how much travels at once, and how long a batch may take."""

    stream_bytes: int = 2 << 30
    batch: int = 500
    batch_bytes: int = 8 << 20
    ack_wait_s: float = 6.0
    """A message not acknowledged for so long is delivered again; the time is renewed meanwhile."""
    idle_s: float = 5.0
    """How long one question for messages stays open."""
    confirm_s: float = 2.0
    """How long the server may take to confirm acknowledgements."""
    replicas: int = 1
    """On how many servers each message is kept; more than one needs a cluster of as many."""
    recover_s: float = 60.0
    """How long messages are held back for older ones before they go out without them."""


async def prepare(connection: Client, limits: Limits) -> None:
    """Make the stream and the consumers, or bring those that exist to `limits`."""
    js = connection.jetstream()
    stream = StreamConfig(
        name=STREAM,
        subjects=[STORED + ">"],
        retention=RetentionPolicy.INTEREST,
        storage=StorageType.FILE,
        discard=DiscardPolicy.NEW,
        max_bytes=limits.stream_bytes,
        num_replicas=limits.replicas,
    )
    try:
        await js.stream_info(STREAM)
    except NotFoundError:
        await js.add_stream(stream)
    else:
        await js.update_stream(stream)
    for consumer in (CONSUMER, RELAY):
        await js.add_consumer(
            STREAM,
            ConsumerConfig(
                durable_name=consumer,
                filter_subject=f"{STORED}{DEVICES}.>",
                ack_policy=AckPolicy.EXPLICIT,
                deliver_policy=DeliverPolicy.ALL,
                ack_wait=limits.ack_wait_s,
                max_deliver=-1,
                max_ack_pending=limits.batch,
            ),
        )
