"""Calendars: opening hours in a time zone, holidays, and the immutable versions of both."""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q

from sla.core.hours import Hours, NeverOpen

WALL_CLOCK = re.compile(r"^(?:[01]\d|2[0-3]):[0-5]\d$|^24:00$")
is_wall_clock = RegexValidator(WALL_CLOCK, "Write the time as HH:MM, from 00:00 to 24:00.")


def is_time_zone(name: str) -> None:
    """Accepts an IANA time zone name (policy: hours are local to the calendar's zone)."""
    if name not in zoneinfo.available_timezones():
        raise ValidationError(f"“{name}” is not a time zone. Use a name such as Asia/Kolkata.")


class Calendar(models.Model):
    """Opening hours and dated exceptions in one time zone.

    Its rows are edited freely; clocks run on a `CalendarVersion`, which `publish` makes of them.
    """

    name = models.CharField(max_length=100, unique=True)
    time_zone = models.CharField(
        max_length=64,
        default="Asia/Kolkata",
        validators=[is_time_zone],
        help_text="The zone in which the opening hours below are read, for example Asia/Kolkata.",
    )
    country = models.CharField(
        max_length=3, blank=True, help_text="ISO 3166 code, whose public holidays are offered."
    )
    subdivision = models.CharField(
        max_length=32, blank=True, help_text="ISO 3166-2 code or region within the country, if any."
    )
    current_version = models.ForeignKey(
        "sla.CalendarVersion", null=True, editable=False, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def week(self) -> dict[int, list[tuple[str, str]]]:
        """The opening spans by weekday (Monday is 0), as the rows have them now."""
        week: dict[int, list[tuple[str, str]]] = {}
        for row in self.opening_hours.order_by("weekday", "opens"):
            week.setdefault(row.weekday, []).append((row.opens, row.closes))
        return week

    def write_week(self, week: Mapping[int, Sequence[tuple[str, str]]]) -> None:
        """Make these the opening spans of the week, by weekday. The caller publishes them.

        Whether they make sense is for `publish` to say, or for a form before.
        """
        wanted = {day: sorted(spans) for day, spans in sorted(week.items()) if spans}
        if wanted == self.week():
            return
        self.opening_hours.all().delete()
        OpeningHours.objects.bulk_create(
            OpeningHours(calendar=self, weekday=weekday, opens=opens, closes=closes)
            for weekday, spans in wanted.items()
            for opens, closes in spans
        )

    def exceptions(self) -> dict[str, dict[str, Any]]:
        """Dated exceptions: ISO date -> name and spans. A half-day beats a holiday (policy)."""
        found: dict[str, dict[str, Any]] = {}
        for row in self.holidays.order_by("date", F("opens").asc(nulls_first=True)):
            entry = found.setdefault(row.date.isoformat(), {"name": row.name, "spans": []})
            if row.opens:
                entry["name"] = row.name
                entry["spans"].append([row.opens, row.closes])
        return found

    def publish(self, *, at: datetime) -> CalendarVersion:
        """Freeze the rows as a new version, unless nothing changed since the current one.

        Raises ValidationError, with the sentence that says where, for rows that contradict each
        other or that never open.
        """
        week = {str(day): [list(span) for span in spans] for day, spans in self.week().items()}
        exceptions = self.exceptions()
        current = self.current_version
        if current is not None and (
            (current.time_zone, current.week, current.exceptions)
            == (self.time_zone, week, exceptions)
        ):
            return current
        version = CalendarVersion(
            calendar=self,
            number=current.number + 1 if current else 1,
            time_zone=self.time_zone,
            week=week,
            exceptions=exceptions,
            published_at=at,
        )
        try:
            version.hours().next_open(at)
        except (ValueError, NeverOpen) as problem:
            raise ValidationError(str(problem)) from problem
        version.save()
        self.current_version = version
        self.save(update_fields=["current_version"])
        return version


class OpeningHours(models.Model):
    """One opening span `[opens, closes)` of a weekday; a night shift is two rows on two days."""

    class Weekday(models.IntegerChoices):
        MONDAY = 0
        TUESDAY = 1
        WEDNESDAY = 2
        THURSDAY = 3
        FRIDAY = 4
        SATURDAY = 5
        SUNDAY = 6

    calendar = models.ForeignKey(Calendar, on_delete=models.CASCADE, related_name="opening_hours")
    weekday = models.PositiveSmallIntegerField(choices=Weekday)
    opens = models.CharField(max_length=5, default="09:00", validators=[is_wall_clock])
    closes = models.CharField(
        max_length=5, default="17:00", validators=[is_wall_clock], help_text="Up to 24:00."
    )

    class Meta:
        ordering = ["weekday", "opens"]
        verbose_name = "opening span"
        verbose_name_plural = "opening hours"
        constraints = [
            models.UniqueConstraint(
                fields=["calendar", "weekday", "opens"],
                name="opening_hours_once",
                violation_error_message="This weekday already has a span that opens at that time.",
            ),
            models.CheckConstraint(
                condition=Q(closes__gt=F("opens")),
                name="opening_hours_close_after_opening",
                violation_error_message=(
                    "A span closes after it opens; write a night shift as two spans on two days."
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_weekday_display()} {self.opens} to {self.closes}"


class Holiday(models.Model):
    """A dated exception: closed all day, or open only from `opens` to `closes` (a half-day)."""

    calendar = models.ForeignKey(Calendar, on_delete=models.CASCADE, related_name="holidays")
    date = models.DateField()
    name = models.CharField(max_length=200)
    opens = models.CharField(
        max_length=5,
        blank=True,
        validators=[is_wall_clock],
        help_text="Leave both times empty when support is closed all day.",
    )
    closes = models.CharField(max_length=5, blank=True, validators=[is_wall_clock])

    class Meta:
        ordering = ["date", "opens"]
        constraints = [
            models.UniqueConstraint(
                fields=["calendar", "date", "opens"],
                name="holiday_once",
                violation_error_message="This date already has such an exception.",
            ),
            models.CheckConstraint(
                condition=Q(opens="", closes="") | (Q(closes__gt=F("opens")) & ~Q(opens="")),
                name="holiday_closes_after_opening",
                violation_error_message=(
                    "Give both times, closing after opening, or neither for a day without hours."
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.date} {self.name}"


class CalendarVersion(models.Model):
    """A calendar as it stood when published. Never changes: deadlines can be recomputed from it."""

    calendar = models.ForeignKey(Calendar, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    time_zone = models.CharField(max_length=64)
    week = models.JSONField(help_text="Weekday (Monday is 0) to spans of HH:MM.")
    exceptions = models.JSONField(help_text="ISO date to name and spans.")
    published_at = models.DateTimeField()

    class Meta:
        ordering = ["calendar", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["calendar", "number"], name="calendar_version_once")
        ]

    def __str__(self) -> str:
        return f"{self.calendar} version {self.number}"

    def hours(self) -> Hours:
        """The business time of this version. Raises ValueError or NeverOpen for a bad one."""
        return Hours(
            self.time_zone,
            {int(day): [tuple(span) for span in spans] for day, spans in self.week.items()},
            {
                date.fromisoformat(day): [tuple(span) for span in entry["spans"]]
                for day, entry in self.exceptions.items()
            },
            name=self.calendar.name,
        )


@lru_cache(maxsize=256)
def hours_of(version_id: int) -> Hours:
    """The business time of a published version, built once per process: versions never change."""
    return CalendarVersion.objects.select_related("calendar").get(pk=version_id).hours()
