"""Find the tickets on which nobody has acted for as long as a rule waits for.

The index is read from where the last sweep stopped, so it costs what has become idle since, not
what is open. A rule looks at tickets that become idle after it was switched on.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from sla.core.hours import NeverOpen
from sla.models import Calendar, Policy, hours_of
from tickets.models import IdleMark, Organization, Rule, RuleCue, Ticket
from tickets.models.tickets import TicketQuerySet
from tickets.states import UNSOLVED, Status

logger = logging.getLogger(__name__)

BATCH = 500
# Behind every number of a ticket: all of an instant has been considered.
ALL = 2**62


def cue(*, at: datetime) -> None:
    """Cue each idle rule for the tickets that have become idle for it."""
    rules = list(Rule.objects.active().filter(when=Rule.When.IDLE))
    # A rule that was switched off begins anew, and not with all that happened meanwhile.
    IdleMark.objects.exclude(rule__in=rules).delete()
    if not rules:
        return
    for calendar, tickets in list(_calendars()):
        for rule in rules:
            while _cue_batch(rule, calendar, tickets, at):
                pass


def is_idle(ticket: Ticket, rule: Rule, since: datetime) -> bool:
    """Whether it is still as it was when it was cued, and the rule still looks at such ones."""
    waits = ticket.status == Status.PENDING and not rule.idle_while_waiting
    stands = rule.is_active and rule.when == Rule.When.IDLE
    return stands and ticket.is_unsolved and not waits and ticket.acted_at == since


def threshold(rule: Rule, calendar: Calendar, at: datetime) -> datetime | None:
    """Who acted last then, or earlier, has been idle for the rule's hours; None: nobody ever is."""
    if calendar.current_version_id is None or rule.idle_hours is None:
        return None
    try:
        hours = hours_of(calendar.current_version_id)
        return hours.subtract(at, timedelta(hours=rule.idle_hours))
    except (NeverOpen, OverflowError) as problem:
        logger.warning("Rule %s finds nothing idle: %s", rule.pk, problem)
        return None


def _calendars() -> Iterator[tuple[Calendar, Q]]:
    """Each calendar that tickets run on, with the condition for those tickets."""
    default = Policy.objects.select_related("calendar").get(pk=Policy.objects.default().pk)
    own = Organization.objects.filter(policy__isnull=False).values("policy__calendar")
    for calendar in Calendar.objects.filter(Q(pk__in=own) | Q(pk=default.calendar_id)):
        theirs = Q(organization__policy__calendar=calendar)
        if calendar.pk == default.calendar_id:
            theirs |= Q(organization=None) | Q(organization__policy=None)
        yield calendar, theirs


@transaction.atomic
def _cue_batch(rule: Rule, calendar: Calendar, tickets: Q, at: datetime) -> bool:
    """Cue some tickets and move the mark behind them; whether there may be more."""
    latest = threshold(rule, calendar, at)
    if latest is None:
        return False
    begun = {"hours": rule.idle_hours, "until": latest, "ticket_number": ALL}
    IdleMark.objects.get_or_create(rule=rule, calendar=calendar, defaults=begun)
    marks = IdleMark.objects.select_for_update(skip_locked=True)
    mark = marks.filter(rule=rule, calendar=calendar).first()
    if mark is None:  # Another worker is about it.
        return False
    if mark.hours != rule.idle_hours:
        IdleMark.objects.filter(pk=mark.pk).update(**begun)
        return False
    if latest <= mark.until and mark.ticket_number == ALL:
        return False
    found = _become_idle(mark, latest).filter(tickets)
    if not rule.idle_while_waiting:
        found = found.exclude(status=Status.PENDING)
    batch = [(row.pk, row.acted_at or latest) for row in found.only("pk", "acted_at")[:BATCH]]
    RuleCue.objects.bulk_create(
        (RuleCue(rule=rule, ticket_id=number, idle_since=since) for number, since in batch),
        ignore_conflicts=True,
    )
    is_full = len(batch) == BATCH
    mark.ticket_number, mark.until = batch[-1] if is_full else (ALL, latest)
    mark.save(update_fields=["until", "ticket_number"])
    return is_full


def _become_idle(mark: IdleMark, latest: datetime) -> TicketQuerySet:
    """Unsolved tickets whose last act lies between the mark and `latest`, the oldest first."""
    later = Q(acted_at__gt=mark.until) | Q(acted_at=mark.until, pk__gt=mark.ticket_number)
    return (
        Ticket.objects.filter(later, status__in=UNSOLVED)
        .filter(acted_at__gte=mark.until, acted_at__lte=latest)
        .order_by("acted_at", "pk")
    )
