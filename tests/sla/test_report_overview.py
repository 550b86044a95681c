"""The overview: its parts add up to the whole, and each number is what its list shows."""

import random
from collections import Counter
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection

from sla import reports, sweep
from sla.models import Clock, Policy
from sla.reports import AGES, Engineering, Figure, Filters, Listed, Part, Period, Question
from sla.reports import TicketFigure as Tickets
from sla.reports.figures import promises_of
from sla.reports.hours import by_hour, heat
from sla.reports.questions import ELAPSED
from sla.reports.spreads import spreads
from tests import factories
from tests.sla import november
from tests.sla.november import ALL_SEEING, NOVEMBER, NOW, ZONE, Story, ist
from tests.sla.test_reports import clone
from tickets import escalation, lifecycle, participation
from tickets.models import Event, Organization, Ticket
from tickets.states import UNSOLVED

pytestmark = pytest.mark.django_db

QUESTION = Question(date(2026, 11, 1), date(2026, 11, 30), ZONE, Filters())


@pytest.fixture
def story(policy: Policy) -> Story:
    told = november.tell()
    asked = told.tickets["running late"]
    lifecycle.escalate_to_engineering(ticket=asked, by=told.agent, at=ist(16, "11:00"))
    rated = told.tickets["reopened"]
    participation.rate(ticket=rated, by=rated.requester, stars=4, comment="", at=ist(6, "10:00"))
    return told


def number_of_clocks(figure: Figure, **asked: Any) -> int:
    _, page = reports.clocks_behind(
        figure=figure, period=NOVEMBER, at=NOW, reader=ALL_SEEING, **asked
    )
    return page.paginator.count


def number_of_tickets(figure: Tickets, period: Period = NOVEMBER, **asked: Any) -> int:
    page = reports.tickets_behind(figure=figure, period=period, at=NOW, reader=ALL_SEEING, **asked)
    assert len(page.object_list) == min(page.paginator.count, 50)
    return page.paginator.count


def test_the_parts_add_up_to_the_whole(story: Story) -> None:
    found = reports.overview(QUESTION, at=NOW)
    for name in ("promises", "kept", "broken", "running"):
        whole = sum(getattr(row, name) for row in found.rows)
        assert whole == sum(getattr(row, name) for row in found.totals) > 0
        for row in found.engineering:
            parts = (getattr(row.with_it, name), getattr(row.without, name))
            assert getattr(row.all, name) == sum(parts)
        if name != "promises":
            assert whole == sum(getattr(row, name) for row in found.over_time)
        if name != "running":
            assert whole == sum(getattr(cell, name) for cell in found.heat)
    for metric, used in found.used.items():
        of_metric = Filters(metric=metric)
        assert sum(used.values()) == number_of_clocks(Figure.FULFILLED, filters=of_metric)
        in_time = sum(number for tenth, number in used.items() if tenth <= 10)
        assert in_time == number_of_clocks(Figure.KEPT, filters=of_metric)
    for figure, name in [
        (Tickets.CAME_IN, "came_in"), (Tickets.SOLVED, "solved"), (Tickets.REOPENED, "reopened"),
    ]:  # fmt: skip
        whole = found.tickets.numbers[figure]
        assert whole == sum(getattr(row, name) for row in found.volume) > 0
    assert sum(row.tickets for row in found.ageing) == Ticket.objects.open().count()
    assert found.volume[19].starts.day == 20
    assert found.volume[19].backlog == Ticket.objects.open().count()
    assert found.volume[20].backlog is None


def test_each_cell_and_bar_counts_what_its_list_shows(story: Story) -> None:
    found = reports.overview(QUESTION, at=NOW)
    for cell in found.heat:
        part = Part(ZONE, weekday=cell.weekday, hour=cell.hour)
        assert number_of_clocks(Figure.ALL, part=part) == cell.promises
        assert number_of_clocks(Figure.BROKEN, part=part) == cell.broken
    for metric, used in found.used.items():
        for tenth, number in used.items():
            asked = {"filters": Filters(metric=metric), "part": Part(ZONE, used=tenth)}
            assert number_of_clocks(Figure.FULFILLED, **asked) == number
    for figure, number in found.tickets.numbers.items():
        assert number_of_tickets(figure) == number
    for row in found.ageing:
        listed = Listed(row.after, row.until)
        assert number_of_tickets(Tickets.AGE, listed=listed) == row.tickets
    for row in found.volume[:20]:
        period = Period.of_days(row.starts, row.starts, ZONE)
        assert number_of_tickets(Tickets.BACKLOG, period) == row.backlog
        assert number_of_tickets(Tickets.SOLVED, period) == row.solved
    assert number_of_tickets(Tickets.RATED) == found.tickets.satisfaction.ratings == 1
    assert number_of_tickets(Tickets.RATED, listed=Listed(stars=5)) == 0
    assert found.tickets.satisfaction.average == 4


