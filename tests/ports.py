"""Ports at which the servers of the tests may listen."""

import os
import random
import socket
from pathlib import Path

LOWEST = 15_000
WORKERS = 16
_given: set[int] = set()


def free_port() -> int:
    """A port of 127.0.0.1 for a server that starts soon; nobody else is given the same one.

    It lies below those that the kernel hands out by itself, so that no other server of a test can
    take it between the choice and the moment at which this one listens.
    """
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % WORKERS
    ports = [n for n in range(LOWEST, _first_of_the_kernel()) if n % WORKERS == worker]
    random.shuffle(ports)
    port = next(port for port in ports if port not in _given and _is_free(port))
    _given.add(port)
    return port


def _first_of_the_kernel() -> int:
    """Of the range from which a port is taken when a program asks for any."""
    configured = Path("/proc/sys/net/ipv4/ip_local_port_range")
    return int(configured.read_text().split()[0]) if configured.exists() else 32_768


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
