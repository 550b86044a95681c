"""Explanations: every line of a deadline, with its reason, and how the promise stands."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from sla.explanation import REASONS, Explanation, Gap, explain
from sla.models import Clock, Pause, Policy
from tests import factories
from tests.sla.core.calendars import KOLKATA, LUNCH
from tests.sla.stories import FIRST, RESOLUTION, change, last, wait
from tests.times import nov
from tickets import lifecycle
from tickets.models import User
from tickets.templatetags.explanations import exact_span, stretch

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def told(explanation: Explanation, zone: str = KOLKATA) -> list[tuple[str, str, str]]:
    """Each line: from when to when, why, and what it counts."""
    return [
        (stretch(line, zone), line.reason, exact_span(line.seconds) if line.counted else "")
        for line in explanation.lines
    ]


@pytest.fixture
def agent(policy: Policy) -> User:
    return factories.agent("meera@desk.example")


# --- What the lines say ---------------------------------------------------------------------------


def closed_on(policy: Policy, day: int, name: str, opens: str = "", closes: str = "") -> None:
    """Put a dated exception of November into the policy's calendar."""
    policy.calendar.holidays.create(date=date(2026, 11, day), name=name, opens=opens, closes=closes)
    policy.calendar.publish(at=nov(1, "00:00"))


def promise(policy: Policy, metric: str, code: str, amount: int, unit: str) -> None:
    """Change a target of the policy, and publish it."""
    policy.targets.filter(priority__code=code, metric=metric).update(
        amount=amount, unit=unit, goal_amount=None
    )
    policy.publish(at=nov(1, "00:00"))


def test_weekends_nights_and_holidays_are_named(policy: Policy) -> None:
    closed_on(policy, 9, "Diwali")
    closed_on(policy, 10, "Festival", "09:00", "13:00")
    promise(policy, RESOLUTION, "P3", 2, "business_days")
    ticket = factories.ticket("P3", at=nov(6, "16:00"))
    assert told(explain(last(ticket, RESOLUTION), at=nov(20, "10:00"))) == [
        ("Fri 6 Nov, 16:00 to 17:00", "Open", "1 h"),
        ("Fri 6 Nov, 17:00 to Mon 9 Nov, 00:00", "Closed for the weekend", ""),
        ("Mon 9 Nov, 00:00 to Tue 10 Nov, 00:00", "Holiday “Diwali”", ""),
        ("Tue 10 Nov, 00:00 to 09:00", "Closed for the night", ""),
        ("Tue 10 Nov, 09:00 to 13:00", "Open", "4 h"),
        ("Tue 10 Nov, 13:00 to 17:00", "Closed: half-day “Festival”", ""),
        ("Tue 10 Nov, 17:00 to Wed 11 Nov, 09:00", "Closed for the night", ""),
        ("Wed 11 Nov, 09:00 to 16:00", "Open", "7 h"),
    ]


def test_a_break_is_closed_and_other_days_off_are_named(policy: Policy) -> None:
    policy.calendar.opening_hours.all().delete()
    for weekday in (6, 0, 1, 2, 3):
        for opens, closes in LUNCH:
            policy.calendar.opening_hours.create(weekday=weekday, opens=opens, closes=closes)
    policy.calendar.publish(at=nov(1, "00:00"))
    ticket = factories.ticket("P2", at=nov(5, "08:00"))
    assert told(explain(last(ticket, FIRST), at=nov(20, "10:00"))) == [
        ("Thu 5 Nov, 08:00 to 09:00", "Closed for the night", ""),
        ("Thu 5 Nov, 09:00 to 12:00", "Open", "3 h"),
        ("Thu 5 Nov, 12:00 to 13:00", "Closed", ""),
        ("Thu 5 Nov, 13:00 to 17:00", "Open", "4 h"),
        ("Thu 5 Nov, 17:00 to Sun 8 Nov, 09:00", "Closed on Friday and Saturday", ""),
        ("Sun 8 Nov, 09:00 to 10:00", "Open", "1 h"),
    ]


def test_pauses_have_their_reason_and_put_the_end_off(agent: User) -> None:
    ticket = factories.ticket("P1")
    wait(ticket, [(nov(2, "11:00"), nov(2, "12:30"))])
    lifecycle.resolve(ticket=ticket, by=agent, at=nov(2, "13:00"))
    lifecycle.reopen(ticket=ticket, by=agent, at=nov(2, "14:00"))
    explanation = explain(last(ticket, RESOLUTION), at=nov(5, "10:00"))
    assert told(explanation) == [
        ("Mon 2 Nov, 10:00 to 11:00", "Day and night", "1 h"),
        ("Mon 2 Nov, 11:00 to 12:30", "Waiting for the customer", ""),
        ("Mon 2 Nov, 12:30 to 13:00", "Day and night", "30 min"),
        ("Mon 2 Nov, 13:00 to 14:00", "Resolved", ""),
        ("Mon 2 Nov, 14:00 to Tue 3 Nov, 00:30", "Day and night", "10 h 30 min"),
    ]
    assert explanation.unpaused_due_at == nov(2, "22:00")
    assert explanation.total_seconds == 12 * 3600