def test_figures_worked_out_by_hand(story: Story) -> None:
    found = reports.overview(QUESTION, at=NOW)
    # Thirteen tickets came in in November and one in October, still unsolved; nine ends and one
    # reopening: those in time, late, raised and lowered twice each, to the minute, reopened twice.
    assert dict(found.tickets.numbers) == {
        Tickets.CAME_IN: 13, Tickets.SOLVED: 9, Tickets.REOPENED: 1,
        Tickets.ENGINEERING: 1, Tickets.ESCALATED: 0,
    }  # fmt: skip
    by_day = {row.starts.day: row.backlog for row in found.volume}
    # "of October" and "to the minute"; seven more on the 2nd, one of them solved.
    assert [by_day[day] for day in (1, 2, 20)] == [2, 8, 6]
    # "P1 running late" and "running in time" are of today; "running late" of Monday; "paused" and
    # "paused late" of the Monday before; "of October" of Saturday night.
    ages = {row.days: row.tickets for row in found.ageing}
    assert ages == {0: 2, 1: 0, 2: 1, 5: 2, 10: 1, 20: 0}
    engineering = {row.metric: row for row in found.engineering}
    with_it = engineering["resolution"].with_it
    assert (with_it.promises, with_it.running) == (1, 1)


def test_without_engineering_nothing_is_with_it(story: Story) -> None:
    without = replace(QUESTION, filters=Filters(engineering=Engineering.WITHOUT))
    for row in reports.overview(without, at=NOW).engineering:
        assert row.with_it.promises == 0
        assert row.without == row.all


def test_sweeps_and_what_happens_later_change_no_past_figure(story: Story) -> None:
    first_half = replace(QUESTION, last=date(2026, 11, 15))
    before = reports.overview(first_half, at=NOW)
    sweep.fire_due_steps(at=NOW, on_firings=escalation.escalate_firings)
    assert reports.overview(first_half, at=NOW) == before
    ticket = story.tickets["in time"]
    lifecycle.reopen(ticket=ticket, by=story.agent, at=NOW)
    later = reports.overview(first_half, at=NOW)
    assert (later.volume, later.tickets) == (before.volume, before.tickets)


def test_spam_and_merged_tickets_count_nowhere(story: Story) -> None:
    ticket = story.tickets["running in time"]
    Ticket.objects.filter(pk=ticket.pk).update(status="closed", closed_as="spam")
    found = reports.overview(QUESTION, at=NOW)
    assert found.tickets.numbers[Tickets.CAME_IN] == 12
    assert found.volume[19].backlog == 5
    assert sum(row.tickets for row in found.ageing) == 5
    assert number_of_tickets(Tickets.CAME_IN) == 12


def test_tickets_are_narrowed_by_what_is_their_own(story: Story) -> None:
    acme: Organization = factories.organization("Acme")
    Ticket.objects.filter(subject__in=["in time", "paused"]).update(organization=acme)
    filters = Filters(organization=acme.pk)
    found = reports.overview(replace(QUESTION, filters=filters), at=NOW)
    assert found.tickets.numbers[Tickets.CAME_IN] == 2
    assert found.tickets.numbers[Tickets.SOLVED] == 1
    assert sum(row.tickets for row in found.ageing) == found.volume[19].backlog == 1
    assert number_of_tickets(Tickets.CAME_IN, filters=filters) == 2
    assert not filters.is_of_promises
    assert Filters(engineering=Engineering.WITH).is_of_promises
    assert Filters(team=0).is_of_promises


def test_the_period_before_is_told_beside(story: Story) -> None:
    found = reports.overview(QUESTION, at=NOW)
    assert found.before is not None
    assert found.before["P3", "resolution"].broken == 1
    assert found.tickets_before is not None
    assert found.tickets_before.numbers[Tickets.CAME_IN] == 1
    everything = Question(date(2000, 1, 1), date(2026, 11, 20), ZONE, Filters(), "all")
    found = reports.overview(everything, at=NOW)
    assert found.before is None
    assert [row.starts for row in found.over_time] == [date(2026, 10, 1), date(2026, 11, 1)]


