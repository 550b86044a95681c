"""The append-only history of a ticket."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

from tickets.models.people import User
from tickets.models.tickets import Ticket


class Event(models.Model):
    """One entry of a ticket's history; written by verbs, changed by nobody."""

    class Kind(models.TextChoices):
        OPENED = "opened", "Opened"
        REPLIED = "replied", "Replied"
        CUSTOMER_REPLIED = "customer_replied", "Customer replied"
        NOTED = "noted", "Internal note"
        ASSIGNED = "assigned", "Assigned"
        HANDED_BACK = "handed_back", "Handed back"
        PRIORITY_CHANGED = "priority_changed", "Priority changed"
        WAITING = "waiting", "Waiting for customer"
        RESUMED = "resumed", "Resumed"
        TO_ENGINEERING = "to_engineering", "Escalated to engineering"
        FROM_ENGINEERING = "from_engineering", "Back from engineering"
        ESCALATED = "escalated", "Escalation"
        ESCALATED_BY_CUSTOMER = "escalated_by_customer", "Escalated by the customer"
        ACKNOWLEDGED = "acknowledged", "Escalation acknowledged"
        AUTOMATIC = "automatic", "Automatic message"
        UNVERIFIED = "unverified", "Message of somebody unknown"
        ACCEPTED = "accepted", "Message accepted"
        FOLLOWED = "followed", "Follower added"
        UNFOLLOWED = "unfollowed", "Follower removed"
        LINKS_VOIDED = "links_voided", "Links declared void"
        RATED = "rated", "Rated"
        RESOLVED = "resolved", "Resolved"
        REOPENED = "reopened", "Reopened"
        CLOSED = "closed", "Closed"
        TAGGED = "tagged", "Tag added"
        UNTAGGED = "untagged", "Tag removed"
        LINKED = "linked", "Linked"
        UNLINKED = "unlinked", "Link removed"
        MERGED = "merged", "Merged into another ticket"
        TOOK_IN = "took_in", "Another ticket merged into this one"
        SPLIT = "split", "Split off"
        SPLIT_FROM = "split_from", "Split from another ticket"
        EXPECTED = "expected", "Expected date of engineering"
        SPAM = "spam", "Marked as spam"
        NOT_SPAM = "not_spam", "Not spam after all"
        UNDELIVERED = "undelivered", "Message not delivered"
        SENT_AUTOMATICALLY = "sent_automatically", "Automatic message sent"
        NOTIFIED = "notified", "People told"
        IDLE = "idle", "Idle"
        IMPORTED = "imported", "Brought in from another desk"
        RULE = "rule", "Rule"
        MACRO = "macro", "Macro"

    class Turn(models.TextChoices):
        """What an event did to the backlog: the unsolved tickets."""

        IN = "in", "Came in"
        OUT = "out", "Solved"
        AGAIN = "again", "Reopened"

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="events")
    kind = models.CharField(max_length=30, choices=Kind)
    at = models.DateTimeField()
    by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    detail = models.TextField(blank=True, help_text="What changed and why, as a sentence.")
    state: Any = models.JSONField(
        null=True,
        editable=False,
        help_text="The ticket after it: status, priority, team, assignee, engineering.",
    )

    turn = models.CharField(
        max_length=5,
        choices=Turn,
        blank=True,
        default="",
        editable=False,
        help_text="Whether the ticket came in, was solved or reopened by it; else empty.",
    )

    class Meta:
        ordering = ["at", "pk"]
        indexes = [
            # Read by sla.reports: what came in and was solved, and the backlog at an instant.
            models.Index(
                fields=["at"],
                include=["turn", "ticket"],
                condition=~Q(turn=""),
                name="event_turn",
            ),
            # Read by sla.reports: promises of tickets that engineering was asked about before.
            models.Index(
                fields=["ticket", "at"],
                condition=Q(kind="to_engineering"),
                name="event_to_engineering",
            ),
            # Read by sla.reports: escalations in a period that no sweep brought about.
            models.Index(
                fields=["kind", "at"],
                condition=Q(kind__in=["to_engineering", "escalated_by_customer"]),
                name="event_escalations",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.at}"
