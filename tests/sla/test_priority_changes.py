"""A change of priority (policy, reading 8): raised from now on, lowered from submission."""

from __future__ import annotations

from datetime import datetime

import pytest

from sla.models import Clock, Metric, Policy, Target
from tests import factories
from tests.factories import MONDAY
from tests.sla.stories import FIRST, RESOLUTION, SECOND, change, due, last, of_priority, wait
from tests.times import nov
from tickets import lifecycle
from tickets.models import User

pytestmark = pytest.mark.usefixtures("policy")


@pytest.fixture
def agent(policy: Policy) -> User:
    return factories.agent("meera@desk.example")


# --- Raising --------------------------------------------------------------------------------------


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
    factories.publish()
    ticket = factories.ticket("P4")
    change(ticket, "P3", agent, nov(13, "10:00"))  # Four days from now would be the 19th.
    clock = last(ticket, RESOLUTION)
    assert (clock.goal_at, clock.due_at) == (nov(16, "10:00"), nov(16, "10:00"))


def test_raising_replaces_a_promise_that_lowering_would_keep(agent: User) -> None:
    Target.objects.filter(metric=RESOLUTION).update(kept_by_lowering=True)
    factories.publish()
    ticket = factories.ticket("P2")
    change(ticket, "P1", agent, nov(2, "12:00"))
    replaced = of_priority(ticket, "P2")
    assert (replaced.stopped_at, replaced.superseded_at) == (None, nov(2, "12:00"))


# --- Lowering -------------------------------------------------------------------------------------


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
    factories.publish()
    ticket = factories.ticket("P3")
    ticket = change(ticket, "P4", agent, nov(2, "12:00"))
    assert ticket.next_due_at is None
    ticket = change(ticket, "P3", agent, nov(2, "13:00"))
    assert due(ticket) == (nov(3, "13:00"), nov(9, "13:00"))


def test_a_waiting_ticket_stands_still_when_a_target_appears(policy: Policy, agent: User) -> None:
    Target.objects.filter(priority__code="P4").delete()
    factories.publish()
    ticket = factories.ticket("P4")
    lifecycle.wait_for_customer(ticket=ticket, by=agent, at=nov(2, "11:00"))
    change(ticket, "P3", agent, nov(2, "13:00"))
    assert last(ticket, RESOLUTION).paused_at == nov(2, "13:00")
    lifecycle.resume(ticket=ticket, by=agent, at=nov(2, "15:00"))
    assert last(ticket, RESOLUTION).due_at == nov(9, "15:00")