def test_percentiles_are_those_of_postgresql(policy: Policy) -> None:
    for code in ("P1", "P2"):
        story = Story()
        ticket = story.open(code, code, 2, "10:00")
        story.resolve(ticket, 3, "10:00")
        clone(ticket, times=150 if code == "P1" else 6)
    rng = random.Random(7)
    clocks = list(Clock.objects.all())
    for clock in clocks:
        clock.business_seconds = rng.choice([0, 5, 1023, 1024, rng.randrange(5000), 90_000])
        clock.counted_seconds = rng.randrange(10**7)
        clock.stopped_at = clock.started_at + timedelta(seconds=rng.uniform(0, 90_000))
    Clock.objects.bulk_update(clocks, ["business_seconds", "counted_seconds", "stopped_at"])
    found = spreads(promises_of(NOVEMBER, NOW, Figure.FULFILLED))
    with connection.cursor() as cursor:
        for name, seconds in {
            "business": "business_seconds",
            "counted": "counted_seconds",
            "elapsed": "floor(extract(epoch FROM stopped_at - started_at))::bigint",
        }.items():
            cursor.execute(
                f"SELECT priority_id, metric, "
                f"percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY {seconds}) "
                f"FROM sla_clock GROUP BY 1, 2"
            )
            expected = {(row[0], row[1]): row[2] for row in cursor.fetchall()}
            assert len(getattr(found, name)) == len(expected) == 4
            for group, spread in getattr(found, name).items():
                assert [spread.median, spread.ninetieth] == pytest.approx(expected[group])


def test_times_that_are_not_asked_for_are_not_reckoned_and_the_others_stay(story: Story) -> None:
    whole = reports.overview(QUESTION, at=NOW, all_times=True)
    hours = reports.overview(QUESTION, at=NOW)
    elapsed = reports.overview(replace(QUESTION, times=ELAPSED), at=NOW)
    assert any(row.elapsed for row in whole.rows)
    assert [replace(row, elapsed=None) for row in whole.rows] == hours.rows
    assert [replace(row, business=None) for row in whole.rows] == elapsed.rows
    assert replace(whole, rows=[]) == replace(hours, rows=[]) == replace(elapsed, rows=[])


# A zone of half an hour, one whose clock changes by half an hour, one by an hour.
ZONES = [
    (ZONE, date(2026, 11, 1), date(2026, 11, 30)),
    ("Australia/Lord_Howe", date(2026, 9, 25), date(2026, 10, 10)),
    ("Europe/Berlin", date(2026, 10, 20), date(2026, 11, 2)),
    ("America/Santiago", date(2026, 9, 1), date(2026, 9, 10)),
]


@pytest.mark.parametrize(("zone", "first", "last"), ZONES)
def test_hours_are_those_of_the_local_clock_across_its_changes(
    policy: Policy, zone: str, first: date, last: date
) -> None:
    period, place = Period.of_days(first, last, zone), ZoneInfo(zone)
    ticket = factories.ticket("P3", at=period.start)
    clone(ticket, times=300)
    rng, clocks = random.Random(zone), list(Clock.objects.all())
    length = period.end - period.start
    for clock in clocks:
        clock.started_at = period.start + length * rng.random()
    Clock.objects.bulk_update(clocks, ["started_at"])
    rows = by_hour(period=period, at=NOW, zone=zone)
    local = [clock.started_at.astimezone(place) for clock in clocks]
    expected = Counter((at.weekday(), at.hour) for at in local)
    assert {(c.weekday, c.hour): c.promises for c in heat(rows)} == dict(expected)
    days = reports.attainment_over_time(period=period, at=NOW, zone=zone, step="day")
    by_day = Counter(at.date() for at in local)
    for day in days:
        assert day.kept + day.broken + day.running == by_day[day.starts]


def test_the_backlog_follows_from_the_turns_alone(story: Story) -> None:
    def unsolved(at: datetime) -> int:
        last = {}
        for event in Event.objects.filter(at__lt=at).order_by("at", "pk"):
            last[event.ticket_id] = event.state["status"] if event.state else "new"
        return sum(status in UNSOLVED for status in last.values())

    rows = reports.volume(period=NOVEMBER, at=NOW, zone=ZONE, step="day")
    for row in rows[:19]:
        end = ist(row.starts.day, "00:00") + timedelta(days=1)
        assert row.backlog == unsolved(end), row


def test_ages_are_open_days_as_the_policy_counts_them(policy: Policy) -> None:
    hours = reports.default_hours()
    assert hours is not None
    # Friday 20 November 12:00; a business day ago is Thursday 12:00, two are Wednesday 12:00.
    spans = {days: reports.age_span(hours, NOW, days) for days in AGES}
    assert spans[0][1] == NOW
    for days, local in [(1, ist(19, "12:00")), (2, ist(18, "12:00")), (5, ist(13, "12:00"))]:
        assert abs(spans[days][1] - local) <= timedelta(seconds=1)
    assert [spans[a][0] for a in AGES[:-1]] == [spans[b][1] for b in AGES[1:]]
    assert spans[AGES[-1]][0] is None
