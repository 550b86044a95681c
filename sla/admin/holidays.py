"""Holidays and half-days by hand, and the published versions: tables on the calendar's page."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from unfold.admin import TabularInline
from unfold.decorators import display
from unfold.forms import PaginationInlineFormSet
from unfold.widgets import INPUT_CLASSES

from sla.admin.protection import ReadOnlyInline
from sla.admin.rows import Labelled
from sla.admin.week import CalendarForm, Spans
from sla.admin.words import instant_in_words
from sla.core.hours import Hours
from sla.core.week import WEEKDAYS
from sla.models import CalendarVersion, Holiday


class HolidayFormSet(PaginationInlineFormSet):
    """The posted exceptions; those of past years, which the page does not list, stay."""

    def clean(self) -> None:
        """Refuse a date whose spans contradict each other, and a calendar that never opens."""
        super().clean()
        if any(self.errors):
            return
        exceptions = self.exceptions()
        try:
            Hours("UTC", {}, exceptions, self.instance.name)
        except ValueError as problem:
            raise ValidationError(str(problem)) from problem
        if form := self._valid_form():
            form.refuse_never_open(exceptions)

    def is_valid(self) -> bool:
        """Whether they can be saved: the form above may refuse them together with its week."""
        valid: bool = super().is_valid()
        form = self._valid_form()
        return valid and (form is None or not form.errors)

    def exceptions(self) -> dict[date, Spans]:
        """The spans by date as they would be saved; a half-day beats a holiday (policy)."""
        spans: dict[date, Spans] = {}
        listed = [form.instance.pk for form in self.initial_forms]
        unlisted = Holiday.objects.filter(calendar=self.instance.pk).exclude(pk__in=listed)
        for row in [*unlisted.values("date", "opens", "closes"), *self._rows_to_save()]:
            of_day = spans.setdefault(row["date"], [])
            if row["opens"]:
                of_day.append((row["opens"], row["closes"]))
        return spans

    def get_unique_error_message(self, unique_check: tuple[str, ...]) -> str:
        return "A date is listed twice. A half-day with two spans has two different openings."

    def _valid_form(self) -> CalendarForm | None:
        """The form above, which `save_form` leaves at the calendar once it is valid."""
        return getattr(self.instance, "posted_form", None)

    def _rows_to_save(self) -> Iterator[dict[str, Any]]:
        """The values of the rows that remain: neither empty nor to be deleted."""
        for form in self.forms:
            values = getattr(form, "cleaned_data", None)
            if values and not values.get("DELETE"):
                yield values


class HolidayInline(Labelled, TabularInline):
    """Exceptions from the present year on: older ones stay, but nobody edits the past."""

    model = Holiday
    template_before = "admin/sla/calendar/holidays.html"
    formset = HolidayFormSet
    extra = 0
    show_title = False
    tab = True
    verbose_name = "holiday or half-day"
    verbose_name_plural = "holidays and half-days"
    # The browser's own picker; unfold's would warn in every row about the zone of the server.
    formfield_overrides = {
        models.DateField: {
            "widget": forms.DateInput(
                {"type": "date", "class": " ".join(INPUT_CLASSES)}, format="%Y-%m-%d"
            )
        }
    }

    def get_queryset(self, request: HttpRequest) -> QuerySet[Holiday]:
        this_year = timezone.localdate().year
        rows: QuerySet[Holiday] = super().get_queryset(request).filter(date__year__gte=this_year)
        return rows


class VersionInline(ReadOnlyInline):
    """What running clocks were promised on."""

    model = CalendarVersion
    fields = ["number", "published", "time_zone", "hours_in_words", "exception_count"]
    readonly_fields = ["published", "hours_in_words", "exception_count"]
    ordering = ["-number"]
    per_page = 10
    tab = True
    verbose_name = "published version"
    verbose_name_plural = "published versions"

    @display(description="Published")
    def published(self, version: CalendarVersion) -> str:
        return instant_in_words(version.published_at)

    @display(description="Opening hours")
    def hours_in_words(self, version: CalendarVersion) -> str:
        return week_in_words(version.week)

    @display(description="Holidays and half-days")
    def exception_count(self, version: CalendarVersion) -> int:
        return len(version.exceptions)


def week_in_words(week: dict[str, list[list[str]]]) -> str:
    """Days with the same hours in one piece: "Mon, Tue 09:00 to 17:00; Sat 10:00 to 12:00"."""
    days_by_hours: dict[str, list[str]] = {}
    for day, spans in sorted(week.items()):
        words = " and ".join(f"{opens} to {closes}" for opens, closes in spans)
        days_by_hours.setdefault(words, []).append(WEEKDAYS[int(day)][:3])
    return "; ".join(f"{', '.join(days)} {words}" for words, days in days_by_hours.items())
