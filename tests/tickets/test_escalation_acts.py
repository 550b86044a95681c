"""What an escalation step does to a ticket, and when: acts, opening hours, behind the deadline."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from sla.models import (
    Condition,
    EscalationStep,
    Firing,
    Holiday,
    Metric,
    Pause,
    PauseRule,
    Policy,
    Role,
)
from tests import factories
from tests.factories import MONDAY
from tests.times import nov
from tickets import escalation, lifecycle
from tickets.models import Delivery, Escalation, Event, Team, Ticket, User

MINUTE = timedelta(minutes=1)
FIRST, RESOLUTION = Metric.FIRST_RESPONSE, Metric.RESOLUTION


@pytest.fixture(autouse=True)
def no_published_steps(policy: Policy) -> None:
    policy.steps.all().delete()


@pytest.fixture
def second_line(policy: Policy) -> Team:
    return factories.team("Second line", factories.agent("grace@desk.example", name="Grace"))


@pytest.fixture
def first_line(policy: Policy) -> Team:
    return factories.team("First line", factories.agent("ada@desk.example", name="Ada"))


def step(policy: Policy, percent: int, **fields: Any) -> EscalationStep:
    """Without roles, unless they are given."""
    fields = {"metric": FIRST, "roles": [], **fields}
    return EscalationStep.objects.create(policy=policy, percent=percent, **fields)


def fire(ticket: Ticket, at: datetime) -> Ticket:
    """The ticket after a sweep at that time."""
    escalation.fire_due_steps(at=at)
    return Ticket.objects.get(pk=ticket.pk)


def events(ticket: Ticket) -> list[tuple[str, str]]:
    """What happened after the opening, and its detail."""
    return list(ticket.events.order_by("at", "pk").values_list("kind", "detail"))[1:]


def recipients() -> list[str]:
    told = Delivery.objects.filter(occasion="escalation").order_by("recipient")
    return [address.partition("@")[0] for address in told.values_list("recipient", flat=True)]


# --- Acts ---


def test_a_step_hands_the_ticket_to_a_team_and_tells_the_team_that_has_it_then(
    policy: Policy, first_line: Team, second_line: Team
) -> None:
    step(policy, 50, hand_to=second_line, roles=[Role.TEAM])
    ticket = factories.ticket("P1")
    lifecycle.assign(ticket=ticket, by=None, team=first_line, at=MONDAY)
    ticket = fire(ticket, nov(2, "11:00"))
    assert (ticket.team, ticket.updated_at) == (second_line, nov(2, "11:00"))
    assert recipients() == ["grace"]
    assert "Who has it: nobody, Second line" in Delivery.objects.get(occasion="escalation").text
    assert events(ticket)[1:] == [
        (Event.Kind.ASSIGNED, "To Second line."),
        (
            Event.Kind.ESCALATED,
            "P1 First response: 50 % of the target is used. Told: Grace.",
        ),
    ]


def test_a_ticket_that_the_team_has_already_stays_where_it_is(
    policy: Policy, second_line: Team
) -> None:
    step(policy, 50, hand_to=second_line)
    ticket = factories.ticket("P1")
    lifecycle.assign(ticket=ticket, by=None, team=second_line, at=MONDAY)
    ticket = fire(ticket, nov(2, "11:00"))
    assert [kind for kind, _ in events(ticket)] == [Event.Kind.ASSIGNED, Event.Kind.ESCALATED]


def test_a_step_without_roles_tells_nobody(policy: Policy, second_line: Team) -> None:
    step(policy, 50, hand_to=second_line)
    ticket = fire(factories.ticket("P1"), nov(2, "11:00"))
    assert recipients() == []
    assert ticket.escalations.get().told == "nobody"


def test_a_step_raises_to_engineering_where_that_pauses_nothing(policy: Policy) -> None:
    step(policy, 50, raises_to_engineering=True)
    step(policy, 75)
    ticket = factories.ticket("P1")
    due_at = ticket.next_due_at
    ticket = fire(ticket, nov(2, "11:00"))
    assert ticket.with_engineering
    assert ticket.next_due_at == due_at
    clock = ticket.clocks.get(metric=FIRST)
    assert (clock.paused_at, clock.next_step_at) == (None, nov(2, "11:30"))
    assert (
        Event.Kind.TO_ENGINEERING,
        "P1 First response: 50 % of the target is used.",
    ) in events(ticket)


@pytest.fixture
def pausing(policy: Policy) -> Policy:
    """While a ticket is with engineering, its resolution stands still."""
    PauseRule.objects.create(policy=policy, metric=RESOLUTION, condition=Condition.WITH_ENGINEERING)
    factories.publish()
    return policy


def test_a_step_that_raises_to_engineering_stops_the_clock_that_it_came_from(
    pausing: Policy,
) -> None:
    step(pausing, 50, metric=RESOLUTION, raises_to_engineering=True)
    step(pausing, 75, metric=RESOLUTION)
    ticket = fire(factories.ticket("P1"), nov(2, "16:00"))
    clock = ticket.clocks.get(metric=RESOLUTION)
    assert (clock.paused_at, clock.next_step_at) == (nov(2, "16:00"), None)
    assert clock.pauses.get().reason == Pause.Reason.WITH_ENGINEERING
    assert ticket.next_due_at == nov(2, "12:00")  # The first response, which nothing pauses.
    # A clock that stands still fires nothing, however late it gets ...
    assert escalation.fire_due_steps(at=nov(4, "10:00")) == 0
    # ... and runs on with what has not fired yet.
    lifecycle.return_from_engineering(ticket=ticket, by=None, at=nov(4, "10:00"))
    clock.refresh_from_db()
    assert (clock.due_at, clock.next_step_at) == (nov(4, "16:00"), nov(4, "13:00"))
    assert escalation.fire_due_steps(at=nov(4, "13:00")) == 1


def test_a_late_sweep_fires_all_that_was_due_and_leaves_a_clock_that_stands_still(
    pausing: Policy,
) -> None:
    step(pausing, 50, metric="", raises_to_engineering=True)
    step(pausing, 75, metric="")
    step(pausing, 200, metric=RESOLUTION)
    ticket = fire(factories.ticket("P1"), nov(2, "21:00"))
    assert Firing.objects.count() == 4
    assert ticket.with_engineering
    assert [kind for kind, _ in events(ticket)].count(Event.Kind.TO_ENGINEERING) == 1
    assert set(ticket.clocks.values_list("metric", "paused_at", "next_step_at")) == {
        (FIRST, None, None),
        (RESOLUTION, nov(2, "21:00"), None),
    }


def test_a_step_marks_the_ticket_and_leaves_the_rest_alone(policy: Policy) -> None:
    step(policy, 50, marks_escalated=True)
    ticket = factories.ticket("P1")
    before = Ticket.objects.filter(pk=ticket.pk).values().get()
    fire(ticket, nov(2, "11:00"))
    after = Ticket.objects.filter(pk=ticket.pk).values().get()
    assert after == before | {"escalated_at": nov(2, "11:00")}


def test_each_act_is_done_to_each_of_many_tickets(policy: Policy, second_line: Team) -> None:
    step(policy, 50, hand_to=second_line, raises_to_engineering=True, marks_escalated=True)
    tickets = [factories.ticket("P1") for _ in range(3)]
    other = factories.ticket("P3")
    assert escalation.fire_due_steps(at=nov(2, "11:00")) == 3
    acted = Ticket.objects.filter(
        team=second_line, with_engineering=True, escalated_at=nov(2, "11:00")
    )
    assert set(acted) == set(tickets)
    assert Escalation.objects.exclude(ticket=other).count() == 3


def test_a_sweep_that_takes_long_acts_behind_those_who_worked_meanwhile(
    policy: Policy, second_line: Team
) -> None:
    step(policy, 50, hand_to=second_line, raises_to_engineering=True)
    ticket = factories.ticket("P1")
    lifecycle.add_note(ticket=ticket, by=factories.agent(), text="Hm.", at=nov(2, "11:05"))
    ticket = fire(ticket, nov(2, "11:00"))
    assert (ticket.team, ticket.with_engineering) == (second_line, True)
    assert ticket.updated_at == nov(2, "11:05")


def test_many_firings_that_mark_ask_the_database_as_often_as_a_few(policy: Policy) -> None:
    step(policy, 50, marks_escalated=True, roles=[Role.MANAGERS, Role.ENGINEERING])
    asked = []
    for count, day in ((3, 2), (45, 3)):
        for _ in range(count):
            factories.ticket("P1", at=nov(day, "10:00"))
        with CaptureQueriesContext(connection) as queries:
            assert escalation.fire_due_steps(at=nov(day, "11:00")) == count
        asked.append(len(queries))
    assert asked[0] == asked[1]


# --- When ---


@pytest.mark.parametrize(
    ("code", "at", "percent", "fires_at"),
    [
        # Within opening hours it comes when it is due.
        ("P1", nov(2, "10:00"), 50, nov(2, "11:00")),
        # Day and night runs the clock; the step waits for Monday, and for the next morning.
        ("P1", nov(7, "23:30"), 50, nov(9, "09:00")),
        ("P1", nov(2, "16:30"), 50, nov(3, "09:00")),
        # Closing is not open any more; opening is.
        ("P1", nov(2, "16:00"), 50, nov(3, "09:00")),
        ("P1", nov(2, "08:00"), 50, nov(2, "09:00")),
        # A holiday is passed over: the 10th is one.
        ("P1", nov(9, "17:00"), 50, nov(11, "09:00")),
        # The deadline itself lands on closing time.
        ("P3", nov(6, "18:30"), 100, nov(11, "09:00")),
        # Behind the deadline as well: the second hour after it is at night.
        ("P1", nov(2, "13:00"), 200, nov(3, "09:00")),
        ("P1", nov(2, "10:00"), 200, nov(2, "14:00")),
    ],
)
def test_a_step_of_opening_hours_waits_for_the_next_opening(
    policy: Policy, code: str, at: datetime, percent: int, fires_at: datetime
) -> None:
    Holiday.objects.create(calendar=policy.calendar, date="2026-11-10", name="Closed")
    policy.calendar.publish(at=MONDAY)
    step(policy, percent, only_in_opening_hours=True)
    ticket = factories.ticket(code, at=at)
    assert ticket.clocks.get(metric=FIRST).next_step_at == fires_at
    assert escalation.fire_due_steps(at=fires_at - MINUTE) == 0
    assert escalation.fire_due_steps(at=fires_at) == 1
    assert escalation.fire_due_steps(at=fires_at) == 0


def test_another_step_does_not_wait_for_one_that_keeps_to_opening_hours(policy: Policy) -> None:
    step(policy, 50, only_in_opening_hours=True)
    step(policy, 75)
    ticket = factories.ticket("P1", at=nov(7, "23:30"))
    escalation.fire_due_steps(at=nov(8, "01:00"))
    assert [found.firing.percent for found in ticket.escalations.all() if found.firing] == [75]
    escalation.fire_due_steps(at=nov(9, "09:00"))
    assert ticket.escalations.count() == 2


def test_steps_come_behind_the_deadline_as_the_target_counts(policy: Policy) -> None:
    for percent in (100, 150, 300):
        step(policy, percent, roles=[Role.ESCALATION_ADDRESS])
    ticket = factories.ticket("P2")  # 8 business hours, of which a day has as many.
    for day in range(2, 8):
        for hour in range(24):
            escalation.fire_due_steps(at=nov(day, f"{hour:02}:00"))
    fired = [found.at for found in ticket.escalations.order_by("at")]
    assert fired == [nov(3, "10:00"), nov(3, "14:00"), nov(5, "10:00")]
    subjects = Delivery.objects.filter(occasion="escalation").values_list("subject", flat=True)
    assert all("Broken" in subject for subject in subjects)


def test_an_escalation_is_over_when_its_promise_is_kept_or_replaced(policy: Policy) -> None:
    step(policy, 10, metric="")
    answered, raised, solved = (factories.ticket("P3") for _ in range(3))
    agent: User = factories.agent()
    escalation.fire_due_steps(at=nov(4, "10:00"))
    assert Escalation.objects.open().count() == 6
    at = nov(4, "11:00")
    lifecycle.reply(ticket=answered, by=agent, text="Hello.", at=at)
    lifecycle.change_priority(ticket=raised, priority=factories.priority("P2"), by=agent, at=at)
    lifecycle.resolve(ticket=solved, by=agent, at=at)
    (left,) = Escalation.objects.open().for_reading()
    assert left.ticket == answered
    assert left.firing is not None
    assert left.firing.clock.metric == RESOLUTION
    assert Escalation.objects.missed().count() == 5
    assert Escalation.objects.acknowledged().count() == 0
    # The same question, asked of rows that are loaded.
    rows = Escalation.objects.for_reading()
    assert [row for row in rows if row.is_open] == [left]
