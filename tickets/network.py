"""Where a request comes from, for limits on how much one place may ask of us."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

from django.conf import settings
from django.http import HttpRequest

# Whoever has an address of IPv6 has a whole /64 of them (RFC 6177).
PREFIX = 64
UNKNOWN = "unknown"


def network_of(request: HttpRequest) -> str:
    """The IPv4 address of the other end of the connection, or the /64 of its IPv6 address.

    It is what the web server says (REMOTE_ADDR), or what the outermost of our TRUSTED_PROXIES saw:
    what stands further left in X-Forwarded-For anybody may have written. "unknown" where nothing is
    said, as behind a Unix socket.
    """
    said = request.META.get("REMOTE_ADDR", "")
    if settings.TRUSTED_PROXIES:
        hops = request.headers.get("X-Forwarded-For", "").split(",")
        said = hops[-min(settings.TRUSTED_PROXIES, len(hops))].strip()
    try:
        return _network(ip_address(said.partition("%")[0]))
    except ValueError:
        return UNKNOWN


def _network(address: IPv4Address | IPv6Address) -> str:
    if isinstance(address, IPv4Address):
        return str(address)
    if address.ipv4_mapped:  # As a server that listens on both sees an IPv4 address.
        return str(address.ipv4_mapped)
    return str(IPv6Network((address, PREFIX), strict=False))
