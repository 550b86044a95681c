"""Calendars: opening hours and holidays, checked before they are saved, published when they are."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import admin
from django.forms import ModelForm
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils import timezone
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import display

from sla.admin.calendar_pages import CalendarPages, publish
from sla.admin.holidays import HolidayInline, VersionInline, week_in_words
from sla.admin.previews import Previewed
from sla.admin.protection import Locked, Styled
from sla.admin.week import FIELDS, CalendarForm
from sla.core.hours import NeverOpen
from sla.models import Calendar, hours_of

HOW_TO_WRITE = (
    "One or more spans a day, such as 09:00-12:30, 13:30-17:00. An empty day is closed. A day ends "
    "at 24:00, so a night shift is written on two days."
)


@admin.register(Calendar)
class CalendarAdmin(Locked, Previewed, CalendarPages, Styled, ModelAdmin):
    """A calendar is never deleted: deadlines are recomputed from its versions."""

    form = CalendarForm
    list_display = ["name", "time_zone", "standing", "version"]
    list_select_related = ["current_version"]
    actions = None
    search_fields = ["name"]
    inlines = [HolidayInline, VersionInline]
    readonly_fields = ["standing", "opening_hours"]
    warn_unsaved_form = True
    change_form_outer_before_template = "admin/sla/calendar/links.html"

    def has_delete_permission(self, request: HttpRequest, obj: Calendar | None = None) -> bool:
        return False

    def get_inlines(self, request: HttpRequest, obj: Calendar | None) -> list[type[TabularInline]]:
        """A new calendar has no versions yet."""
        return self.inlines if obj else [HolidayInline]

    def get_fieldsets(self, request: HttpRequest, obj: Calendar | None = None) -> list[Any]:
        """The week as seven lines; in words for who may not change it."""
        about = ["name", "time_zone", "standing"] if obj else ["name", "time_zone"]
        if obj and not self.has_change_permission(request, obj):
            return [(None, {"fields": [*about, "opening_hours"]})]
        week = {"fields": FIELDS, "description": HOW_TO_WRITE}
        return [(None, {"fields": about}), ("Opening hours", week)]

    def save_form(self, request: HttpRequest, form: ModelForm[Calendar], change: bool) -> Calendar:
        """The calendar, not saved yet, with its form for the check of the holidays."""
        calendar: Calendar = super().save_form(request, form, change)
        calendar.posted_form = form  # type: ignore[attr-defined]
        return calendar

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
        calendar.write_week(cast("CalendarForm", form).week())
        publish(request, calendar, at=timezone.now())

    @display(description="Now")
    def standing(self, calendar: Calendar) -> str:
        """Whether support is open at this moment, and until or from when."""
        if calendar.current_version_id is None:
            return "Not published yet"
        now, hours = timezone.now(), hours_of(calendar.current_version_id)
        is_open = hours.is_open(now)
        try:
            at = hours.next_close(now) if is_open else hours.next_open(now)
        except NeverOpen:
            return "Closed, and not open again within two years"
        context = {"is_open": is_open, "at": at, "zone": hours.zone}
        return render_to_string("admin/sla/calendar/standing.html", context)

    @display(description="Opening hours")
    def opening_hours(self, calendar: Calendar) -> str:
        week = {str(day): [list(span) for span in spans] for day, spans in calendar.week().items()}
        return week_in_words(week) or "Closed"

    @display(description="Version")
    def version(self, calendar: Calendar) -> str:
        return str(calendar.current_version.number) if calendar.current_version else "-"
