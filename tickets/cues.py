"""Write down what happened, and cue the rules that may follow from it, in the same transaction."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime

from celery import current_app
from django.db import connection, transaction

from tickets.models import Event, IdleMark, Rule, RuleCue, Ticket, User
from tickets.models.people import MACHINE
from tickets.states import UNSOLVED

FOLLOW = "tickets.tasks.follow_rules"
# Rules that follow from what rules did, that many times over; no rule twice in one chain.
DEEPEST = 3

When = Rule.When

WHENS = {
    Event.Kind.OPENED: When.OPENED,
    # A ticket that begins with what was said in another one is sorted like any new one.
    Event.Kind.SPLIT_FROM: When.OPENED,
    Event.Kind.CUSTOMER_REPLIED: When.CUSTOMER_WROTE,
    Event.Kind.REPLIED: When.REPLIED,
    Event.Kind.PRIORITY_CHANGED: When.PRIORITY_CHANGED,
    Event.Kind.ASSIGNED: When.ASSIGNED,
    Event.Kind.TAGGED: When.TAGGED,
}
# The first event of a ticket: it came in, or was split from another one.
ARRIVALS = {Event.Kind.OPENED, Event.Kind.SPLIT_FROM}
# A machine wrote it, or nobody knows who did.
NOBODYS = {Event.Kind.AUTOMATIC, Event.Kind.UNVERIFIED, Event.Kind.UNDELIVERED}


@dataclass(frozen=True)
class Chain:
    """What led to a rule that is being followed: the first event, and how many rules since."""

    root: Event
    depth: int


_chain: ContextVar[Chain | None] = ContextVar("chain", default=None)


@contextmanager
def following(chain: Chain) -> Iterator[None]:
    """What happens meanwhile is what a rule does."""
    token = _chain.set(chain)
    try:
        yield
    finally:
        _chain.reset(token)


def is_act_of_a_person(kind: str, by: User | None) -> bool:
    return by is not None and by.email != MACHINE and kind not in NOBODYS


def whens_of(kind: str, before: str | None, after: str | None) -> list[str]:
    """What an event is to rules; a status that nobody kept has not changed."""
    found = [str(WHENS[Event.Kind(kind)])] if kind in WHENS else []
    changed = before is not None and after is not None and before != after
    return [*found, str(When.STATUS_CHANGED)] if changed else found


def turn_of(kind: str, before: str | None, after: str) -> str:
    """What an event does to the backlog; "" where the ticket stays solved or unsolved."""
    if kind in ARRIVALS:
        return Event.Turn.IN
    if before is None or (before in UNSOLVED) is (after in UNSOLVED):
        return ""
    return Event.Turn.AGAIN if after in UNSOLVED else Event.Turn.OUT


def write(ticket: Ticket, kind: str, *, by: User | None, at: datetime, detail: str = "") -> Event:
    """Write the event of a verb, as the last thing that it does; cue the rules."""
    event = Event.objects.create(
        ticket=ticket,
        kind=kind,
        at=at,
        by=by,
        detail=detail,
        state=ticket.state,
        turn=turn_of(kind, ticket.status_before, ticket.status),
    )
    whens = whens_of(kind, ticket.status_before, ticket.status)
    acted = is_act_of_a_person(kind, by) and ticket.is_unsolved
    ticket.status_before = ticket.status
    if whens or acted:
        _cue(event, whens, acted=acted)
    return event


def _cue(event: Event, whens: list[str], *, acted: bool) -> None:
    wanted = [*whens, When.IDLE] if acted else whens
    rules = Rule.objects.filter(is_active=True, when__in=wanted)
    found = set(rules.order_by().values_list("when", flat=True).distinct())
    chain = _chain.get()
    depth = chain.depth if chain else 0
    if found & set(whens) and depth <= DEEPEST:
        RuleCue.objects.create(
            event=event,
            ticket=event.ticket,
            whens=whens,
            root=chain.root if chain else None,
            depth=depth,
        )
        wake()
    if When.IDLE in found:
        _cue_late(event)


def _cue_late(event: Event) -> None:
    """Who acted so long ago that the sweep is past it already: mail that came late."""
    marks = IdleMark.objects.filter(rule__is_active=True, until__gte=event.at)
    if rules := list(marks.values_list("rule_id", "calendar_id")):
        calendar = event.ticket.policy.calendar_id
        RuleCue.objects.bulk_create(
            (
                RuleCue(rule_id=rule, ticket=event.ticket, idle_since=event.at)
                for rule, of in rules
                if of == calendar
            ),
            ignore_conflicts=True,
        )
        wake()


def wake() -> None:
    """Let a worker follow the rules after the commit; beat looks as well."""
    if not any(entry[1] is _send_wake_up for entry in connection.run_on_commit):
        transaction.on_commit(_send_wake_up, robust=True)


def _send_wake_up() -> None:
    current_app.send_task(FOLLOW, ignore_result=True, retry=False, expires=60)
