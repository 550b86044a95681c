"""A sweep that runs in time, and twice each hour, leaves every figure as where none ever ran."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sla.models import Firing
from tests.sla.forty.everything import everything
from tests.sla.forty.facts import NOW
from tests.sla.forty.world import World, tell
from tickets.models import Escalation

HOUR = timedelta(hours=1)
# Before that all of it is one late sweep.
FIRST = datetime(2026, 10, 18, 18, tzinfo=UTC)


def test_what_was_swept_every_hour_and_twice_is_as_what_never_was(
    settled: World, unswept: dict[tuple[str, ...], Any]
) -> None:
    hours = [FIRST + number * HOUR for number in range((NOW - FIRST) // HOUR + 1)]
    told = tell(settled, sweeps=[*hours, *hours])
    # Of many that were late or all but late, and each step once; people were told of it.
    assert Firing.objects.count() > 50
    assert Escalation.objects.filter(raised_by=None).count() > 50
    found = everything(told)
    assert found.keys() == unswept.keys()
    for name, report in found.items():
        assert report == unswept[name], name
