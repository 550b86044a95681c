"""Each run of a sweep is on record, and its silence for three periods is a lateness."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from sla import sweep
from sla.models import Sweep
from tests.factories import MONDAY

pytestmark = pytest.mark.django_db

SECOND = timedelta(seconds=1)
PERIOD = 10 * SECOND
MINUTE = timedelta(minutes=1)


def run(at: datetime, *, did: int = 0) -> Sweep:
    with sweep.recorded("escalation", period=PERIOD, at=at) as running:
        running.did = did
    return Sweep.objects.get()


def fail(at: datetime) -> Sweep:
    with (
        pytest.raises(ZeroDivisionError),
        sweep.recorded("escalation", period=PERIOD, at=at),
    ):
        _ = 1 / 0
    return Sweep.objects.get()


def seen(**fields: Any) -> Sweep:
    """A sweep whose last run was at MONDAY, if `fields` do not say otherwise."""
    return Sweep(name="escalation", **{"period_seconds": 10, "last_run_at": MONDAY, **fields})


def test_a_run_is_on_record() -> None:
    for at, did in ((MONDAY, 3), (MONDAY + MINUTE, 0)):
        row = run(at, did=did)
        assert (row.name, row.period_seconds) == ("escalation", 10)
        assert (row.last_run_at, row.did) == (at, did)
        assert row.running_since is None
        assert 0 <= row.took_ms < 10_000


def test_a_run_that_is_under_way_is_seen_from_outside() -> None:
    with sweep.recorded("escalation", period=PERIOD, at=MONDAY):
        row = Sweep.objects.get()
    assert (row.running_since, row.last_run_at) == (MONDAY, None)


def test_a_run_that_raises_is_not_on_record_as_one() -> None:
    run(MONDAY, did=3)
    row = fail(MONDAY + MINUTE)
    assert (row.last_run_at, row.did, row.running_since) == (MONDAY, 3, None)
    assert row.is_late(MONDAY + MINUTE)


def test_a_sweep_that_has_only_ever_failed_is_late() -> None:
    assert fail(MONDAY).is_late(MONDAY + SECOND)


def test_the_end_of_a_run_leaves_the_mark_of_the_next_one_that_has_begun_meanwhile() -> None:
    with sweep.recorded("escalation", period=PERIOD, at=MONDAY):
        other = sweep.recorded("escalation", period=PERIOD, at=MONDAY + PERIOD)
        other.__enter__()
    assert Sweep.objects.get().running_since == MONDAY + PERIOD
    other.__exit__(None, None, None)
    row = Sweep.objects.get()
    assert (row.running_since, row.last_run_at) == (None, MONDAY + PERIOD)


@pytest.mark.parametrize(
    ("fields", "seconds", "late"),
    [
        ({}, 10, False),
        ({}, 30, False),
        ({}, 30.001, True),
        ({"period_seconds": 3600}, 3 * 3600, False),
        # It counts from the end of the run.
        ({"took_ms": 200_000}, 230, False),
        ({"took_ms": 200_000}, 231, True),
        # A run that is under way is in time, unless none may take so long.
        ({"running_since": MONDAY + PERIOD}, 60, False),
        ({"running_since": MONDAY + PERIOD}, 309, False),
        ({"running_since": MONDAY + PERIOD}, 310, True),
        # One of those that never end, and follow each other.
        ({"running_since": MONDAY + 31 * SECOND}, 32, True),
        # The first one is still under way, or none has ever come to its end.
        ({"last_run_at": None, "running_since": MONDAY}, 1, True),
        ({"last_run_at": None}, 1, True),
    ],
)
def test_a_sweep_is_late_after_three_periods(
    fields: dict[str, Any], seconds: float, late: bool
) -> None:
    assert seen(**fields).is_late(MONDAY + seconds * SECOND) is late


@pytest.mark.parametrize(
    ("fields", "seconds", "late"),
    [
        ({}, 90, False),
        ({}, 90.001, True),
        ({"last_run_at": None}, 90, False),
        ({"last_run_at": None}, 91, True),
        ({"running_since": MONDAY + 70 * SECOND}, 200, False),
    ],
)
def test_who_began_to_look_a_minute_later_waits_for_three_periods(
    fields: dict[str, Any], seconds: float, late: bool
) -> None:
    at, watched_since = MONDAY + seconds * SECOND, MONDAY + MINUTE
    assert seen(**fields).is_late(at, watched_since=watched_since) is late


def test_an_alarm_is_over_with_the_second_run_in_time() -> None:
    run(MONDAY)
    Sweep.objects.update(alarmed_at=MONDAY + MINUTE)
    # A sweep that runs now and then, and late each time, is one alarm.
    for minutes in (2, 3, 4):
        assert run(MONDAY + minutes * MINUTE).alarmed_at == MONDAY + MINUTE
    assert fail(MONDAY + 4 * MINUTE + PERIOD).alarmed_at == MONDAY + MINUTE
    assert run(MONDAY + 4 * MINUTE + 2 * PERIOD).alarmed_at is None
