"""A list as a file: all that its filters show and no more."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied
from django.http import (
    Http404,
    HttpRequest,
    HttpResponseBase,
    HttpResponseNotAllowed,
    HttpResponseRedirect,
)
from django.urls import URLPattern, path
from django.utils import timezone
from unfold.admin import ModelAdmin

from sla.admin.files import file_of
from sla.files import TYPES, Field, Layout, column

CHUNK = 2_000


class ExportPages(ModelAdmin):
    """Gives a list the address export/csv/, and those of other kinds, that take its filters."""

    export_layout: Layout
    list_after_template = "admin/tickets/export.html"

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_export"
        view = self.admin_site.admin_view(self.export)
        return [path("export/<str:kind>/", view, name=name), *super().get_urls()]

    def has_export_permission(self, request: HttpRequest) -> bool:
        """Who sees the list may take it along, where a list does not say otherwise."""
        return bool(self.has_view_permission(request))

    def export(self, request: HttpRequest, kind: str) -> HttpResponseBase:
        """The rows that the list shows for the same address, all pages of it."""
        if request.method != "GET":
            return HttpResponseNotAllowed(["GET"])
        if not self.has_export_permission(request):
            raise PermissionDenied
        if kind not in TYPES:
            raise Http404
        try:
            found = self.get_changelist_instance(request).queryset
        except IncorrectLookupParameters:
            return HttpResponseRedirect("../../?e=1")
        rows = found.prefetch_related(None).iterator(CHUNK)
        about = {"filters": request.GET.dict(), "made_at": timezone.now()}
        return file_of(self.export_layout.table(rows, about), kind)


def _of(names: str, row: Any) -> Any:
    """What stands at the end of a path such as "requester.email"; None where it breaks off."""
    for name in names.split("."):
        row = getattr(row, name) if row is not None else None
    return row() if callable(row) else row


def through(name: str, title: str, names: str = "", note: str = "") -> Field:
    """A column that reads what such a path leads to."""
    return column(name, title, note, partial(_of, names or name))


TICKETS = Layout(
    "tickets",
    "Tickets",
    "A row for each ticket that the filter shows, as it stands now.",
    [
        through("reference", "Ticket"),
        through("external_reference", "Reference elsewhere", note="In the system it came from."),
        through("subject", "Subject"),
        through("status", "Status", note="new, open, pending, resolved or closed."),
        through("priority", "Priority", "priority.code", "Its code."),
        through("team", "Team", "team.name"),
        through("assignee", "Agent", "assignee.email", "The agent's address."),
        through("requester", "Requester", "requester.email", "The requester's address."),
        through("requester_name", "Name of the requester", "requester.name"),
        through("organization", "Organization", "organization.name"),
        through("channel", "Channel"),
        through("with_engineering", "With engineering", note="Whether engineering has it now."),
        through("submitted_at", "Submitted"),
        through("first_responded_at", "First response"),
        through("resolved_at", "Resolved"),
        through("closed_at", "Closed"),
        through("next_due_at", "Next deadline", note="Of its running promises."),
        through("updated_at", "Updated"),
    ],
)
PEOPLE = Layout(
    "people",
    "People",
    "A row for each person that the filter shows.",
    [
        through("email", "Address"),
        through("name", "Name"),
        through("organization", "Organization", "organization.name"),
        through("staff", "Staff", "is_staff"),
        through("active", "Active", "is_active"),
        through("time_zone", "Time zone"),
        through("language", "Language"),
        through("joined_at", "Since"),
        through("last_login", "Last login"),
    ],
)
