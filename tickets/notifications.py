"""Tell agents quietly of what happened to their tickets: in the bell, and by mail as each chose.

Written in the transaction of the cause. Mails are made later (tickets.digests), so that what
happens to one person within a minute is one mail, and what he has read by then is none.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction

from sla.core.hours import NeverOpen
from sla.models import Calendar, Policy, hours_of
from tickets import mentions
from tickets.models import (
    Escalation,
    How,
    Message,
    Notification,
    NotificationChoices,
    Ticket,
    User,
    choices_of,
)

# What happens to one person within this time is one mail.
GATHERED = timedelta(minutes=1)
HOUR = timedelta(hours=1)
LONGEST_DETAIL = 300

Kind = Notification.Kind


def assigned(ticket: Ticket, *, by: User | None, at: datetime) -> None:
    """Tell the new assignee, unless the agent took the ticket himself."""
    if ticket.assignee is not None:
        cause = f"assigned:{ticket.pk}:{at.isoformat()}"
        _write([ticket.assignee], Kind.ASSIGNED, ticket, by=by, at=at, cause=cause)


def customer_replied(ticket: Ticket, *, by: User, at: datetime, words: str = "") -> None:
    """Tell the assignee. Where nobody has the ticket, the queue shows it: nobody is disturbed."""
    if ticket.assignee is not None:
        cause = f"customer:{ticket.pk}:{at.isoformat()}"
        _write(
            [ticket.assignee], Kind.CUSTOMER_REPLIED, ticket, by=by, at=at, cause=cause,
            detail=words,
        )  # fmt: skip


def mentioned(message: Message, *, ticket: Ticket, at: datetime) -> None:
    """Tell those whom a colleague named with an @, as far as they may see the ticket."""
    people = [u for u in mentions.mentioned(message.text).people if u.pk != message.author_id]
    hidden = mentions.blind(people, ticket)
    told = [user for user in people if user not in hidden]
    cause = f"mentioned:{message.pk}"
    detail = " ".join(message.text.split())
    by = message.author
    _write(told, Kind.MENTIONED, ticket, by=by, at=at, cause=cause, detail=detail)


def at_risk(told: Iterable[tuple[Escalation, Sequence[User | str]]]) -> None:
    """Put escalations into the bells of those who are called; their mails go at once anyway."""
    readers = [(each, user) for each, users in told for user in users if isinstance(user, User)]
    choices = choices_of([user for _, user in readers]) if readers else {}
    Notification.objects.bulk_create(
        (
            Notification(
                user=user, ticket=each.ticket, kind=Kind.AT_RISK, at=each.at, by=each.raised_by,
                detail=each.occasion[:LONGEST_DETAIL], cause=f"escalation:{each.pk}",
            )
            for each, user in readers
            if choices[user.pk].at_risk != How.OFF
        ),
        ignore_conflicts=True,
    )  # fmt: skip


def notice(
    readers: Iterable[User | str], ticket: Ticket, *, by: User | None, at: datetime, cause: str,
    words: str,
) -> None:  # fmt: skip
    """Put what a rule or a macro tells people into their bells; its mails go at once anyway."""
    users = [reader for reader in readers if isinstance(reader, User)]
    _write(users, Kind.NOTICE, ticket, by=by, at=at, cause=cause, detail=words)


def read_ticket(ticket: Ticket, *, user: User, at: datetime) -> None:
    """Somebody has the page of a ticket before him: what he was told of it is no news."""
    Notification.objects.unread().filter(user=user, ticket=ticket).update(read_at=at)


def read_all(*, user: User, up_to: int, at: datetime) -> int:
    """Mark all as read, up to the newest that he saw; answers how many."""
    return Notification.objects.unread().filter(user=user, pk__lte=up_to).update(read_at=at)


@transaction.atomic
def choose(choices: NotificationChoices, *, at: datetime) -> None:
    """Keep what somebody chose; what waits for a mail follows it from now on."""
    choices.save()
    for kind in Kind:
        waiting = Notification.objects.waiting().filter(user=choices.user, kind=kind)
        waiting.update(mail_due_at=mail_due(choices, kind, choices.user, at=at))


def mail_due(
    choices: NotificationChoices, kind: str, user: User, *, at: datetime
) -> datetime | None:
    """When what happens at `at` is to go to this person by mail; None: never."""
    match choices.how(kind):
        case How.AT_ONCE:
            return at + GATHERED
        case How.DIGEST if choices.digest == NotificationChoices.Every.DAY:
            return _next_day(choices, user, at)
        case How.DIGEST:
            return _next_hour(at)
    return None


def _write(
    users: Sequence[User],
    kind: Kind,
    ticket: Ticket,
    *,
    by: User | None,
    at: datetime,
    cause: str,
    detail: str = "",
) -> None:
    """Nobody is told of what he did himself, nor who has left or wants to hear nothing of it."""
    users = [user for user in users if user != by and user.is_active and user.is_staff]
    choices = choices_of(users) if users else {}
    rows = [
        Notification(
            user=user,
            ticket=ticket,
            kind=kind,
            at=at,
            by=by,
            detail=detail[:LONGEST_DETAIL],
            cause=cause,
            mail_due_at=mail_due(choices[user.pk], kind, user, at=at),
        )
        for user in users
        if choices[user.pk].how(kind) != How.OFF
    ]
    if rows:
        Notification.objects.bulk_create(rows, ignore_conflicts=True)


def _next_hour(at: datetime) -> datetime:
    """The next full hour in which the desk is open, by the calendar of the default policy."""
    calendar = _calendar()
    local = at.astimezone(ZoneInfo(calendar.time_zone))  # Full hours there are not those of UTC.
    full = (local.replace(minute=0, second=0, microsecond=0) + HOUR).astimezone(at.tzinfo)
    version = calendar.current_version_id
    if version is None:
        return full
    try:
        return hours_of(version).next_open(full)
    except NeverOpen:
        return full


def _next_day(choices: NotificationChoices, user: User, at: datetime) -> datetime:
    """The next time that it is so late where this person is."""
    zone = ZoneInfo(user.time_zone or _calendar().time_zone)
    local = at.astimezone(zone)
    today = datetime.combine(local.date(), choices.daily_at, zone)
    later = datetime.combine(local.date() + timedelta(days=1), choices.daily_at, zone)
    return (today if today > local else later).astimezone(at.tzinfo)


def _calendar() -> Calendar:
    """That of the desk: the default policy's."""
    return Policy.objects.default().calendar
