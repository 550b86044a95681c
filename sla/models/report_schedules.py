"""When saved reports are sent by mail, to whom, and that they were."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Exists, OuterRef, Q

from sla.core.rhythm import Every, Rhythm
from sla.core.week import WEEKDAYS
from sla.models.calendars import is_time_zone
from sla.models.saved_reports import SavedReport


class ReportScheduleQuerySet(models.QuerySet["ReportSchedule"]):
    def visible_to(self, user: Any) -> ReportScheduleQuerySet:
        """One's own, those of one's own reports, and those by which one gets mail."""
        if user.is_superuser:
            return self
        through = ReportSchedule.recipients.through
        gets = through.objects.filter(reportschedule=OuterRef("pk"), user=user)
        return self.filter(Q(owner=user) | Q(report__owner=user) | Exists(gets))

    def due(self, at: datetime) -> ReportScheduleQuerySet:
        """Those to be sent by now, or of which somebody wants a test."""
        return self.filter(Q(next_at__lte=at) | Q(test_to__isnull=False))


class ReportSchedule(models.Model):
    """A saved report that is sent again and again.

    `next_at` is when; `tickets.scheduled_reports` sends it, and goes on in the same transaction.
    """

    class Often(models.TextChoices):
        DAY = Every.DAY.value, "Every day"
        WEEK = Every.WEEK.value, "Every week"
        MONTH = Every.MONTH.value, "Every month"

    # What decides when it is sent.
    TIMING = ("every", "weekday", "day", "time", "time_zone", "is_active")

    # A report stays as long as it is sent; only with its owner both go.
    report = models.ForeignKey(SavedReport, on_delete=models.RESTRICT, related_name="schedules")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="report_schedules"
    )
    recipients = models.ManyToManyField(
        settings.AUTH_USER_MODEL,
        related_name="reports_by_mail",
        verbose_name="to",
        help_text="Those who may read reports. Who may no more gets none.",
    )
    every = models.CharField("sent", max_length=10, choices=Often, default=Often.WEEK)
    weekday = models.PositiveSmallIntegerField(
        choices=list(enumerate(WEEKDAYS)), default=0, help_text="Of a weekly one."
    )
    day = models.PositiveSmallIntegerField(
        "day of the month",
        default=1,
        validators=[MinValueValidator(1), MaxValueValidator(31)],
        help_text="Of a monthly one. A shorter month has it on its last day.",
    )
    time = models.TimeField("at", default=time(8))
    time_zone = models.CharField(
        max_length=64, validators=[is_time_zone], help_text="Such as Asia/Kolkata."
    )
    is_active = models.BooleanField("active", default=True, help_text="Others are not sent.")
    next_at = models.DateTimeField(
        "next time", null=True, editable=False, help_text="Empty: it is not sent."
    )
    problem = models.TextField(
        blank=True, editable=False, help_text="Why it was not sent the last time."
    )
    test_to = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        editable=False,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="Who asked to get it once, now.",
    )

    objects = ReportScheduleQuerySet.as_manager()

    class Meta:
        verbose_name = "report by mail"
        verbose_name_plural = "reports by mail"
        ordering = ["report__name", "pk"]
        indexes = [
            # Read by tickets.scheduled_reports.
            models.Index(
                fields=["next_at"], condition=Q(next_at__isnull=False), name="report_schedule_due"
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(is_active=True, next_at__isnull=False)
                | Q(is_active=False, next_at__isnull=True),
                name="active_report_has_a_next_time",
            ),
            models.CheckConstraint(
                condition=Q(weekday__lte=6, day__gte=1, day__lte=31),
                name="report_schedule_has_days",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.report}, {self.timing}"

    @property
    def rhythm(self) -> Rhythm:
        """When it comes; ValueError when its zone is gone."""
        return Rhythm(
            Every(self.every), self.time_zone, self.time, weekday=self.weekday, day=self.day
        )

    @property
    def timing(self) -> str:
        """Such as "every Monday at 08:00 (Asia/Kolkata)"."""
        if self.every == self.Often.WEEK:
            often = f"every {WEEKDAYS[self.weekday]}"
        elif self.every == self.Often.MONTH:
            often = f"every month on day {self.day}" + (" or its last" if self.day > 28 else "")
        else:
            often = "every day"
        return f"{often} at {self.time:%H:%M} ({self.time_zone})"

    def reschedule(self, *, at: datetime) -> None:
        """Await the next time after `at`, or none when it is switched off; the caller saves it."""
        self.next_at = self.rhythm.next_after(at).at if self.is_active else None

    def is_editable_by(self, user: Any) -> bool:
        """Whether this person may change and delete it: its owner, that of the report, a superuser.

        Who shares a report decides by that as well where it is sent.
        """
        return bool(user.pk in (self.owner_id, self.report.owner_id) or user.is_superuser)


class SentReport(models.Model):
    """The fact that a report went out on one occasion; unique, so it goes out once.

    With a `problem` it did not: who keeps the schedule was told instead.
    """

    schedule = models.ForeignKey(ReportSchedule, on_delete=models.CASCADE, related_name="sent")
    due_at = models.DateTimeField()
    made_at = models.DateTimeField()
    left_out = models.PositiveIntegerField(
        default=0, help_text="Earlier occasions that were missed, and not made up for."
    )
    problem = models.TextField(blank=True)

    class Meta:
        ordering = ["-due_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["schedule", "due_at"], name="one_sent_report_an_occasion"
            )
        ]

    def __str__(self) -> str:
        return f"{self.schedule_id} {self.due_at:%Y-%m-%d %H:%M}"
