"""Views of the queue that agents keep."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from tickets.models.people import Team, User


class SavedViewQuerySet(models.QuerySet["SavedView"]):
    def visible_to(self, user: User) -> SavedViewQuerySet:
        """His own, and those of the teams that he is in or leads."""
        theirs = Q(team__in=user.teams.values("pk")) | Q(team__lead=user)
        return self.filter(Q(owner=user) | theirs)

    def editable_by(self, user: User) -> SavedViewQuerySet:
        """His own, and those that the teams he leads share."""
        return self.filter(Q(owner=user) | Q(team__lead=user))


class SavedView(models.Model):
    """Filters, order and columns of the queue under a name, for one person or for a team.

    `query` is the part of an address that narrows the queue down, so a view is a link as well.
    """

    # Of one person, and of one team: each is counted in the sidebar, again and again.
    MOST = 12
    LONGEST = 1000

    name = models.CharField(max_length=60)
    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="saved_views")
    team = models.ForeignKey(
        Team,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="saved_views",
        help_text="Whose members see it too; empty: you alone.",
    )
    query = models.CharField(
        "filters", max_length=LONGEST, blank=True, help_text="As they stand in the queue's address."
    )
    sort = models.CharField("order", max_length=20, blank=True)
    columns = ArrayField(
        models.CharField(max_length=30),
        default=list,
        blank=True,
        help_text="Empty: each reader's own.",
    )

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(
                "owner",
                Lower("name"),
                condition=Q(team=None),
                name="one_private_view_of_a_name",
                violation_error_message="You have a view of that name.",
            ),
            models.UniqueConstraint(
                "team",
                Lower("name"),
                condition=Q(team__isnull=False),
                name="one_view_of_a_name_in_a_team",
                violation_error_message="The team has a view of that name.",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def is_editable_by(self, user: User) -> bool:
        """Whether this person may change and delete it: its owner, or the lead of its team."""
        return self.owner_id == user.pk or (self.team is not None and self.team.lead_id == user.pk)