def test_seconds_and_their_fractions_add_up(policy: Policy) -> None:
    odd = timedelta(seconds=37, microseconds=482_913)
    ticket = factories.ticket("P2", at=nov(2, "10:00") + odd)
    clock = last(ticket, FIRST)
    assert told(explain(clock, at=nov(20, "10:00"))) == [
        ("Mon 2 Nov, 10:00:37 to 17:00", "Open", "6 h 59 min 23 s"),
        ("Mon 2 Nov, 17:00 to Tue 3 Nov, 09:00", "Closed for the night", ""),
        ("Tue 3 Nov, 09:00 to 10:00:37", "Open", "1 h 37 s"),
    ]


def test_every_kind_of_pause_has_words() -> None:
    assert set(Pause.Reason.values) <= REASONS.keys()


# --- Which promise decides ------------------------------------------------------------------------


def test_an_earlier_promise_that_a_raise_keeps_is_the_one_explained(agent: User) -> None:
    ticket = factories.ticket("P3")
    change(ticket, "P2", agent, nov(6, "16:00"))
    clock = last(ticket, RESOLUTION)
    explanation = explain(clock, at=nov(6, "17:00"))
    assert explanation.is_kept_by_raise
    assert explanation.decider.priority.code == "P3"
    assert explanation.lines[0].start == nov(2, "10:00")
    assert explanation.due_at == clock.due_at == nov(9, "10:00")
    assert explanation.own_due_at == nov(9, "16:00")


def test_a_raise_that_makes_it_earlier_is_explained_by_itself(agent: User) -> None:
    ticket = factories.ticket("P3")
    change(ticket, "P1", agent, nov(2, "14:00"))
    explanation = explain(last(ticket, RESOLUTION), at=nov(2, "15:00"))
    assert not explanation.is_kept_by_raise
    assert told(explanation) == [
        ("Mon 2 Nov, 14:00 to 15:00", "Day and night", "1 h"),
        ("Mon 2 Nov, 15:00 to Tue 3 Nov, 02:00", "Day and night", "11 h"),
    ]


def test_many_raises_take_as_many_queries_as_one(agent: User) -> None:
    counts = []
    for codes in (["P3", "P2"], ["P4", "P3", "P2", "P1"]):
        ticket = factories.ticket(codes[0])
        for hour, code in enumerate(codes[1:]):
            change(ticket, code, agent, nov(2, f"{11 + hour}:00"))
        clock = Clock.objects.get(pk=last(ticket, RESOLUTION).pk)
        explain(clock, at=nov(2, "16:00"))  # From now on the calendar is known to the process.
        clock = Clock.objects.get(pk=clock.pk)
        with CaptureQueriesContext(connection) as asked:
            assert explain(clock, at=nov(2, "16:00")).due_at == clock.due_at
        counts.append(len(asked))
    assert counts[0] == counts[1]


# --- How it stands --------------------------------------------------------------------------------


def test_what_is_used_and_what_is_left_are_cut_at_the_present(policy: Policy) -> None:
    clock = last(factories.ticket("P2"), FIRST)
    explanation = explain(clock, at=nov(2, "12:15"))
    assert [line.is_ahead for line in explanation.lines] == [False, True, True, True]
    assert explanation.lines[1].start == nov(2, "12:15")
    assert exact_span(explanation.used_seconds) == "2 h 15 min"
    assert exact_span(explanation.left_seconds) == "5 h 45 min"
    assert (explanation.late, explanation.standstill) == (None, None)


def test_an_open_pause_is_left_out_and_what_it_would_mean_is_told(agent: User) -> None:
    ticket = factories.ticket("P3")
    lifecycle.wait_for_customer(ticket=ticket, by=agent, at=nov(3, "10:00"))
    clock = last(ticket, RESOLUTION)
    explanation = explain(clock, at=nov(4, "12:00"))
    assert explanation.due_at == clock.due_at == nov(9, "10:00")
    standstill = explanation.standstill
    assert standstill is not None
    assert (standstill.since, standstill.words) == (nov(3, "10:00"), "Waiting for the customer")
    assert standstill.due_if_resumed == nov(10, "12:00")
    assert exact_span(explanation.used_seconds) == "8 h"
    assert explanation.late is None


