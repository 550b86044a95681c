"""Tickets, and who may see them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import F, Q
from django.utils.functional import cached_property

from sla.models import Policy, Priority
from tickets.models.catalog import RequestType
from tickets.models.people import Organization, Team, User, policy_for
from tickets.models.sight import in_sight_of
from tickets.models.tags import Tag
from tickets.states import AT_HAND, UNSOLVED, Act, Status, is_allowed, never

if TYPE_CHECKING:
    from tickets.models.messages import Message

# The condition of the partial indexes; spelled out, for migrations must not follow a constant.
IS_UNSOLVED = Q(status__in=["new", "open", "pending"])
# What `visible_to` asks of a ticket: an index with these answers who sees how many by itself.
SIGHT = ["requester", "organization", "team", "assignee", "with_engineering"]


class TicketQuerySet(models.QuerySet["Ticket"]):
    def visible_to(self, user: User | AnonymousUser) -> TicketQuerySet:
        """The one place that decides who may see a ticket: `tickets.models.sight` says how."""
        condition = in_sight_of(user)
        return self if condition is None else self.filter(condition)

    def open(self) -> TicketQuerySet:
        return self.filter(status__in=UNSOLVED)

    def in_pool(self) -> TicketQuerySet:
        """They are with a team, want work, and nobody has them; the most pressing first."""
        found = self.filter(team__isnull=False, assignee=None, status__in=AT_HAND)
        return found.order_by(F("next_due_at").asc(nulls_last=True), "pk")

    def at_hand_of(self, user: User) -> TicketQuerySet:
        """What somebody has to work on: not what waits for its customer."""
        return self.filter(assignee=user, status__in=AT_HAND)

    def for_desk(self) -> TicketQuerySet:
        """With all that a row of the queue shows, in the order of what is due next."""
        return self.select_related(
            "priority", "requester", "organization", "team", "assignee"
        ).order_by(F("next_due_at").asc(nulls_last=True), "-pk")


class Ticket(models.Model):
    """A request. Only the verbs of `tickets.lifecycle` change it."""

    class Channel(models.TextChoices):
        WEB = "web", "Web form"
        EMAIL = "email", "E-mail"
        SLACK = "slack", "Slack"
        GOOGLE_CHAT = "google_chat", "Google Chat"
        WHATSAPP = "whatsapp", "WhatsApp"
        PHONE = "phone", "Telephone"

    class ClosedAs(models.TextChoices):
        """Why a closed ticket needs no answer; empty for one that is done."""

        MERGED = "merged", "Merged"
        SPAM = "spam", "Spam"

    subject = models.CharField(max_length=200)
    requester = models.ForeignKey(User, on_delete=models.PROTECT, related_name="tickets")
    organization = models.ForeignKey(
        Organization, null=True, blank=True, on_delete=models.PROTECT, related_name="tickets"
    )
    request_type = models.ForeignKey(
        RequestType, null=True, blank=True, on_delete=models.PROTECT, related_name="tickets"
    )
    share_of_users = models.PositiveSmallIntegerField(
        "share of users affected, in %", null=True, blank=True
    )
    priority = models.ForeignKey(Priority, on_delete=models.PROTECT, related_name="tickets")
    status = models.CharField(max_length=20, choices=Status, default=Status.NEW)
    closed_as = models.CharField(max_length=10, choices=ClosedAs, blank=True, default="")
    merged_into = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        db_index=False,  # Of the few that have one, by an index of its own.
        on_delete=models.PROTECT,
        related_name="merged",
        help_text="The ticket that goes on in its place, never one that is merged itself.",
    )
    with_engineering = models.BooleanField(default=False)
    engineering_reason = models.CharField(max_length=500, blank=True, default="")
    engineering_expected_on = models.DateField(
        null=True, blank=True, help_text="When engineering expects to be done: customers see it."
    )
    team = models.ForeignKey(
        Team, null=True, blank=True, on_delete=models.PROTECT, related_name="tickets"
    )
    assignee = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="assigned_tickets"
    )
    channel = models.CharField(max_length=20, choices=Channel, default=Channel.WEB)
    mailbox = models.ForeignKey(
        "tickets.Mailbox",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="tickets",
        help_text="That it came by, and that answers name.",
    )
    nonce = models.CharField(  # noqa: DJ001 - unique, and most tickets have none
        max_length=64,
        null=True,
        unique=True,
        editable=False,
        help_text="Of the submission that made it: submitting twice makes one ticket.",
    )

    external_reference = models.CharField(
        max_length=100,
        blank=True,
        default="",
        editable=False,
        help_text="What the desk that it was brought in from called it.",
    )

    submitted_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    first_responded_at = models.DateTimeField(null=True, blank=True)
    resolved_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    escalated_at = models.DateTimeField(
        null=True, blank=True, help_text="When it was escalated last; empty: never."
    )
    links_void_before = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="Links made until then are void."
    )
    next_due_at = models.DateTimeField(
        null=True, blank=True, help_text="The next promise; empty while none is running."
    )

    acted_at = models.DateTimeField(
        null=True,
        editable=False,
        help_text="When a person last did something, or it last stopped waiting for the customer.",
    )

    # Its status when a verb got hold of it; kept by `tickets.acts`.
    status_before: str | None = None
    # Team and assignee when a verb got hold of the ticket; kept by `tickets.acts`.
    held_before: tuple[int | None, int | None] = (None, None)

    tags = models.ManyToManyField(Tag, blank=True, related_name="tickets")

    objects = TicketQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        permissions = [("view_every_ticket", "Can see the tickets of every team")]
        constraints = [
            # So that the same file twice brings in nothing twice.
            models.UniqueConstraint(
                fields=["external_reference"],
                condition=~Q(external_reference=""),
                name="one_ticket_of_an_external_reference",
            ),
            models.CheckConstraint(
                condition=Q(share_of_users=None) | Q(share_of_users__lte=100),
                name="share_of_users_is_a_percentage",
            ),
            models.CheckConstraint(
                condition=Q(closed_as="") | Q(status="closed"),
                name="only_a_closed_one_is_closed_as",
            ),
            models.CheckConstraint(
                condition=Q(closed_as="merged", merged_into__isnull=False)
                | (~Q(closed_as="merged") & Q(merged_into=None)),
                name="a_merged_one_says_where",
            ),
            models.CheckConstraint(
                condition=~Q(merged_into=F("id")), name="not_merged_into_itself"
            ),
            models.CheckConstraint(
                condition=Q(with_engineering=True)
                | Q(engineering_expected_on=None, engineering_reason=""),
                name="only_engineering_is_expected",
            ),
        ]
        indexes = [
            # Read by sla.reports: the few that no report counts.
            models.Index(fields=["id"], condition=~Q(closed_as=""), name="ticket_uncounted"),
            # Read by sla.reports: how old the backlog is.
            models.Index(fields=["submitted_at"], condition=IS_UNSOLVED, name="ticket_age"),
            # Read by the pages of a ticket that others were merged into.
            models.Index(
                fields=["merged_into"],
                condition=Q(merged_into__isnull=False),
                name="ticket_merged_into",
            ),
            # Read by the agents' queue: unsolved tickets in the order of what is due next.
            models.Index(
                F("next_due_at").asc(nulls_last=True),
                F("id").desc(),
                name="ticket_queue",
                include=SIGHT,
                condition=IS_UNSOLVED,
            ),
            # Read by tickets.assignment: what a team's pool holds, the most pressing first.
            models.Index(
                "team",
                F("next_due_at").asc(nulls_last=True),
                "id",
                name="ticket_pool",
                condition=Q(assignee=None, status__in=["new", "open"]),
            ),
            # Read by tickets.assignment: how much an agent has at hand, and what.
            models.Index(
                fields=["assignee", "id"],
                name="ticket_at_hand",
                condition=Q(status__in=["new", "open"]),
            ),
            # Read by tickets.rules: what has become idle since it last looked.
            models.Index(
                fields=["acted_at", "id"],
                name="ticket_idle",
                condition=Q(status__in=["new", "open", "pending"]),
            ),
            # Read by the queue without a status filter.
            models.Index(
                F("next_due_at").asc(nulls_last=True), F("id").desc(), name="ticket_due_next"
            ),
            # Read by the queues of the sidebar, in the same order; their counts stop early.
            models.Index(
                F("assignee"),
                F("next_due_at").asc(nulls_last=True),
                F("id").desc(),
                name="ticket_of_assignee",
                include=[name for name in SIGHT if name != "assignee"],
                condition=IS_UNSOLVED,
            ),
            models.Index(
                F("team"),
                F("next_due_at").asc(nulls_last=True),
                F("id").desc(),
                name="ticket_of_team",
                include=[name for name in SIGHT if name != "team"],
                condition=IS_UNSOLVED,
            ),
            models.Index(
                F("next_due_at").asc(nulls_last=True),
                F("id").desc(),
                name="ticket_unassigned",
                include=SIGHT,
                condition=IS_UNSOLVED & Q(assignee=None),
            ),
            models.Index(
                F("next_due_at").asc(nulls_last=True),
                F("id").desc(),
                name="ticket_pending",
                include=SIGHT,
                condition=Q(status="pending"),
            ),
            models.Index(
                F("next_due_at").asc(nulls_last=True),
                F("id").desc(),
                name="ticket_with_engineering",
                include=SIGHT,
                condition=IS_UNSOLVED & Q(with_engineering=True),
            ),
            models.Index(
                F("next_due_at").asc(nulls_last=True),
                F("id").desc(),
                name="ticket_escalated",
                include=SIGHT,
                condition=IS_UNSOLVED & Q(escalated_at__isnull=False),
            ),
            # Read by the queue of what was solved, the last one first.
            models.Index(
                F("resolved_at").desc(nulls_last=True),
                F("id").desc(),
                name="ticket_solved",
                condition=Q(status__in=["resolved", "closed"]),
            ),
            # Read by unsolved tickets in the order of their last change, both ways.
            models.Index(
                F("updated_at").desc(), F("id").desc(), name="ticket_updated", condition=IS_UNSOLVED
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reference} {self.subject}"

    @property
    def reference(self) -> str:
        """What people call the ticket, for example HD-1042."""
        return f"{settings.TICKET_PREFIX}-{self.pk}"

    @cached_property
    def policy(self) -> Policy:
        """The policy in force for the requester's organization, asked once for each instance."""
        return policy_for(self.organization)

    @property
    def holder(self) -> tuple[int | None, int | None]:
        """The numbers of its team and its assignee."""
        return self.team_id, self.assignee_id

    @property
    def state(self) -> dict[str, Any]:
        """What an event keeps of it, by number: see `Event.state`."""
        return {
            "status": str(self.status),
            "priority": self.priority_id,
            "team": self.team_id,
            "assignee": self.assignee_id,
            "engineering": self.with_engineering,
        }

    @property
    def is_unsolved(self) -> bool:
        return self.status in UNSOLVED

    def unanswered_since(self) -> datetime | None:
        """When the customer first wrote after our last public message; None: it is our answer."""
        public = self.messages.filter(is_public=True)
        # What a rule sends is nobody's answer (reading 4).
        answers = public.filter(by_staff=True, is_automatic=False)
        answer = answers.order_by("-sent_at", "-pk").first()
        if answer is None:
            return self.submitted_at
        after = Q(sent_at__gt=answer.sent_at) | Q(sent_at=answer.sent_at, pk__gt=answer.pk)
        # What was split off is to be answered elsewhere.
        questions = public.filter(after, by_staff=False, split_into=None).order_by("sent_at", "pk")
        asked_at: datetime | None = questions.values_list("sent_at", flat=True).first()
        return asked_at

    def may(self, act: Act) -> bool:
        """Whether the table of moves allows this act now."""
        return is_allowed(act, self.status) and act not in never(self.closed_as)

    def conversation(self) -> models.QuerySet[Message]:
        """The messages, with those of the tickets that were merged into it: for staff alone.

        They stay where they were said, so that nobody sees more of them than before.
        """
        theirs = Ticket.objects.filter(Q(pk=self.pk) | Q(merged_into=self.pk)).values("pk")
        return apps.get_model("tickets", "Message").objects.filter(ticket__in=theirs)
