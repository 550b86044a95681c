"""What comes next, the wall, the age of the backlog, other terms on paper, customers' months."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from datetime import date, timedelta
from typing import Any

import pytest

from sla import reports
from sla.reports import Period
from sla.reports.ahead import Ahead, due_soon, load, promises_ahead, rate_of_solving
from sla.reports.paper import OtherTerms, Paper
from sla.reports.wall import wall
from sla.reports.what_if import Outcome, what_if
from sla.reports.what_if_behind import what_if_promises
from tests import factories
from tests.sla.forty import sums
from tests.sla.forty.facts import CASES, NOW
from tests.sla.forty.local import BERLIN, KOLKATA, instant
from tests.sla.forty.outcomes import BROKEN, METRICS, Promised
from tests.sla.forty.sums import Days, by_hand
from tests.sla.forty.test_forty_narrowed import make_default
from tests.sla.forty.world import ALL_SEEING, World
from tickets import customer_reports
from tickets.customer_reports import Report

ZONES = [KOLKATA, BERLIN]
FIRST, NEXT, SOLVE = METRICS.values()
WEEKS = (date(2026, 10, 19), date(2026, 11, 1))
WEEK_AHEAD = [date(2026, 10, 30), date(2026, 10, 31), *(date(2026, 11, day) for day in range(1, 6))]
SEPTEMBER, OCTOBER = date(2026, 9, 1), date(2026, 10, 1)
KEPT, MISSED, RUNNING, REPLACED = list(Outcome)[:4]


def names(world: World, team: int) -> str:
    return {found.pk: name for name, found in world.teams.items()}.get(team, "")


def test_what_is_due_next_is_counted_in_each_calendars_own_hours(world: World) -> None:
    # NOW is Friday 15:30 in Kolkata, 11:00 in Berlin. Four business hours end on Monday 11:30 in
    # Kolkata (1½ + 2½), on Friday 15:00 in Berlin; eight on Monday 15:30 (1½ + 6½) and 11:00 (6 +
    # 2); 24 on Wednesday 15:30 (1½ + 8 + 8 + 6½) and 11:00 (6 + 8 + 8 + 2).
    expected = {
        ("Data", "P4"): {4: 0, 8: 0, 24: 1},  # 10: Tue 3 11:00
        # 11: Mon 2 10:00; 21: Wed 4 10:00. Of Berlin 33: Fri 16:00; 27: Mon 10:00; 40: Tue 9:00.
        ("Support", "P3"): {4: 1, 8: 3, 24: 5},
        ("", "P1"): {4: 1, 8: 1, 24: 1},  # 12: Sat 31 0:00
    }
    rows = due_soon(at=NOW)
    found = {(names(world, row.team), row.priority): dict(row.within) for row in rows}
    assert found == expected
    for row in rows:
        for hours, number in row.within.items():
            ahead = Ahead(team=row.team, priority=row.priority, within=hours)
            _, page = promises_ahead(ahead=ahead, at=NOW, zone=KOLKATA, reader=ALL_SEEING)
            assert page.paginator.count == number, (row, hours)
    left = {
        world.number_of(row["ticket_id"]): row["left"]
        for row in promises_ahead(ahead=Ahead(within=24), at=NOW, zone=KOLKATA, reader=ALL_SEEING)[
            0
        ]
    }
    hours = timedelta(hours=1)
    # 12 is due at midnight: of opening hours what is left of Friday.
    assert left == {
        "12": 1.5 * hours, "33": 5 * hours, "11": 2.5 * hours, "27": 7 * hours,
        "10": 11.5 * hours, "40": 14 * hours, "21": 18.5 * hours,
    }  # fmt: skip


@pytest.mark.parametrize("zone", ZONES)
def test_the_week_ahead_has_each_promise_on_its_local_day(world: World, zone: str) -> None:
    days, loads = load(at=NOW, zone=zone)
    assert days == WEEK_AHEAD
    # Midnight in Kolkata is Friday 19:30 in Berlin.
    of_12 = 31 if zone == KOLKATA else 30
    due = {row.team_name: {day.day: number for day, number in row.due.items()} for row in loads}
    assert due == {
        "Data": {3: 1}, "Support": {30: 1, 2: 2, 3: 1, 4: 1}, "": {of_12: 1},
    }  # fmt: skip


def test_the_rate_of_solving_is_that_of_ten_open_days(world: World) -> None:
    rate = rate_of_solving(at=NOW)
    assert rate is not None
    # Without the holiday, the 15th to the 29th: 15, 16, 19, 21 to 23, 26 to 29.
    assert (rate.days, rate.hours) == (10, 80)
    assert (rate.since, rate.until) == (
        instant("Thu 15 00:00", KOLKATA), instant("Fri 30 00:00", KOLKATA),
    )  # fmt: skip
    # Data's at the end: 02, 06, 16, 24, 26, 28, 32, 37. 38 was never solved; 09 and 20 are today's.
    assert {names(world, team): number for team, number in rate.solved.items()} == {
        "Data": 8, "Support": 14,
    }  # fmt: skip


@pytest.mark.parametrize("zone", ZONES)
def test_the_wall_shows_what_is_open_late_and_next(world: World, zone: str) -> None:
    found = wall(at=NOW, zone=zone)
    # 12; 14; 11, 13, 21, 27, 33, 35, 39, 40; 10, 36.
    assert {code: number for code, _, number in found.open} == {"P1": 1, "P2": 1, "P3": 8, "P4": 2}
    late = [(world.number_of(due.ticket_id), due.metric, due.team) for due in found.latest]
    # By their deadlines. 12's first response is the sixth, of 14:00 today: Berlin's 9:30, as 35.
    assert late == [
        ("11", FIRST, "Support"), ("14", SOLVE, "Support"), ("21", FIRST, "Support"),
        ("36", SOLVE, "Support"), ("35", SOLVE, "Support"),
    ]  # fmt: skip
    assert found.late == 6
    following = [(world.number_of(due.ticket_id), due.metric) for due in found.next]
    # 10 on Tuesday at 11:00 in Kolkata; 40 at 9:00 in Berlin, which is later.
    assert following == [("33", SOLVE), ("12", SOLVE), ("11", SOLVE), ("27", SOLVE), ("10", SOLVE)]
    today = {row.metric: (row.promises, row.kept, row.broken, row.running) for row in found.today}
    assert today == {FIRST: (1, 0, 1, 0), SOLVE: (1, 0, 0, 1)}


@pytest.mark.parametrize("zone", ZONES)
def test_the_backlog_is_as_old_as_the_default_calendar_counts(world: World, zone: str) -> None:
    if zone == BERLIN:
        make_default(world.berlin)
    hours = reports.default_hours()
    assert hours is not None
    # In Kolkata 12 of today; 11, 14 four, 40 three, 21 two days; 10 eight, 13, 33 and 35 six, 27
    # five; 36 ten; 39 twenty, to its last closing. In Berlin Monday 26 does not count: 27 and 35
    # are four days old, and 10 eight, 13 and 33 five.
    expected = {0: 1, 1: 0, 2: 4, 5: 5, 10: 1, 20: 1}
    if zone == BERLIN:
        expected |= {2: 6, 5: 3}
    assert {row.days: row.tickets for row in reports.ageing(at=NOW, hours=hours)} == expected


def on_paper(world: World, paper: Paper, zone: str) -> set[tuple[str, str, str, Outcome, Outcome]]:
    """What changes, by ticket, priority and metric."""
    period = Period.of_days(*WEEKS, zone)
    rows, more = what_if_promises(paper=paper, period=period, at=NOW, reader=ALL_SEEING)
    assert more is None
    return {
        (world.number_of(row.ticket_id), row.priority, row.metric, row.was, row.would)
        for row in rows
    }


@pytest.mark.parametrize("zone", ZONES)
def test_a_blank_paper_is_the_report(world: World, zone: str) -> None:
    rows = what_if(paper=Paper(), period=Period.of_days(*WEEKS, zone), at=NOW)
    assert {(row.priority, row.metric): (*row.was[:3], row.changed) for row in rows} == {
        group: (row.kept, row.broken, row.running, 0)
        for group, row in sums.attainment(sums.made_in(Days(*WEEKS, zone))).items()
    }


@pytest.mark.parametrize("zone", ZONES)
def test_two_business_days_for_a_first_response_on_paper(world: World, zone: str) -> None:
    key = (factories.priority("P3").pk, FIRST)
    paper = Paper(terms={key: OtherTerms(2)})
    assert on_paper(world, paper, zone) == {
        # Due Thu 22 17:00.
        ("03", "P3", FIRST, MISSED, KEPT),
        # P3 due Thu 22 9:00, raised in time on Wed: now it caps P2, which was answered at 10:30.
        ("08", "P3", FIRST, MISSED, REPLACED),
        ("08", "P2", FIRST, KEPT, MISSED),
        # P3 due Tue 14:00, P2's own eight hours end on Tue 13:00; answered on Mon.
        ("09", "P2", FIRST, MISSED, KEPT),
    }
    rows = what_if(paper=paper, period=Period.of_days(*WEEKS, zone), at=NOW)
    first = {row.priority: row for row in rows if row.metric == FIRST}
    one_less = zone == BERLIN
    # 11 and 21 stay late; of P3 08 is not counted any more.
    assert first["P3"].was[:3] == (12 - one_less, 4, 0)
    assert first["P3"].would[:3] == (13 - one_less, 2, 0)
    assert (first["P3"].won, first["P3"].lost, first["P3"].others) == (1, 0, 1)
    assert first["P2"].was[:3] == first["P2"].would[:3] == (5, 2, 0)
    assert (first["P2"].won, first["P2"].lost) == (1, 1)


@pytest.mark.parametrize("zone", ZONES)
def test_without_holidays_on_paper(world: World, zone: str) -> None:
    paper = Paper(without_exceptions=True)
    assert on_paper(world, paper, zone) == {
        # Due Tue 20 16:30, answered on Wed; its resolution was late anyhow.
        ("02", "P3", FIRST, KEPT, MISSED),
        # Submitted in an open hour then: due Tue 27 11:00, solved 16:59.
        ("03", "P3", SOLVE, KEPT, MISSED),
        # Due Mon 26 10:00, answered on Tue; due Fri 30 10:00, an hour ago.
        ("27", "P3", FIRST, KEPT, MISSED),
        ("27", "P3", SOLVE, RUNNING, MISSED),
        # 24 hours: Mon, Tue, Wed.
        ("29", "P2", SOLVE, KEPT, MISSED),
        # Due Tue 27 9:00, solved 15:00.
        ("32", "P3", SOLVE, KEPT, MISSED),
        # 22, 23, 26, 27, 28 until 14:00, and 3 + 7 hours of waiting: Thu 29 16:00.
        ("33", "P3", SOLVE, RUNNING, MISSED),
    }
    rows = what_if(paper=paper, period=Period.of_days(*WEEKS, zone), at=NOW)
    p3 = next(row for row in rows if (row.priority, row.metric) == ("P3", SOLVE))
    one_less = zone == BERLIN
    assert (p3.was[:3], p3.would[:3]) == ((6 - one_less, 3, 6), (4 - one_less, 7, 4))
    # 37 was solved at its goal of five days; without the holiday that was Wed 28.
    p4 = next(row for row in rows if (row.priority, row.metric) == ("P4", SOLVE))
    assert (p4.at_goal, p4.changed) == ((1, 0), 0)


def month(world: World, name: str, first: date, zone: str = "") -> Report:
    organization = copy(world.organizations[name])
    organization.time_zone = zone
    return customer_reports.report_on(organization=organization, month=first, at=NOW)


# Opened, solved, unsolved; how many rated, and how well.
MONTHS: Mapping[tuple[str, date], tuple[int, int, int, int, float | None]] = {
    # 01 to 06, 13, 14, 16, 21, 22, 26; all but 13, 14, 21 are solved.
    ("Acme", OCTOBER): (12, 9, 3, 2, 4.5),
    ("Acme", SEPTEMBER): (0, 0, 0, 0, None),
    # 07 to 10, 19, 23; without 17 and 18.
    ("Cargo", OCTOBER): (6, 5, 1, 2, 4.5),
    # 27, 28, 30, 31, 35, 38; without 34. 27, 35 and, of September, 39 are not solved.
    ("Bolt", OCTOBER): (6, 4, 3, 0, None),
    ("Bolt", SEPTEMBER): (1, 0, 1, 0, None),
    # 29, 32, 33, 36, 37, 40.
    ("Dorn", OCTOBER): (6, 3, 3, 1, 3),
    ("Dorn", SEPTEMBER): (0, 0, 0, 0, None),
}


@pytest.mark.parametrize(("name", "first"), MONTHS)
def test_a_customers_month_is_that_of_the_table(world: World, name: str, first: date) -> None:
    report = month(world, name, first)
    volume, given = report.volume, report.satisfaction
    assert MONTHS[name, first] == (
        volume.opened, volume.solved, volume.unsolved, given.ratings, given.average,
    )  # fmt: skip
    zone = CASES[next(one.number for one in CASES.values() if one.organization == name)].zone
    assert report.zone == zone
    assert_is_of(report, name, Days(first, report.last_day, zone))


def test_a_customer_in_another_zone_has_another_month(world: World) -> None:
    # 26 was submitted on 1 October, 0:15 in Kolkata: in Berlin it is 30 September, 20:45.
    for first, opened in ((SEPTEMBER, 1), (OCTOBER, 11)):
        report = month(world, "Acme", first, BERLIN)
        assert report.volume.opened == opened
        assert_is_of(report, "Acme", Days(first, report.last_day, BERLIN))


def assert_is_of(report: Report, name: str, days: Days) -> None:
    """Every promise and every ticket is that of the tables, and nothing is missing."""
    made = [one for one in sums.made_in(days) if CASES[one.ticket].organization == name]
    rows = [line.row for line in report.promises if line.row is not None]
    assert sums.lines(rows) == by_hand(sums.attainment(made))
    told: dict[str, set[tuple[Any, ...]]] = {}
    for one in made:
        told.setdefault(one.ticket, set()).add(outcome(one))
    assert {
        line.subject: {
            (o.priority, o.metric, o.due_at, o.ended_at, o.is_kept, o.is_broken, o.late_by)
            for o in line.outcomes
        }
        for line in report.tickets
    } == told


def outcome(one: Promised) -> tuple[Any, ...]:
    is_kept, is_broken = one.how == "kept", one.how in BROKEN
    return one.priority, one.metric, one.due, one.ended, is_kept, is_broken, one.late
