"""Explanations of any history: the counted parts add up to what was promised."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from sla import clocks, reckoning
from sla.core.deadlines import BUSINESS_DAYS, HOURS
from sla.core.hours import ALWAYS_OPEN
from sla.explanation import Explanation, Gap, explain
from sla.models import Calendar, Clock, Condition, Metric, Pause, Policy, Priority, hours_of
from tests import factories
from tests.sla.core.calendars import ALL_DAY, BERLIN, KOLKATA, LORD_HOWE, LUNCH, NEW_YORK, OFFICE
from tests.sla.stories import RESOLUTION
from tickets.models import Ticket

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
# Clocks change in the weeks after it.
SPRING = datetime(2026, 3, 1, tzinfo=UTC)

ZONES = [KOLKATA, NEW_YORK, BERLIN, LORD_HOWE]
BROKEN_NIGHT = [("00:00", "06:00"), ("22:00", "24:00")]
HALF = [("10:00", "13:00")]
CONDITIONS = list(Condition)


class History:
    """A ticket's resolution clocks under any calendar and any targets, by the clocks' own verbs."""

    def __init__(self, policy: Policy, ticket: Ticket, data: st.DataObject) -> None:
        self.ticket, self.data, self.policy = ticket, data, policy
        self.priorities = list(Priority.objects.order_by("rank"))
        self.at = self.start = SPRING + data.draw(st.timedeltas(timedelta(0), timedelta(days=40)))
        self.waits: set[Condition] = set()
        self._draw_calendar()
        self._draw_targets()
        self.now = data.draw(st.sampled_from(self.priorities))
        clocks.start(
            ticket_id=ticket.pk,
            policy=policy,
            priority=self.now,
            metrics=[RESOLUTION],
            at=self.at,
        )

    def _draw_calendar(self) -> None:
        draw = self.data.draw
        calendar = Calendar.objects.create(name="Any", time_zone=draw(st.sampled_from(ZONES)))
        spans = draw(st.sampled_from([OFFICE, LUNCH, ALL_DAY, BROKEN_NIGHT]))
        days = draw(st.sets(st.integers(0, 6), min_size=1))
        for day in days:
            for opens, closes in spans:
                calendar.opening_hours.create(weekday=day, opens=opens, closes=closes)
        for days_on in draw(st.sets(st.integers(0, 20), max_size=4)):
            day = self.start.date() + timedelta(days=days_on)
            for opens, closes in draw(st.sampled_from([[("", "")], HALF])):
                name = f"Feast of {day}"
                calendar.holidays.create(date=day, name=name, opens=opens, closes=closes)
        calendar.publish(at=SPRING)
        self.policy.calendar = calendar

    def _draw_targets(self) -> None:
        units = st.sampled_from(["hours", "business_hours", "business_days"])
        for target in self.policy.targets.filter(metric=RESOLUTION):
            target.unit, target.amount = self.data.draw(units), self.data.draw(st.integers(1, 12))
            target.goal_amount = None
            target.save()
        self.policy.pause_rules.get_or_create(
            metric=Metric.RESOLUTION, condition=Condition.WITH_ENGINEERING
        )
        self.policy.save()
        self.policy.publish(at=SPRING)

    def go(self) -> None:
        """Let time pass, and do what is possible then."""
        minutes = st.one_of(st.integers(0, 180), st.sampled_from([7 * 60, 24 * 60, 72 * 60]))
        self.at += self.data.draw(minutes) * MINUTE + self.data.draw(st.integers(0, 2)) * HOUR / 7
        act = self.data.draw(st.sampled_from(self._possible()))
        note(f"{self.at} {act}")
        verb: dict[str, Any] = {"ticket_id": self.ticket.pk, "at": self.at, "by": None}
        if isinstance(act, Priority):
            before, self.now = self.now, act
            owed = {RESOLUTION.value: self.start}
            clocks.change_priority(policy=self.policy, before=before, after=act, owed=owed, **verb)
        elif act == "stop":
            clocks.stop(metrics=[RESOLUTION], **verb)
        elif act == "reopen":
            clocks.reopen(metric=RESOLUTION, priority=self.now, **verb)
        else:
            turn = clocks.resume if act in self.waits else clocks.pause
            turn(condition=act, **verb)
            self.waits ^= {act}

    def _possible(self) -> list[Any]:
        if not clocks.is_running(ticket_id=self.ticket.pk, metric=RESOLUTION):
            self.waits = set()
            return ["reopen"]
        higher = [priority for priority in self.priorities if priority.is_above(self.now)]
        lower = [priority for priority in self.priorities if self.now.is_above(priority)]
        return [*CONDITIONS, *CONDITIONS, *higher, *lower[:1], "stop"]


def check(clock: Clock, at: datetime) -> None:
    """The lines have no hole, end at the deadline that is stored, and add up to the target."""
    explanation = explain(clock, at=at)
    decider, lines, pauses = explanation.decider, explanation.lines, list(clock.pauses.all())
    edges = [decider.started_at, *(line.end for line in lines)]
    assert [line.start for line in lines] == edges[:-1]
    assert all(line.start < line.end for line in lines)
    assert edges[-1] == explanation.due_at == clock.due_at
    assert clock.due_at == reckoning.due_of(clock, reckoning.finished(pauses))
    whole = granted(decider)
    assert sum((line.end - line.start for line in lines if line.counted), timedelta(0)) == whole
    assert sum(line.seconds for line in lines) == lines[-1].total_seconds
    begun = next(line.start.microsecond for line in lines if line.counted)
    in_seconds = (whole + timedelta(microseconds=begun)) // timedelta(seconds=1)
    assert explanation.total_seconds == in_seconds
    assert explanation.used_seconds + explanation.left_seconds == explanation.total_seconds
    check_reasons(explanation, pauses)
    rows = explanation.rows(near=1)
    assert sum(row.seconds for row in rows) == explanation.total_seconds
    assert sum(row.count if isinstance(row, Gap) else 1 for row in rows) == len(lines)
    assert [row.start for row in rows] == [decider.started_at, *(row.end for row in rows[:-1])]
    ahead = [line.is_ahead for line in lines]
    assert ahead == sorted(ahead), "what has happened comes before what is left"


def granted(clock: Clock) -> timedelta:
    """What counts without any pause, said in another way than by `sla.core.deadlines`."""
    if clock.target_unit != BUSINESS_DAYS:
        return clock.target_amount * HOUR
    hours = hours_of(clock.calendar_version_id)
    return hours.between(clock.started_at, hours.add_days(clock.started_at, clock.target_amount))


def check_reasons(explanation: Explanation, pauses: list[Pause]) -> None:
    """Each line says what is true of its stretch."""
    decider = explanation.decider
    version = decider.calendar_version
    keeper = ALWAYS_OPEN if decider.target_unit == HOURS else hours_of(version.pk)
    over = [(p.started_at, p.ended_at, p.reason) for p in pauses if p.ended_at is not None]
    for line in explanation.lines:
        inside = {reason for a, b, reason in over if a <= line.start and line.end <= b}
        touching = {reason for a, b, reason in over if a < line.end and line.start < b}
        open_time = keeper.between(line.start, line.end)
        assert line.reason
        assert line.counted == (line.kind in ("open", "day_and_night"))
        if line.counted:
            assert open_time == line.end - line.start
            assert not touching
        elif line.kind in Pause.Reason.values:
            assert line.kind in inside
        else:
            assert not open_time
        if line.name.startswith("Feast"):
            local = line.start.astimezone(ZoneInfo(version.time_zone))
            assert line.name == f"Feast of {local.date()}"


@pytest.fixture
def bare(policy: Policy) -> Ticket:
    """A ticket without clocks."""
    made = {"subject": "Any", "requester": factories.customer(), "submitted_at": SPRING}
    return Ticket.objects.create(priority=factories.priority("P3"), updated_at=SPRING, **made)


@settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(length=st.integers(0, 8), data=st.data())
def test_the_counted_parts_add_up_whatever_happened(
    policy: Policy, bare: Ticket, length: int, data: st.DataObject
) -> None:
    with transaction.atomic():
        history = History(policy, bare, data)
        for _ in range(length):
            history.go()
        for at in (history.at, history.at + timedelta(days=2), history.at + timedelta(days=90)):
            for clock in Clock.objects.filter(ticket=bare):
                check(clock, at)
        transaction.set_rollback(True)
