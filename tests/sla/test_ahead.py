"""What is due next, against how much gets solved, worked out by hand; and read by its index."""

from __future__ import annotations

from datetime import date

from django.db import connection

from sla.models import Clock, Policy
from sla.reports.ahead import Ahead, due_soon, load, promises_ahead, rate_of_solving
from sla.reports.filters import NOBODY
from tests import factories
from tests.sla.november import ALL_SEEING, ZONE, Story, ist
from tickets import lifecycle
from tickets.models import Team, Ticket

FRIDAY = ist(6, "15:00")  # Two open hours are left of it; a business day has eight.


def desk() -> tuple[Story, Team]:
    """What is due when, in business hours from Friday 6 November 15:00."""
    told, support = Story(), factories.team("Second line")
    # P2 answered by Fri 17:00: in 2 h. Its resolution, by day and night, Sun 8 09:00: in 2 h.
    told.open("within 4", "P2", 5, "17:00")
    # P3 answered by Mon 9 14:00: in 2 + 5 = 7 h.
    told.open("within 8", "P3", 6, "14:00")
    # P3 answered; its resolution is due Tue 10 15:00: in 2 + 8 + 6 = 16 h.
    ticket = told.open("within 24", "P3", 3, "15:00")
    told.reply(ticket, 3, "16:00")
    # Stands still, late already, not due for long: none of them is in it.
    ticket = told.open("waiting", "P3", 2, "10:00")
    told.reply(ticket, 2, "10:30")
    told.wait(ticket, 2, "11:00")
    told.reply(told.open("late", "P1", 5, "10:00"), 5, "10:30")
    for name in ("within 4", "within 24"):
        lifecycle.assign(ticket=told.tickets[name], by=told.agent, team=support, at=FRIDAY)
    return told, support


def test_tickets_are_counted_once_within_the_business_hours_of_their_calendar(
    policy: Policy,
) -> None:
    _, support = desk()
    rows = {(row.team, row.priority): dict(row.within) for row in due_soon(at=FRIDAY)}
    assert rows == {
        (support.pk, "P2"): {4: 1, 8: 1, 24: 1},
        (support.pk, "P3"): {4: 0, 8: 0, 24: 1},
        (NOBODY, "P3"): {4: 0, 8: 1, 24: 1},
    }
    for row in due_soon(at=FRIDAY):
        for hours, number in row.within.items():
            ahead = Ahead(team=row.team, priority=row.priority, within=hours)
            listed, page = promises_ahead(ahead=ahead, at=FRIDAY, zone=ZONE, reader=ALL_SEEING)
            assert len(listed) == page.paginator.count == number, (row, hours)


def test_the_week_holds_each_promise_on_its_local_day(policy: Policy) -> None:
    _, support = desk()
    days, loads = load(at=FRIDAY, zone=ZONE)
    assert (days[0], days[-1]) == (date(2026, 11, 6), date(2026, 11, 12))
    by_team = {each.team: {day.day: due for day, due in each.due.items()} for each in loads}
    assert by_team[support.pk] == {6: 1, 8: 1, 10: 1}
    assert by_team[NOBODY] == {9: 1}
    for each in loads:
        for day, due in each.due.items():
            asked = Ahead(team=each.team, day=day)
            _, page = promises_ahead(ahead=asked, at=FRIDAY, zone=ZONE, reader=ALL_SEEING)
            assert page.paginator.count == due


def test_the_rate_is_that_of_the_last_ten_open_days_without_today(policy: Policy) -> None:
    told, support = desk()
    # Ten open days before Friday 20 are the 6th to the 19th: 80 open hours, without the weekend.
    for day in (5, 6, 10, 19, 20):
        ticket = told.open(f"of {day}", "P3", 2, "10:00")
        lifecycle.assign(ticket=ticket, by=told.agent, team=support, at=ist(2, "10:00"))
        told.resolve(ticket, day, "10:00")
    Ticket.objects.filter(subject="of 10").update(status="closed", closed_as="spam")
    rate = rate_of_solving(at=ist(20, "12:00"))
    assert rate is not None
    assert (rate.days, rate.hours, rate.solved) == (10, 80, {support.pk: 2})
    # 2 in 80 hours: 0.6 of one in 24 hours.
    assert rate.expected(support.pk, 24) == 0
    assert rate.expected(support.pk, 40) == 1
    assert rate.expected(NOBODY, 40) == 0


def test_without_a_policy_nothing_is_known_and_nothing_is_due(db: None) -> None:
    assert rate_of_solving(at=FRIDAY) is None
    assert due_soon(at=FRIDAY) == []


def test_what_is_due_is_read_by_the_index_of_deadlines(policy: Policy) -> None:
    desk()
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_bitmapscan = off")
        cursor.execute("SET LOCAL enable_sort = off")
    soon = Clock.objects.running().filter(
        paused_at=None, due_at__gt=FRIDAY, due_at__lte=ist(9, "10:00")
    )
    assert "clock_due" in soon.order_by("due_at").explain()
