"""Agents see who else is at a ticket, and who is typing, for as long as that is so."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from tests import factories
from tests.factories import MONDAY
from tests.together import at_once
from tickets import presence
from tickets.models import Event, Presence, Ticket, User
from tickets.presence import leave, look

pytestmark = pytest.mark.usefixtures("policy")

SECOND = timedelta(seconds=1)


def at(ticket: Ticket, user: User, after: int = 0, *, typing: bool = False) -> list[str]:
    others = look(ticket=ticket, user=user, at=MONDAY + after * SECOND, is_typing=typing)
    return [str(other) for other in others]


def test_others_are_seen_while_they_are_there(db: None) -> None:
    ada, ben = factories.agent(name="Ada"), factories.agent(name="Ben")
    ticket, other = factories.ticket(), factories.ticket()
    assert at(ticket, ada) == []
    assert at(other, ben) == []
    assert at(ticket, ben, 1) == ["Ada is looking"]
    assert at(ticket, ada, 4, typing=True) == ["Ben is looking"]
    assert at(ticket, ben, 5) == ["Ada is typing"]
    at(ticket, ada, 8)
    assert at(ticket, ben, 9) == ["Ada is looking"]
    leave(ticket=ticket, user=ada, at=MONDAY + 10 * SECOND)
    assert at(ticket, ben, 10) == []


def test_who_falls_silent_is_gone_after_ten_seconds(db: None) -> None:
    ada, ben = factories.agent(name="Ada"), factories.agent(name="Ben")
    ticket = factories.ticket()
    at(ticket, ada)
    assert at(ticket, ben, 10) == ["Ada is looking"]
    assert at(ticket, ben, 11) == []


def test_a_poll_is_two_queries_one_row_and_no_history(
    db: None, django_assert_num_queries: Any
) -> None:
    ticket, agents = factories.ticket(), [factories.agent() for _ in range(6)]
    events = Event.objects.count()
    for agent in agents:
        at(ticket, agent)
    with django_assert_num_queries(2):
        assert len(at(ticket, agents[0], 1)) == 5
    assert Presence.objects.count() == 6
    assert Event.objects.count() == events


def test_whoever_leaves_sweeps_out_what_dead_browsers_left(db: None) -> None:
    ada, ben = factories.agent(), factories.agent()
    old, ticket = factories.ticket(), factories.ticket()
    at(old, ben)
    at(ticket, ben, 590)
    at(ticket, ada, 601)
    leave(ticket=ticket, user=ada, at=MONDAY + 601 * SECOND)
    assert [row.ticket for row in Presence.objects.all()] == [ticket]


def test_the_table_writes_no_log_of_the_database(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT relpersistence FROM pg_class WHERE relname = 'tickets_presence'")
        assert cursor.fetchone() in (("u",), (b"u",))


@pytest.mark.django_db(transaction=True)
def test_many_pages_may_come_and_go_at_once(db: None) -> None:
    ticket, agents = factories.ticket(), [factories.agent() for _ in range(4)]

    def come_and_go(user: User) -> None:
        for second in range(5):
            at(ticket, user, second)
            leave(ticket=ticket, user=user, at=MONDAY + timedelta(hours=1))

    outcomes = at_once(*[lambda user=user: come_and_go(user) for user in agents])
    assert outcomes == [None] * 4
    assert not Presence.objects.exists()


def test_a_page_that_missed_two_turns_is_not_there(db: None) -> None:
    assert 2 * presence.SECONDS * SECOND < presence.PRESENT < 3 * presence.SECONDS * SECOND
