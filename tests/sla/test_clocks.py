"""Clocks keep the policy's promises: pauses, stops, reopening and changes of priority.

Times are local to Kolkata. A P3 of Monday 2 November 10:00 is answered by Tuesday 3 10:00 and
resolved by Monday 9 10:00; the policy's table of promises itself is in test_load_policy.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from sla import clocks
from sla.models import Calendar, Clock, ClockEvent, Condition, Metric, PauseRule, Policy, Target
from tests import factories
from tests.factories import MONDAY
from tests.times import nov
from tickets import lifecycle
from tickets.models import Ticket, User, policy_for

pytestmark = pytest.mark.usefixtures("policy")

FIRST = Metric.FIRST_RESPONSE
RESOLUTION = Metric.RESOLUTION
SECOND = timedelta(seconds=1)

type Span = tuple[datetime, datetime]


@pytest.fixture
def agent(policy: Policy) -> User:
    return factories.agent("meera@desk.example")


def last(ticket: Ticket, metric: str) -> Clock:
    return Clock.objects.filter(ticket=ticket, metric=metric).latest("pk")


def of_priority(ticket: Ticket, code: str, metric: str = RESOLUTION) -> Clock:
    found = Clock.objects.filter(ticket=ticket, metric=metric, priority__code=code)
    return found.latest("pk")


def due(ticket: Ticket) -> tuple[datetime, datetime]:
    return last(ticket, FIRST).due_at, last(ticket, RESOLUTION).due_at


def change(ticket: Ticket, code: str, by: User | None, at: datetime, reason: str = "") -> Ticket:
    return lifecycle.change_priority(
        ticket=ticket, priority=factories.priority(code), by=by, at=at, reason=reason
    )


def wait(ticket: Ticket, spans: list[Span]) -> None:
    for start, end in spans:
        lifecycle.wait_for_customer(ticket=ticket, by=None, at=start)
        lifecycle.resume(ticket=ticket, by=None, at=end)


def ledger(clock: Clock) -> list[tuple[Any, ...]]:
    return list(clock.events.values_list("kind", "at", "by", "reason", "due_before", "due_after"))


# --- Waiting for the customer -------------------------------------------------------------------


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
    ticket = factories.ticket("P3")
    lifecycle.escalate_to_engineering(ticket=ticket, by=agent, at=nov(3, "10:00"))
    lifecycle.resolve(ticket=ticket, by=agent, at=nov(3, "12:00"))
    ticket = lifecycle.reopen(ticket=ticket, by=agent, at=nov(3, "13:00"))
    assert ticket.with_engineering
    assert last(ticket, RESOLUTION).paused_at == nov(3, "13:00")
    lifecycle.return_from_engineering(ticket=ticket, by=agent, at=nov(3, "14:00"))
    assert last(ticket, RESOLUTION).due_at == nov(9, "14:00")


# --- Kept or broken -----------------------------------------------------------------------------


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


# --- Reopening ----------------------------------------------------------------------------------


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
    ticket = factories.ticket("P1")
    change(ticket, "P4", agent, nov(2, "14:00"))  # Nothing is promised about resolving it now.
    lifecycle.resolve(ticket=ticket, by=agent, at=nov(2, "16:00"))
    ticket = lifecycle.reopen(ticket=ticket, by=agent, at=nov(4, "10:00"))
    kept = of_priority(ticket, "P1")
    assert kept.stopped_at == nov(2, "14:00")
    assert ticket.next_due_at is None


# --- Raising ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after", "raised", "first", "resolution"),
    [
        # The new priority's time, from the moment of raising.
        ("P3", "P1", nov(2, "14:00"), nov(2, "16:00"), nov(3, "02:00")),
        ("P4", "P3", nov(2, "12:00"), nov(3, "12:00"), nov(9, "12:00")),
        ("P2", "P1", nov(2, "10:00"), nov(2, "12:00"), nov(2, "22:00")),
        # Promised already: Tuesday 10:00 for the answer.
        ("P3", "P1", nov(3, "09:30"), nov(3, "10:00"), nov(3, "21:30")),
        ("P3", "P2", nov(2, "15:00"), nov(3, "10:00"), nov(5, "15:00")),
        # At night, when only the hours of P1 go on.
        ("P3", "P1", nov(2, "20:00"), nov(2, "22:00"), nov(3, "08:00")),
    ],
)
def test_raising_starts_the_new_targets_and_never_later_than_promised(
    agent: User,
    before: str,
    after: str,
    raised: datetime,
    first: datetime,
    resolution: datetime,
) -> None:
    ticket = factories.ticket(before)
    ticket = change(ticket, after, agent, raised)
    assert due(ticket) == (first, resolution)
    assert ticket.next_due_at == first
    assert {last(ticket, metric).started_at for metric in (FIRST, RESOLUTION)} == {raised}
    assert of_priority(ticket, before).superseded_at == raised
    assert not Clock.objects.counted_in_reports().filter(priority__code=before).exists()


def test_raising_after_the_answer_leaves_the_first_response_alone(agent: User) -> None:
    ticket = factories.ticket("P3")
    lifecycle.reply(ticket=ticket, by=agent, text="We look into it.", at=nov(2, "11:00"))
    change(ticket, "P2", agent, nov(6, "16:00"))
    assert last(ticket, FIRST).priority.code == "P3"
    assert last(ticket, RESOLUTION).due_at == nov(9, "10:00")  # And not 16:00, 72 hours later.


def test_the_earlier_promise_holds_through_pauses_after_the_raise(agent: User) -> None:
    ticket = factories.ticket("P3")
    change(ticket, "P2", agent, nov(6, "10:00"))  # 72 hours: Monday 10:00, as promised before.
    wait(ticket, [(nov(7, "10:00"), nov(7, "20:00"))])
    # Ten hours of a Saturday put off P2's elapsed hours, but not P3's business days.
    assert last(ticket, RESOLUTION).due_at == nov(9, "10:00")
    wait(ticket, [(nov(9, "09:00"), nov(9, "09:30"))])
    assert last(ticket, RESOLUTION).due_at == nov(9, "10:30")


def test_pauses_before_the_raise_put_off_the_earlier_promise_alone(agent: User) -> None:
    ticket = factories.ticket("P3")
    wait(ticket, [(nov(3, "10:00"), nov(4, "10:00"))])  # Promised: Tuesday 10, 10:00.
    change(ticket, "P2", agent, nov(7, "12:00"))
    assert last(ticket, RESOLUTION).due_at == nov(10, "10:00")  # 72 hours would end at 12:00.
    other = factories.ticket("P3")
    wait(other, [(nov(3, "10:00"), nov(4, "10:00"))])
    change(other, "P2", agent, nov(6, "12:00"))
    assert last(other, RESOLUTION).due_at == nov(9, "12:00")


def test_a_ticket_raised_while_it_waits_stands_still_under_the_new_priority(agent: User) -> None:
    ticket = factories.ticket("P3")
    lifecycle.wait_for_customer(ticket=ticket, by=agent, at=nov(2, "11:00"))
    change(ticket, "P2", agent, nov(2, "13:00"))
    clock = last(ticket, RESOLUTION)
    assert (clock.paused_at, clock.due_at) == (nov(2, "13:00"), nov(5, "13:00"))
    assert clock.next_step_at is None
    lifecycle.resume(ticket=ticket, by=agent, at=nov(2, "15:00"))
    clock = last(ticket, RESOLUTION)
    assert (clock.paused_at, clock.due_at) == (None, nov(5, "15:00"))


def test_a_missed_promise_stays_missed_under_its_priority(agent: User) -> None:
    ticket = factories.ticket("P3")
    ticket = change(ticket, "P1", agent, nov(3, "11:00"))  # The answer was due at 10:00.
    missed, running = of_priority(ticket, "P3", FIRST), last(ticket, FIRST)
    assert missed.superseded_at == nov(3, "11:00")
    assert missed.is_breached(nov(3, "11:00"))
    assert running.due_at == nov(3, "13:00")  # No earlier promise: that one is gone.
    lifecycle.reply(ticket=ticket, by=agent, text="Sorry for the wait.", at=nov(3, "12:00"))
    counted = Clock.objects.counted_in_reports().filter(metric=FIRST)
    broken = Clock.objects.breached(nov(30, "10:00"))
    assert {(c.priority.code, c in broken) for c in counted} == {("P3", True), ("P1", False)}


def test_a_chain_of_raises_is_bound_by_every_promise_in_it(agent: User) -> None:
    ticket = factories.ticket("P4")  # Answer by Wednesday 10:00.
    change(ticket, "P3", agent, nov(3, "16:00"))  # By Wednesday 16:00, were it not promised.
    change(ticket, "P2", agent, nov(3, "16:30"))
    assert last(ticket, FIRST).due_at == nov(4, "10:00")
    change(ticket, "P1", agent, nov(4, "09:00"))
    assert last(ticket, FIRST).due_at == nov(4, "10:00")


def test_a_goal_is_never_later_than_the_deadline(agent: User) -> None:
    Target.objects.filter(priority__code="P3", metric=RESOLUTION).update(goal_amount=4)
    ticket = factories.ticket("P4")
    change(ticket, "P3", agent, nov(13, "10:00"))  # Four days from now would be the 19th.
    clock = last(ticket, RESOLUTION)
    assert (clock.goal_at, clock.due_at) == (nov(16, "10:00"), nov(16, "10:00"))


def test_raising_replaces_a_promise_that_lowering_would_keep(agent: User) -> None:
    Target.objects.filter(metric=RESOLUTION).update(kept_by_lowering=True)
    ticket = factories.ticket("P2")
    change(ticket, "P1", agent, nov(2, "12:00"))
    replaced = of_priority(ticket, "P2")
    assert (replaced.stopped_at, replaced.superseded_at) == (None, nov(2, "12:00"))


# --- Lowering -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after", "lowered", "first", "resolution"),
    [
        # Always from the submission.
        ("P1", "P2", nov(2, "11:00"), nov(3, "10:00"), nov(5, "10:00")),
        ("P1", "P3", nov(2, "11:00"), nov(3, "10:00"), nov(9, "10:00")),
        ("P2", "P3", nov(3, "09:00"), nov(3, "10:00"), nov(9, "10:00")),
        ("P3", "P4", nov(2, "16:00"), nov(4, "10:00"), nov(16, "10:00")),
    ],
)
def test_lowering_measures_the_new_targets_from_submission(
    agent: User,
    before: str,
    after: str,
    lowered: datetime,
    first: datetime,
    resolution: datetime,
) -> None:
    ticket = factories.ticket(before)
    change(ticket, after, agent, lowered)
    assert due(ticket) == (first, resolution)
    assert last(ticket, RESOLUTION).started_at == MONDAY
    assert of_priority(ticket, before, FIRST).superseded_at == lowered


def test_lowering_carries_the_pauses_over(agent: User) -> None:
    ticket = factories.ticket("P2")
    wait(ticket, [(nov(3, "10:00"), nov(4, "10:00"))])
    change(ticket, "P3", agent, nov(4, "12:00"))
    assert last(ticket, RESOLUTION).due_at == nov(10, "10:00")


def test_lowering_a_waiting_ticket_carries_the_open_pause_over(agent: User) -> None:
    ticket = factories.ticket("P2")
    lifecycle.wait_for_customer(ticket=ticket, by=agent, at=nov(3, "10:00"))
    change(ticket, "P3", agent, nov(3, "12:00"))
    clock = last(ticket, RESOLUTION)
    assert (clock.paused_at, clock.due_at) == (nov(3, "10:00"), nov(9, "10:00"))
    assert not of_priority(ticket, "P2").pauses.filter(ended_at=None).exists()
    lifecycle.resume(ticket=ticket, by=agent, at=nov(4, "10:00"))
    assert last(ticket, RESOLUTION).due_at == nov(10, "10:00")


def test_lowering_a_reopened_ticket_leaves_the_resolved_time_out(agent: User) -> None:
    ticket = factories.ticket("P2")
    lifecycle.resolve(ticket=ticket, by=agent, at=nov(3, "10:00"))
    lifecycle.reopen(ticket=ticket, by=agent, at=nov(4, "10:00"))
    change(ticket, "P3", agent, nov(4, "11:00"))
    assert last(ticket, RESOLUTION).due_at == nov(10, "10:00")


@pytest.mark.parametrize(
    ("lowered", "to", "broken"),
    [
        (nov(2, "20:00"), "P2", False),
        (nov(2, "22:00"), "P2", False),  # At the deadline is in time.
        (nov(2, "22:00") + SECOND, "P2", True),
        (nov(2, "20:00"), "P4", False),  # Further down is reduced as well.
    ],
)
def test_reducing_p1_in_time_keeps_its_resolution(
    agent: User, lowered: datetime, to: str, broken: bool
) -> None:
    ticket = factories.ticket("P1")
    lifecycle.reply(ticket=ticket, by=agent, text="We have a workaround.", at=nov(2, "11:00"))
    change(ticket, to, agent, lowered)
    reduced = of_priority(ticket, "P1")
    assert (reduced.stopped_at, reduced.superseded_at) == (lowered, None)
    assert reduced.is_breached(nov(30, "10:00")) is broken
    assert reduced in Clock.objects.counted_in_reports()
    assert last(ticket, RESOLUTION).started_at == MONDAY
    assert last(ticket, FIRST).priority.code == "P1"  # Answered as a P1.


def test_reducing_p1_while_it_waits_keeps_it_if_it_stood_still_in_time(agent: User) -> None:
    ticket = factories.ticket("P1")
    lifecycle.wait_for_customer(ticket=ticket, by=agent, at=nov(2, "21:00"))
    change(ticket, "P2", agent, nov(3, "12:00"))
    assert not of_priority(ticket, "P1").is_breached(nov(30, "10:00"))


def test_a_promise_that_was_already_missed_when_lowered_stays_missed(agent: User) -> None:
    ticket = factories.ticket("P2")
    change(ticket, "P3", agent, nov(5, "12:00"))  # P2: answer by Tuesday, resolved by Thursday.
    assert all(
        of_priority(ticket, "P2", m).is_breached(nov(5, "12:00")) for m in Metric.values[::2]
    )
    assert last(ticket, RESOLUTION).due_at == nov(9, "10:00")
    assert last(ticket, FIRST).is_breached(nov(5, "12:00"))  # Late as a P3 too.


def test_raise_lower_raise_leaves_one_running_clock_and_an_honest_history(agent: User) -> None:
    ticket = factories.ticket("P3")
    change(ticket, "P1", agent, nov(2, "12:00"))
    change(ticket, "P2", agent, nov(2, "13:00"))
    assert due(ticket) == (nov(3, "10:00"), nov(5, "10:00"))
    ticket = change(ticket, "P1", agent, nov(2, "16:00"))
    assert due(ticket) == (nov(2, "18:00"), nov(3, "04:00"))
    history = Clock.objects.filter(ticket=ticket, metric=RESOLUTION).order_by("pk")
    assert [(clock.priority.code, clock.stopped_at, clock.superseded_at) for clock in history] == [
        ("P3", None, nov(2, "12:00")),
        ("P1", nov(2, "13:00"), None),  # Reduced in time: kept.
        ("P2", None, nov(2, "16:00")),
        ("P1", None, None),
    ]
    assert ticket.next_due_at == nov(2, "18:00")


def test_a_priority_without_a_target_promises_nothing(policy: Policy, agent: User) -> None:
    Target.objects.filter(priority__code="P4").delete()
    ticket = factories.ticket("P3")
    ticket = change(ticket, "P4", agent, nov(2, "12:00"))
    assert ticket.next_due_at is None
    ticket = change(ticket, "P3", agent, nov(2, "13:00"))
    assert due(ticket) == (nov(3, "13:00"), nov(9, "13:00"))


def test_a_waiting_ticket_stands_still_when_a_target_appears(policy: Policy, agent: User) -> None:
    Target.objects.filter(priority__code="P4").delete()
    ticket = factories.ticket("P4")
    lifecycle.wait_for_customer(ticket=ticket, by=agent, at=nov(2, "11:00"))
    change(ticket, "P3", agent, nov(2, "13:00"))
    assert last(ticket, RESOLUTION).paused_at == nov(2, "13:00")
    lifecycle.resume(ticket=ticket, by=agent, at=nov(2, "15:00"))
    assert last(ticket, RESOLUTION).due_at == nov(9, "15:00")


# --- Which policy and calendar ------------------------------------------------------------------


def test_an_edited_calendar_holds_for_new_clocks_alone(agent: User) -> None:
    ticket = factories.ticket("P3")
    calendar = Calendar.objects.get()
    calendar.holidays.create(date=nov(4, "12:00").date(), name="Founders' day")
    calendar.publish(at=nov(2, "11:00"))
    assert last(factories.ticket("P3", at=nov(2, "11:00")), RESOLUTION).due_at == nov(10, "11:00")
    wait(ticket, [(nov(3, "10:00"), nov(3, "11:00"))])  # Computed anew, from the same facts.
    assert last(ticket, RESOLUTION).due_at == nov(9, "11:00")


def test_an_edited_target_holds_for_new_clocks_alone() -> None:
    ticket = factories.ticket("P3")
    Target.objects.filter(priority__code="P3", metric=RESOLUTION).update(amount=1)
    wait(ticket, [(nov(3, "10:00"), nov(3, "11:00"))])
    assert last(ticket, RESOLUTION).due_at == nov(9, "11:00")
    assert last(factories.ticket("P3"), RESOLUTION).due_at == nov(3, "10:00")


def test_an_organization_has_its_own_policy_or_the_default_one(policy: Policy) -> None:
    own = Policy.objects.create(name="Gold", calendar=policy.calendar)
    own.targets.create(priority=factories.priority("P3"), metric=RESOLUTION, amount=2, unit="hours")
    gold = factories.customer(organization=factories.organization(policy=own))
    plain = factories.customer(organization=factories.organization())
    (clock,) = Clock.objects.filter(ticket=factories.ticket("P3", requester=gold))
    assert (clock.policy, clock.metric, clock.due_at) == (own, RESOLUTION, nov(2, "12:00"))
    assert last(factories.ticket("P3", requester=plain), RESOLUTION).policy == policy


@pytest.mark.parametrize("code", ["P1", "P2", "P3", "P4"])
@pytest.mark.parametrize("at", [MONDAY, nov(7, "23:30"), nov(2, "08:00")])
def test_a_preview_promises_what_the_ticket_then_gets(code: str, at: datetime) -> None:
    priority = factories.priority(code)
    previewed = clocks.promises(policy=policy_for(None), priority=priority, at=at)
    running = factories.ticket(code, at=at).clocks.all()
    assert {(p.target.metric, p.goal_at, p.due_at) for p in previewed} == {
        (clock.metric, clock.goal_at, clock.due_at) for clock in running
    }


# --- The ledger ---------------------------------------------------------------------------------


def test_each_move_of_a_deadline_is_in_the_ledger(agent: User) -> None:
    ticket = factories.ticket("P3")
    me, promised, later = agent.pk, nov(9, "10:00"), nov(10, "10:00")
    lifecycle.wait_for_customer(ticket=ticket, by=agent, at=nov(3, "10:00"), reason="Which one?")
    lifecycle.resume(ticket=ticket, by=agent, at=nov(4, "10:00"))
    lifecycle.resolve(ticket=ticket, by=agent, at=nov(5, "10:00"))
    lifecycle.reopen(ticket=ticket, by=None, at=nov(5, "11:00"), reason="Not solved")
    change(ticket, "P2", agent, nov(5, "12:00"), "They cannot work")
    replaced, running = of_priority(ticket, "P3"), of_priority(ticket, "P2")
    reopened, why = nov(10, "11:00"), "From P3 to P2: They cannot work"
    assert ledger(replaced) == [
        ("started", MONDAY, None, "Submitted", None, promised),
        ("paused", nov(3, "10:00"), me, "Which one?", promised, promised),
        ("resumed", nov(4, "10:00"), me, "", promised, later),
        ("stopped", nov(5, "10:00"), me, "Resolved", later, later),
        ("reopened", nov(5, "11:00"), None, "Not solved", later, reopened),
        ("superseded", nov(5, "12:00"), me, why, reopened, reopened),
    ]
    assert ledger(running) == [("started", nov(5, "12:00"), me, why, None, nov(8, "12:00"))]


def test_a_promise_kept_by_lowering_says_so(agent: User) -> None:
    ticket = factories.ticket("P1")
    change(ticket, "P2", agent, nov(2, "14:00"), "Workaround in place")
    kind, at, by, reason, before, after = ledger(of_priority(ticket, "P1"))[-1]
    assert (kind, at, by) == (ClockEvent.Kind.STOPPED, nov(2, "14:00"), agent.pk)
    assert "Workaround in place" in reason
    assert before == after == nov(2, "22:00")


def test_a_clock_that_nothing_happens_to_writes_nothing(agent: User) -> None:
    ticket = factories.ticket("P3")
    before = ClockEvent.objects.count()
    lifecycle.add_note(ticket=ticket, by=agent, text="Looking.", at=nov(2, "11:00"))
    lifecycle.assign(ticket=ticket, by=agent, assignee=agent, at=nov(2, "11:00"))
    lifecycle.escalate_to_engineering(ticket=ticket, by=agent, at=nov(2, "12:00"))
    assert ClockEvent.objects.count() == before


def test_a_very_long_reason_is_cut_and_not_refused(agent: User) -> None:
    ticket = factories.ticket("P3")
    lifecycle.wait_for_customer(ticket=ticket, by=agent, at=nov(2, "11:00"), reason="why " * 500)
    lifecycle.resume(ticket=ticket, by=agent, at=nov(2, "12:00"), reason="so " * 500)
    change(ticket, "P2", agent, nov(2, "13:00"), "because " * 500)
    lifecycle.resolve(ticket=ticket, by=agent, at=nov(2, "14:00"))
    lifecycle.reopen(ticket=ticket, by=agent, at=nov(2, "15:00"), reason="again " * 500)
    assert max(len(reason) for *_, reason, _, _ in ledger(last(ticket, RESOLUTION))) == 500


def test_resuming_tells_the_ledger_why(agent: User) -> None:
    ticket = factories.ticket("P3")
    lifecycle.wait_for_customer(ticket=ticket, by=agent, at=nov(2, "11:00"))
    lifecycle.resume(ticket=ticket, by=agent, at=nov(2, "12:00"), reason="They called")
    assert ledger(last(ticket, RESOLUTION))[-1][3] == "They called"


# --- What the database holds --------------------------------------------------------------------


def refused(clock: Clock, **changes: Any) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Clock.objects.filter(pk=clock.pk).update(**changes)


def test_one_clock_runs_per_metric() -> None:
    clock = last(factories.ticket("P3"), RESOLUTION)
    refused(clock, metric=FIRST)


def test_a_clock_ends_once() -> None:
    clock = last(factories.ticket("P3"), RESOLUTION)
    refused(clock, stopped_at=MONDAY, superseded_at=MONDAY)


def test_a_target_of_zero_cannot_run() -> None:
    clock = last(factories.ticket("P3"), RESOLUTION)
    refused(clock, target_amount=0)


def test_a_pause_cannot_end_before_it_starts_or_be_open_twice() -> None:
    clock = last(factories.ticket("P3"), RESOLUTION)
    clock.pauses.create(reason=Condition.WAITING_FOR_CUSTOMER, started_at=MONDAY)
    for ended_at in (None, MONDAY - SECOND):
        with pytest.raises(IntegrityError), transaction.atomic():
            clock.pauses.create(
                reason=Condition.WAITING_FOR_CUSTOMER, started_at=MONDAY, ended_at=ended_at
            )


def test_a_pause_rule_stands_once(policy: Policy) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        PauseRule.objects.create(
            policy=policy, metric=RESOLUTION, condition=Condition.WAITING_FOR_CUSTOMER
        )
