"""Taking a solved ticket up again: who may, how long, and which promises run on."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from sla.models import Clock, Metric, Policy
from tests import factories
from tests.factories import MONDAY
from tests.times import nov
from tickets import lifecycle
from tickets.models import Ticket, User
from tickets.refusals import (
    MoveNotAllowed,
    NothingSaid,
    Refused,
    TooLateToReopen,
)
from tickets.states import Status

pytestmark = pytest.mark.usefixtures("policy")

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def agent(policy: Policy) -> User:
    return factories.agent()


@pytest.fixture
def ticket(policy: Policy) -> Ticket:
    return factories.ticket()


@pytest.fixture
def ben(ticket: Ticket) -> User:
    """A follower."""
    ben = factories.customer("ben@acme.example")
    ticket.followers.create(user=ben, added_at=MONDAY)
    return ben


def last_event(ticket: Ticket) -> tuple[str, User | None, str]:
    event = ticket.events.latest("pk")
    return event.kind, event.by, event.detail


def solved(ticket: Ticket, agent: User) -> None:
    lifecycle.resolve(ticket=ticket, by=agent, at=MONDAY + HOUR)


def solved_and_closed(ticket: Ticket, agent: User) -> None:
    lifecycle.resolve(ticket=ticket, by=agent, at=MONDAY + HOUR)
    lifecycle.close(ticket=ticket, by=agent, at=MONDAY + HOUR)


def withdrawn(ticket: Ticket, agent: User) -> None:
    lifecycle.close(ticket=ticket, by=ticket.requester, at=MONDAY + HOUR)


ENDS = [solved, solved_and_closed, withdrawn]
LAST = MONDAY + HOUR + 14 * DAY
TOO_LATE = LAST + timedelta(microseconds=1)


@pytest.mark.parametrize("end", ENDS)
def test_the_requester_takes_it_up_again_for_some_days(
    ticket: Ticket, agent: User, end: Any
) -> None:
    end(ticket, agent)
    ticket.refresh_from_db()
    assert lifecycle.may_be_taken_up(ticket, LAST)
    assert not lifecycle.may_be_taken_up(ticket, TOO_LATE)
    with pytest.raises(TooLateToReopen, match="send a new request"):
        lifecycle.reopen(ticket=ticket, by=ticket.requester, at=TOO_LATE)
    reopened = lifecycle.reopen(ticket=ticket, by=ticket.requester, at=LAST)
    assert (reopened.status, reopened.resolved_at, reopened.closed_at) == (Status.OPEN, None, None)
    expected = ("reopened", ticket.requester, "Taken up again by the customer.")
    assert last_event(ticket) == expected
    assert not lifecycle.may_be_taken_up(reopened, LAST)


@pytest.mark.parametrize("end", ENDS)
def test_staff_take_it_up_again_at_any_time(ticket: Ticket, agent: User, end: Any) -> None:
    end(ticket, agent)
    at = MONDAY + 400 * DAY
    reopened = lifecycle.reopen(ticket=ticket, by=agent, at=at, reason="They called")
    assert reopened.status == Status.OPEN
    assert last_event(ticket) == ("reopened", agent, "They called")


@pytest.mark.parametrize("end", ENDS)
def test_a_follower_takes_it_up_by_saying_why(
    ticket: Ticket, agent: User, ben: User, end: Any
) -> None:
    end(ticket, agent)
    with pytest.raises(NothingSaid):
        lifecycle.reopen(ticket=ticket, by=ben, at=LAST)
    reopened = lifecycle.reopen(ticket=ticket, by=ben, text="It is back.", at=LAST)
    assert reopened.status == Status.OPEN
    message = ticket.messages.latest("pk")
    assert (message.author, message.text, message.is_public) == (ben, "It is back.", True)


@pytest.mark.parametrize(
    ("end", "at", "refused"),
    [
        (solved, LAST, None),
        (solved, TOO_LATE, TooLateToReopen),
        # What somebody closed is taken up on purpose, not by any mail that answers an old one.
        (solved_and_closed, LAST, MoveNotAllowed),
        (withdrawn, TOO_LATE, MoveNotAllowed),
    ],
)
def test_a_reply_takes_up_what_was_solved_lately(
    ticket: Ticket, agent: User, end: Any, at: datetime, refused: type[Refused] | None
) -> None:
    end(ticket, agent)
    ticket.refresh_from_db()
    assert lifecycle.takes_customer_replies(ticket, at) is (refused is None)
    if refused is None:
        after = lifecycle.reply(ticket=ticket, by=ticket.requester, text="No.", at=at)
        assert after.status == Status.OPEN
        return
    with pytest.raises(refused):
        lifecycle.reply(ticket=ticket, by=ticket.requester, text="No.", at=at)
    ticket.refresh_from_db()
    assert not ticket.is_unsolved


def clock(ticket: Ticket, metric: str) -> Clock:
    return Clock.objects.filter(ticket=ticket, metric=metric).latest("pk")


def test_what_was_closed_without_an_answer_owes_both_promises_again(ticket: Ticket) -> None:
    """P3 of Monday 10:00: answered by Tuesday 10:00, resolved by Monday 9, 10:00."""
    lifecycle.close(ticket=ticket, by=ticket.requester, at=nov(2, "12:00"))
    ticket = lifecycle.reopen(ticket=ticket, by=ticket.requester, at=nov(2, "14:00"))
    first, solution = clock(ticket, Metric.FIRST_RESPONSE), clock(ticket, Metric.RESOLUTION)
    assert (first.stopped_at, first.due_at) == (None, nov(3, "12:00"))
    assert (solution.stopped_at, solution.due_at) == (None, nov(9, "12:00"))
    assert ticket.next_due_at == nov(3, "12:00")
    pauses = [(pause.reason, pause.started_at, pause.ended_at) for pause in first.pauses.all()]
    assert pauses == [("resolved", nov(2, "12:00"), nov(2, "14:00"))]


def test_an_answer_that_was_given_is_not_owed_again(ticket: Ticket, agent: User) -> None:
    lifecycle.reply(ticket=ticket, by=agent, text="Hello.", at=nov(2, "11:00"))
    lifecycle.close(ticket=ticket, by=ticket.requester, at=nov(2, "12:00"))
    lifecycle.reopen(ticket=ticket, by=ticket.requester, at=nov(2, "14:00"))
    assert clock(ticket, Metric.FIRST_RESPONSE).stopped_at == nov(2, "11:00")
    assert clock(ticket, Metric.RESOLUTION).due_at == nov(9, "12:00")


@pytest.fixture
def next_answers(policy: Policy) -> None:
    """Each further answer is promised within five business hours."""
    for priority in ("P3", "P2"):
        target = {"amount": 5, "unit": "business_hours"}
        metric = Metric.NEXT_RESPONSE
        policy.targets.create(priority=factories.priority(priority), metric=metric, **target)
    factories.publish()


@pytest.mark.usefixtures("next_answers")
def test_a_question_that_closing_cut_off_waits_for_its_answer_again(
    ticket: Ticket, agent: User
) -> None:
    lifecycle.reply(ticket=ticket, by=agent, text="Hello.", at=nov(2, "10:30"))
    lifecycle.reply(ticket=ticket, by=ticket.requester, text="And?", at=nov(2, "11:00"))
    lifecycle.close(ticket=ticket, by=ticket.requester, at=nov(2, "12:00"))
    lifecycle.reopen(ticket=ticket, by=ticket.requester, text="Still.", at=nov(2, "13:00"))
    clocks = Clock.objects.filter(ticket=ticket, metric=Metric.NEXT_RESPONSE)
    found = [(row.started_at, row.stopped_at, row.due_at) for row in clocks]
    assert found == [(nov(2, "11:00"), None, nov(2, "17:00"))]


@pytest.mark.usefixtures("next_answers")
def test_what_one_says_when_taking_it_up_is_a_new_question(ticket: Ticket, agent: User) -> None:
    lifecycle.reply(ticket=ticket, by=ticket.requester, text="And?", at=nov(2, "10:15"))
    lifecycle.reply(ticket=ticket, by=agent, text="Hello.", at=nov(2, "11:00"))
    lifecycle.close(ticket=ticket, by=ticket.requester, at=nov(2, "11:00"))
    lifecycle.reopen(ticket=ticket, by=ticket.requester, text="Still.", at=nov(2, "12:00"))
    clocks = Clock.objects.filter(ticket=ticket, metric=Metric.NEXT_RESPONSE)
    found = [(row.started_at, row.stopped_at, row.due_at) for row in clocks]
    assert found == [(nov(2, "12:00"), None, nov(2, "17:00"))]


def test_a_promise_missed_before_closing_stays_missed(ticket: Ticket) -> None:
    lifecycle.close(ticket=ticket, by=ticket.requester, at=nov(4, "12:00"))
    lifecycle.reopen(ticket=ticket, by=ticket.requester, at=nov(5, "12:00"))
    first = clock(ticket, Metric.FIRST_RESPONSE)
    assert (first.due_at, first.is_breached(nov(5, "12:00"))) == (nov(3, "10:00"), True)


def test_what_is_with_engineering_stands_still_again_where_the_policy_says_so(
    ticket: Ticket, agent: User, policy: Policy
) -> None:
    rule = {"metric": Metric.RESOLUTION, "condition": "with_engineering"}
    policy.pause_rules.create(**rule)
    factories.publish()
    other = factories.ticket(requester=ticket.requester)
    lifecycle.escalate_to_engineering(ticket=other, by=agent, at=nov(2, "11:00"))
    lifecycle.close(ticket=other, by=other.requester, at=nov(2, "12:00"))
    lifecycle.reopen(ticket=other, by=other.requester, at=nov(2, "13:00"))
    assert clock(other, Metric.RESOLUTION).paused_at == nov(2, "13:00")
