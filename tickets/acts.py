"""What every verb is made of: lock the ticket, check the move, say something, finish."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.core.files.uploadedfile import UploadedFile

from sla import clocks
from tickets import cues, notifications
from tickets.models import Attachment, Event, Holding, Message, Ticket, User
from tickets.models.messages import clean_filename
from tickets.refusals import (
    BeforeLastChange,
    IsMerged,
    IsNoSpam,
    IsSpam,
    MoveNotAllowed,
    NoSuchTicket,
    NothingSaid,
    OnlyForStaff,
    Refused,
)
from tickets.states import Act, Status, after, is_allowed, never

# Two people may press a button at once: whoever gets the lock second acts at the first one's time.
# Any more than this, and the caller works from an old state.
SIMULTANEOUS = timedelta(minutes=1)

# Why a ticket that was closed as this refuses.
OVER: dict[str, type[Refused]] = {
    Ticket.ClosedAs.MERGED: IsMerged,
    Ticket.ClosedAs.SPAM: IsSpam,
    "": IsNoSpam,
}

type Files = Iterable[UploadedFile[Any]]


@dataclass(frozen=True)
class Mail:
    """What a message says beside its words when it came by mail; see the columns of Message."""

    message_id: str = ""
    whole_text: str = ""
    html: str = ""
    remarks: Sequence[str] = ()
    content_ids: Mapping[str, str] = field(default_factory=dict)
    """The content id of an inline image, by the name of its file."""


def locked(ticket: Ticket, at: datetime) -> tuple[Ticket, datetime]:
    """The ticket as it is now, held until the end of the transaction, and the time of the act.

    The lock leaves foreign keys to the ticket alone (FOR NO KEY UPDATE), so that a sweep that
    writes an Event cannot wait for us while we wait for its clock.
    """
    # Nothing is joined: PostgreSQL gives a row that was waited for as it is now, but what is joined
    # to it as it was when the waiting began.
    held = Ticket.objects.select_for_update(no_key=True).get(pk=ticket.pk)
    if at < held.updated_at - SIMULTANEOUS:
        raise BeforeLastChange
    held.held_before, held.status_before = held.holder, held.status
    return held, max(at, held.updated_at)


def both_locked(ticket: Ticket, other: Ticket, at: datetime) -> tuple[Ticket, Ticket, datetime]:
    """Two tickets as `locked` answers them, in an order that lets nobody wait in a circle."""
    held = {}
    for one in sorted([ticket, other], key=lambda one: one.pk):
        held[one.pk], at = locked(one, at)
    return held[ticket.pk], held[other.pk], at


def locked_together(
    ticket: Ticket, others: Iterable[Ticket], at: datetime
) -> tuple[Ticket, datetime]:
    """The ticket as `locked` answers it, with others that change with it held as well.

    Whoever will need several takes them all at first, in the order of `both_locked`.
    """
    wanted = {one.pk: one for one in (ticket, *others)}
    for number in sorted(wanted):
        wanted[number], at = locked(wanted[number], at)
    return wanted[ticket.pk], at


def must_see(by: User, ticket: Ticket) -> None:
    """Raises NoSuchTicket for one that this person may not see."""
    if not Ticket.objects.visible_to(by).filter(pk=ticket.pk).exists():
        raise NoSuchTicket


def move(ticket: Ticket, act: Act) -> Status:
    """The status after this act. Raises MoveNotAllowed, or why a closed one is over for good."""
    if not is_allowed(act, ticket.status):
        raise MoveNotAllowed(act, ticket.status)
    if act in never(ticket.closed_as):
        raise OVER[ticket.closed_as]
    return after(act, ticket.status)


def say(
    ticket: Ticket,
    *,
    by: User,
    text: str,
    at: datetime,
    is_public: bool,
    attachments: Files,
    channel: str = Ticket.Channel.WEB,
    mail: Mail | None = None,
    is_automatic: bool = False,
    is_accepted: bool = True,
) -> Message:
    """Add a message with its files. Raises NothingSaid for one without text."""
    if not text.strip():
        raise NothingSaid
    mail = mail or Mail()
    message = Message.objects.create(
        ticket=ticket,
        author=by,
        by_staff=not acts_as_customer(by, ticket),
        is_public=is_public,
        text=text,
        channel=channel,
        sent_at=at,
        is_automatic=is_automatic,
        is_accepted=is_accepted,
        mail_message_id=mail.message_id,
        whole_text=mail.whole_text,
        html=mail.html,
        remarks=list(mail.remarks),
    )
    for file in attachments:
        Attachment.objects.create(
            message=message,
            file=file,
            filename=clean_filename(file.name or ""),
            content_type=(file.content_type or "")[:100],
            size=file.size or 0,
            content_id=mail.content_ids.get(file.name or "", ""),
        )
    # What came by mail quotes others, and may say that it is from whom it is not.
    if message.by_staff and channel != Ticket.Channel.EMAIL:
        notifications.mentioned(message, ticket=ticket, at=at)
    return message


def done(
    ticket: Ticket,
    kind: Event.Kind,
    *,
    by: User | None,
    at: datetime,
    detail: str = "",
    moves_clocks: bool = True,
) -> Ticket:
    """Save the ticket, with its next deadline if a clock may have moved, and write the event."""
    ticket.updated_at = at
    stopped_waiting = ticket.status_before == Status.PENDING != ticket.status
    if stopped_waiting or cues.is_act_of_a_person(kind, by):
        ticket.acted_at = at
    if moves_clocks:
        ticket.next_due_at = clocks.next_due(ticket.pk)
    ticket.save()
    _held(ticket, at)
    cues.write(ticket, kind, by=by, at=at, detail=detail)
    return ticket


def begin_holding(ticket: Ticket) -> None:
    """Record who has a new ticket first."""
    Holding.objects.create(
        ticket=ticket,
        team_id=ticket.team_id,
        assignee_id=ticket.assignee_id,
        since=ticket.submitted_at,
    )


def _held(ticket: Ticket, at: datetime) -> None:
    """Record who has the ticket from now on, if that is somebody else; without a span, no row."""
    if ticket.holder == ticket.held_before:
        return
    present = ticket.holdings.filter(until=None)
    if not present.filter(since__gte=at).update(team=ticket.team_id, assignee=ticket.assignee_id):
        present.update(until=at)
        Holding.objects.create(
            ticket=ticket, team_id=ticket.team_id, assignee_id=ticket.assignee_id, since=at
        )
    ticket.held_before = ticket.holder


def acts_as_customer(by: User, ticket: Ticket) -> bool:
    """Staff write as staff, except on a ticket that they opened for themselves."""
    return not by.is_staff or by.pk == ticket.requester_id


def must_be_staff(by: User) -> None:
    if not by.is_staff:
        raise OnlyForStaff
