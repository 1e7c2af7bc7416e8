"""How often Python looks for cycles among its objects: rarely, in a server under load."""

import gc

EVERY = (50_000, 20, 50)
"""New objects before the youngest are looked through, and how often the older ones with them."""


def settled() -> None:
    """To be called when everything is up: what is there stays, and is not looked through again.

    A packet makes a dozen objects that live until it is stored; by default Python would go through
    all of them again and again, which was a twentieth of the time of taking packets.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*EVERY)