def test_a_pause_after_the_deadline_moves_nothing(agent: User) -> None:
    ticket = factories.ticket("P1")
    lifecycle.wait_for_customer(ticket=ticket, by=agent, at=nov(2, "23:00"))
    explanation = explain(last(ticket, RESOLUTION), at=nov(4, "12:00"))
    assert explanation.standstill is not None
    assert explanation.standstill.due_if_resumed == explanation.due_at == nov(2, "22:00")
    assert explanation.late == HOUR
    assert explanation.left_seconds == 0


@pytest.mark.parametrize(
    ("stopped", "late", "left"),
    [
        (nov(2, "12:00"), None, "6 h"),
        (nov(3, "10:00"), None, "0 min"),
        (nov(3, "10:35"), 35 * MINUTE, "0 min"),
    ],
)
def test_the_end_of_a_promise_tells_what_was_left_or_how_late_it_was(
    agent: User, stopped: datetime, late: timedelta | None, left: str
) -> None:
    ticket = factories.ticket("P2")
    lifecycle.reply(ticket=ticket, by=agent, text="We are on it.", at=stopped)
    explanation = explain(last(ticket, FIRST), at=nov(20, "10:00"))
    assert (explanation.late, exact_span(explanation.left_seconds)) == (late, left)
    assert explanation.due_at == nov(3, "10:00")


def test_a_goal_before_the_limit_is_told(policy: Policy) -> None:
    ticket = factories.ticket("P4")
    assert explain(last(ticket, RESOLUTION), at=nov(2, "10:00")).goal_at == nov(9, "10:00")
    assert explain(last(ticket, FIRST), at=nov(2, "10:00")).goal_at is None


# --- Business days --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "half", "since", "due"),
    [
        (nov(2, "10:00"), "same time", nov(2, "10:00"), nov(9, "10:00")),
        (nov(2, "08:00"), "last closing", nov(2, "09:00"), nov(6, "17:00")),
        (nov(6, "18:30"), "last closing", nov(9, "09:00"), nov(13, "17:00")),
        # The fifth day is a half-day, which closes at 12:00.
        (nov(3, "15:00"), "moved", nov(3, "15:00"), nov(10, "12:00")),
        # In the break of the 12th it is as at its end.
        (nov(12, "12:30"), "same time", nov(12, "13:00"), nov(19, "13:00")),
    ],
)
def test_business_days_tell_which_half_of_their_rule_held(
    policy: Policy, at: datetime, half: str, since: datetime, due: datetime
) -> None:
    closed_on(policy, 10, "Festival", "09:00", "12:00")
    for opens, closes in LUNCH:
        closed_on(policy, 12, "Short-handed", opens, closes)
    rule = explain(last(factories.ticket("P3", at=at), RESOLUTION), at=at).rule
    assert rule is not None
    found = "last closing" if rule.is_last_closing else "moved" if rule.is_moved else "same time"
    assert (found, rule.since, rule.due_at) == (half, since, due)
    assert rule.starts_later is (since != at)
    assert rule.amount == 5


def test_other_units_have_no_rule_for_days(policy: Policy) -> None:
    ticket = factories.ticket("P2")
    assert explain(last(ticket, FIRST), at=nov(2, "10:00")).rule is None
    assert explain(last(ticket, RESOLUTION), at=nov(2, "10:00")).rule is None


# --- Long ones ------------------------------------------------------------------------------------


def test_a_long_explanation_shows_its_ends_and_the_present_and_counts_the_rest(
    policy: Policy,
) -> None:
    promise(policy, RESOLUTION, "P3", 200, "business_days")
    clock = last(factories.ticket("P3"), RESOLUTION)
    explanation = explain(clock, at=nov(30, "10:00") + timedelta(days=90))
    rows = explanation.rows()
    gaps = [row for row in rows if isinstance(row, Gap)]
    assert len(rows) < 40 < 400 < len(explanation.lines)
    assert [gap.is_ahead for gap in gaps] == [False, True]
    assert sum(gap.count for gap in gaps) == len(explanation.lines) - (len(rows) - 2)
    assert sum(row.seconds for row in rows) == explanation.total_seconds == 1600 * 3600
    assert rows[-1].end == clock.due_at


def test_a_short_explanation_is_shown_whole(policy: Policy) -> None:
    explanation = explain(last(factories.ticket("P3"), RESOLUTION), at=nov(2, "10:00"))
    assert explanation.rows() == list(explanation.lines)
