"""Waiting puts promises off, answers keep or break them, and reopening lets them run on."""

from __future__ import annotations

from datetime import datetime

import pytest

from sla.models import Clock, Condition, Policy, Target
from tests import factories
from tests.sla.stories import FIRST, RESOLUTION, SECOND, Span, change, due, last, of_priority, wait
from tests.times import nov
from tickets import lifecycle
from tickets.models import User

pytestmark = pytest.mark.usefixtures("policy")


@pytest.fixture
def agent(policy: Policy) -> User:
    return factories.agent("meera@desk.example")


# --- Waiting for the customer ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "spans", "expected"),
    [
        # A business day is added at the end, as its eight hours.
        ("P3", [(nov(3, "10:00"), nov(4, "10:00"))], nov(10, "10:00")),
        ("P3", [(nov(3, "10:00"), nov(3, "10:30"))], nov(9, "10:30")),
        # Nights and weekends add nothing to a promise in business time ...
        ("P3", [(nov(3, "17:30"), nov(4, "08:00"))], nov(9, "10:00")),
        ("P3", [(nov(6, "17:00"), nov(9, "09:00"))], nov(9, "10:00")),
        # ... and an hour of Friday that is left over is added on Monday.
        ("P3", [(nov(6, "16:00"), nov(7, "12:00"))], nov(9, "11:00")),
        # Two pauses add up.
        ("P3", [(nov(3, "10:00"), nov(3, "11:00")), (nov(4, "10:00"), nov(4, "11:00"))],
         nov(9, "12:00")),
        # What is added can run over closing time.
        ("P3", [(nov(3, "09:00"), nov(3, "17:00")), (nov(4, "09:00"), nov(4, "09:30"))],
         nov(10, "10:30")),
        # Elapsed hours are put off by the night as well.
        ("P2", [(nov(3, "17:30"), nov(4, "08:00"))], nov(6, "00:30")),
        ("P1", [(nov(2, "12:00"), nov(2, "13:00"))], nov(2, "23:00")),
        # The second pause begins before the deadline that the first one moved.
        ("P1", [(nov(2, "20:00"), nov(2, "21:00")), (nov(2, "22:30"), nov(2, "22:45"))],
         nov(2, "23:15")),
        # A pause that begins when the promise is broken comes too late.
        ("P1", [(nov(2, "22:00"), nov(2, "23:00"))], nov(2, "22:00")),
        ("P1", [(nov(2, "23:00"), nov(3, "23:00"))], nov(2, "22:00")),
    ],
)  # fmt: skip
def test_waiting_for_the_customer_puts_off_the_resolution_alone(
    code: str, spans: list[Span], expected: datetime
) -> None:
    ticket = factories.ticket(code)
    first_response = last(ticket, FIRST).due_at
    wait(ticket, spans)
    assert due(ticket) == (first_response, expected)


def test_waiting_puts_off_goal_and_limit_alike() -> None:
    ticket = factories.ticket("P4")
    wait(ticket, [(nov(3, "10:00"), nov(4, "10:00"))])
    clock = last(ticket, RESOLUTION)
    assert (clock.goal_at, clock.due_at) == (nov(10, "10:00"), nov(17, "10:00"))


def test_a_waiting_ticket_shows_the_promise_that_still_runs(agent: User) -> None:
    ticket = factories.ticket("P3")
    ticket = lifecycle.wait_for_customer(ticket=ticket, by=agent, at=nov(2, "11:00"))
    assert ticket.next_due_at == nov(3, "10:00")  # The first response is owed all the same.
    ticket = lifecycle.reply(ticket=ticket, by=agent, text="Which report?", at=nov(2, "12:00"))
    assert ticket.next_due_at is None
    ticket = lifecycle.resume(ticket=ticket, by=agent, at=nov(3, "11:00"))
    assert ticket.next_due_at == nov(10, "10:00")


def test_a_promise_is_not_broken_while_it_stands_still() -> None:
    ticket = factories.ticket("P3")
    lifecycle.wait_for_customer(ticket=ticket, by=None, at=nov(3, "10:00"))
    clock = last(ticket, RESOLUTION)
    assert clock.paused_at == nov(3, "10:00")
    assert not clock.is_breached(nov(30, "10:00"))
    assert not Clock.objects.breached(nov(30, "10:00")).filter(pk=clock.pk).exists()


def test_a_broken_promise_stays_broken_while_it_stands_still() -> None:
    ticket = factories.ticket("P1")
    ticket = lifecycle.wait_for_customer(ticket=ticket, by=None, at=nov(2, "22:01"))
    clock = last(ticket, RESOLUTION)
    assert clock.is_breached(nov(2, "22:01"))
    assert clock in Clock.objects.breached(nov(2, "22:01"))
    assert clock in Clock.objects.pressing()


