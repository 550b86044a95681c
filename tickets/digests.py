"""Put what agents are to be told into mails, one to each for all that is due; forget what is old.

A mail is made once: the person's row is held meanwhile, and what it tells of waits no more when it
is queued, in the same transaction. Who was not written to in time gets one mail later, not several.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import OperationalError, transaction

from sla.models import Policy
from tickets import links, notices, notifications, outbox, wording
from tickets.models import Delivery, Notification, Ticket, User
from tickets.models.mail import DIGEST

logger = logging.getLogger(__name__)

LONGEST_RUN_SECONDS = 30.0
# So many people at once are asked for; the next round goes on.
PEOPLE = 100
MOST_LISTED = 20
KEPT = timedelta(days=90)
FORGOTTEN_AT_ONCE = 1000
# What could not be put into a mail is tried again then.
LATER = timedelta(minutes=10)

Kind = Notification.Kind


def go_on(*, at: datetime) -> int:
    """Write what is due, and forget some of what is old; answers how many mails were made."""
    forget(at=at)
    return send_due(at=at)


def send_due(*, at: datetime, seconds: float = LONGEST_RUN_SECONDS) -> int:
    """One mail to each person to whom something is due. Workers may call this side by side."""
    made, until = 0, time.monotonic() + seconds
    due = Notification.objects.waiting().filter(mail_due_at__lte=at).order_by("user")
    seen: set[int] = set()
    while numbers := list(
        due.exclude(user__in=seen).values_list("user", flat=True).distinct()[:PEOPLE]
    ):
        for number in numbers:
            if time.monotonic() >= until:
                return made
            seen.add(number)
            made += _write_or_postpone(number, at)
    return made


def forget(*, at: datetime) -> int:
    """Delete a batch of what is older than anybody looks for."""
    old = Notification.objects.filter(at__lt=at - KEPT).order_by("at").values_list("pk", flat=True)
    deleted, _ = Notification.objects.filter(pk__in=list(old[:FORGOTTEN_AT_ONCE])).delete()
    return deleted


def _write_or_postpone(number: int, at: datetime) -> bool:
    try:
        return _write(number, at)
    except OperationalError:
        raise  # The database's trouble, not this person's: the next run tries again.
    except Exception:
        logger.exception("Notifications of person %s could not be mailed.", number)
        late = Notification.objects.waiting().filter(user=number, mail_due_at__lte=at)
        late.update(mail_due_at=at + LATER)
        return False


@transaction.atomic
def _write(number: int, at: datetime) -> bool:
    """Whether a mail was made: not of what was read, is hidden by now, or is so no more."""
    held = User.objects.filter(pk=number).select_for_update(skip_locked=True, no_key=True)
    user = held.first()
    if user is None:
        return False
    # Read behind the lock; with what would be due in a moment, for two mails disturb twice.
    due = Notification.objects.waiting().filter(
        user=user, mail_due_at__lte=at + notifications.GATHERED
    )
    found = list(due.select_related("by").order_by("pk"))
    Notification.objects.filter(pk__in=[each.pk for each in found]).update(mail_due_at=None)
    if not (user.is_active and user.is_staff):
        return False
    news = _still_news([each for each in found if each.read_at is None], user)
    if not news:
        return False
    outbox.post(_mails(news, user, at))
    return True


def _still_news(found: Sequence[Notification], user: User) -> list[Notification]:
    """With their tickets: of those that this person sees, and has if it was about having it."""
    tickets = Ticket.objects.visible_to(user).select_related(
        "priority", "requester", "organization", "mailbox"
    )
    seen = tickets.in_bulk({each.ticket_id for each in found})
    news = []
    for each in found:
        ticket = seen.get(each.ticket_id)
        if ticket and (each.kind != Kind.ASSIGNED or ticket.assignee_id == user.pk):
            each.ticket = ticket
            news.append(each)
    return news


def _mails(news: Sequence[Notification], user: User, at: datetime) -> list[Delivery]:
    tickets = {each.ticket_id for each in news}
    ticket = news[0].ticket if len(tickets) == 1 else None
    if len(news) == 1 and ticket and news[0].kind == Kind.ASSIGNED:
        occasion = "assignment"
        letter = notices.assigned(ticket, user, by=news[0].by, at=at)
    else:
        occasion, letter = DIGEST, _letter(news, user, ticket)
    cause = f"{DIGEST}:{user.pk}:{news[0].pk}:{news[-1].pk}"
    return outbox.drafts([letter], occasion=occasion, cause=cause, ticket=ticket, at=at)


def _letter(news: Sequence[Notification], user: User, ticket: Ticket | None) -> outbox.Letter:
    # What concerns one ticket stands together.
    listed = sorted(news[:MOST_LISTED], key=lambda each: (each.ticket_id, each.pk))
    words = wording.words(
        DIGEST,
        reader=user,
        zone=user.time_zone or Policy.objects.default().calendar.time_zone,
        lines=[(each, links.desk_url_for(each.ticket)) for each in listed],
        one=news[0] if len(news) == 1 else None,
        number=len(news),
        more=len(news) - len(listed),
        ticket=ticket,
        link=links.desk_url_for(ticket) if ticket else links.notifications_url(),
        choices_link=links.notification_choices_url(),
    )
    return outbox.Letter(user.email, words.subject, words.text, words.html, user)
