"""A team's pool: tickets that nobody has. Wakes up who hands them out (`tickets.assignment`)."""

from __future__ import annotations

from celery import current_app
from django.db import connection, transaction

from tickets.models import Team, Ticket

HAND_OUT = "tickets.tasks.hand_out"


def entered(ticket: Ticket) -> None:
    """The ticket may have come into a pool: where its team hands out by itself, wake up."""
    if ticket.assignee_id is not None or ticket.team is None:
        return
    if ticket.team.assignment != Team.Assignment.MANUAL:
        wake()


def wake() -> None:
    """Wake a worker up after the commit; once, however much happens in the transaction.

    A broker that is away is no trouble: beat's own runs find the same rows.
    """
    if not any(entry[1] is _send_wake_up for entry in connection.run_on_commit):
        transaction.on_commit(_send_wake_up, robust=True)


def _send_wake_up() -> None:
    current_app.send_task(HAND_OUT, ignore_result=True, retry=False, expires=60)
