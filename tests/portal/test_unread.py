"""What counts as not read yet on the customers' pages."""

from datetime import datetime, timedelta

import pytest
from pytest_django import DjangoAssertNumQueries

from sla.models import Policy
from tests.factories import MONDAY, agent, customer, ticket
from tickets import correspondence, lifecycle
from tickets.acts import Mail
from tickets.models import LastRead, Ticket, User
from tickets.portal.unread import mark_read, with_unread

HOUR = timedelta(hours=1)


@pytest.fixture
def row(policy: Policy) -> Ticket:
    return ticket("P3")


def is_unread(row: Ticket, person: User) -> bool:
    found = with_unread(Ticket.objects.filter(pk=row.pk), person)
    return bool(found.values_list("is_unread", flat=True).get())


def answer(row: Ticket, at: datetime) -> None:
    lifecycle.reply(ticket=row, by=agent(), text="We look into it.", at=at)


def test_ones_own_request_is_read(row: Ticket) -> None:
    assert not is_unread(row, row.requester)


def test_an_answer_is_unread_until_the_ticket_is_looked_at(row: Ticket) -> None:
    answer(row, MONDAY + HOUR)
    assert is_unread(row, row.requester)
    mark_read(row, row.requester, at=MONDAY + 2 * HOUR)
    assert not is_unread(row, row.requester)


def test_an_answer_after_the_last_look_is_unread_again(row: Ticket) -> None:
    mark_read(row, row.requester, at=MONDAY + HOUR)
    assert not is_unread(row, row.requester)
    answer(row, MONDAY + 2 * HOUR)
    assert is_unread(row, row.requester)


def test_what_was_said_at_the_very_instant_of_the_look_is_read(row: Ticket) -> None:
    answer(row, MONDAY + HOUR)
    mark_read(row, row.requester, at=MONDAY + HOUR)
    assert not is_unread(row, row.requester)


def test_internal_notes_and_messages_kept_aside_are_not_news(row: Ticket) -> None:
    mark_read(row, row.requester, at=MONDAY)
    at = MONDAY + HOUR
    lifecycle.add_note(ticket=row, by=agent(), text="He calls every day.", at=at)
    correspondence.keep_aside(
        ticket=row, by=customer(), text="Me too.", at=at, mail=Mail(), is_automatic=False
    )
    assert not is_unread(row, row.requester)


def test_ones_own_answer_is_read(row: Ticket) -> None:
    mark_read(row, row.requester, at=MONDAY)
    lifecycle.reply(ticket=row, by=row.requester, text="And now?", at=MONDAY + HOUR)
    assert not is_unread(row, row.requester)


def test_the_message_of_a_colleague_is_news_after_the_first_look_alone(row: Ticket) -> None:
    follower = customer()
    correspondence.follow(ticket=row, user=follower, by=row.requester, at=MONDAY)
    assert not is_unread(row, follower), "he has never looked, and nobody has answered"
    mark_read(row, follower, at=MONDAY + HOUR)
    lifecycle.reply(ticket=row, by=row.requester, text="Please hurry.", at=MONDAY + 2 * HOUR)
    assert is_unread(row, follower)
    assert not is_unread(row, row.requester)


def test_everybody_reads_for_himself(row: Ticket) -> None:
    other = customer()
    answer(row, MONDAY + HOUR)
    mark_read(row, other, at=MONDAY + 2 * HOUR)
    assert is_unread(row, row.requester)
    assert not is_unread(row, other)


def test_a_look_is_one_statement_and_an_older_one_does_not_replace_it(
    row: Ticket, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(1):
        mark_read(row, row.requester, at=MONDAY + 2 * HOUR)
    mark_read(row, row.requester, at=MONDAY + HOUR)
    assert LastRead.objects.get().at == MONDAY + 2 * HOUR
    mark_read(row, row.requester, at=MONDAY + 3 * HOUR)
    assert LastRead.objects.get().at == MONDAY + 3 * HOUR
