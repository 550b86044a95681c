"""Who else is at a ticket: what the open pages of agents say of themselves, every few seconds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Prefetch, QuerySet

from tickets.models import Presence, Ticket, User

# A page speaks up every SECONDS; one that missed it twice is not looked at any more.
SECONDS = 4
PRESENT = timedelta(seconds=10)
# Rows that closed browsers left behind.
FORGOTTEN, AT_MOST = timedelta(minutes=10), 100


@dataclass(frozen=True)
class Other:
    """Somebody else who is there; `is_typing` while he writes something."""

    user: User
    is_typing: bool

    def __str__(self) -> str:
        return f"{self.user} is {'typing' if self.is_typing else 'looking'}"


def look(*, ticket: Ticket, user: User, at: datetime, is_typing: bool) -> list[Other]:
    """Say that somebody looks at the ticket, and answer who else does. Two queries."""
    row = Presence(ticket=ticket, user=user, seen_at=at, typing_at=at if is_typing else None)
    Presence.objects.bulk_create(
        [row],
        update_conflicts=True,
        unique_fields=["ticket", "user"],
        update_fields=["seen_at", "typing_at"],
    )
    return [other_of(row) for row in of_others(user, at).filter(ticket=ticket)]


@transaction.atomic
def leave(*, ticket: Ticket, user: User, at: datetime) -> None:
    """Somebody looks at the ticket no more; who left without a word is forgotten as well."""
    Presence.objects.filter(ticket=ticket, user=user).delete()
    silent = Presence.objects.filter(seen_at__lt=at - FORGOTTEN).select_for_update(skip_locked=True)
    Presence.objects.filter(pk__in=list(silent.values_list("pk", flat=True)[:AT_MOST])).delete()


def of_others(user: User, at: datetime) -> QuerySet[Presence]:
    """Those who are at a ticket, without this person."""
    there = Presence.objects.filter(seen_at__gte=at - PRESENT).exclude(user=user)
    return there.select_related("user").order_by("user__name", "user__email")


def with_others(user: User, at: datetime) -> Prefetch[str]:
    """For a list of tickets: who is at each, as `others`. One query for all of them."""
    return Prefetch("presences", queryset=of_others(user, at), to_attr="present")


def other_of(row: Presence) -> Other:
    """A row in words."""
    return Other(row.user, row.typing_at is not None)
