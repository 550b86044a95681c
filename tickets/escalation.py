"""Escalations: by a step that is due, or by the customer; told to people, who acknowledge them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import prefetch_related_objects

from sla import sweep
from sla.models import Firing, Policy, Role
from tickets import lifecycle, notices, notifications, outbox, roles
from tickets.acts import done, locked, move
from tickets.models import Delivery, Escalation, Event, Organization, Ticket, User, policy_for
from tickets.refusals import (
    AlreadyAcknowledged,
    EscalatedToday,
    EscalationOver,
    NoReasonGiven,
    NotTheRequester,
    OnlyForStaff,
)
from tickets.states import Act

type Reader = User | str


def fire_due_steps(*, at: datetime) -> int:
    """Fire the steps that are due, each once, and queue their mail; answers how many fired."""
    return sweep.fire_due_steps(at=at, on_firings=escalate_firings)


def escalate_firings(firings: Sequence[Firing]) -> None:
    """What steps that fired do: their acts, then an Escalation, an Event and mails for each.

    The tickets are locked. A step whose roles nobody fills reaches the escalation address.
    """
    _act(firings)
    tickets = [firing.clock.ticket for firing in firings]
    prefetch_related_objects(
        tickets, "assignee", "requester", "team__lead", "team__members", "organization__spoc"
    )
    crew = Crew()
    # Firings of one ticket share its row, and its policy is asked for once a company.
    for ticket in tickets:
        ticket.policy = crew.policy_of(ticket.organization)
    told = {firing: crew.readers(firing.clock.ticket, firing.step.roles) for firing in firings}
    escalations = Escalation.objects.bulk_create(
        Escalation(ticket=firing.clock.ticket, at=firing.at, firing=firing, told=_names(readers))
        for firing, readers in told.items()
    )
    deliveries: list[Delivery] = []
    for escalation, readers in zip(escalations, told.values(), strict=True):
        deliveries += _drafts(escalation, readers)
    outbox.post(deliveries)
    notifications.at_risk(zip(escalations, told.values(), strict=True))
    Event.objects.bulk_create(
        Event(
            ticket=escalation.ticket,
            kind=Event.Kind.ESCALATED,
            at=escalation.at,
            detail=f"{escalation.occasion}. Told: {escalation.told}.",
        )
        for escalation in escalations
    )


@transaction.atomic
def escalate(*, ticket: Ticket, by: User, reason: str, at: datetime) -> Ticket:
    """The requester asks for somebody to look at it now: once a day, and with a reason.

    The organization's single point of contact and the escalation address are told.
    """
    ticket, at = locked(ticket, at)
    if by.pk != ticket.requester_id:
        raise NotTheRequester
    move(ticket, Act.ESCALATE)
    reason = reason.strip()
    if not reason:
        raise NoReasonGiven
    readers = Crew().readers(ticket, [Role.SPOC, Role.ESCALATION_ADDRESS])
    escalation = Escalation(
        ticket=ticket,
        at=at,
        raised_by=by,
        day=day_of(ticket, at),
        reason=reason,
        told=_names(readers),
    )
    try:
        with transaction.atomic():
            escalation.save(force_insert=True)
    except IntegrityError as error:
        if not ticket.escalations.filter(day=escalation.day).exists():
            raise
        raise EscalatedToday from error
    outbox.post(_drafts(escalation, readers))
    notifications.at_risk([(escalation, readers)])
    ticket.escalated_at = at
    kind = Event.Kind.ESCALATED_BY_CUSTOMER
    detail = f"Told: {escalation.told}. Reason: {reason}"
    return done(ticket, kind, by=by, at=at, detail=detail, moves_clocks=False)


def day_of(ticket: Ticket, at: datetime) -> date:
    """The local date in the zone of the ticket's calendar: one escalation by the customer each."""
    return at.astimezone(ZoneInfo(ticket.policy.calendar.time_zone)).date()


@transaction.atomic
def acknowledge(*, escalation: Escalation, by: Reader, at: datetime) -> Escalation:
    """Somebody has seen it and looks after it; the first one is on record.

    `by` is a member of staff, or the address at which somebody was told.
    """
    person = by if isinstance(by, User) else None
    if person and not (person.is_staff and person.is_active):
        raise OnlyForStaff
    ticket, at = locked(escalation.ticket, at)
    held = Escalation.objects.for_reading().get(pk=escalation.pk)
    if held.acknowledged_at is not None:
        raise AlreadyAcknowledged
    if not held.is_open:
        raise EscalationOver
    held.acknowledged_at, held.acknowledged_by = at, person
    held.acknowledged_as = "" if person else str(by)
    held.save()
    kind, detail = Event.Kind.ACKNOWLEDGED, "" if person else f"By {by}."
    done(ticket, kind, by=person, at=at, detail=detail, moves_clocks=False)
    return held


