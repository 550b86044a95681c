"""The sweep fires each escalation step once, when it is due, and whatever happened to it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from sla import sweep
from sla.models import Clock, EscalationStep, Firing, Metric, Policy
from tests import factories
from tests.factories import MONDAY
from tests.times import nov
from tickets import lifecycle
from tickets.models import Event, Ticket, User

pytestmark = pytest.mark.usefixtures("policy")

FIRST = Metric.FIRST_RESPONSE
RESOLUTION = Metric.RESOLUTION
SECOND = timedelta(seconds=1)
DECEMBER = MONDAY + timedelta(days=30)


@pytest.fixture
def agent(policy: Policy) -> User:
    return factories.agent()


def leave_it(firings: list[Firing]) -> None:
    """Nobody is told: these tests are about the firing alone."""


def fire(at: datetime, on_firings: Callable[[list[Firing]], None] = leave_it) -> int:
    return sweep.fire_due_steps(at=at, on_firings=on_firings)


def fired(ticket: Ticket) -> list[tuple[str, str, int, datetime]]:
    return list(
        Firing.objects.filter(clock__ticket=ticket)
        .order_by("pk")
        .values_list("clock__priority__code", "clock__metric", "step__percent", "at")
    )


def percents(ticket: Ticket, metric: str = RESOLUTION) -> list[int]:
    return [percent for _, of, percent, _ in fired(ticket) if of == metric]


def let_time_pass(ticket: Ticket) -> None:
    """Sweep at each instant at which something is due, and a second before it."""
    running = Clock.objects.filter(ticket=ticket, next_step_at__isnull=False)
    while (clock := running.order_by("next_step_at").first()) and clock.next_step_at:
        assert fire(clock.next_step_at - SECOND) == 0
        assert fire(clock.next_step_at) >= 1


def step(policy: Policy, percent: int, **fields: Any) -> EscalationStep:
    return EscalationStep.objects.create(policy=policy, percent=percent, roles=["team"], **fields)


@pytest.mark.parametrize(
    ("code", "at", "expected"),
    [
        # Day and night, and half of the time to the first answer as well.
        ("P1", MONDAY, [
            (FIRST, 50, nov(2, "11:00")), (FIRST, 75, nov(2, "11:30")),
            (FIRST, 100, nov(2, "12:00")),
            (RESOLUTION, 75, nov(2, "19:00")), (RESOLUTION, 100, nov(2, "22:00")),
        ]),
        # Six of eight business hours; 54 of 72 hours.
        ("P2", MONDAY, [
            (FIRST, 75, nov(2, "16:00")), (FIRST, 100, nov(3, "10:00")),
            (RESOLUTION, 75, nov(4, "16:00")), (RESOLUTION, 100, nov(5, "10:00")),
        ]),
        # The same of a business day; 30 of the 40 hours in five of them.
        ("P3", MONDAY, [
            (FIRST, 75, nov(2, "16:00")), (FIRST, 100, nov(3, "10:00")),
            (RESOLUTION, 75, nov(5, "16:00")), (RESOLUTION, 100, nov(9, "10:00")),
        ]),
        # A Saturday does not count: six of Monday's eight hours.
        ("P2", nov(7, "12:00"), [
            (FIRST, 75, nov(9, "15:00")), (FIRST, 100, nov(9, "17:00")),
            (RESOLUTION, 75, nov(9, "18:00")), (RESOLUTION, 100, nov(10, "12:00")),
        ]),
    ],
)  # fmt: skip
def test_each_step_fires_at_its_part_of_the_counted_time(
    code: str, at: datetime, expected: list[tuple[str, int, datetime]]
) -> None:
    ticket = factories.ticket(code, at=at)
    let_time_pass(ticket)
    assert [row[1:] for row in fired(ticket)] == expected


@pytest.mark.parametrize(
    ("percent", "at"),
    [
        (1, MONDAY + timedelta(seconds=72)),
        (10, nov(2, "10:12")),
        (99, nov(2, "12:00") - timedelta(seconds=72)),
        (150, nov(2, "13:00")),  # Behind the deadline the target's time runs on.
        (200, nov(2, "14:00")),
    ],
)
def test_a_step_may_come_at_any_percentage(policy: Policy, percent: int, at: datetime) -> None:
    policy.steps.all().delete()
    step(policy, percent, metric=FIRST)
    ticket = factories.ticket("P1")
    let_time_pass(ticket)
    assert fired(ticket) == [("P1", FIRST, percent, at)]


def test_a_step_holds_for_its_priority_and_metric_alone(policy: Policy) -> None:
    policy.steps.all().delete()
    step(policy, 10, priority=factories.priority("P2"))
    step(policy, 20, metric=RESOLUTION)
    step(policy, 30, priority=factories.priority("P3"), metric=FIRST)
    step(policy, 40, is_active=False)
    tickets = [factories.ticket(code) for code in ("P2", "P3", "P4")]
    fire(DECEMBER)
    assert [sorted(row[1:3] for row in fired(ticket)) for ticket in tickets] == [
        [(FIRST, 10), (RESOLUTION, 10), (RESOLUTION, 20)],
        [(FIRST, 30), (RESOLUTION, 20)],
        [(RESOLUTION, 20)],
    ]


def test_a_step_of_another_policy_does_not_fire(policy: Policy) -> None:
    step(Policy.objects.create(name="Gold", calendar=policy.calendar), 10)
    ticket = factories.ticket("P3")
    fire(DECEMBER)
    assert 10 not in percents(ticket)


def test_a_step_that_was_switched_off_meanwhile_does_not_fire(policy: Policy) -> None:
    ticket = factories.ticket("P3")
    policy.steps.filter(percent=75).update(is_active=False)
    fire(DECEMBER)
    assert percents(ticket) == [100]


def test_all_that_became_due_in_a_downtime_fires_once_afterwards() -> None:
    tickets = [factories.ticket("P1"), factories.ticket("P3")]
    assert fire(DECEMBER) == 9
    assert fire(DECEMBER) == 0
    assert fire(DECEMBER + timedelta(days=1)) == 0
    for ticket in tickets:
        assert percents(ticket) == [75, 100]
        assert {at for *_, at in fired(ticket)} == {DECEMBER}
        assert not ticket.clocks.filter(next_step_at__isnull=False).exists()


def test_a_sweep_goes_on_through_many_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep, "BATCH", 3)
    for _ in range(5):
        factories.ticket("P3")
    assert fire(DECEMBER) == 20


def test_a_sweep_with_nothing_to_do_asks_once(django_assert_num_queries: Any) -> None:
    for _ in range(5):
        factories.ticket("P3")
    with django_assert_num_queries(1):
        assert fire(MONDAY) == 0


# --- What does not fire -------------------------------------------------------------------------


def test_nothing_fires_while_the_ticket_waits(agent: User) -> None:
    ticket = factories.ticket("P3")
    lifecycle.reply(ticket=ticket, by=agent, text="Which one?", at=nov(2, "11:00"))
    lifecycle.wait_for_customer(ticket=ticket, by=agent, at=nov(2, "11:00"))
    assert fire(DECEMBER) == 0
    lifecycle.resume(ticket=ticket, by=agent, at=nov(9, "11:00"))  # Five business days later.
    let_time_pass(ticket)
    assert fired(ticket) == [
        ("P3", RESOLUTION, 75, nov(12, "16:00")),
        ("P3", RESOLUTION, 100, nov(16, "10:00")),
    ]


def test_a_step_that_was_due_before_the_wait_fires_after_it(agent: User) -> None:
    ticket = factories.ticket("P3")
    lifecycle.wait_for_customer(ticket=ticket, by=agent, at=nov(6, "10:00"))  # 75 %: Thursday.
    fire(nov(6, "11:00"))
    assert percents(ticket) == []
    lifecycle.resume(ticket=ticket, by=agent, at=nov(6, "12:00"))
    fire(nov(6, "12:00"))
    assert percents(ticket) == [75]


def test_nothing_fires_after_the_answer_or_the_solution(agent: User) -> None:
    ticket = factories.ticket("P3")
    lifecycle.reply(ticket=ticket, by=agent, text="Hello.", at=nov(2, "11:00"))
    lifecycle.resolve(ticket=ticket, by=agent, at=nov(2, "12:00"))
    assert fire(DECEMBER) == 0


def test_nothing_fires_for_a_promise_that_was_replaced(agent: User) -> None:
    ticket = factories.ticket("P3")
    lifecycle.change_priority(
        ticket=ticket, priority=factories.priority("P1"), by=agent, at=nov(2, "11:00")
    )
    fire(DECEMBER)
    assert {code for code, *_ in fired(ticket)} == {"P1"}


def test_a_new_priority_has_steps_of_its_own(agent: User) -> None:
    ticket = factories.ticket("P2")
    fire(nov(4, "16:00"))
    lifecycle.change_priority(
        ticket=ticket, priority=factories.priority("P1"), by=agent, at=nov(4, "17:00")
    )
    let_time_pass(ticket)
    assert [row[0:3:2] for row in fired(ticket) if row[1] == RESOLUTION] == [
        ("P2", 75),
        ("P1", 75),
        ("P1", 100),
    ]


def test_a_capped_promise_warns_before_its_earlier_deadline(agent: User) -> None:
    ticket = factories.ticket("P3")
    lifecycle.change_priority(
        ticket=ticket, priority=factories.priority("P2"), by=agent, at=nov(6, "16:00")
    )  # Due Monday 10:00 as promised, 66 hours later.
    fire(nov(8, "17:29"))
    assert percents(ticket) == []
    fire(nov(8, "17:30"))
    assert percents(ticket) == [75]
    fire(nov(9, "10:00"))
    assert percents(ticket) == [75, 100]


def test_a_reopened_clock_fires_what_is_left(agent: User) -> None:
    ticket = factories.ticket("P3")
    fire(nov(5, "16:00"))
    lifecycle.resolve(ticket=ticket, by=agent, at=nov(5, "17:00"))
    assert fire(DECEMBER) == 0
    lifecycle.reopen(ticket=ticket, by=agent, at=nov(6, "09:00"))
    let_time_pass(ticket)
    assert percents(ticket) == [75, 100]
    assert fired(ticket)[-1][3] == nov(9, "10:00")  # Overnight nothing was lost.


def test_a_step_beyond_all_hours_keeps_no_ticket_from_its_promise(policy: Policy) -> None:
    policy.targets.filter(priority__code="P4", metric=RESOLUTION).update(amount=9_999)
    factories.publish()
    step(policy, 1_000)
    ticket = factories.ticket("P4")
    clock = Clock.objects.get(ticket=ticket, metric=RESOLUTION)
    assert clock.next_step_at is not None
    assert fire(clock.due_at) == 5  # Ten times two days are over before.
    clock.refresh_from_db()
    assert clock.next_step_at is None


# --- When something goes wrong ------------------------------------------------------------------


def test_a_row_that_raises_is_postponed_and_the_rest_go_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    poison, *others = [factories.ticket("P3") for _ in range(3)]
    poisoned = set(poison.clocks.values_list("pk", flat=True))

    def on_firings(firings: list[Firing]) -> None:
        kind = Event.Kind.ESCALATED
        for firing in firings:
            Event.objects.create(ticket=firing.clock.ticket, kind=kind, at=firing.at)
            if firing.clock_id in poisoned and firing.percent == 100:
                raise RuntimeError("no such template")

    with caplog.at_level(logging.ERROR):
        assert fire(DECEMBER, on_firings) == 8
    assert all(percents(ticket) == [75, 100] for ticket in others)
    # Nothing of it stays: neither the step that went well nor what it wrote.
    assert fired(poison) == []
    assert not Event.objects.filter(ticket=poison, kind=Event.Kind.ESCALATED).exists()
    later = DECEMBER + sweep.POSTPONEMENT
    assert set(poison.clocks.values_list("next_step_at", flat=True)) == {later}
    assert "no such template" in caplog.text
    for clock in poisoned:
        assert f"clock {clock} could not fire" in caplog.text
    assert fire(later - SECOND, on_firings) == 0
    assert fire(later) == 4
    assert percents(poison) == [75, 100]


def test_a_sweep_ends_when_every_row_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep, "BATCH", 2)
    tickets = [factories.ticket("P3") for _ in range(3)]

    def on_firings(firings: list[Firing]) -> None:
        raise RuntimeError

    assert fire(DECEMBER, on_firings) == 0
    assert Clock.objects.filter(next_step_at=DECEMBER + sweep.POSTPONEMENT).count() == 6
    assert [fired(ticket) for ticket in tickets] == [[], [], []]


def test_a_broken_statement_does_not_break_the_rest() -> None:
    poison, other = factories.ticket("P3"), factories.ticket("P3")

    def on_firings(firings: list[Firing]) -> None:
        for firing in firings:
            if firing.clock.ticket == poison:
                firing.pk = None
                firing.save(force_insert=True)  # Twice.

    assert fire(DECEMBER, on_firings) == 4
    assert fired(poison) == []
    assert percents(other) == [75, 100]
