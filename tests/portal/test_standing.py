"""How promises and tickets stand, in the words of the ticket page."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import translation

from sla.models import Clock, Metric, Priority
from tickets.models import Ticket
from tickets.portal.standing import standing, status_words
from tickets.states import Status

DUE = datetime(2026, 11, 3, 4, 30, tzinfo=UTC)  # Tue 3 Nov, 10:00 in Kolkata
HOUR = timedelta(hours=1)


def clock(**facts: Any) -> Clock:
    facts = {"metric": Metric.FIRST_RESPONSE, "due_at": DUE, **facts}
    return Clock(
        priority=Priority(code="P2"), target_amount=8, target_unit="business_hours", **facts
    )


@pytest.mark.parametrize(
    ("facts", "at", "state", "words"),
    [
        ({}, DUE - 2 * HOUR, "due", "By Tue 3 Nov, 10:00 IST, due in 2 h."),
        ({}, DUE, "due", "By Tue 3 Nov, 10:00 IST, due now."),
        (
            {},
            DUE + HOUR / 2,
            "late",
            "Promised by Tue 3 Nov, 10:00 IST: 30 min late. We are sorry.",
        ),
        # Before the goal it is named as well.
        (
            {"goal_at": DUE - HOUR},
            DUE - 2 * HOUR,
            "due",
            "We aim for Tue 3 Nov, 09:00 IST. By Tue 3 Nov, 10:00 IST, due in 2 h.",
        ),
        # After it, only the limit is left.
        ({"goal_at": DUE - 3 * HOUR}, DUE - HOUR, "due", "By Tue 3 Nov, 10:00 IST, due in 1 h."),
        (
            {"stopped_at": DUE},
            DUE + HOUR,
            "kept",
            "Done Tue 3 Nov, 10:00 IST, promised by Tue 3 Nov, 10:00 IST.",
        ),
        (
            {"stopped_at": DUE + HOUR},
            DUE + 2 * HOUR,
            "late",
            "Done Tue 3 Nov, 11:00 IST, 1 h after the promised Tue 3 Nov, 10:00 IST.",
        ),
        (
            {"superseded_at": DUE + HOUR},
            DUE + 2 * HOUR,
            "late",
            "Promised by Tue 3 Nov, 10:00 IST, and missed before another promise took its place.",
        ),
        (
            {"paused_at": DUE - HOUR},
            DUE + HOUR,
            "waiting",
            "The time stands still since Tue 3 Nov, 09:00 IST, and runs on when you answer.",
        ),
        # A pause that began too late saves nothing, and the delay does not grow in it.
        (
            {"paused_at": DUE + HOUR},
            DUE + 5 * HOUR,
            "late",
            "Promised by Tue 3 Nov, 10:00 IST: 1 h late. We are sorry.",
        ),
    ],
)
def test_a_promise_is_due_kept_late_or_waits(
    facts: dict[str, Any], at: datetime, state: str, words: str
) -> None:
    found = standing(clock(**facts), at=at, zone="Asia/Kolkata", waits_for_customer=True)
    assert (found.state, found.words) == (state, words)


def test_a_pause_that_is_not_the_customers_is_on_hold() -> None:
    found = standing(
        clock(paused_at=DUE - HOUR), at=DUE, zone="Asia/Kolkata", waits_for_customer=False
    )
    assert (found.state, found.label) == ("on-hold", "On hold")
    assert "you" not in found.words


def test_a_promise_names_its_metric_priority_and_target() -> None:
    found = standing(
        clock(metric=Metric.RESOLUTION, kept_by_lowering=True),
        at=DUE,
        zone="Asia/Kolkata",
        waits_for_customer=False,
    )
    assert (found.title, found.target) == ("Resolution or workaround", "P2: 8 business hours")


@pytest.mark.parametrize("status", list(Status))
def test_every_status_has_plain_words(status: Status) -> None:
    label, words = status_words(Ticket(status=status))
    assert label
    assert words.endswith(".")


@pytest.mark.parametrize(
    ("status", "expected"), [(Status.OPEN, True), (Status.RESOLVED, False), (Status.CLOSED, False)]
)
def test_engineering_is_named_while_it_matters(status: Status, expected: bool) -> None:
    _, words = status_words(Ticket(status=status, with_engineering=True))
    assert ("engineers" in words) == expected


@pytest.mark.parametrize(
    ("facts", "at", "label", "words"),
    [
        ({}, DUE - 2 * HOUR, "Offen", "Bis Di., 3. Nov., 10:00 Uhr IST, noch 2 h."),
        (
            {},
            DUE + HOUR / 2,
            "Verspätet",
            "Zugesagt bis Di., 3. Nov., 10:00 Uhr IST: 30 min zu spät. Das tut uns leid.",
        ),
        (
            {"stopped_at": DUE},
            DUE + HOUR,
            "Eingehalten",
            "Erledigt am Di., 3. Nov., 10:00 Uhr IST, zugesagt bis Di., 3. Nov., 10:00 Uhr IST.",
        ),
        (
            {"paused_at": DUE - HOUR},
            DUE,
            "Wartet auf Sie",
            (
                "Die Zeit steht seit Di., 3. Nov., 09:00 Uhr IST still und läuft weiter, "
                "wenn Sie antworten."
            ),
        ),
    ],
)
def test_a_promise_stands_in_german(
    facts: dict[str, Any], at: datetime, label: str, words: str
) -> None:
    with translation.override("de"):
        found = standing(clock(**facts), at=at, zone="Asia/Kolkata", waits_for_customer=True)
    assert (found.label, found.words) == (label, words)
    assert (found.title, found.target) == ("Erste Antwort", "P2: 8 Stunden Geschäftszeit")


def test_a_ticket_stands_in_german() -> None:
    with translation.override("de"):
        label, words = status_words(Ticket(status=Status.OPEN, with_engineering=True))
    assert label == "In Arbeit"
    assert words.startswith("Wir arbeiten daran. Unser Entwicklungsteam")
