"""Who may send without TLS: this machine, and proxies that are trusted."""

import pytest

from ohmstead.collector.packet_entry import Entry
from ohmstead.collector.packets import Request


class Nowhere:
    """Takes packets, and does nothing with them."""

    def take(self, request: Request) -> None:
        """Forget it."""


@pytest.mark.parametrize(
    "scheme, address, headers, safe",
    [
        ("https", "203.0.113.9", {}, True),
        ("http", "127.0.0.1", {}, True),
        ("http", "::1", {}, True),
        ("http", "::ffff:127.0.0.1", {}, True),
        ("http", "203.0.113.9", {}, False),
        ("http", "203.0.113.9", {"x-forwarded-proto": "https"}, False),
        ("http", "", {}, False),
        ("http", "192.0.2.7", {}, True),
        ("http", "192.0.2.7", {"x-forwarded-proto": "https"}, True),
        ("http", "192.0.2.7", {"x-forwarded-proto": "http"}, False),
        ("http", "192.0.2.7", {"x-forwarded-proto": "https, http"}, False),
        ("http", "192.0.2.7", {"x-forwarded-proto": "http", "x-forwarded-for": "::1"}, True),
        ("http", "192.0.2.7", {"x-forwarded-proto": "http", "x-forwarded-for": "\xff"}, False),
        ("http", "192.0.2.8", {}, False),
    ],
)
def test_plain_http_is_for_this_machine_and_trusted_proxies(
    scheme: str, address: str, headers: dict[str, str], safe: bool
) -> None:
    """Wattics 2019, API Service URL: non-secure requests are rejected; docs/push.md, Plain http."""
    entry = Entry(Nowhere(), ["192.0.2.7/32"])
    sent = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    assert entry.is_safe(entry.peer(scheme, address), sent) is safe
