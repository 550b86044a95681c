"""What managers switch on the customers' pages: one row, so its list is the form itself."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from unfold.admin import ModelAdmin
from unfold.decorators import display

from tickets.models import PortalSettings
from tickets.templatetags.desk import local_time

THE_ROW = "1"


@admin.register(PortalSettings)
class PortalSettingsAdmin(ModelAdmin):
    """The row is there for everybody who may look, and saved when somebody first changes it."""

    readonly_fields = ["standing"]
    fieldsets = [
        (None, {"fields": ["standing"]}),
        ("Known incident", {"fields": ["incident", "incident_url", "incident_until"]}),
        ("Promise", {"fields": ["publishes_attainment"]}),
        ("Floods", {"fields": ["asks_for_work"]}),
    ]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        page = self.changeform_view(request, THE_ROW, "", extra_context)
        return cast("HttpResponse", page)

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> PortalSettings | None:
        """The row, or the defaults before anybody saved it."""
        return PortalSettings.current() if object_id == THE_ROW else None

    def get_form(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Says in which zone the times of the form are: that of whoever fills it in."""
        form = super().get_form(request, *args, **kwargs)
        if until := form.base_fields.get("incident_until"):
            until.help_text = f"{until.help_text} In {timezone.get_current_timezone_name()}."
            for widget, part in zip(until.widget.widgets, ("day", "time"), strict=True):
                widget.attrs["aria-label"] = f"{until.label}, {part}"
        return form

    @display(description="Customers see")
    def standing(self, switches: PortalSettings) -> str:
        """What is on now, in sentences."""
        return " ".join(_sentences(switches))


def _sentences(switches: PortalSettings) -> list[str]:
    found = []
    if switches.shows_incident(timezone.now()):
        until = switches.incident_until
        end = f"until {local_time(until)}" if until else "until somebody empties the text"
        found.append(f"The known incident, {end}.")
    elif switches.incident:
        found.append(f"The known incident is over since {local_time(switches.incident_until)}.")
    if switches.publishes_attainment:
        found.append("The attainment of the last 90 days.")
    if switches.asks_for_work:
        found.append("A form that lets their browsers work first.")
    return found or ["No incident, no attainment and no proof of work: nothing is switched on."]
