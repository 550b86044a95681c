"""Idle tickets: business time since a person did something, each told once, read from an index."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from tests.factories import MONDAY, agent, ticket
from tests.times import nov
from tickets import lifecycle
from tickets.models import Event, IdleMark, Rule, RuleCue, RuleRun, Ticket
from tickets.rules import idleness
from tickets.rules.following import follow
from tickets.states import Status

pytestmark = pytest.mark.usefixtures("policy")

NOTE = {"do": "note", "text": "Still there?"}


def idle_rule(hours: int = 4, **fields: Any) -> Rule:
    fields.setdefault("name", f"Idle {Rule.objects.count() + 1}")
    made = Rule.objects.create(when="idle", idle_hours=hours, steps=[NOTE], **fields)
    follow(at=MONDAY)  # From here on it looks.
    return made


def runs(row: Ticket) -> int:
    return row.rule_runs.count()


@pytest.mark.parametrize(
    ("acted", "told"),
    [
        # Monday 10:00 and four open hours; the office closes at 17:00.
        (nov(2, "10:00"), nov(2, "14:00")),
        (nov(2, "15:00"), nov(3, "11:00")),
        # Written at night: the hours begin with the opening.
        (nov(2, "22:00"), nov(3, "13:00")),
        # Friday afternoon, over a weekend.
        (nov(6, "16:00"), nov(9, "12:00")),
    ],
)
def test_a_ticket_is_idle_after_the_business_hours_of_its_calendar(
    acted: datetime, told: datetime
) -> None:
    idle_rule(hours=4)
    row = ticket(at=acted)

    follow(at=told - timedelta(minutes=1))
    assert runs(row) == 0
    follow(at=told)
    assert runs(row) == 1
    assert row.events.filter(kind=Event.Kind.IDLE).get().detail == "For 4 business hours."


def test_it_is_not_told_again_until_a_person_has_acted_again() -> None:
    idle_rule(hours=4)
    row = ticket(at=nov(2, "10:00"))
    for when in (nov(2, "14:00"), nov(2, "15:00"), nov(4, "10:00")):
        follow(at=when)
    assert runs(row) == 1

    lifecycle.add_note(ticket=row, by=agent(), text="I look.", at=nov(4, "10:00"))
    follow(at=nov(4, "13:59"))
    assert runs(row) == 1
    follow(at=nov(4, "14:00"))
    assert runs(row) == 2


def test_what_the_desk_does_by_itself_is_no_act_of_a_person() -> None:
    idle_rule(hours=4)
    row = ticket(at=nov(2, "10:00"))
    lifecycle.escalate_to_engineering(ticket=row, by=None, at=nov(2, "13:00"))
    follow(at=nov(2, "14:00"))
    assert runs(row) == 1


def test_waiting_for_the_customer_is_not_idle_unless_the_rule_says_so() -> None:
    idle_rule(hours=4, name="Work")
    idle_rule(hours=4, name="Wait", idle_while_waiting=True)
    row = ticket(at=nov(2, "10:00"))
    lifecycle.wait_for_customer(ticket=row, by=agent(), at=nov(2, "10:30"))

    follow(at=nov(2, "14:30"))
    assert [run.rule.name for run in RuleRun.objects.all()] == ["Wait"]
    # The hours begin anew when the waiting ends, whoever ended it.
    lifecycle.resume(ticket=row, by=None, at=nov(3, "10:00"))
    follow(at=nov(3, "13:59"))
    assert RuleRun.objects.count() == 1
    follow(at=nov(3, "14:00"))
    assert RuleRun.objects.filter(rule__name="Work").count() == 1


def test_what_is_solved_is_never_idle() -> None:
    idle_rule(hours=4)
    row = ticket(at=nov(2, "10:00"))
    lifecycle.resolve(ticket=row, by=agent(), at=nov(2, "11:00"))
    follow(at=nov(4, "16:00"))
    assert runs(row) == 0


def test_a_rule_looks_at_what_becomes_idle_after_it_was_switched_on() -> None:
    row = ticket(at=nov(2, "10:00"))
    rule = idle_rule(hours=1)
    Rule.objects.filter(pk=rule.pk).update(is_active=False)
    follow(at=nov(2, "12:00"))
    Rule.objects.filter(pk=rule.pk).update(is_active=True)
    follow(at=nov(2, "13:00"))
    follow(at=nov(2, "14:00"))
    assert runs(row) == 0


def test_mail_that_was_read_late_is_not_forgotten() -> None:
    idle_rule(hours=1)
    follow(at=nov(3, "12:00"))
    # It arrived the day before, and the desk was down.
    row = ticket(at=nov(2, "10:00"))
    follow(at=nov(3, "12:00"))
    assert runs(row) == 1


def test_a_person_who_acts_before_the_worker_comes_stops_it() -> None:
    idle_rule(hours=4)
    row = ticket(at=nov(2, "10:00"))
    idleness.cue(at=nov(2, "14:00"))
    assert RuleCue.objects.count() == 1
    lifecycle.assign(ticket=row, by=agent(), assignee=agent(), at=nov(2, "14:00"))
    follow(at=nov(2, "14:00"))
    assert runs(row) == 0


def test_many_at_one_instant_are_all_cued(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idleness, "BATCH", 2)
    idle_rule(hours=4)
    for _ in range(5):
        ticket(at=nov(2, "10:00"))
    follow(at=nov(2, "14:00"))
    assert RuleRun.objects.count() == 5


def test_the_index_is_read_from_where_the_last_sweep_stopped() -> None:
    idle_rule(hours=4)
    mark = IdleMark.objects.get()
    found = idleness._become_idle(mark, nov(3, "10:00"))
    with connection.cursor() as cursor:
        # With so few rows every way costs the same: leave the one that is in order already.
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off")
        plan = found.explain()
    assert "ticket_idle" in plan
    assert Status.NEW in plan or "acted_at" in plan
