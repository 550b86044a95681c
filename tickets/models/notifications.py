"""What an agent is told of, and how he wants to be told."""

from __future__ import annotations

from datetime import time

from django.db import models
from django.db.models import Q, QuerySet

from tickets.models.people import User
from tickets.models.sight import in_sight_of
from tickets.models.tickets import Ticket


class NotificationQuerySet(models.QuerySet["Notification"]):
    def for_bell(self, user: User) -> NotificationQuerySet:
        """Somebody's own, the newest first, without those of tickets that he sees no more."""
        found = self.filter(user=user).order_by("-pk")
        condition = in_sight_of(user, "ticket__")
        return found if condition is None else found.filter(condition)

    def unread(self) -> NotificationQuerySet:
        return self.filter(read_at=None)

    def waiting(self) -> NotificationQuerySet:
        """Those that are to go by mail and have not."""
        return self.filter(mail_due_at__isnull=False)


class Notification(models.Model):
    """Something happened to a ticket that this person may want to know. Written with its cause."""

    class Kind(models.TextChoices):
        ASSIGNED = "assigned", "Assigned to you"
        MENTIONED = "mentioned", "Mentioned you"
        CUSTOMER_REPLIED = "customer_replied", "Customer replied"
        AT_RISK = "at_risk", "Promise at risk"
        NOTICE = "notice", "For your attention"

    user = models.ForeignKey(
        User, db_index=False, on_delete=models.CASCADE, related_name="notifications"
    )
    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="notifications")
    kind = models.CharField(max_length=20, choices=Kind)
    at = models.DateTimeField()
    by = models.ForeignKey(
        User, null=True, db_index=False, on_delete=models.SET_NULL, related_name="+"
    )
    detail = models.CharField(max_length=300, blank=True, help_text="A few words of what it is.")
    cause = models.CharField(max_length=200, help_text="Tells one person of one thing once.")
    read_at = models.DateTimeField(null=True)
    mail_due_at = models.DateTimeField(
        null=True, help_text="When it is to go by mail; empty: it went, or is not to."
    )

    objects = NotificationQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["user", "cause"], name="notified_once_of_a_cause")
        ]
        indexes = [
            # Read by the list below the bell, and by the page of one's own.
            models.Index("user", models.F("id").desc(), name="notification_of_user"),
            # Read by the bell, which counts; and by the page of a ticket, which was read then.
            models.Index(
                fields=["user", "ticket"], condition=Q(read_at=None), name="notification_unread"
            ),
            # Read by tickets.digests, which puts what is due into mails.
            models.Index(
                fields=["mail_due_at", "user"],
                condition=Q(mail_due_at__isnull=False),
                name="notification_mail_due",
            ),
            # Read by tickets.digests, which forgets what is old.
            models.Index(fields=["at"], name="notification_at"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.ticket}"


class How(models.TextChoices):
    """How somebody is told of one kind."""

    OFF = "off", "Not at all"
    BELL = "bell", "In the bell"
    AT_ONCE = "at_once", "In the bell, and by mail at once"
    DIGEST = "digest", "In the bell, and by mail with others"


_BELL_OR_NOT = [(how.value, how.label) for how in (How.OFF, How.BELL)]


class NotificationChoices(models.Model):
    """How one person wants to be told. Who has no row has chosen nothing: see the defaults."""

    class Every(models.TextChoices):
        HOUR = "hour", "Every hour in which the desk is open"
        DAY = "day", "Once a day"

    user = models.OneToOneField(
        User, primary_key=True, on_delete=models.CASCADE, related_name="notification_choices"
    )
    assigned = models.CharField(max_length=10, choices=How, default=How.AT_ONCE)
    mentioned = models.CharField(max_length=10, choices=How, default=How.AT_ONCE)
    customer_replied = models.CharField(max_length=10, choices=How, default=How.BELL)
    # Whom an escalation, a rule or a macro calls gets its mail at once, and never a second one.
    at_risk = models.CharField(max_length=10, choices=_BELL_OR_NOT, default=How.BELL)
    notice = models.CharField(max_length=10, choices=_BELL_OR_NOT, default=How.BELL)
    digest = models.CharField(max_length=10, choices=Every, default=Every.HOUR)
    daily_at = models.TimeField(default=time(8), help_text="In this person's own time zone.")

    class Meta:
        verbose_name_plural = "notification choices"

    def __str__(self) -> str:
        return f"Choices of {self.user}"

    def how(self, kind: str) -> str:
        """One of `How`, for one of `Notification.Kind`."""
        return str(getattr(self, kind))


def choices_of(users: QuerySet[User] | list[User]) -> dict[int, NotificationChoices]:
    """By the number of each person, in one query."""
    numbers = [user.pk for user in users]
    rows = NotificationChoices.objects.in_bulk(numbers)
    return {pk: rows.get(pk) or NotificationChoices(user_id=pk) for pk in numbers}
