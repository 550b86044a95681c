"""What each event did to the backlog: a ticket came in, was solved, was reopened."""

from datetime import timedelta
from importlib import import_module

import pytest
from django.db import connection

from sla.models import Policy
from tests import factories
from tests.factories import MONDAY
from tickets import lifecycle, participation
from tickets.models import Event, Ticket

pytestmark = pytest.mark.django_db


def _lived(policy: Policy) -> list[Ticket]:
    """Resolved, reopened by an answer, resolved, closed, reopened; withdrawn; and one untouched."""
    agent = factories.agent()
    ticket, withdrawn, untouched = (factories.ticket() for _ in range(3))
    by, hour = ticket.requester, iter(MONDAY + timedelta(hours=n) for n in range(1, 20))
    lifecycle.reply(ticket=ticket, by=agent, text="We look at it.", at=next(hour))
    lifecycle.resolve(ticket=ticket, by=agent, at=next(hour))
    lifecycle.reply(ticket=ticket, by=agent, text="One more thing.", at=next(hour))
    participation.write(ticket=ticket, by=by, text="It is not.", at=next(hour))
    participation.write(ticket=ticket, by=by, text="Really.", at=next(hour))
    lifecycle.resolve(ticket=ticket, by=agent, at=next(hour))
    lifecycle.close(ticket=ticket, by=None, at=next(hour))
    lifecycle.reopen(ticket=ticket, by=agent, at=next(hour))
    lifecycle.close(ticket=withdrawn, by=withdrawn.requester, at=next(hour))
    return [ticket, withdrawn, untouched]


def _turns(tickets: list[Ticket]) -> list[list[tuple[str, str]]]:
    return [
        [(str(event.kind), event.turn) for event in ticket.events.exclude(turn="")]
        for ticket in tickets
    ]


EXPECTED = [
    [
        ("opened", "in"),
        ("resolved", "out"),
        ("customer_replied", "again"),
        ("resolved", "out"),
        ("reopened", "again"),
    ],
    [("opened", "in"), ("closed", "out")],
    [("opened", "in")],
]


def test_verbs_write_what_they_did_to_the_backlog(policy: Policy) -> None:
    assert _turns(_lived(policy)) == EXPECTED


@pytest.mark.parametrize("forgets_state", [False, True])
def test_past_events_get_the_turns_that_the_verbs_would_have_written(
    policy: Policy, *, forgets_state: bool
) -> None:
    tickets = _lived(policy)
    Event.objects.update(turn="")
    if forgets_state:
        Event.objects.update(state=None)
    past = import_module("tickets.migrations.0047_turns_of_past_events").PAST
    with connection.cursor() as cursor:
        cursor.execute(past)
    assert _turns(tickets) == EXPECTED
