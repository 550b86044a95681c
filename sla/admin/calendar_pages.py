"""The pages beside a calendar's form: holidays to import, and the picture of a year."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from unfold.admin import ModelAdmin

from sla import public_holidays
from sla.admin.holiday_import import ChoiceForm, choose, choose_from_file
from sla.admin.previews import BACK, Page, Undecided, put_into_force, show
from sla.admin.year import Kind, year_of
from sla.models import Calendar, CalendarVersion, Recalculation

FIRST_YEAR, LAST_YEAR = 1970, 2100


class CalendarPages(ModelAdmin):
    """Two more addresses for each calendar."""

    def get_urls(self) -> list[URLPattern]:
        """The form's addresses, and those of the pages beside it."""
        pages = [
            path(
                "<int:calendar_id>/holidays/import/",
                self.admin_site.admin_view(self.import_view),
                name="sla_calendar_import",
            ),
            path(
                "<int:calendar_id>/year/<int:year>/",
                self.admin_site.admin_view(self.year_view),
                name="sla_calendar_year",
            ),
        ]
        return pages + cast("list[URLPattern]", super().get_urls())

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """The form, with the year for the link to its picture."""
        context["this_year"] = timezone.localdate().year
        return cast("HttpResponse", super().render_change_form(request, context, *args, **kwargs))

    def import_view(self, request: HttpRequest, calendar_id: int) -> HttpResponse:
        """Find holidays by country or in a file, leave some out, add the others, publish."""
        calendar = get_object_or_404(Calendar, pk=calendar_id)
        if not self.has_change_permission(request, calendar):
            raise PermissionDenied
        if request.method != "POST":
            offer = choose(calendar, request.GET)
        elif "found" not in request.POST:
            offer = choose_from_file(calendar, request.POST, request.FILES)
        else:
            chosen = ChoiceForm(calendar, request.POST)
            try:
                is_added = self._is_added(request, calendar, chosen)
            except Undecided as undecided:
                title = f"What these holidays do to {calendar}"
                return show(request, undecided, Page(self, title, back=request.path))
            if is_added:
                return HttpResponseRedirect(
                    reverse("admin:sla_calendar_change", args=[calendar.pk]) + "#holidays"
                )
            country = request.POST.get("country")
            offer = choose(calendar, {"country": country} if country else {}, chosen)
        values = self._frame(request, calendar, f"Import holidays into {calendar}")
        values["offer"] = offer
        return TemplateResponse(request, "admin/sla/calendar/import.html", values)

    def year_view(self, request: HttpRequest, calendar_id: int, year: int) -> HttpResponse:
        """Twelve months of the published version, each day marked."""
        calendar = get_object_or_404(
            Calendar.objects.select_related("current_version__calendar"), pk=calendar_id
        )
        if not self.has_view_or_change_permission(request, calendar):
            raise PermissionDenied
        if not FIRST_YEAR <= year <= LAST_YEAR:
            raise Http404(f"Years are shown from {FIRST_YEAR} to {LAST_YEAR}.")
        values = self._frame(request, calendar, f"{calendar} in {year}")
        values |= {"year": year, "kinds": Kind, "version": calendar.current_version}
        if calendar.current_version:
            values |= _year_of(calendar.current_version, year)
        values["before"] = year - 1 if year > FIRST_YEAR else None
        values["after"] = year + 1 if year < LAST_YEAR else None
        return TemplateResponse(request, "admin/sla/calendar/year.html", values)

    def _is_added(self, request: HttpRequest, calendar: Calendar, chosen: ChoiceForm) -> bool:
        """Whether what was chosen is added and published; if not, the form says why."""
        if BACK in request.POST or not chosen.is_valid():
            return False
        try:
            with transaction.atomic():
                locked = Calendar.objects.select_for_update(no_key=True).get(pk=calendar.pk)
                added = public_holidays.add(locked, chosen.chosen())
                if country := chosen.cleaned_data["country"]:
                    public_holidays.remember(locked, country, chosen.cleaned_data["subdivision"])
                publish(request, locked, at=timezone.now())
                said = f"{len(added)} holiday{'' if len(added) == 1 else 's'} added."
                self.log_change(request, locked, said)
        except ValidationError as problem:
            chosen.add_error(None, problem)
            return False
        messages.success(request, said)
        return True

    def _frame(self, request: HttpRequest, calendar: Calendar, title: str) -> dict[str, Any]:
        """What the admin's layout around a page of ours needs."""
        request.current_app = self.admin_site.name
        return {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "media": self.media,
            "title": title,
            "original": calendar,
            "calendar": calendar,
            "standing": cast("Any", self).standing(calendar),
            "this_year": timezone.localdate(timezone=ZoneInfo(calendar.time_zone)).year,
            "may_change": self.has_change_permission(request, calendar),
        }


def publish(request: HttpRequest, calendar: Calendar, *, at: datetime) -> None:
    """Publish what the rows say now; raises Undecided where it moves open promises."""
    before = calendar.current_version
    version = calendar.publish(at=at)
    if version != before:
        change = Recalculation(calendar_version=version)
        put_into_force(request, change, before=before.number if before else None, at=at)


def _year_of(version: CalendarVersion, year: int) -> dict[str, Any]:
    # Not the table that deadlines share: far years would make it long for everybody.
    hours = version.hours()
    names = {date.fromisoformat(day): entry["name"] for day, entry in version.exceptions.items()}
    today = timezone.localdate(timezone=ZoneInfo(hours.zone))
    months, exceptions = year_of(hours, names, year=year, today=today)
    return {"months": months, "exceptions": exceptions, "zone": hours.zone}
