"""Canned replies: texts that agents send often."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from tickets.models.people import Team, User
from tickets.models.tickets import Ticket


class CannedReplyQuerySet(models.QuerySet["CannedReply"]):
    def usable(self, *, user: User, ticket: Ticket) -> CannedReplyQuerySet:
        """Those that are for everybody, for a team of this agent, or for the ticket's team."""
        # Numbers, not a join, which would show a reply once for each membership.
        teams = [*user.teams.values_list("pk", flat=True), ticket.team_id]
        return self.filter(Q(team=None) | Q(team__in=[pk for pk in teams if pk]), is_active=True)

    def usable_by(self, user: User) -> CannedReplyQuerySet:
        """Those that are for everybody, or for a team of this agent."""
        mine = Q(team=None) | Q(team__in=user.teams.order_by().values("pk"))
        return self.filter(mine, is_active=True)

    def with_words(self, words: str) -> CannedReplyQuerySet:
        """Those with each of the words in their title or text, whatever their case."""
        found = self
        for word in words.split()[:10]:
            found = found.filter(Q(title__icontains=word) | Q(text__icontains=word))
        return found


class CannedReply(models.Model):
    """A text with placeholders that an agent puts into a message, and may change there."""

    title = models.CharField(max_length=100, help_text="Agents find it by these words.")
    text = models.TextField()
    team = models.ForeignKey(
        Team,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="canned_replies",
        help_text="Only its members, and those who work on its tickets; empty: everybody.",
    )
    is_active = models.BooleanField("active", default=True)

    objects = CannedReplyQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "canned replies"
        ordering = ["title", "pk"]
        constraints = [
            models.UniqueConstraint(
                Lower("title"),
                "team",
                name="canned_reply_by_its_title",
                nulls_distinct=False,
                violation_error_message="There is a canned reply of this title already.",
            )
        ]

    def __str__(self) -> str:
        return self.title
