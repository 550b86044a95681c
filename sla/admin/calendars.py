"""Calendars: opening hours and holidays, checked before they are saved, published when they are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import QuerySet
from django.forms import BaseInlineFormSet, ModelForm
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils import timezone
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import display
from unfold.forms import PaginationInlineFormSet
from unfold.widgets import INPUT_CLASSES

from sla.admin.protection import ReadOnlyInline, Styled
from sla.admin.words import instant_in_words
from sla.core.hours import Hours
from sla.core.week import WEEKDAYS
from sla.models import Calendar, CalendarVersion, Holiday, OpeningHours, hours_of

type Spans = list[tuple[str, str]]


class HolidayFormSet(PaginationInlineFormSet):
    """The posted exceptions; those of past years, which the page does not list, stay."""

    def clean(self) -> None:
        """Refuse a date whose spans contradict each other."""
        super().clean()
        if not any(self.errors):
            with refusal():
                Hours("UTC", {}, self.exceptions(), self.instance.name)

    def exceptions(self) -> dict[date, Spans]:
        """The spans by date as they would be saved; a half-day beats a holiday (policy)."""
        spans: dict[date, Spans] = {}
        listed = [form.instance.pk for form in self.initial_forms]
        unlisted = Holiday.objects.filter(calendar=self.instance.pk).exclude(pk__in=listed)
        for row in [*unlisted.values("date", "opens", "closes"), *rows_to_save(self)]:
            of_day = spans.setdefault(row["date"], [])
            if row["opens"]:
                of_day.append((row["opens"], row["closes"]))
        return spans

    def get_unique_error_message(self, unique_check: tuple[str, ...]) -> str:
        return "A date is listed twice. A half-day with two spans has two different openings."


class OpeningHoursFormSet(PaginationInlineFormSet):
    """The posted week: it must make sense alone and, with the holidays, be open at some time."""

    holidays: HolidayFormSet | None = None

    def clean(self) -> None:
        """Refuse a week that contradicts itself, and a calendar that never opens."""
        super().clean()
        if any(self.errors) or self.holidays is None:
            return
        week: dict[int, Spans] = {}
        for row in rows_to_save(self):
            week.setdefault(row["weekday"], []).append((row["opens"], row["closes"]))
        zone, name = self.instance.time_zone, self.instance.name
        with refusal():
            Hours(zone, week, {}, name)
            if self.holidays.is_valid():
                Hours(zone, week, self.holidays.exceptions(), name).next_open(timezone.now())

    def get_unique_error_message(self, unique_check: tuple[str, ...]) -> str:
        return "A weekday has two spans that open at the same time."


def rows_to_save(formset: BaseInlineFormSet[Any, Any, Any]) -> Iterator[dict[str, Any]]:
    """The values of the rows that remain: neither empty nor to be deleted."""
    for form in formset.forms:
        values = getattr(form, "cleaned_data", None)
        if values and not values.get("DELETE"):
            yield values


@contextmanager
def refusal() -> Iterator[None]:
    """Turns what `sla.core` says about a bad calendar into a sentence of the form."""
    try:
        yield
    except ValueError as problem:
        raise ValidationError(str(problem)) from problem


class OpeningHoursInline(TabularInline):
    model = OpeningHours
    formset = OpeningHoursFormSet
    extra = 0
    show_title = False


class HolidayInline(TabularInline):
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


@admin.register(Calendar)
class CalendarAdmin(Styled, ModelAdmin):
    """A calendar is never deleted: deadlines are recomputed from its versions."""

    list_display = ["name", "time_zone", "standing", "version"]
    list_select_related = ["current_version"]
    actions = None
    search_fields = ["name"]
    inlines = [OpeningHoursInline, HolidayInline, VersionInline]
    readonly_fields = ["standing"]
    fieldsets = [(None, {"fields": ["name", "time_zone", "standing"]})]
    warn_unsaved_form = True

    def has_delete_permission(self, request: HttpRequest, obj: Calendar | None = None) -> bool:
        return False

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Calendar | None:
        """The calendar; locked while it is saved, so that a second click finds the new version."""
        found: Calendar | None = super().get_object(request, object_id, from_field)
        # Pages that only show it have no transaction.
        if found is None or not transaction.get_connection().in_atomic_block:
            return found
        return Calendar.objects.select_for_update(no_key=True).get(pk=found.pk)

    def get_inlines(self, request: HttpRequest, obj: Calendar | None) -> list[type[TabularInline]]:
        """A new calendar has no versions yet."""
        return self.inlines if obj else [OpeningHoursInline, HolidayInline]

    def get_fieldsets(self, request: HttpRequest, obj: Calendar | None = None) -> list[Any]:
        return self.fieldsets if obj else [(None, {"fields": ["name", "time_zone"]})]

    def _create_formsets(self, request: HttpRequest, obj: Calendar, change: bool) -> Any:
        formsets, inlines = super()._create_formsets(request, obj, change)
        holidays = next((found for found in formsets if isinstance(found, HolidayFormSet)), None)
        for formset in formsets:
            if isinstance(formset, OpeningHoursFormSet):
                # Whether the calendar is ever open depends on both.
                formset.holidays = holidays
        return formsets, inlines

    def save_related(
        self,
        request: HttpRequest,
        form: ModelForm[Calendar],
        formsets: list[Any],
        change: bool,
    ) -> None:
        """Save the rows, and publish what they say now as a version, in one transaction."""
        super().save_related(request, form, formsets, change)
        calendar = form.instance
        before = calendar.current_version
        version = calendar.publish(at=timezone.now())
        if version != before:
            messages.info(
                request,
                f"Version {version.number} is published. Promises made from now on follow it; "
                "those that run keep the version they were made on.",
            )

    @display(description="Now")
    def standing(self, calendar: Calendar) -> str:
        """Whether support is open at this moment, and until or from when."""
        if calendar.current_version_id is None:
            return "Not published yet"
        now, hours = timezone.now(), hours_of(calendar.current_version_id)
        is_open = hours.is_open(now)
        at = hours.next_close(now) if is_open else hours.next_open(now)
        context = {"is_open": is_open, "at": at, "zone": hours.zone}
        return render_to_string("admin/sla/calendar/standing.html", context)

    @display(description="Version")
    def version(self, calendar: Calendar) -> str:
        return str(calendar.current_version.number) if calendar.current_version else "-"


def week_in_words(week: dict[str, list[list[str]]]) -> str:
    """Days with the same hours in one piece: "Mon, Tue 09:00 to 17:00; Sat 10:00 to 12:00"."""
    days_by_hours: dict[str, list[str]] = {}
    for day, spans in sorted(week.items()):
        words = " and ".join(f"{opens} to {closes}" for opens, closes in spans)
        days_by_hours.setdefault(words, []).append(WEEKDAYS[int(day)][:3])
    return "; ".join(f"{', '.join(days)} {words}" for words, days in days_by_hours.items())
