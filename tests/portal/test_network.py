"""Where a request comes from: as our own proxies saw it, and never as its sender says."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import RequestFactory

from tickets.network import network_of


@pytest.mark.parametrize(
    ("proxies", "forwarded", "remote", "expected"),
    [
        # no proxy: what the web server saw
        (0, None, "192.0.2.7", "192.0.2.7"),
        (0, "198.51.100.1", "192.0.2.7", "192.0.2.7"),
        (0, None, "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        (0, None, "fe80::1%eth0", "fe80::/64"),
        (0, None, "::ffff:192.0.2.7", "192.0.2.7"),
        (0, None, "", "unknown"),
        # one proxy, which wrote the last entry; the sender may have written the others
        (1, "198.51.100.1", "127.0.0.1", "198.51.100.1"),
        (1, "203.0.113.9, 198.51.100.1", "127.0.0.1", "198.51.100.1"),
        # two proxies: the outer one saw the sender
        (2, "203.0.113.9, 198.51.100.1, 10.0.0.2", "127.0.0.1", "198.51.100.1"),
        # fewer entries than proxies, or nonsense
        (2, "198.51.100.1", "127.0.0.1", "198.51.100.1"),
        (1, "nonsense", "127.0.0.1", "unknown"),
        (1, None, "127.0.0.1", "unknown"),
    ],
)
def test_a_request_comes_from_where_our_proxy_saw_it(
    settings: Any, proxies: int, forwarded: str | None, remote: str, expected: str
) -> None:
    settings.TRUSTED_PROXIES = proxies
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    request = RequestFactory().get("/", headers=headers, REMOTE_ADDR=remote)
    assert network_of(request) == expected