@transaction.atomic
def notify(
    *,
    ticket: Ticket,
    by: User | None,
    wanted: Sequence[str],
    at: datetime,
    words: str = "",
    cause: str = "",
) -> Ticket:
    """Tell those who have these roles of a ticket, as a macro or a rule asks for.

    A `cause` reaches each of them once, however often it is told.
    """
    ticket, at = locked(ticket, at)
    readers = [reader for reader in Crew().readers(ticket, wanted) if reader != by]
    cause = f"notice:{ticket.pk}:{cause or at.isoformat()}"
    words = words.strip()
    notices.tell(readers, "notice", ticket, cause=cause, at=at, words=words, told_by=by)
    notifications.notice(readers, ticket, by=by, at=at, cause=cause, words=words)
    detail = f"Told: {_names(readers)}."
    return done(ticket, Event.Kind.NOTIFIED, by=by, at=at, detail=detail, moves_clocks=False)


class Crew:
    """The people behind roles, each group asked for once; for a batch of tickets."""

    def __init__(self) -> None:
        self._policies: dict[int | None, Policy] = {}

    def policy_of(self, organization: Organization | None) -> Policy:
        """The policy in force for this company, which shows the calendar's zone."""
        own = organization.policy_id if organization else None
        if own not in self._policies:
            self._policies[own] = policy_for(organization)
        return self._policies[own]

    def readers(self, ticket: Ticket, wanted: Sequence[str]) -> list[Reader]:
        """Whom to tell, each once; the escalation address when nobody fills the roles."""
        if not wanted:
            return []
        found = dict.fromkeys(reader for role in wanted for reader in self._in(role, ticket))
        return list(found) or [self._escalations]

    def _in(self, role: str, ticket: Ticket) -> Iterator[Reader]:
        """A role that nobody fills, or nobody who is here, adds none."""
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
                yield self._escalations
            case Role.MANAGERS:
                yield from self._managers
            case Role.ENGINEERING:
                yield from self._engineers

    @cached_property
    def _escalations(self) -> Reader:
        """Whoever reads the escalation address: a member of staff, or nobody whom we know."""
        address = settings.ESCALATION_ADDRESS
        return (
            User.objects.staff().filter(email=User.objects.clean_email(address)).first() or address
        )

    @cached_property
    def _managers(self) -> list[User]:
        return list(User.objects.staff().filter(groups__name=roles.MANAGER))

    @cached_property
    def _engineers(self) -> list[User]:
        return list(User.objects.staff().filter(teams__is_engineering=True).distinct())


def _drafts(escalation: Escalation, readers: Sequence[Reader]) -> list[Delivery]:
    """A mail for each reader, with the reader's own link to acknowledge it."""
    ticket, firing = escalation.ticket, escalation.firing
    if firing is None:
        occasion, cause, context = "customer_escalation", f"escalation:{escalation.pk}", {}
    else:
        occasion, cause = "escalation", f"firing:{firing.pk}"
        broken = firing.percent >= 100 or firing.clock.is_breached(firing.at)
        context = {"clock": firing.clock, "percent": firing.percent, "broken": broken}
    letters = [notices.escalated(reader, occasion, escalation, **context) for reader in readers]
    return outbox.drafts(letters, occasion=occasion, cause=cause, ticket=ticket, at=escalation.at)


def _act(firings: Sequence[Firing]) -> None:
    """Do to the tickets what the steps say, where it is not so already."""
    acting = [firing for firing in firings if firing.step.acts]
    for firing in acting:
        _move_on(firing)
    marked = [firing for firing in acting if firing.step.marks_escalated]
    if marked:
        # A sweep fires at one instant. The Event of the mark is that of the firing.
        tickets = Ticket.objects.filter(pk__in=[firing.clock.ticket_id for firing in marked])
        tickets.update(escalated_at=marked[0].at)
    # Each clock came with a copy of its ticket: those who are told read how it is now.
    present = Ticket.objects.in_bulk({firing.clock.ticket_id for firing in acting})
    for firing in firings:
        if (ticket := present.get(firing.clock.ticket_id)) is not None:
            firing.clock.ticket = ticket


def _move_on(firing: Firing) -> None:
    """Hand the ticket to the step's team, and to engineering."""
    step = firing.step
    if step.hand_to is None and not step.raises_to_engineering:
        return
    ticket = Ticket.objects.get(pk=firing.clock.ticket_id)
    # A sweep that takes long acts after those who worked meanwhile.
    at = max(firing.at, ticket.updated_at)
    if step.hand_to is not None and step.hand_to_id != ticket.team_id:
        lifecycle.assign(ticket=ticket, by=None, at=at, team=step.hand_to)
    if step.raises_to_engineering and not ticket.with_engineering:
        reason = f"{Escalation(firing=firing).occasion}."
        lifecycle.escalate_to_engineering(ticket=ticket, by=None, at=at, reason=reason)


def _names(readers: Sequence[Reader]) -> str:
    return ", ".join(str(reader) for reader in readers) or "nobody"


def _active(person: User | None) -> list[User]:
    """Whoever has left hears nothing more of our customers."""
    return [person] if person and person.is_active else []


def _members(ticket: Ticket) -> list[User]:
    # Prefetched: a filter in the database would ask once a ticket.
    return [user for user in ticket.team.members.all() if user.is_active] if ticket.team else []
