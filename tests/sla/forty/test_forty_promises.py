"""Each of the forty tickets' promises is what the table says, and so is each broken one."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from sla import reports
from sla.models import Clock
from sla.reports import Filters, Order, Period
from tests.sla.forty import sums
from tests.sla.forty.facts import CASES, NOW, REASONS
from tests.sla.forty.local import BERLIN, KOLKATA
from tests.sla.forty.outcomes import BROKEN, FULFILLED, PROMISES, Promised
from tests.sla.forty.sums import Days
from tests.sla.forty.world import ALL_SEEING, World

ZONES = [KOLKATA, BERLIN]
AUTUMN = Days(date(2026, 9, 1), date(2026, 11, 1), KOLKATA)
TWO_WEEKS = (date(2026, 10, 19), date(2026, 11, 1))


def period(days: Days) -> Period:
    return Period.of_days(days.first, days.last, days.zone)


def breaches(days: Days, **asked: Any) -> list[reports.BreachRow]:
    rows, page = reports.breaches(period=period(days), at=NOW, reader=ALL_SEEING, **asked)
    assert len(rows) == page.paginator.count
    return rows


def key(one: Promised) -> tuple[Any, ...]:
    return one.ticket, one.priority, one.metric


def test_there_are_forty_tickets_and_both_calendars_have_their_share() -> None:
    assert len(CASES) == 40
    assert {zone: sum(case.zone == zone for case in CASES.values()) for zone in ZONES} == {
        KOLKATA: 26, BERLIN: 14,
    }  # fmt: skip
    assert len(PROMISES) == 95
    assert sums.numbers([one for one in PROMISES if one.counts]) == (81, 49, 23, 9)


def test_every_deadline_and_every_used_hour_is_the_one_reckoned_by_hand(world: World) -> None:
    found = {
        (
            world.number_of(clock.ticket_id), clock.priority.code, clock.metric,
            clock.started_at, clock.due_at, clock.stopped_at or clock.superseded_at,
            clock.superseded_at is not None, clock.voided_at is not None,
            clock.paused_at is not None,
        )
        for clock in Clock.objects.select_related("priority")
    }  # fmt: skip
    assert found == {
        (
            *key(one), one.made, one.due, one.ended,
            one.how in ("missed", "replaced"), one.how == "spam", one.how in ("paused", "stood"),
        )
        for one in PROMISES
    }  # fmt: skip
    used = {
        (world.number_of(clock.ticket_id), clock.priority.code, clock.metric): (
            clock.business_seconds, clock.counted_seconds,
        )
        for clock in Clock.objects.filter(stopped_at__isnull=False, voided_at=None)
        .select_related("priority")
    }  # fmt: skip
    assert used == {
        key(one): (one.business.total_seconds(), one.counted.total_seconds())
        for one in PROMISES
        if one.how in FULFILLED and one.business is not None and one.counted is not None
    }


@pytest.mark.parametrize("zone", ZONES)
def test_the_breaches_say_how_late_they_are_and_who_had_them(world: World, zone: str) -> None:
    days = Days(*TWO_WEEKS, zone)
    expected = {
        key(one): (
            one.due, one.ended, one.is_open, one.late, one.late_business, one.team, one.agent,
            REASONS.get(key(one), ""),
        )
        for one in sums.made_in(days)
        if one.how in BROKEN
    }  # fmt: skip
    assert len(expected) == 19
    rows = breaches(days)
    assert {
        (world.number_of(row.ticket_id), row.priority, row.metric): (
            row.due_at, row.ended_at, row.is_open, row.late_by, row.late_in_business_time,
            row.team or "", row.agent or "", row.reason or "",
        )
        for row in rows
    } == expected  # fmt: skip
    late = [row.late_by for row in rows]
    assert late == sorted(late, reverse=True)
    due = [row.due_at for row in breaches(days, order=Order.DUE)]
    assert due == sorted(due)


def test_the_breaches_say_what_stood_still_before(world: World) -> None:
    paused = {
        (world.number_of(row.ticket_id), pause.reason): (pause.times, pause.elapsed, pause.business)
        for row in breaches(AUTUMN)
        for pause in row.pauses
    }
    hours = timedelta(hours=1)
    # 14 waits since two hours after its deadline: that paused nothing.
    assert paused == {
        ("16", "Resolved"): (1, 24 * hours, 8 * hours),
        ("31", "With engineering"): (1, 24 * hours, 8 * hours),
    }


@pytest.mark.parametrize("zone", ZONES)
def test_the_breaches_are_counted_by_their_reasons(world: World, zone: str) -> None:
    rows = reports.breaches_by_reason(
        period=period(Days(*TWO_WEEKS, zone)), at=NOW, reader=ALL_SEEING
    )
    found = {row.name: (row.breaches, round(row.share, 1)) for row in rows}
    assert found == {
        "": (14, 73.7), "Too few people": (3, 15.8), "Waited for a supplier": (2, 10.5),
    }  # fmt: skip
    for row in rows:
        chosen = breaches(Days(*TWO_WEEKS, zone), filters=Filters(reason=row.key))
        assert len(chosen) == row.breaches