def test_a_pause_that_begins_at_the_deadline_does_not_save_it() -> None:
    ticket = factories.ticket("P1")
    lifecycle.wait_for_customer(ticket=ticket, by=None, at=nov(2, "22:00"))
    clock = last(ticket, RESOLUTION)
    for clock_now in (clock, Clock.objects.with_end(nov(2, "23:00")).get(pk=clock.pk)):
        assert not clock_now.is_breached(nov(2, "22:00"))
        assert clock_now.is_breached(nov(2, "23:00"))
    assert clock in Clock.objects.breached(nov(2, "23:00"))
    assert clock in Clock.objects.pressing()
    lifecycle.resume(ticket=ticket, by=None, at=nov(3, "09:00"))
    assert last(ticket, RESOLUTION).is_breached(nov(3, "09:00"))


def test_the_policy_says_what_pauses(policy: Policy) -> None:
    policy.pause_rules.all().delete()
    policy.pause_rules.create(metric=FIRST, condition=Condition.WAITING_FOR_CUSTOMER)
    factories.publish()
    ticket = factories.ticket("P3")
    wait(ticket, [(nov(2, "11:00"), nov(2, "12:00"))])
    assert due(ticket) == (nov(3, "11:00"), nov(9, "10:00"))


def test_engineering_pauses_nothing_by_default(agent: User) -> None:
    ticket = factories.ticket("P3")
    lifecycle.escalate_to_engineering(ticket=ticket, by=agent, at=nov(3, "10:00"))
    assert last(ticket, RESOLUTION).paused_at is None
    lifecycle.return_from_engineering(ticket=ticket, by=agent, at=nov(4, "10:00"))
    assert due(ticket) == (nov(3, "10:00"), nov(9, "10:00"))


def test_two_reasons_to_stand_still_count_once(policy: Policy, agent: User) -> None:
    policy.pause_rules.create(metric=RESOLUTION, condition=Condition.WITH_ENGINEERING)
    factories.publish()
    ticket = factories.ticket("P3")
    lifecycle.escalate_to_engineering(ticket=ticket, by=agent, at=nov(3, "10:00"))
    lifecycle.wait_for_customer(ticket=ticket, by=agent, at=nov(3, "12:00"))
    lifecycle.return_from_engineering(ticket=ticket, by=agent, at=nov(3, "14:00"))
    assert last(ticket, RESOLUTION).paused_at == nov(3, "12:00")  # It waits for the customer yet.
    lifecycle.resume(ticket=ticket, by=agent, at=nov(3, "16:00"))
    clock = last(ticket, RESOLUTION)
    assert (clock.paused_at, clock.due_at) == (None, nov(9, "16:00"))  # Six hours, not eight.


def test_a_ticket_that_is_with_engineering_stands_still_after_reopening(
    policy: Policy, agent: User
) -> None:
    policy.pause_rules.create(metric=RESOLUTION, condition=Condition.WITH_ENGINEERING)
    factories.publish()
    ticket = factories.ticket("P3")
    lifecycle.escalate_to_engineering(ticket=ticket, by=agent, at=nov(3, "10:00"))
    lifecycle.resolve(ticket=ticket, by=agent, at=nov(3, "12:00"))
    ticket = lifecycle.reopen(ticket=ticket, by=agent, at=nov(3, "13:00"))
    assert ticket.with_engineering
    assert last(ticket, RESOLUTION).paused_at == nov(3, "13:00")
    lifecycle.return_from_engineering(ticket=ticket, by=agent, at=nov(3, "14:00"))
    assert last(ticket, RESOLUTION).due_at == nov(9, "14:00")


# --- Kept or broken -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "answered", "broken"),
    [
        ("P1", nov(2, "12:00"), False),  # At the deadline is in time.
        ("P1", nov(2, "12:00") + SECOND, True),
        ("P2", nov(3, "10:00"), False),
        ("P2", nov(3, "10:00") + SECOND, True),
        ("P3", nov(2, "10:00"), False),  # At once.
        ("P3", nov(3, "10:00") + SECOND, True),
        ("P4", nov(4, "10:00"), False),
    ],
)
def test_an_answer_stops_the_first_response_in_time_or_late(
    agent: User, code: str, answered: datetime, broken: bool
) -> None:
    ticket = factories.ticket(code)
    lifecycle.reply(ticket=ticket, by=agent, text="We are on it.", at=answered)
    clock = last(ticket, FIRST)
    assert clock.stopped_at == answered
    assert clock.next_step_at is None
    for much_later in (answered, nov(30, "10:00")):
        assert clock.is_breached(much_later) is broken
        assert (clock in Clock.objects.breached(much_later)) is broken


