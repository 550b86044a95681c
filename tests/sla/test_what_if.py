"""Past promises on paper: the same facts under other terms, and nothing is ever written."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from django.db import InternalError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sla import reports
from sla.models import Clock, Policy, Priority
from sla.reports import Period, what_if_behind
from sla.reports import what_if as on_paper
from sla.reports.paper import OtherTerms, Paper
from sla.reports.what_if import Outcome, WhatIfRow, read_only, what_if
from sla.reports.what_if_behind import what_if_promises
from tests import factories
from tests.sla import november
from tests.sla.november import ALL_SEEING, NOVEMBER, NOW, Story, ist
from tests.sla.test_facts import Story as AnyStory
from tests.sla.test_facts import beginnings, gaps
from tests.times import nov

KEPT, BROKEN, RUNNING, REPLACED = list(Outcome)[:4]


def other(code: str, metric: str, amount: int, unit: str = "", goal: int | None = None) -> Paper:
    return Paper(terms={(factories.priority(code).pk, metric): OtherTerms(amount, unit, goal)})


def replay(paper: Paper, at: datetime = NOW) -> dict[tuple[str, str], WhatIfRow]:
    rows = what_if(paper=paper, period=NOVEMBER, at=at)
    return {(row.priority, row.metric): row for row in rows}


def changes(paper: Paper, at: datetime = NOW) -> set[tuple[str, str, Outcome, Outcome]]:
    """Subject, priority, and from which outcome to which."""
    found, _ = what_if_promises(paper=paper, period=NOVEMBER, at=at, reader=ALL_SEEING)
    return {(row.subject, row.priority, row.was, row.would) for row in found}


def assert_as_recorded(period: Period, at: datetime) -> None:
    """With nothing changed every outcome and every deadline is the one on record."""
    rows = what_if(paper=Paper(), period=period, at=at)
    assert [row.changed for row in rows] == [0] * len(rows)
    assert {(r.priority, r.metric): (*r.was[:3], r.was.attainment) for r in rows} == {
        (r.priority, r.metric): (r.kept, r.broken, r.running, r.attainment)
        for r in reports.attainment(period=period, at=at)
    }
    dues = dict(Clock.objects.values_list("pk", "due_at"))
    for outcome in Outcome:
        found, _ = what_if_promises(
            paper=Paper(), period=period, at=at, was=outcome, reader=ALL_SEEING
        )
        for row in found:
            assert row.due_on_paper == dues[row.clock_id]


def test_with_nothing_changed_everything_is_as_it_was(policy: Policy) -> None:
    november.tell()
    for at in (NOW, ist(2, "10:00"), ist(3, "10:00"), ist(10, "10:00"), ist(28, "10:00")):
        assert_as_recorded(NOVEMBER, at)


acts = st.lists(st.tuples(gaps, st.integers(0, 99)), min_size=1, max_size=12)


@settings(
    max_examples=12,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(beginning=beginnings, steps=acts)
def test_whatever_was_done_a_blank_paper_says_what_is_on_record(
    policy: Policy, beginning: tuple[str, int, str], steps: list[tuple[object, int]]
) -> None:
    from django.db import transaction

    code, day, clock = beginning
    with transaction.atomic():
        story = AnyStory(policy, code, nov(day, clock))
        for gap, choice in steps:
            possible = [act for act in story.possible() if act != "sweep"]
            story.go(gap, possible[choice % len(possible)])  # type: ignore[arg-type]
        ever = Period(nov(1, "00:00"), nov(1, "00:00").replace(year=2060))
        assert_as_recorded(ever, story.at)
        transaction.set_rollback(True)


def test_a_longer_target_keeps_what_it_would_have_kept(policy: Policy) -> None:
    november.tell()
    # Six business days: "stopped late" was due Mon 9 10:00, and is due Tue 10 10:00, when it was
    # solved. "paused late" is due Tue 17 10:00: a pause that begins then comes too late.
    row = replay(other("P3", "resolution", 6))["P3", "resolution"]
    assert (row.was.kept, row.was.broken, row.was.running) == (3, 2, 3)
    assert (row.would.kept, row.would.broken, row.would.running) == (4, 1, 3)
    assert (row.won, row.lost, row.others) == (1, 0, 0)
    assert (row.was.attainment, row.would.attainment) == (60.0, 80.0)
    assert changes(other("P3", "resolution", 6)) == {("stopped late", "P3", BROKEN, KEPT)}


def test_a_promise_missed_before_a_raise_may_be_replaced_in_time_on_paper(policy: Policy) -> None:
    november.tell()
    # Two business days: "raised late" is due Wed 4 10:00, and was raised on Tue 3 12:00.
    paper = other("P3", "first_response", 2)
    assert changes(paper) == {
        ("stopped late", "P3", BROKEN, KEPT),
        ("raised late", "P3", BROKEN, REPLACED),
    }
    # So what it was raised to is due no later than Wed 4 10:00; its own 8 hours end at 12:00.
    rows, _ = what_if_promises(
        paper=paper, period=NOVEMBER, at=NOW, reader=ALL_SEEING, was=KEPT, would=KEPT
    )
    due = {(row.subject, row.priority, row.metric): row.due_on_paper for row in rows}
    assert due["raised late", "P2", "first_response"] == ist(4, "10:00")


def test_a_promise_that_would_have_been_missed_before_a_raise_caps_nothing(policy: Policy) -> None:
    story = Story()
    missed = story.open("missed", "P3", 2, "10:00")
    story.make(missed, "P1", 2, "12:00")
    story.reply(missed, 2, "13:00")
    at_the_deadline = story.open("at the deadline", "P3", 2, "10:00")
    story.make(at_the_deadline, "P1", 2, "11:00")
    story.reply(at_the_deadline, 2, "12:00")
    # One business hour ends at 11:00. P1 has two hours from the raise.
    assert changes(other("P3", "first_response", 1, "business_hours")) == {
        ("missed", "P3", REPLACED, BROKEN),
        ("at the deadline", "P1", KEPT, BROKEN),
    }


def test_what_still_runs_is_decided_at_the_same_instant(policy: Policy) -> None:
    Story().open("running", "P3", 20, "10:00")
    shorter = other("P3", "first_response", 1, "hours")
    assert changes(shorter, at=ist(20, "11:00")) == set()
    assert changes(shorter) == {("running", "P3", RUNNING, BROKEN)}


def test_a_goal_on_paper_counts_what_would_have_reached_it(policy: Policy) -> None:
    november.tell()
    # Two business days: "in time" was solved on Wed 4 10:00, then. So was "reopened" on Thu 5, for
    # the day that it stood resolved is a pause.
    row = replay(other("P3", "resolution", 5, goal=2))["P3", "resolution"]
    assert row.at_goal == (0, 2)
    assert row.changed == 0


def due_on_paper(paper: Paper, subject: str, metric: str) -> datetime | None:
    for outcome in Outcome:
        rows, _ = what_if_promises(
            paper=paper, period=NOVEMBER, at=NOW, reader=ALL_SEEING, was=outcome
        )
        for row in rows:
            if (row.subject, row.metric) == (subject, metric):
                return row.due_on_paper
    raise LookupError(subject)


def test_hours_on_paper_replace_those_of_the_calendar(policy: Policy) -> None:
    Story().open("one", "P3", 2, "10:00")
    closed = Paper(days={date(2026, 11, 3): []})
    assert due_on_paper(closed, "one", "first_response") == ist(4, "10:00")
    # 9:00 to 17:00 in Berlin is 13:30 to 21:30: it arrived before opening, and is due at closing.
    berlin = Paper(zone="Europe/Berlin")
    assert due_on_paper(berlin, "one", "first_response") == ist(2, "21:30")
    mondays = Paper(week={0: [("09:00", "12:00")]})
    assert due_on_paper(mondays, "one", "first_response") == ist(9, "10:00")
    # A holiday on record, and a paper without it; then another calendar altogether.
    policy.calendar.holidays.create(date=date(2026, 11, 3), name="Founders' day")
    version = policy.calendar.publish(at=NOW)
    Clock.objects.update(calendar_version=version)
    assert due_on_paper(Paper(), "one", "first_response") == ist(4, "10:00")
    without = Paper(without_exceptions=True)
    assert due_on_paper(without, "one", "first_response") == ist(3, "10:00")
    old = policy.calendar.versions.get(number=version.number - 1)
    assert due_on_paper(Paper(calendar=old), "one", "first_response") == ist(3, "10:00")


def test_hours_that_lead_nowhere_leave_the_outcome_unknown(policy: Policy) -> None:
    Story().open("one", "P3", 2, "10:00")
    row = replay(Paper(week={}))["P3", "first_response"]
    assert (row.was.broken, row.would.unknown, row.would.attainment) == (1, 1, None)


def test_lists_are_cut_and_go_on_where_they_were(
    policy: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    november.tell()
    monkeypatch.setattr(what_if_behind, "PER_PAGE", 2)
    seen: list[int] = []
    after: int | None = 0
    while after is not None:
        rows, after = what_if_promises(
            paper=Paper(), period=NOVEMBER, at=NOW, was=BROKEN, after=after, reader=ALL_SEEING
        )
        assert len(rows) <= 2
        seen += [row.clock_id for row in rows]
    _, page = reports.clocks_behind(
        figure=reports.Figure.BROKEN, period=NOVEMBER, at=NOW, reader=ALL_SEEING
    )
    assert sorted(set(seen)) == seen
    assert len(seen) == page.paginator.count


def test_too_many_promises_are_refused_before_any_is_replayed(
    policy: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    factories.ticket()
    monkeypatch.setattr(on_paper, "MOST", 1)
    with pytest.raises(on_paper.TooMany, match="More than 1"):
        what_if(paper=Paper(), period=NOVEMBER, at=NOW)


def test_the_database_refuses_to_write_while_it_replays(policy: Policy) -> None:
    with pytest.raises(InternalError, match="read-only"), read_only():
        Priority.objects.update(name="On paper")
    assert Priority.objects.update(name="In ink")
