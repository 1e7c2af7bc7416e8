"""The gateway's way up: reports into a queue on disk, and from there to the cloud's broker."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ohmstead.clock import Clock
from ohmstead.errors import BadInput, Unavailable
from ohmstead.gateway.outbox import Outbox
from ohmstead.gateway.publisher import Publisher
from ohmstead.gateway.queue import Queue
from ohmstead.reading.reading import Reading
from ohmstead.settings.gateway import GatewayOptions
from ohmstead.surfaces import device

Rendered = Callable[[Reading], bytes]


@dataclass(frozen=True, slots=True)
class Uplink:
    """What sends reports up, and how that stands."""

    queue: Queue
    outbox: Outbox
    publisher: Publisher

    def state(self) -> device.Uplink:
        """For `system`."""
        tally = self.queue.tally
        return device.Uplink(
            state=self.publisher.state,
            waiting=self.queue.waiting,
            waiting_bytes=self.queue.waiting_bytes,
            sent=tally.sent,
            dropped=tally.dropped,
            damaged=tally.damaged,
            unwritten=self.outbox.unwritten,
            trouble=self.publisher.trouble,
        )


def uplink_of(options: GatewayOptions, folder: Path, rendered: Rendered, clock: Clock) -> Uplink:
    """Opens the queue in `folder`; `rendered` makes a report of a reading.

    BadInput without a cloud in the options, Unavailable when the queue cannot be used.
    """
    if options.uplink is None:
        raise BadInput("no cloud is set up: give the uplink file that the cloud's admin has made")
    try:
        queue = Queue(folder / "uplink")
    except OSError as error:
        raise Unavailable(f"the queue in {folder} cannot be used: {error}") from error
    outbox = Outbox(queue, options.uplink_interval_s, rendered)
    return Uplink(queue, outbox, Publisher(options.uplink, queue, outbox, clock))
