"""A change of a calendar or a policy: what the preview says, and what is then done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from sla import reckoning
from sla.models import (
    Calendar,
    CalendarVersion,
    Clock,
    ClockEvent,
    Policy,
    PolicyVersion,
    Priority,
    Recalculation,
)
from sla.preview import Preview, preview
from sla.recalculation import go_on, request
from tests import factories
from tests.sla.stories import FIRST, RESOLUTION, change, last, wait
from tests.times import nov
from tickets import lifecycle, recalculation
from tickets.models import Ticket, User

pytestmark = pytest.mark.usefixtures("policy")

NOW = nov(3, "12:00")
KIND = ClockEvent.Kind.RECALCULATED


@pytest.fixture
def agent(policy: Policy) -> User:
    return factories.agent()


def holiday(*days: int) -> CalendarVersion:
    """Publish the calendar with these days of November closed."""
    calendar = Calendar.objects.get()
    for day in days:
        calendar.holidays.create(date=date(2026, 11, day), name="Founders' day")
    return calendar.publish(at=NOW)


def target(code: str, metric: str, **values: Any) -> PolicyVersion:
    """Publish the policy with another target."""
    policy = Policy.objects.default()
    policy.targets.filter(priority__code=code, metric=metric).update(**values)
    return policy.publish(at=NOW)


def apply(by: User | None = None, **change: Any) -> Recalculation:
    """Ask for it and do all of it."""
    asked = request(at=NOW, by=by, **change)
    while recalculation.go_on(at=NOW):
        pass
    asked.refresh_from_db()
    return asked


def dues(ticket: Ticket) -> dict[str, datetime]:
    return dict(ticket.clocks.running().values_list("metric", "due_at"))


def test_a_holiday_moves_the_deadlines_that_it_lies_in(agent: User) -> None:
    """A P1 is served day and night; a P2 is answered by 10:00, and solved in elapsed hours."""
    tickets = {code: factories.ticket(code) for code in ("P1", "P2", "P3", "P4")}
    asked = apply(by=agent, calendar_version=holiday(3))
    assert dues(tickets["P1"]) == {FIRST: nov(2, "12:00"), RESOLUTION: nov(2, "22:00")}
    assert dues(tickets["P2"]) == {FIRST: nov(4, "10:00"), RESOLUTION: nov(5, "10:00")}
    assert dues(tickets["P3"]) == {FIRST: nov(4, "10:00"), RESOLUTION: nov(10, "10:00")}
    assert dues(tickets["P4"]) == {FIRST: nov(5, "10:00"), RESOLUTION: nov(17, "10:00")}
    assert (asked.total, asked.done, asked.moved, asked.failed) == (8, 8, 5, 0)
    assert asked.finished_at == NOW
    assert last(tickets["P4"], RESOLUTION).goal_at == nov(10, "10:00")


def test_each_clock_gets_one_entry_in_its_ledger(agent: User) -> None:
    ticket = factories.ticket("P3")
    apply(by=agent, calendar_version=holiday(3))
    entry = last(ticket, FIRST).events.get(kind=KIND)
    assert (entry.at, entry.by, entry.reason) == (NOW, agent, "Business hours version 2")
    assert (entry.due_before, entry.due_after) == (nov(3, "10:00"), nov(4, "10:00"))
    assert ClockEvent.objects.filter(kind=KIND).count() == 2


def test_what_has_stopped_never_moves(agent: User) -> None:
    ticket = factories.ticket("P3")
    lifecycle.reply(ticket=ticket, by=agent, text="Here.", at=nov(2, "11:00"))
    change(ticket, "P2", agent, nov(2, "12:00"))
    before = Clock.objects.exclude(pk__in=Clock.objects.running()).values()
    frozen = list(before)
    asked = apply(calendar_version=holiday(2, 3, 4, 5))
    assert list(before) == frozen
    assert asked.total == 1


def test_the_queue_follows(agent: User) -> None:
    ticket = factories.ticket("P3")
    apply(calendar_version=holiday(3))
    ticket.refresh_from_db()
    assert ticket.next_due_at == nov(4, "10:00")


def test_the_next_step_follows() -> None:
    ticket = factories.ticket("P3")
    apply(calendar_version=holiday(2))
    # Nothing of Monday counts any more: six of Tuesday's eight hours.
    assert last(ticket, FIRST).next_step_at == nov(3, "15:00")


def test_pauses_and_an_earlier_promise_are_reckoned_too(agent: User) -> None:
    waiting = factories.ticket("P3")
    wait(waiting, [(nov(3, "10:00"), nov(4, "10:00"))])
    raised = factories.ticket("P3")
    change(raised, "P2", agent, nov(6, "16:00"))
    apply(calendar_version=holiday(9))
    assert last(waiting, RESOLUTION).due_at == nov(11, "10:00")
    # The promise before the raise stopped, and holds as it was made.
    assert last(raised, RESOLUTION).due_at == nov(9, "10:00")


def test_a_new_target_holds_from_when_the_clock_started() -> None:
    ticket = factories.ticket("P3")
    paused = factories.ticket("P3")
    lifecycle.wait_for_customer(ticket=paused, by=None, at=nov(2, "15:00"))
    version = target("P3", RESOLUTION, amount=2, goal_amount=1)
    apply(policy_version=version)
    clock = last(ticket, RESOLUTION)
    assert (clock.goal_at, clock.due_at) == (nov(3, "10:00"), nov(4, "10:00"))
    assert (clock.policy_version, clock.target_amount) == (version, 2)
    assert last(paused, RESOLUTION).paused_at == nov(2, "15:00")
    assert last(factories.ticket("P3"), RESOLUTION).policy_version == version


def test_a_promise_that_is_not_made_any_more_runs_on() -> None:
    ticket = factories.ticket("P4")
    before = dues(ticket)
    policy = Policy.objects.default()
    policy.targets.filter(priority__code="P4").delete()
    asked = apply(policy_version=policy.publish(at=NOW))
    assert dues(ticket) == before
    assert (asked.done, asked.moved) == (2, 0)
    assert not ClockEvent.objects.filter(kind=KIND).exists()


def test_many_raises_ask_the_database_as_often_as_a_few() -> None:
    def queries(tickets: int, day: int) -> tuple[int, int]:
        for _ in range(tickets):
            ticket = factories.ticket("P4")
            for code, time in (("P3", "10:10"), ("P2", "10:20"), ("P1", "10:30")):
                change(ticket, code, None, nov(2, time))
        asked = {"calendar_version": holiday(day)}
        with CaptureQueriesContext(connection) as shown:
            preview(Recalculation(**asked), at=NOW)
        with CaptureQueriesContext(connection) as applied:
            apply(**asked)
        return len(shown), len(applied)

    assert queries(1, day=16) == queries(9, day=17)


def test_new_pause_rules_hold_for_the_next_wait(policy: Policy) -> None:
    """Monday 15:00 to Tuesday 13:00 are six open hours, under the rule of Monday."""
    ticket = factories.ticket("P3")
    lifecycle.wait_for_customer(ticket=ticket, by=None, at=nov(2, "15:00"))
    policy.pause_rules.all().delete()
    policy.pause_rules.create(metric=FIRST, condition="waiting_for_customer")
    apply(policy_version=policy.publish(at=NOW))
    assert dues(ticket) == {FIRST: nov(3, "10:00"), RESOLUTION: nov(9, "10:00")}
    assert last(ticket, RESOLUTION).paused_at == nov(2, "15:00")
    lifecycle.resume(ticket=ticket, by=None, at=nov(3, "13:00"))
    assert dues(ticket) == {FIRST: nov(3, "10:00"), RESOLUTION: nov(9, "16:00")}
    lifecycle.wait_for_customer(ticket=ticket, by=None, at=nov(4, "10:00"))
    paused = {clock.metric for clock in ticket.clocks.exclude(paused_at=None)}
    assert paused == {FIRST}


def test_the_order_of_priorities_makes_no_new_version(policy: Policy) -> None:
    factories.ticket("P3")
    version = policy.current_version
    for code, rank in (("P1", 99), ("P2", 1), ("P1", 2)):
        Priority.objects.filter(code=code).update(rank=rank)
    assert policy.publish(at=NOW) == version


def test_another_calendar_of_the_policy_holds_too() -> None:
    ticket = factories.ticket("P3")
    calendar = Calendar.objects.create(name="Every day", time_zone="Asia/Kolkata")
    for day in range(7):
        calendar.opening_hours.create(weekday=day, opens="09:00", closes="17:00")
    calendar.publish(at=NOW)
    policy = Policy.objects.default()
    policy.calendar = calendar
    policy.save()
    apply(policy_version=policy.publish(at=NOW))
    assert dues(ticket)[RESOLUTION] == nov(7, "10:00")


def test_new_steps_are_put_where_they_belong() -> None:
    ticket = factories.ticket("P3")
    policy = Policy.objects.default()
    policy.steps.create(percent=50, roles=["team"])
    apply(steps_of=policy)
    assert last(ticket, FIRST).next_step_at == nov(2, "14:00")
    assert not ClockEvent.objects.filter(kind=KIND).exists()


def test_a_recalculation_goes_on_where_a_worker_died(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sla.recalculation.BATCH", 3)
    tickets = [factories.ticket("P3") for _ in range(4)]
    asked = request(at=NOW, by=None, calendar_version=holiday(3))
    batches: list[int] = []

    def die(ticket_ids: Sequence[int]) -> None:
        batches.append(len(ticket_ids))
        if len(batches) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        go_on(at=NOW, seconds=60, on_moved=die)
    asked.refresh_from_db()
    assert (asked.done, asked.moved, asked.finished_at) == (3, 3, None)
    recalculation.go_on(at=NOW)
    asked.refresh_from_db()
    assert (asked.done, asked.moved, asked.finished_at) == (8, 8, NOW)
    assert ClockEvent.objects.filter(kind=KIND).count() == 8
    assert Counter(due for ticket in tickets for due in dues(ticket).values()) == {
        nov(4, "10:00"): 4,
        nov(10, "10:00"): 4,
    }


def test_a_run_begins_nothing_when_its_time_is_over() -> None:
    factories.ticket("P3")
    request(at=NOW, by=None, calendar_version=holiday(3))
    assert recalculation.go_on(at=NOW, seconds=0) == 0


def test_changes_are_applied_in_their_order_and_new_clocks_stay() -> None:
    ticket = factories.ticket("P3")
    first = request(at=NOW, by=None, calendar_version=holiday(3))
    between = factories.ticket("P3")
    second = holiday(4)
    newest = factories.ticket("P3")
    apply(calendar_version=second)
    first.refresh_from_db()
    assert first.finished_at is not None
    assert dues(ticket) == dues(between) == dues(newest)
    kinds = [len(t.clocks.first().events.filter(kind=KIND)) for t in (ticket, between, newest)]
    assert kinds == [2, 1, 0]


def test_hours_that_lead_nowhere_leave_the_promise_as_it_was(
    caplog: pytest.LogCaptureFixture,
) -> None:
    ticket = factories.ticket("P3")
    before = list(ticket.clocks.values())
    calendar = Calendar.objects.get()
    calendar.opening_hours.all().delete()
    calendar.holidays.create(date=date(2026, 11, 2), name="Once", opens="10:00", closes="10:30")
    calendar.holidays.create(date=date(2026, 12, 2), name="Twice", opens="10:00", closes="10:30")
    version = calendar.publish(at=nov(1, "00:00"))
    found = preview(Recalculation(calendar_version=version), at=NOW)
    assert (found.total, found.failed, found.unmoved) == (2, 1, 0)
    asked = apply(calendar_version=version)
    assert (asked.done, asked.failed) == (2, 1)
    assert list(ticket.clocks.filter(metric=RESOLUTION).values()) == [
        row for row in before if row["metric"] == RESOLUTION
    ]
    assert "could not be reckoned anew" in caplog.text


# --- The preview ----------------------------------------------------------------------------------


def numbers(found: Preview) -> dict[str, int]:
    names = ("total", "earlier", "later", "unmoved", "broken", "saved", "failed")
    return {name: getattr(found, name) for name in names if getattr(found, name)}


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        # All but the P1's two and the P2's solution; the P3's answer is late already, and saved.
        (lambda: {"calendar_version": holiday(3)},
         {"total": 8, "later": 5, "unmoved": 3, "saved": 2}),
        # One business hour for the answer was over on Monday at 11:00.
        (lambda: {"policy_version": target("P4", FIRST, amount=1, unit="business_hours")},
         {"total": 8, "earlier": 1, "unmoved": 7, "broken": 1}),
        (lambda: {"policy_version": target("P1", FIRST, note="We hurry")},
         {"total": 8, "unmoved": 8}),
        (lambda: {"policy_version": target("P1", RESOLUTION, amount=30)},
         {"total": 8, "later": 1, "unmoved": 7, "saved": 1}),
    ],
)  # fmt: skip
def test_the_preview_counts_what_moves(made: Any, expected: dict[str, int]) -> None:
    for code in ("P1", "P2", "P3", "P4"):
        factories.ticket(code)
    change = Recalculation(**made())
    found = preview(change, at=NOW)
    assert numbers(found) == expected
    late = set(Clock.objects.breached(NOW).values_list("pk", flat=True))
    before = {clock.pk: clock.due_at for clock in Clock.objects.all()}
    apply(**{name: getattr(change, name) for name in ("calendar_version", "policy_version")})
    after = {clock.pk: clock.due_at for clock in Clock.objects.all()}
    assert found.later == sum(after[pk] > before[pk] for pk in before)
    assert found.earlier == sum(after[pk] < before[pk] for pk in before)
    now_late = set(Clock.objects.breached(NOW).values_list("pk", flat=True))
    assert (found.broken, found.saved) == (len(now_late - late), len(late - now_late))


def test_the_preview_shows_those_that_move_most(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sla.preview.SHOWN", 2)
    monkeypatch.setattr("sla.preview.BLOCK", 3)
    for code in ("P1", "P2", "P3", "P4"):
        factories.ticket(code)
    paused = factories.ticket("P3")
    lifecycle.wait_for_customer(ticket=paused, by=None, at=nov(2, "15:00"))
    lifecycle.resume(ticket=paused, by=None, at=nov(2, "16:00"))
    version = target("P3", RESOLUTION, amount=9)
    found = preview(Recalculation(policy_version=version), at=NOW)
    moves = {(str(m.clock), m.due_before, m.due_after, m.later, m.span) for m in found.most}
    four_days = timedelta(days=4)
    assert moves == {
        ("P3 Resolution", nov(9, "10:00"), nov(13, "10:00"), True, four_days),
        ("P3 Resolution", nov(9, "11:00"), nov(13, "11:00"), True, four_days),
    }


def test_the_preview_of_clocks_that_stand_still_knows_when_they_stopped(agent: User) -> None:
    ticket = factories.ticket("P3")
    lifecycle.reply(ticket=ticket, by=agent, text="Which?", at=nov(2, "10:30"))
    lifecycle.wait_for_customer(ticket=ticket, by=agent, at=nov(3, "16:00"))
    version = target("P3", RESOLUTION, amount=1)
    found = preview(Recalculation(policy_version=version), at=NOW)
    assert numbers(found) == {"total": 1, "earlier": 1, "broken": 1}


def test_what_is_stored_afterwards_is_the_pure_function_of_the_facts(agent: User) -> None:
    for code in ("P1", "P2", "P3", "P4"):
        ticket = factories.ticket(code)
        wait(ticket, [(nov(2, "11:00"), nov(2, "13:00"))])
    apply(calendar_version=holiday(3, 5))
    apply(policy_version=target("P4", RESOLUTION, amount=7))
    for clock in Clock.objects.all():
        assert reckoning.due_of(clock, reckoning.finished(clock.pauses.all())) == clock.due_at
