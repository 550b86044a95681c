"""The overview of the forty tickets, in Kolkata's days and in Berlin's, figure by figure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from sla import reports
from sla.reports import Filters, Question
from sla.reports import TicketFigure as Tickets
from tests.sla.forty import sums
from tests.sla.forty.facts import NOW
from tests.sla.forty.local import BERLIN, KOLKATA
from tests.sla.forty.outcomes import METRICS, Promised
from tests.sla.forty.sums import Days, by_hand, lines
from tests.sla.forty.world import World

ZONES = [KOLKATA, BERLIN]
FIRST, NEXT, SOLVE = METRICS.values()
# Two weeks, with the holidays of both and Berlin's change of the clock; and the two before.
WEEKS = (date(2026, 10, 19), date(2026, 11, 1))
BEFORE = (date(2026, 10, 5), date(2026, 10, 18))

type Line = tuple[int, int, int, int, tuple[float, float] | None, tuple[float, float] | None]

# Promises, kept, broken, running; median and 90th percentile in opening hours, and as counted.
# Ticket 25 was submitted on Monday 0:30 in Kolkata, Sunday 21:00 in Berlin: all that differs.
COMMON: dict[tuple[str, str], Line] = {
    # 0 0 0 0 0 1 h; 1 1 1½ 1½ 1¾ 2½ h. Two were never answered.
    ("P1", FIRST): (8, 5, 3, 0, (0, 0.5), (1.5, 2.125)),
    # 0 0 0 0 0 5 h; 10 11 11 12 12½ 13 h.
    ("P1", SOLVE): (7, 4, 2, 1, (0, 2.5), (11.5, 12.75)),
    # ½ ½ ½ 1 1½ 5 7½ h.
    ("P2", FIRST): (7, 5, 2, 0, (1, 6), (1, 6)),
    # 8 9½ 11 16 17 23 23 23 26 h; in hours and in business hours, which are not mixed.
    ("P2", SOLVE): (10, 7, 3, 0, (17, 23.6), None),
    ("P3", NEXT): (2, 1, 1, 0, (4.75, 7.75), (4.75, 7.75)),
    ("P4", FIRST): (2, 1, 1, 0, (16.5, 16.9), (16.5, 16.9)),
    ("P4", SOLVE): (2, 1, 0, 1, (40, 40), (40, 40)),
}
ATTAINMENT: dict[str, dict[tuple[str, str], Line]] = {
    KOLKATA: COMMON | {
        # 1/6 ½ 1 1 1 1 2 2 7 7½ 8 8 8 h.
        ("P3", FIRST): (16, 12, 4, 0, (2, 8), (2, 8)),
        # 2 16 24 32 38 39:59 41 48 h and the median between 32 and 38.
        ("P3", SOLVE): (15, 6, 3, 6, (35, 43.1), (35, 43.1)),
    },
    BERLIN: COMMON | {
        # Without ten minutes, and without 24 h.
        ("P3", FIRST): (15, 11, 4, 0, (2, 8), (2, 8)),
        ("P3", SOLVE): (14, 5, 3, 6, (38, 43.8), (38, 43.8)),
    },
}  # fmt: skip
# Median and 90th percentile of the same by the clock on the wall, in hours: nights, weekends, the
# holiday and pauses count.
WAITED_IN_BOTH = {
    ("P1", FIRST): (1.5, 2.125),
    ("P1", SOLVE): (11.5, 12.75),
    # ½ ½ 1 1½ 21 23½ 46½ h.
    ("P2", FIRST): (1.5, 32.7),
    # 49 62 72 86 95 95½ 117 166 171 h.
    ("P2", SOLVE): (95, 167),
    # 1 24½ h.
    ("P3", NEXT): (12.75, 22.15),
    # 47½ 73 h.
    ("P4", FIRST): (60.25, 70.45),
    # From Wednesday 17:30 to the second Thursday 17:00 in Berlin, over the end of summer time.
    ("P4", SOLVE): (192.5, 192.5),
}
WAITED: dict[str, dict[tuple[str, str], tuple[float, float]]] = {
    KOLKATA: WAITED_IN_BOTH | {
        # ½ 1 1 1 1 2 2 7 8⅔ 23½ 30 1/12 48 97 h.
        ("P3", FIRST): (2, 44 + 5 / 12),
        # 2 72 96 104½ 173:59 175 209 240 h.
        ("P3", SOLVE): (139 + 29 / 120, 218.3),
    },
    BERLIN: WAITED_IN_BOTH | {
        # Without 8⅔ h, and without 104½ h.
        ("P3", FIRST): (2, 46 + 5 / 24),
        ("P3", SOLVE): (173 + 59 / 60, 221.4),
    },
}  # fmt: skip
# Came in, solved, reopened, and the backlog at the end of the day.
VOLUME = {
    19: (6, 1, 0, 9), 20: (2, 0, 0, 11), 21: (5, 2, 0, 14), 22: (4, 1, 0, 17), 23: (3, 3, 0, 17),
    24: (3, 0, 0, 20), 25: (1, 2, 0, 19), 26: (3, 2, 0, 20), 27: (1, 4, 1, 18), 28: (2, 4, 1, 17),
    29: (0, 4, 0, 13), 30: (1, 2, 0, 12), 31: (0, 0, 0, None), 1: (0, 0, 0, None),
}  # fmt: skip
# All, kept and broken, by weekday (Monday is 0) and hour.
HEAT = {
    KOLKATA: {
        (0, 0): (2, 2, 0), (0, 9): (3, 1, 2), (0, 10): (4, 2, 1), (0, 11): (4, 2, 1),
        (0, 12): (2, 1, 1), (0, 13): (2, 1, 1), (0, 16): (2, 1, 1), (1, 11): (2, 1, 1),
        (1, 12): (2, 2, 0), (1, 13): (2, 1, 0), (2, 10): (2, 0, 1), (2, 11): (2, 2, 0),
        (2, 12): (2, 2, 0), (2, 14): (4, 3, 1), (2, 17): (2, 1, 0), (2, 19): (1, 0, 1),
        (2, 20): (3, 0, 3), (2, 21): (2, 2, 0), (3, 13): (2, 1, 1), (3, 14): (2, 1, 0),
        (3, 17): (2, 2, 0), (3, 18): (3, 1, 2), (4, 12): (2, 0, 1), (4, 13): (3, 2, 0),
        (4, 15): (2, 2, 0), (5, 11): (2, 2, 0), (5, 22): (3, 3, 0), (5, 23): (3, 3, 0),
        (6, 6): (2, 1, 1),
    },
    BERLIN: {
        (0, 5): (5, 1, 3), (0, 6): (4, 4, 0), (0, 7): (2, 0, 1), (0, 8): (4, 2, 2),
        (0, 13): (2, 1, 1), (1, 7): (2, 1, 1), (1, 9): (4, 3, 0), (2, 5): (2, 0, 1),
        (2, 7): (2, 2, 0), (2, 8): (2, 2, 0), (2, 10): (2, 2, 0), (2, 11): (2, 1, 1),
        (2, 14): (2, 1, 0), (2, 16): (4, 0, 4), (2, 17): (2, 2, 0), (3, 9): (2, 1, 1),
        (3, 10): (2, 1, 0), (3, 13): (2, 2, 0), (3, 14): (1, 0, 1), (3, 15): (2, 1, 1),
        (4, 7): (2, 0, 1), (4, 10): (3, 2, 0), (4, 11): (2, 2, 0), (5, 7): (2, 2, 0),
        (5, 18): (3, 3, 0), (5, 20): (3, 3, 0), (6, 2): (2, 1, 1),
    },
}  # fmt: skip
# Kept, broken and running promises by the day on which they were made.
DAYS = {
    19: (6, 4, 1), 20: (3, 1, 0), 21: (8, 5, 1), 22: (5, 3, 1), 23: (4, 0, 1), 24: (8, 0, 0),
    25: (1, 1, 0), 26: (4, 3, 1), 27: (1, 0, 1), 28: (2, 1, 1), 29: (0, 0, 0), 30: (0, 1, 1),
    31: (0, 0, 0), 1: (0, 0, 0),
}  # fmt: skip
# By the tenth of the time from when it was made to the deadline; from 11 on they are late.
USED = {
    FIRST: {1: 9, 2: 1, 3: 1, 5: 2, 6: 1, 8: 2, 9: 2, 10: 5, 11: 3, 13: 1, 15: 1},
    NEXT: {1: 1, 11: 1},
    SOLVE: {1: 1, 4: 1, 6: 3, 7: 1, 9: 2, 10: 10, 11: 4, 12: 2},
}


def seconds(hours: tuple[float, float] | None) -> tuple[float, float] | None:
    return None if hours is None else (hours[0] * 3600, hours[1] * 3600)


def asked(zone: str, days: tuple[date, date] = WEEKS, **filters: Any) -> Question:
    return Question(*days, zone, Filters(**filters))


def numbers(row: Any) -> tuple[int, int, int, int]:
    return row.promises, row.kept, row.broken, row.running


@pytest.mark.parametrize("zone", ZONES)
def test_attainment_and_how_long_it_took_are_those_of_the_table(world: World, zone: str) -> None:
    found = reports.overview(asked(zone), at=NOW, all_times=True)
    written = {
        group: (*line[:4], seconds(line[4]), seconds(line[5]), seconds(WAITED[zone][group]))
        for group, line in ATTAINMENT[zone].items()
    }
    assert lines(found.rows) == written
    counted = by_hand(sums.attainment(sums.made_in(Days(*WEEKS, zone))))
    assert lines(found.rows) == counted
    by_metric = {row.metric: (*numbers(row), row.attainment) for row in found.totals}
    one_less = zone == BERLIN
    assert by_metric == {
        FIRST: (33 - one_less, 23 - one_less, 10, 0,
                pytest.approx(100 * (23 - one_less) / (33 - one_less))),
        NEXT: (2, 1, 1, 0, 50),
        SOLVE: (34 - one_less, 18 - one_less, 8, 8,
                pytest.approx(100 * (18 - one_less) / (26 - one_less))),
    }  # fmt: skip
    # Two targets are met in it, and each row says which.
    p2 = next(row for row in found.rows if (row.priority, row.metric) == ("P2", SOLVE))
    assert [(target.amount, target.unit) for target in p2.targets] == [
        (24, "business_hours"), (72, "hours"),
    ]  # fmt: skip
    assert p2.is_mixed


@pytest.mark.parametrize("zone", ZONES)
def test_what_was_before_stands_beside(world: World, zone: str) -> None:
    found = reports.overview(asked(zone), at=NOW)
    assert asked(zone).before == asked(zone, BEFORE)
    assert found.before is not None
    assert found.tickets_before is not None
    before = {key: numbers(row) for key, row in found.before.items()}
    again = zone == BERLIN
    assert before == {
        ("P1", FIRST): (1, 1, 0, 0), ("P1", SOLVE): (1, 1, 0, 0),
        ("P2", FIRST): (1, 0, 1, 0), ("P2", SOLVE): (1, 1, 0, 0),
        ("P3", FIRST): (1 + again, 1 + again, 0, 0), ("P3", SOLVE): (1 + again, again, 1, 0),
        ("P4", FIRST): (1, 1, 0, 0), ("P4", SOLVE): (1, 0, 1, 0),
    }  # fmt: skip
    assert {metric: numbers(row) for metric, row in found.totals_before.items()} == {
        FIRST: (4 + again, 3 + again, 1, 0), SOLVE: (4 + again, 2 + again, 2, 0),
    }  # fmt: skip
    assert dict(found.tickets_before.numbers) == {
        Tickets.CAME_IN: 4 + again, Tickets.SOLVED: 2, Tickets.REOPENED: 0,
        Tickets.ENGINEERING: 0, Tickets.ESCALATED: 0,
    }  # fmt: skip
    assert found.tickets_before.satisfaction.average == 4
    alone = reports.overview(asked(zone, BEFORE), at=NOW, all_times=True)
    assert by_hand(sums.attainment(sums.made_in(Days(*BEFORE, zone)))) == lines(alone.rows)


@pytest.mark.parametrize("zone", ZONES)
def test_tickets_in_and_out_are_those_of_the_table(world: World, zone: str) -> None:
    found = reports.overview(asked(zone), at=NOW)
    one_less = zone == BERLIN
    assert dict(found.tickets.numbers) == {
        Tickets.CAME_IN: 31 - one_less, Tickets.SOLVED: 25, Tickets.REOPENED: 2,
        Tickets.ENGINEERING: 3, Tickets.ESCALATED: 5,
    }  # fmt: skip
    # 01 and 07 five (it was one at first), 04 four, 32 three, 24 two.
    assert found.tickets.satisfaction.stars == [(5, 2), (4, 1), (3, 1), (2, 1), (1, 0)]
    assert found.tickets.satisfaction.average == 3.8
    written = VOLUME | {19: (6 - one_less, 1, 0, 9)}
    by_day = {
        row.starts: (row.came_in, row.solved, row.reopened, row.backlog) for row in found.volume
    }
    assert {day.day: row for day, row in by_day.items()} == written
    assert by_day == sums.volume(sums.cases(), Days(*WEEKS, zone))


@pytest.mark.parametrize("zone", ZONES)
def test_charts_show_each_promise_where_its_zone_has_it(world: World, zone: str) -> None:
    found = reports.overview(asked(zone), at=NOW)
    made = sums.made_in(Days(*WEEKS, zone))
    cells = {(c.weekday, c.hour): (c.promises, c.kept, c.broken) for c in found.heat}
    assert cells == HEAT[zone] == sums.cells(made, zone)
    one_less = zone == BERLIN
    by_day = {row.starts: (row.kept, row.broken, row.running) for row in found.over_time}
    assert {day.day: row for day, row in by_day.items()} == DAYS | {19: (6 - 2 * one_less, 4, 1)}
    assert by_day == sums.by_day(made, Days(*WEEKS, zone))
    # Ten minutes are in the sixth tenth, by the clock: it came in by night. 104½ of 184½ h, too.
    used = {FIRST: dict(USED[FIRST]), NEXT: USED[NEXT], SOLVE: dict(USED[SOLVE])}
    if one_less:
        del used[FIRST][6]
        used[SOLVE][6] -= 1
    assert found.used == used == used_by_hand(made)


def used_by_hand(made: Sequence[Promised]) -> dict[str, dict[int, int]]:
    found: dict[str, Counter[int]] = {metric: Counter() for metric in METRICS.values()}
    for one in made:
        if (tenth := sums.tenth(one)) is not None:
            found[one.metric][tenth] += 1
    return {metric: dict(used) for metric, used in found.items()}


@pytest.mark.parametrize("zone", ZONES)
def test_engineering_is_told_apart(world: World, zone: str) -> None:
    found = reports.overview(asked(zone), at=NOW)
    rows = {row.metric: (numbers(row.with_it), numbers(row.without)) for row in found.engineering}
    one_less = zone == BERLIN
    # 21 both late and running, 20 solved in time, 31 late; 20 and 31 were answered before.
    assert rows == {
        FIRST: ((1, 0, 1, 0), (32 - one_less, 23 - one_less, 9, 0)),
        NEXT: ((0, 0, 0, 0), (2, 1, 1, 0)),
        SOLVE: ((3, 1, 1, 1), (31 - one_less, 17 - one_less, 7, 7)),
    }
    for engineering, with_it in (("with", True), ("without", False)):
        made = [one for one in sums.made_in(Days(*WEEKS, zone)) if one.engineering is with_it]
        filters = Filters(engineering=reports.Engineering(engineering))
        asking = replace(asked(zone), filters=filters)
        narrowed = reports.overview(asking, at=NOW, all_times=True)
        assert lines(narrowed.rows) == by_hand(sums.attainment(made))
        for row in narrowed.engineering:
            of_metric = [one for one in made if one.metric == row.metric]
            parts = (numbers(row.all), numbers(row.with_it), numbers(row.without))
            expected = sums.numbers(of_metric)
            nothing = (0, 0, 0, 0)
            assert parts == (expected, *((expected, nothing) if with_it else (nothing, expected)))


@pytest.mark.parametrize("zone", ZONES)
def test_weeks_and_months_are_local_ones(world: World, zone: str) -> None:
    days = Days(date(2026, 9, 1), date(2026, 11, 1), zone)
    period = reports.Period.of_days(days.first, days.last, zone)
    for step, first_of in (("week", monday), ("month", lambda day: day.replace(day=1))):
        for rows, by_day in (
            (
                [(row.starts, (row.kept, row.broken, row.running))
                 for row in reports.attainment_over_time(
                     period=period, at=NOW, zone=zone, step=step)],
                sums.by_day(sums.made_in(days), days),
            ),
            (
                [(row.starts, (row.came_in, row.solved, row.reopened))
                 for row in reports.volume(period=period, at=NOW, zone=zone, step=step)],
                {day: row[:3] for day, row in sums.volume(sums.cases(), days).items()},
            ),
        ):  # fmt: skip
            expected: dict[date, tuple[int, ...]] = {}
            for day, row in by_day.items():
                before = expected.get(first_of(day), (0, 0, 0))
                expected[first_of(day)] = tuple(map(sum, zip(before, row, strict=True)))
            assert dict(rows) == expected


def monday(day: date) -> date:
    return day - day.weekday() * sums.DAY
