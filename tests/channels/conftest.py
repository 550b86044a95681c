"""A mail server that takes everything."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.peers import SmtpPeer, mail_goes_to


@pytest.fixture
def peer(settings: Any) -> Iterator[SmtpPeer]:
    with SmtpPeer() as running:
        mail_goes_to(running.port, settings)
        yield running
