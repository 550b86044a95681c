"""The report's figures against a fixture that was worked out by hand: see november.py."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.core.paginator import Page
from pytest_django import DjangoAssertNumQueries

from sla import reports, sweep
from sla.models import Clock, Firing, Policy
from sla.reports import Figure, Period, Promised, PromiseRow, Spread
from tests import factories
from tests.sla import november
from tests.sla.november import ALL_SEEING, NOVEMBER, NOW, ZONE, Story, ist
from tickets import escalation
from tickets.models import Ticket


@pytest.fixture
def story(policy: Policy) -> Story:
    return november.tell()


def hours(*numbers: float) -> Spread:
    median, ninetieth = (number * 3600 for number in numbers)
    return Spread(pytest.approx(median), pytest.approx(ninetieth))


# priority, metric: promises, kept, broken, running, attainment, business time, own count
EXPECTED: dict[tuple[str, str], tuple[Any, ...]] = {
    # Answered after 1, 1 and 3 h: the 90th percentile lies 0.8 of the way from 1 to 3.
    ("P1", "first_response"): (4, 2, 2, 0, 50.0, hours(1, 2.6), hours(1, 2.6)),
    # Open: 6, 7, 8 h. Day and night: 10, 11, 24 h.
    ("P1", "resolution"): (4, 2, 1, 1, 200 / 3, hours(7, 7.8), hours(11, 21.4)),
    ("P2", "first_response"): (1, 1, 0, 0, 100.0, hours(1, 1), hours(1, 1)),
    # Open: 16, 29, 32 h. Day and night: 48, 96, 96 h.
    ("P2", "resolution"): (3, 1, 2, 0, 100 / 3, hours(29, 31.4), hours(96, 96)),
    # Answered after 0.5, 1, 2, 2, 8, 9 h.
    ("P3", "first_response"): (9, 5, 3, 1, 62.5, hours(2, 8.5), hours(2, 8.5)),
    # Solved after 16, 16, 40, 48 h.
    ("P3", "resolution"): (8, 3, 2, 3, 60.0, hours(28, 45.6), hours(28, 45.6)),
}


def figures() -> dict[tuple[str, str], tuple[Any, ...]]:
    return {
        (row.priority, row.metric): (
            row.promises,
            row.kept,
            row.broken,
            row.running,
            row.attainment,
            row.business,
            row.counted,
        )
        for row in reports.attainment(period=NOVEMBER, at=NOW)
    }


def test_every_figure_is_the_one_worked_out_by_hand(
    story: Story, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(4):
        found = figures()
    assert found.keys() == EXPECTED.keys()
    for promise, expected in EXPECTED.items():
        assert found[promise] == pytest.approx(expected), promise


def test_rows_come_by_rank_with_the_targets_that_were_promised(story: Story) -> None:
    rows = reports.attainment(period=NOVEMBER, at=NOW)
    assert [(row.priority, row.metric) for row in rows] == list(EXPECTED)
    assert rows[1].targets == [Promised(12, "hours", None, kept_by_lowering=True)]
    assert rows[1].is_elapsed
    assert rows[2].targets == [Promised(8, "business_hours", None, kept_by_lowering=False)]
    assert not rows[2].is_elapsed


def test_no_figure_depends_on_sweeps(story: Story) -> None:
    before = figures()
    for _ in range(2):
        sweep.fire_due_steps(at=NOW, on_firings=escalation.escalate_firings)
        assert figures() == before
    assert Firing.objects.exists()
    Firing.objects.all().delete()
    assert figures() == before


def test_a_late_promise_is_broken_from_the_instant_after_its_deadline(story: Story) -> None:
    due = ist(17, "10:00")

    def broken(at: datetime) -> list[str]:
        rows, _ = behind(Figure.BROKEN, "P3", "first_response", at=at)
        return [row.subject for row in rows]

    assert "running late" not in broken(due)
    assert "running late" in broken(due + timedelta(microseconds=1))


def behind(
    figure: Figure, priority: str = "", metric: str = "", at: datetime = NOW, page: int = 1
) -> tuple[list[PromiseRow], Page[Any]]:
    return reports.clocks_behind(
        reader=ALL_SEEING,
        figure=figure,
        period=NOVEMBER,
        at=at,
        filters=reports.Filters(priority=priority, metric=metric),
        page=page,
    )


NAMES_BEHIND = [
    # the latest first: never answered; raised 2 h late; stopped 1 h late
    (Figure.BROKEN, "P3", "first_response", ["running late", "raised late", "stopped late"]),
    # paused a day late; solved a day late
    (Figure.BROKEN, "P3", "resolution", ["stopped late", "paused late"]),
    (Figure.BROKEN, "P2", "resolution", ["raised late", "lowered late"]),
    # others by their deadlines
    (Figure.KEPT, "P3", "resolution", ["to the minute", "in time", "reopened"]),
    (Figure.RUNNING, "P3", "resolution", ["paused", "running late", "running in time"]),
    (Figure.RUNNING, "P1", "resolution", ["P1 running late"]),
    (Figure.KEPT, "P1", "resolution", ["lowered in time", "raised in time"]),
    (Figure.FULFILLED, "P1", "first_response", [
        "lowered in time", "lowered late", "raised in time",
    ]),
    (Figure.DECIDED, "P2", "resolution", ["lowered in time", "lowered late", "raised late"]),
]  # fmt: skip


def test_each_number_opens_the_promises_behind_it(story: Story) -> None:
    for figure, priority, metric, names in NAMES_BEHIND:
        rows, page = behind(figure, priority, metric)
        assert [row.subject for row in rows] == names, (figure, priority, metric)
        assert page.paginator.count == len(names)


def test_every_number_counts_what_its_list_shows(story: Story) -> None:
    for row in reports.attainment(period=NOVEMBER, at=NOW):
        for figure, number in {
            Figure.ALL: row.promises,
            Figure.KEPT: row.kept,
            Figure.BROKEN: row.broken,
            Figure.RUNNING: row.running,
            Figure.DECIDED: row.kept + row.broken,
        }.items():
            rows, page = behind(figure, row.priority, row.metric)
            assert (len(rows), page.paginator.count) == (number, number), (row, figure)


def test_a_breach_says_how_late_it_was(story: Story) -> None:
    rows, _ = behind(Figure.BROKEN, "P2", "resolution")
    raised = rows[0]
    # Due Fri 6 12:00, solved Sat 7 12:00: a day later, of which 5 h were open.
    assert raised.ticket_id == story.tickets["raised late"].pk
    assert raised.due_at == ist(6, "12:00")
    assert raised.ended_at == ist(7, "12:00")
    assert raised.late_by == timedelta(days=1)
    assert raised.late_in_business_time == timedelta(hours=5)
    assert not raised.is_replaced

    rows, _ = behind(Figure.BROKEN, "P3", "first_response")
    never_answered, replaced = rows[:2]
    assert replaced.is_replaced
    assert replaced.ended_at == ist(3, "12:00")
    assert replaced.late_by == timedelta(hours=2)
    assert never_answered.ended_at is None
    assert never_answered.business_seconds is None


def test_a_row_names_who_has_the_ticket(story: Story) -> None:
    organization = factories.organization("Acme")
    team = factories.team("Night shift", story.agent)
    nameless = factories.agent("nameless@desk.example", name="")
    ticket = story.tickets["running late"]
    Ticket.objects.filter(pk=ticket.pk).update(
        organization=organization, team=team, assignee=nameless
    )
    rows, _ = behind(Figure.RUNNING, "P3", "resolution")
    row = next(row for row in rows if row.ticket_id == ticket.pk)
    assert (row.organization, row.team) == ("Acme", "Night shift")
    assert row.assignee == "nameless@desk.example"


def test_lists_are_cut_into_pages(policy: Policy) -> None:
    ticket = factories.ticket("P3", at=ist(2, "10:00"))
    clone(ticket, times=59)
    rows, page = behind(Figure.BROKEN, "P3", "first_response")
    assert (len(rows), page.paginator.count, page.paginator.num_pages) == (50, 60, 2)
    rows, page = behind(Figure.BROKEN, "P3", "first_response", page=2)
    assert len(rows) == 10
    rows, page = behind(Figure.BROKEN, "P3", "first_response", page=99)
    assert page.number == 2


def clone(ticket: Ticket, times: int) -> None:
    """The same ticket, with its clocks, so many times more."""
    clocks = list(ticket.clocks.all())
    values = {
        field.attname: getattr(ticket, field.attname)
        for field in Ticket._meta.concrete_fields
        if not field.primary_key
    }
    copies = Ticket.objects.bulk_create(Ticket(**values) for _ in range(times))
    fields = [field.attname for field in Clock._meta.concrete_fields if not field.primary_key]
    Clock.objects.bulk_create(
        Clock(**{name: getattr(clock, name) for name in fields} | {"ticket_id": copy.pk})
        for copy in copies
        for clock in clocks
    )


def test_a_ticket_that_comes_back_to_a_priority_has_two_promises(
    policy: Policy,
) -> None:
    story = Story()
    ticket = story.open("twice P1", "P1", 2, "10:00")
    story.make(ticket, "P2", 2, "20:00")
    story.make(ticket, "P1", 3, "10:00")
    row = next(
        row
        for row in reports.attainment(period=NOVEMBER, at=NOW)
        if (row.priority, row.metric) == ("P1", "resolution")
    )
    assert row.promises == 2
    assert (row.kept, row.broken) == (1, 1)


def test_units_are_never_mixed(policy: Policy) -> None:
    story = Story()
    story.resolve(story.open("by the clock", "P2", 2, "10:00"), 2, "12:00")
    target = policy.targets.get(priority__code="P2", metric="resolution")
    target.unit, target.amount = "business_days", 2
    target.save()
    policy.publish(at=NOW)
    story.resolve(story.open("by the day", "P2", 3, "10:00"), 3, "14:00")
    row = next(
        row
        for row in reports.attainment(period=NOVEMBER, at=NOW)
        if (row.priority, row.metric) == ("P2", "resolution")
    )
    assert [target.unit for target in row.targets] == ["business_days", "hours"]
    assert row.business == hours(3, 3.8)
    assert row.counted is None
    assert not row.is_elapsed


def test_days_of_the_chart_add_up_to_the_table(story: Story) -> None:
    days = reports.attainment_over_time(period=NOVEMBER, at=NOW, zone=ZONE, step="day")
    rows = reports.attainment(period=NOVEMBER, at=NOW)
    assert [day.starts.day for day in days] == list(range(1, 31))
    for name in ("kept", "broken", "running"):
        assert sum(getattr(day, name) for day in days) == sum(getattr(row, name) for row in rows)
    by_day = {day.starts.day: (day.kept, day.broken, day.running) for day in days}
    # The first instant of a local day is in that day, though it is the day before in UTC.
    assert by_day[1] == (2, 0, 0)
    # The two P2 promises that began with raising.
    assert by_day[3] == (1, 1, 0)
    assert by_day[4] == (0, 0, 0)
    # "paused" and "paused late".
    assert by_day[9] == (2, 1, 1)
    assert by_day[20] == (0, 1, 3)


def test_weeks_begin_on_monday_and_months_on_the_first(story: Story) -> None:
    weeks = reports.attainment_over_time(period=NOVEMBER, at=NOW, zone=ZONE, step="week")
    starts = [date(2026, 10, 26), *(date(2026, 11, day) for day in (2, 9, 16, 23, 30))]
    assert [week.starts for week in weeks] == starts
    assert (weeks[0].kept, weeks[0].broken) == (2, 0)

    period = Period.of_days(date(2026, 9, 15), date(2026, 12, 31), ZONE)
    months = reports.attainment_over_time(period=period, at=NOW, zone=ZONE, step="month")
    assert [month.starts for month in months] == [date(2026, n, 1) for n in (9, 10, 11, 12)]
    # "of October": its first response and its resolution.
    assert months[1].broken == 2


def test_a_desk_without_promises_has_no_rows(policy: Policy) -> None:
    assert reports.attainment(period=NOVEMBER, at=NOW) == []
    assert reports.totals([]) == []
    assert behind(Figure.ALL)[0] == []


def test_totals_sum_up_each_metric(story: Story) -> None:
    first, resolution = reports.totals(reports.attainment(period=NOVEMBER, at=NOW))
    assert (first.metric, first.kept, first.broken, first.running) == ("first_response", 8, 5, 1)
    assert (resolution.kept, resolution.broken, resolution.running) == (6, 5, 4)
    assert first.attainment == pytest.approx(800 / 13)


PERIODS = [
    # in Kolkata days begin at 18:30 UTC of the day before
    (ZONE, date(2026, 11, 2), (11, 1, 18, 30), (11, 2, 18, 30)),
    # a day with a clock change has 25 hours
    ("Europe/Berlin", date(2026, 10, 25), (10, 24, 22, 0), (10, 25, 23, 0)),
    # midnight is skipped: the day begins an hour later
    ("America/Santiago", date(2026, 9, 6), (9, 6, 4, 0), (9, 7, 3, 0)),
]


@pytest.mark.parametrize(("zone", "day", "start", "end"), PERIODS)
def test_a_period_is_made_of_local_days(
    zone: str, day: date, start: tuple[int, int, int, int], end: tuple[int, int, int, int]
) -> None:
    assert Period.of_days(day, day, zone) == Period(
        datetime(2026, *start, tzinfo=UTC), datetime(2026, *end, tzinfo=UTC)
    )


def test_a_period_ends_after_it_starts() -> None:
    with pytest.raises(ValueError, match="ends after it starts"):
        Period(NOW, NOW)


STEPS = [
    (1, "day"),
    (31, "day"),
    (32, "week"),
    (366, "week"),
    (400, "month"),
]


@pytest.mark.parametrize(("days", "step"), STEPS)
def test_long_periods_are_cut_more_coarsely(days: int, step: str) -> None:
    assert reports.step_of(Period(NOW, NOW + timedelta(days=days))) == step