@pytest.mark.parametrize(
    ("code", "submitted", "spans", "resolved", "counted", "business"),
    [
        # Two hours of a morning.
        ("P3", nov(2, "10:00"), [], nov(2, "12:00"), 2, 2),
        # Over a weekend: Friday's last hour and Monday's first.
        ("P3", nov(6, "16:00"), [], nov(9, "10:00"), 2, 2),
        # P2 is resolved in elapsed hours: the night counts for the promise, not for the report.
        ("P2", nov(2, "16:00"), [], nov(3, "10:00"), 18, 2),
        # Nothing of a Sunday is business time.
        ("P1", nov(7, "23:30"), [], nov(8, "02:30"), 3, 0),
        # A pause counts for neither.
        ("P3", nov(2, "10:00"), [(nov(2, "11:00"), nov(2, "13:00"))], nov(2, "14:00"), 2, 2),
        ("P1", nov(2, "10:00"), [(nov(2, "11:00"), nov(2, "13:00"))], nov(2, "18:00"), 6, 5),
    ],
)  # fmt: skip
def test_a_stopped_clock_knows_how_much_time_was_used(
    agent: User,
    code: str,
    submitted: datetime,
    spans: list[Span],
    resolved: datetime,
    counted: int,
    business: int,
) -> None:
    ticket = factories.ticket(code, at=submitted)
    wait(ticket, spans)
    lifecycle.resolve(ticket=ticket, by=agent, at=resolved)
    clock = last(ticket, RESOLUTION)
    assert (clock.counted_seconds, clock.business_seconds) == (counted * 3600, business * 3600)


def test_resolving_a_waiting_ticket_ends_its_pause(agent: User) -> None:
    ticket = factories.ticket("P3")
    lifecycle.wait_for_customer(ticket=ticket, by=agent, at=nov(3, "10:00"))
    lifecycle.resolve(ticket=ticket, by=agent, at=nov(20, "10:00"))
    clock = last(ticket, RESOLUTION)
    assert not clock.pauses.filter(ended_at=None).exists()
    assert clock.paused_at is None
    assert not clock.is_breached(nov(20, "10:00"))


# --- Reopening ------------------------------------------------------------------------------------


def test_a_reopened_clock_runs_on_without_the_time_it_stood_resolved(agent: User) -> None:
    ticket = factories.ticket("P3")
    lifecycle.resolve(ticket=ticket, by=agent, at=nov(4, "10:00"))
    stopped = last(ticket, RESOLUTION)
    ticket = lifecycle.reopen(ticket=ticket, by=agent, at=nov(5, "10:00"))
    clock = last(ticket, RESOLUTION)
    assert clock.pk == stopped.pk
    assert (clock.stopped_at, clock.due_at) == (None, nov(10, "10:00"))
    assert (clock.counted_seconds, clock.business_seconds) == (None, None)
    assert ticket.next_due_at == nov(10, "10:00")
    assert last(ticket, FIRST).stopped_at == nov(4, "10:00")  # It was answered by the resolution.


def test_a_late_resolution_stays_late_after_reopening(agent: User) -> None:
    ticket = factories.ticket("P1")
    lifecycle.resolve(ticket=ticket, by=agent, at=nov(2, "23:00"))
    lifecycle.reopen(ticket=ticket, by=agent, at=nov(3, "10:00"))
    clock = last(ticket, RESOLUTION)
    assert clock.due_at == nov(2, "22:00")
    assert clock.is_breached(nov(3, "10:00"))


def test_a_ticket_can_be_resolved_and_reopened_again_and_again(agent: User) -> None:
    ticket = factories.ticket("P3")
    for day in (3, 4, 5):  # An hour each.
        lifecycle.resolve(ticket=ticket, by=agent, at=nov(day, "10:00"))
        lifecycle.reopen(ticket=ticket, by=agent, at=nov(day, "11:00"))
    assert last(ticket, RESOLUTION).due_at == nov(9, "13:00")
    assert Clock.objects.filter(ticket=ticket, metric=RESOLUTION).count() == 1


def test_reopening_does_not_revive_a_promise_that_lowering_kept(
    policy: Policy, agent: User
) -> None:
    Target.objects.filter(priority__code="P4", metric=RESOLUTION).delete()
    factories.publish()
    ticket = factories.ticket("P1")
    change(ticket, "P4", agent, nov(2, "14:00"))  # Nothing is promised about resolving it now.
    lifecycle.resolve(ticket=ticket, by=agent, at=nov(2, "16:00"))
    ticket = lifecycle.reopen(ticket=ticket, by=agent, at=nov(4, "10:00"))
    kept = of_priority(ticket, "P1")
    assert kept.stopped_at == nov(2, "14:00")
    assert ticket.next_due_at is None
