"""Who is at work: what agents say of themselves, and when the desk last saw them."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import Count, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from tickets.models.people import User
from tickets.models.tickets import Ticket
from tickets.states import AT_HAND


class AvailabilityQuerySet(models.QuerySet["Availability"]):
    def away(self, at: datetime) -> AvailabilityQuerySet:
        """Those who say that they are not at work at `at`."""
        return self.filter(_away(at))

    def handing_back(self, at: datetime) -> AvailabilityQuerySet:
        """Those who leave their tickets to others while they are away."""
        return self.away(at).filter(hands_back=True)


class Availability(models.Model):
    """Whether an agent takes tickets. Who has no row has never been at the desk."""

    user = models.OneToOneField(
        User, primary_key=True, on_delete=models.CASCADE, related_name="availability"
    )
    is_away = models.BooleanField("away", default=False)
    since = models.DateTimeField(null=True, help_text="When this was set; empty: never.")
    until = models.DateTimeField(null=True, help_text="Away no longer than that; empty: open end.")
    hands_back = models.BooleanField(
        default=False, help_text="While away, open tickets go back to their team."
    )
    set_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    seen_at = models.DateTimeField(null=True, help_text="When this agent last opened a page.")

    objects = AvailabilityQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "availability"
        constraints = [
            models.CheckConstraint(
                condition=Q(is_away=True) | Q(until=None, hands_back=False),
                name="only_who_is_away_comes_back",
            )
        ]
        indexes = [
            # Read by tickets.assignment, which takes the tickets of those who are away.
            models.Index(
                fields=["user"], condition=Q(hands_back=True), name="availability_hands_back"
            )
        ]

    def __str__(self) -> str:
        return "away" if self.is_away else "available"

    def is_away_at(self, at: datetime) -> bool:
        """As `away`, of a row that is loaded."""
        return self.is_away and (self.until is None or self.until > at)

    def was_seen(self, at: datetime) -> bool:
        """Whether this agent has used the desk lately, as `present` asks it."""
        within = _seen_within()
        return within is None or (self.seen_at is not None and self.seen_at >= at - within)


def present(at: datetime) -> QuerySet[User]:
    """Staff who take new tickets: not away, and seen at the desk lately (a setting)."""
    away = Availability.objects.away(at)
    staff = User.objects.staff().exclude(pk__in=away.values("user"))
    within = _seen_within()
    return staff if within is None else staff.filter(availability__seen_at__gte=at - within)


def load() -> Coalesce:
    """How many tickets somebody has at hand; to annotate users with."""
    mine = Ticket.objects.filter(assignee=OuterRef("pk"), status__in=AT_HAND).order_by()
    counted = mine.values("assignee").annotate(number=Count("pk")).values("number")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)


def _away(at: datetime) -> Q:
    return Q(is_away=True) & (Q(until=None) | Q(until__gt=at))


def _seen_within() -> timedelta | None:
    minutes = settings.PRESENT_MINUTES
    return timedelta(minutes=minutes) if minutes else None
