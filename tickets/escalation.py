"""Tell people when a promise is at risk or broken: what a firing escalation step does."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.conf import settings

from sla import sweep
from sla.models import Clock, Firing, Role
from tickets import notices
from tickets.models import Event, Ticket, User


def fire_due_steps(*, at: datetime) -> int:
    """Fire the steps that are due, each once, and queue their mail; answers how many fired."""
    return sweep.fire_due_steps(at=at, on_firing=tell_roles)


def tell_roles(firing: Firing) -> None:
    """Queue one mail for each person in the step's roles, and write the ticket's Event."""
    clock = firing.clock
    ticket: Ticket = clock.ticket
    # A step whose roles nobody fills must still reach somebody.
    readers = list(dict.fromkeys(_readers(ticket, firing.step.roles))) or [
        settings.ESCALATION_ADDRESS
    ]
    notices.tell(
        readers,
        "escalation",
        ticket,
        cause=f"firing:{firing.pk}",
        at=firing.at,
        clock=clock,
        step=firing.step,
        broken=clock.is_breached(firing.at) or firing.step.percent >= 100,
    )
    told = ", ".join(str(reader) for reader in readers)
    Event.objects.create(
        ticket=ticket,
        kind=Event.Kind.ESCALATED,
        at=firing.at,
        detail=f"{_occasion(clock, firing)}. Told: {told}.",
    )


def _occasion(clock: Clock, firing: Firing) -> str:
    return f"{clock}: {firing.step.percent} % of the target is used"


def _readers(ticket: Ticket, roles: list[str]) -> Iterator[User | str]:
    """The people behind the roles; a role that nobody fills, or nobody who is here, adds none."""
    for role in roles:
        match role:
            case Role.ASSIGNEE:
                yield from _active(ticket.assignee) or _members(ticket)
            case Role.TEAM:
                yield from _members(ticket)
            case Role.TEAM_LEAD:
                yield from _active(ticket.team.lead) if ticket.team else []
            case Role.SPOC:
                yield from _active(ticket.organization.spoc) if ticket.organization else []
            case Role.ESCALATION_ADDRESS:
                yield settings.ESCALATION_ADDRESS


def _active(person: User | None) -> list[User]:
    """Whoever has left hears nothing more of our customers."""
    return [person] if person and person.is_active else []


def _members(ticket: Ticket) -> list[User]:
    return list(ticket.team.members.filter(is_active=True)) if ticket.team else []
