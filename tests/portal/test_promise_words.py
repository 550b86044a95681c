"""What we would promise, in words, at fixed instants. Times are those of the policy's examples."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from django.utils import translation

from sla.core.hours import ALWAYS_OPEN
from sla.models import Clock, Condition, Metric, OpeningHours, Policy, Priority, Target, hours_of
from tickets.models import RequestType
from tickets.portal import offers, timetable
from tickets.portal.offers import explanation, opening
from tickets.templatetags.promises import day_and_night, promised

KOLKATA = "Asia/Kolkata"


def local(day: int, hour: int, minute: int = 0) -> datetime:
    """An instant in November 2026, given by the clocks in Kolkata."""
    return datetime(2026, 11, day, hour, minute, tzinfo=ZoneInfo(KOLKATA))


def made(policy: Policy, kind: str, at: datetime, share: int | None = None) -> list[offers.Offer]:
    chosen = RequestType.objects.get(name=kind)
    return offers.offers(chosen, share=share, policy=policy, at=at, zone=KOLKATA)


@pytest.mark.parametrize(
    ("kind", "at", "answer", "solution"),
    [
        # P2 in opening hours.
        (
            "Report shows incorrect data",
            local(2, 10),
            "We answer by Tue 3 Nov, 10:00 IST: 8 business hours.",
            (
                "We solve it by Thu 5 Nov, 10:00 IST: 72 hours, day and night "
                "(resolution or workaround)."
            ),
        ),
        # P3 on a Friday evening.
        (
            "Report not refreshed on time",
            local(6, 18, 30),
            "We answer by Mon 9 Nov, 17:00 IST: 1 business day (by e-mail).",
            "We solve it by Fri 13 Nov, 17:00 IST: 5 business days.",
        ),
        # P4 has a goal before its limit.
        (
            "Minor dashboard issue",
            local(2, 10),
            "We answer by Wed 4 Nov, 10:00 IST: 2 business days (by e-mail; updates as necessary).",
            (
                "We aim to solve it by Mon 9 Nov, 10:00 IST, and promise it by "
                "Mon 16 Nov, 10:00 IST: 5 to 10 business days."
            ),
        ),
    ],
)
def test_a_request_is_promised_an_answer_and_a_solution(
    policy: Policy, kind: str, at: datetime, answer: str, solution: str
) -> None:
    [offer] = made(policy, kind, at)
    assert offer.condition == ""
    assert offer.sentences == [answer, solution]


def test_a_system_that_is_down_for_many_is_promised_an_answer_at_night(policy: Policy) -> None:
    [offer] = made(policy, "System down", local(7, 23, 30), share=21)
    assert offer.priority.code == "P1"
    assert offer.sentences == [
        "We answer by Sun 8 Nov, 01:30 IST: 2 hours, day and night.",
        (
            "We solve it, or find a workaround, by Sun 8 Nov, 11:30 IST: 12 hours, day and night "
            "(a workaround that reduces it to P2 keeps this promise)."
        ),
    ]


@pytest.mark.parametrize(
    ("share", "expected"),
    [
        (21, [("", "P1")]),
        (20, [("", "P2")]),
        (0, [("", "P2")]),
        # Both, while nobody knows.
        (
            None,
            [("More than 20 % of your users", "P1"), ("20 % of your users or fewer", "P2")],
        ),
    ],
)
def test_the_share_of_users_decides_what_is_promised(
    policy: Policy, share: int | None, expected: list[tuple[str, str]]
) -> None:
    offered = made(policy, "System down", local(2, 10), share=share)
    assert [(offer.condition, offer.priority.code) for offer in offered] == expected


@pytest.mark.parametrize(
    ("kind", "share", "at", "expected"),
    [
        # Closed, and the time is business time: that is why.
        ("Report shows incorrect data", None, local(7, 12), True),
        ("System down", None, local(7, 12), True),
        # Day and night it plays no part, and while open there is nothing to explain.
        ("System down", 50, local(7, 12), False),
        ("Report shows incorrect data", None, local(2, 10), False),
    ],
)
def test_closed_hours_explain_a_late_time(
    policy: Policy, kind: str, share: int | None, at: datetime, expected: bool
) -> None:
    hours = hours_of(policy.calendar.current_version_id or 0)
    words = explanation(made(policy, kind, at, share), hours=hours, at=at, zone=KOLKATA)
    closed = "Support is closed now and opens Mon 9 Nov, 09:00 IST."
    assert words == (closed if expected else "")


@pytest.mark.parametrize(
    ("at", "zone", "expected"),
    [
        (local(2, 10), KOLKATA, "Support is open now, until Mon 2 Nov, 17:00 IST."),
        (local(2, 17), KOLKATA, "Support is closed now and opens Tue 3 Nov, 09:00 IST."),
        # In the reader's zone.
        (local(6, 18), "Europe/Berlin", "Support is closed now and opens Mon 9 Nov, 04:30 CET."),
    ],
)
def test_opening_hours_are_told_in_the_zone_of_the_reader(
    policy: Policy, at: datetime, zone: str, expected: str
) -> None:
    hours = hours_of(policy.calendar.current_version_id or 0)
    assert opening(hours, at=at, zone=zone) == expected


def test_a_desk_without_closing_time_is_always_open() -> None:
    assert opening(ALWAYS_OPEN, at=local(2, 3), zone=KOLKATA) == "Support is always open."


def test_a_clock_is_put_in_the_same_words() -> None:
    clock = Clock(
        metric=Metric.FIRST_RESPONSE,
        target_amount=8,
        target_unit="business_hours",
        due_at=datetime(2026, 11, 3, 4, 30, tzinfo=UTC),
    )
    assert promised(clock, KOLKATA) == "We answer by Tue 3 Nov, 10:00 IST: 8 business hours."


def test_only_types_whose_response_counts_in_hours_are_answered_day_and_night(
    policy: Policy,
) -> None:
    assert [kind.name for kind in day_and_night(policy)] == ["System down"]
    Target.objects.filter(metric=Metric.FIRST_RESPONSE).update(unit="business_hours")
    assert not day_and_night(policy).exists()


def test_the_table_leaves_out_what_is_not_promised(policy: Policy) -> None:
    p4 = Priority.objects.get(code="P4")
    policy.targets.filter(priority=p4, metric=Metric.RESOLUTION).delete()
    table = timetable.table_of(policy)
    assert table.columns == ["First response", "Resolution"]
    assert [row.priority.code for row in table.rows] == ["P1", "P2", "P3", "P4"]
    assert table.rows[-1].cells[1] == ("Resolution", None)


@pytest.mark.parametrize(
    ("week", "expected"),
    [
        ([(0, "09:00", "17:00"), (1, "09:00", "17:00")], [("Monday and Tuesday", 1)]),
        # Lunch makes two spans; a day of its own hours stands alone.
        (
            [(2, "09:00", "12:00"), (2, "13:00", "17:00"), (5, "10:00", "24:00")],
            [("Wednesday", 2), ("Saturday", 1)],
        ),
        # The same hours on days that do not follow each other are not put together.
        ([(0, "09:00", "17:00"), (2, "09:00", "17:00")], [("Monday", 1), ("Wednesday", 1)]),
        ([(day, "00:00", "24:00") for day in range(7)], [("Monday to Sunday", 1)]),
    ],
)
def test_weekdays_with_the_same_hours_are_put_together(
    policy: Policy, week: list[tuple[int, str, str]], expected: list[tuple[str, int]]
) -> None:
    calendar = policy.calendar
    calendar.opening_hours.all().delete()
    OpeningHours.objects.bulk_create(
        OpeningHours(calendar=calendar, weekday=day, opens=opens, closes=closes)
        for day, opens, closes in week
    )
    found = timetable.week_of(calendar)
    assert [(days.names, len(days.spans)) for days in found] == expected


def test_midnight_is_called_so(policy: Policy) -> None:
    policy.calendar.opening_hours.filter(weekday=0).update(closes="24:00")
    assert timetable.week_of(policy.calendar)[0].spans == ["09:00 to midnight"]


def test_a_half_day_beats_a_holiday_on_its_date(policy: Policy) -> None:
    day = date(2026, 12, 24)
    policy.calendar.holidays.create(date=day, name="Christmas Eve")
    policy.calendar.holidays.create(date=day, name="Morning only", opens="09:00", closes="12:00")
    policy.calendar.holidays.create(date=date(2027, 12, 24), name="Too far away")
    [row] = timetable.holidays_of(policy.calendar, first=day, last=date(2027, 1, 1))
    assert row.name == "Morning only"


# --- Each case has its words, and each language its sentences -------------------------------------


@pytest.mark.parametrize("lowering", [False, True])
@pytest.mark.parametrize("metric", Metric)
def test_each_promise_has_its_sentence(metric: Metric, lowering: bool) -> None:
    clock = Clock(
        metric=metric,
        kept_by_lowering=lowering,
        target_amount=8,
        target_unit="business_hours",
        goal_at=datetime(2026, 11, 2, 4, 30, tzinfo=UTC),
        due_at=datetime(2026, 11, 3, 4, 30, tzinfo=UTC),
    )
    words = promised(clock, KOLKATA)
    assert words.startswith("We aim to ")
    assert ("workaround" in words) == lowering
    assert "Mon 2 Nov, 10:00 IST, and promise it by Tue 3 Nov, 10:00 IST: 8 business" in words


@pytest.mark.parametrize("condition", Condition)
@pytest.mark.parametrize("metric", Metric)
def test_each_rule_for_pauses_has_its_sentence(
    policy: Policy, metric: Metric, condition: Condition
) -> None:
    policy.pause_rules.all().delete()
    policy.pause_rules.create(metric=metric, condition=condition)
    [sentence] = timetable.pauses_of(policy)
    assert sentence.startswith(f"The time for the {metric.label.lower()} stands still while ")


def test_a_promise_is_a_german_sentence(policy: Policy) -> None:
    with translation.override("de"):
        [offer] = made(policy, "Minor dashboard issue", local(2, 10))
        assert offer.sentences == [
            (
                "Wir antworten bis Mi., 4. Nov., 10:00 Uhr IST: 2 Arbeitstage "
                "(by e-mail; updates as necessary)."
            ),
            (
                "Wir möchten es bis Mo., 9. Nov., 10:00 Uhr IST lösen und sagen es bis "
                "Mo., 16. Nov., 10:00 Uhr IST zu: 5 bis 10 Arbeitstage."
            ),
        ]
        down = made(policy, "System down", local(2, 10))
        assert [offer.condition for offer in down] == [
            "Mehr als 20 % Ihrer Nutzer",
            "Höchstens 20 % Ihrer Nutzer",
        ]


def test_opening_hours_are_told_in_german(policy: Policy) -> None:
    hours = hours_of(policy.calendar.current_version_id or 0)
    with translation.override("de"):
        assert opening(hours, at=local(2, 17), zone=KOLKATA) == (
            "Der Support hat jetzt geschlossen und öffnet wieder am Di., 3. Nov., 09:00 Uhr IST."
        )
        assert [(days.names, days.spans) for days in timetable.week_of(policy.calendar)] == [
            ("Montag bis Freitag", ["09:00 bis 17:00 Uhr"])
        ]
        assert timetable.table_of(policy).columns == ["Erste Antwort", "Lösung"]
