"""The breaches of a period, and what managers say about them."""

from datetime import timedelta
from typing import Any

import pytest

from sla import reports
from sla.breaches import NotBrokenError, NothingSaidError, explain_breaches
from sla.models import BreachNote, BreachReason, Clock, Policy
from sla.reports import Dimension, Filters, Order
from tests import factories
from tests.sla import november
from tests.sla.november import ALL_SEEING, NOVEMBER, NOW, Story, ist
from tickets import lifecycle

pytestmark = pytest.mark.django_db

H = timedelta(hours=1)

# Name, priority and metric -> late in business time and elapsed: beside each promise in november.
BROKEN = {
    ("stopped late", "P3", "first_response"): (1 * H, 1 * H),
    ("stopped late", "P3", "resolution"): (8 * H, 24 * H),
    # due Tue 17 10:00; 7 + 8 + 8 + 3 h open until Fri 20 12:00
    ("running late", "P3", "first_response"): (26 * H, 74 * H),
    # due Mon 16 10:00, and it stands still since Tue 17 10:00
    ("paused late", "P3", "resolution"): (8 * H, 24 * H),
    ("raised late", "P3", "first_response"): (2 * H, 2 * H),
    # due Fri 6 12:00, solved on Saturday
    ("raised late", "P2", "resolution"): (5 * H, 24 * H),
    ("lowered late", "P1", "first_response"): (1 * H, 1 * H),
    # due Mon 2 22:00, lowered Tue 3 10:00
    ("lowered late", "P1", "resolution"): (1 * H, 12 * H),
    ("lowered late", "P2", "resolution"): (8 * H, 24 * H),
    ("P1 running late", "P1", "first_response"): (1 * H, 1 * H),
}


def breaches(**asked: Any) -> list[reports.BreachRow]:
    rows, _ = reports.breaches(period=NOVEMBER, at=NOW, reader=ALL_SEEING, **asked)
    return rows


def by_reason(**filters: Any) -> dict[str, int]:
    found = reports.breaches_by_reason(
        period=NOVEMBER, at=NOW, filters=Filters(**filters), reader=ALL_SEEING
    )
    return {row.name: row.breaches for row in found}


def test_every_broken_promise_is_there_with_how_late_it_is(policy: Policy) -> None:
    november.tell()
    rows = breaches()
    found = {
        (row.subject, row.priority, row.metric): (row.late_in_business_time, row.late_by)
        for row in rows
    }
    assert found == BROKEN
    late = [row.late_by for row in rows]
    assert late == sorted(late, reverse=True)
    due = [row.due_at for row in breaches(order=Order.DUE)]
    assert due == sorted(due)
    assert [row.due_at for row in breaches(order=Order.DUE_LAST)] == due[::-1]
    is_open = {row.subject for row in rows if row.is_open}
    assert is_open == {"running late", "P1 running late"}


def test_a_row_says_what_paused_it_and_who_had_it_at_the_deadline(policy: Policy) -> None:
    story = Story()
    bela, data = factories.agent(name="Bela"), factories.team("Data")
    ticket = story.open("waited", "P3", 2, "10:00")
    story.reply(ticket, 2, "11:00")
    # Fri 6 12:00 to Mon 9 12:00 stands still: 72 h, of them 5 + 3 open. Due Tue 10 10:00.
    story.wait(ticket, 6, "12:00")
    lifecycle.resume(ticket=ticket, by=story.agent, at=ist(9, "12:00"))
    lifecycle.assign(ticket=ticket, by=bela, assignee=bela, team=data, at=ist(9, "13:00"))
    # Handed over after the deadline, and paused again: neither is to the point.
    lifecycle.assign(ticket=ticket, by=bela, assignee=story.agent, team=data, at=ist(10, "11:00"))
    story.wait(ticket, 11, "10:00")
    [row] = breaches()
    assert row.due_at == ist(10, "10:00")
    assert (row.agent, row.team) == ("Bela", "Data")
    assert row.late_by == 24 * H
    [pause] = row.pauses
    assert (pause.reason, pause.times) == ("Waiting for the customer", 1)
    assert (pause.elapsed, pause.business) == (72 * H, 8 * H)
    assert not row.is_open


def test_what_was_said_is_appended_and_never_overwritten(policy: Policy) -> None:
    november.tell()
    boss = factories.agent(group="Manager")
    staff, supplier = (BreachReason.objects.create(name=name) for name in ("Staff", "Supplier"))
    first, second = (row.clock_id for row in breaches()[:2])

    def say(*clocks: int, day: int, **said: Any) -> int:
        return explain_breaches(clocks=clocks, by=boss, at=ist(day, "10:00", 12), **said)

    assert say(first, second, day=1, reason=staff) == 2
    # A note alone leaves the reason, and a reason alone leaves the note.
    assert say(first, day=2, note=" Two were ill. ") == 1
    assert say(first, day=3, reason=supplier) == 1
    # What is there already adds nothing.
    assert say(first, second, day=4, reason=supplier) == 1
    assert say(first, second, day=5, reason=supplier) == 0
    assert say(first, day=6, clears_reason=True) == 1
    said = [
        (entry.reason and entry.reason.name, entry.note, entry.at, entry.replaced_at)
        for entry in reports.said_about(first)
    ]
    days = {day: ist(day, "10:00", 12) for day in range(1, 7)}
    assert said == [
        (None, "Two were ill.", days[6], None),
        ("Supplier", "Two were ill.", days[3], days[6]),
        ("Staff", "Two were ill.", days[2], days[3]),
        ("Staff", "", days[1], days[2]),
    ]
    assert by_reason() == {"": 9, "Supplier": 1}


def test_nothing_is_said_about_a_promise_that_is_not_broken(policy: Policy) -> None:
    november.tell()
    boss, reason = factories.agent(group="Manager"), BreachReason.objects.create(name="Staff")
    broken = breaches()[0].clock_id
    kept = Clock.objects.filter(ticket__subject="in time").first()
    assert kept is not None
    for clocks in ([broken, kept.pk], [kept.pk], [0], []):
        with pytest.raises(NotBrokenError):
            explain_breaches(clocks=clocks, by=boss, at=NOW, reason=reason)
    with pytest.raises(NothingSaidError):
        explain_breaches(clocks=[broken], by=boss, at=NOW, note="  ")
    explain_breaches(clocks=[broken], by=boss, at=NOW, reason=reason)
    with pytest.raises(NothingSaidError):
        # It would say nothing at all, and what was said has to stay understandable.
        explain_breaches(clocks=[broken], by=boss, at=NOW, clears_reason=True)
    assert BreachNote.objects.count() == 1


def test_breaches_are_counted_and_filtered_by_reason(policy: Policy) -> None:
    november.tell()
    boss, reason = factories.agent(group="Manager"), BreachReason.objects.create(name="Staff")
    chosen = [row.clock_id for row in breaches() if row.subject == "lowered late"]
    explain_breaches(clocks=chosen, by=boss, at=NOW, reason=reason)
    assert by_reason() == {"": 7, "Staff": 3}
    assert by_reason(priority="P1") == {"Staff": 2, "": 1}
    rows = breaches(filters=Filters(reason=reason.pk))
    assert sorted(row.clock_id for row in rows) == sorted(chosen)
    assert len(breaches(filters=Filters(reason=0))) == 7
    table = reports.breakdown(by=Dimension.REASON, period=NOVEMBER, at=NOW)
    assert {row.name: row.broken for row in table} == {"": 7, "Staff": 3}
