"""Which policy and calendar a clock runs on, its ledger, and what the database refuses."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from sla import promising
from sla.models import Calendar, Clock, ClockEvent, Condition, PauseRule, Policy, Target
from tests import factories
from tests.factories import MONDAY
from tests.sla.stories import FIRST, RESOLUTION, SECOND, change, last, ledger, of_priority, wait
from tests.times import nov
from tickets import lifecycle
from tickets.models import User, policy_for

pytestmark = pytest.mark.usefixtures("policy")


@pytest.fixture
def agent(policy: Policy) -> User:
    return factories.agent("meera@desk.example")


# --- Which policy and calendar --------------------------------------------------------------------


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
    factories.publish()
    wait(ticket, [(nov(3, "10:00"), nov(3, "11:00"))])
    assert last(ticket, RESOLUTION).due_at == nov(9, "11:00")
    assert last(factories.ticket("P3"), RESOLUTION).due_at == nov(3, "10:00")


def test_an_organization_has_its_own_policy_or_the_default_one(policy: Policy) -> None:
    own = Policy.objects.create(name="Gold", calendar=policy.calendar)
    own.targets.create(priority=factories.priority("P3"), metric=RESOLUTION, amount=2, unit="hours")
    own.publish(at=MONDAY)
    gold = factories.customer(organization=factories.organization(policy=own))
    plain = factories.customer(organization=factories.organization())
    (clock,) = Clock.objects.filter(ticket=factories.ticket("P3", requester=gold))
    assert (clock.policy, clock.metric, clock.due_at) == (own, RESOLUTION, nov(2, "12:00"))
    assert last(factories.ticket("P3", requester=plain), RESOLUTION).policy == policy


@pytest.mark.parametrize("code", ["P1", "P2", "P3", "P4"])
@pytest.mark.parametrize("at", [MONDAY, nov(7, "23:30"), nov(2, "08:00")])
def test_a_preview_promises_what_the_ticket_then_gets(code: str, at: datetime) -> None:
    priority = factories.priority(code)
    previewed = promising.promises(policy=policy_for(None), priority=priority, at=at)
    running = factories.ticket(code, at=at).clocks.all()
    assert {(p.target.metric, p.goal_at, p.due_at) for p in previewed} == {
        (clock.metric, clock.goal_at, clock.due_at) for clock in running
    }


# --- The ledger -----------------------------------------------------------------------------------


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


# --- What the database holds ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        # A second clock for the first response would run beside the one that does.
        ({"metric": FIRST}, "one_running_clock_per_metric"),
        ({"stopped_at": MONDAY, "superseded_at": MONDAY}, "clock_ends_once"),
        ({"target_amount": 0}, "clock_has_time"),
    ],
)
def test_the_database_refuses_a_clock_that_cannot_be(
    changes: dict[str, Any], constraint: str
) -> None:
    clock = last(factories.ticket("P3"), RESOLUTION)
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Clock.objects.filter(pk=clock.pk).update(**changes)


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
