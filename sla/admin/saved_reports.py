"""Reports under a name: own ones, and those that others share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin
from django.db.models import Prefetch
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin
from unfold.decorators import display

from sla.models import ReportSchedule, SavedReport
from sla.reports import asked_by

ADDRESSES = {
    SavedReport.Page.OVERVIEW: "admin:sla_report",
    SavedReport.Page.BREAKDOWN: "admin:sla_report_breakdown",
    SavedReport.Page.BREACHES: "admin:sla_report_breaches",
}

# Above a report; the page of saved reports has them all.
MOST_LINKS = 20


def address_of(report: SavedReport) -> str:
    """The page that asks the saved question."""
    return f"{reverse(ADDRESSES[SavedReport.Page(report.page)])}?{report.query}"


def saving(page: SavedReport.Page, query: str) -> str:
    """The address of the form that keeps this question."""
    asked = urlencode({"page": page.value, "query": query})
    return f"{reverse('admin:sla_savedreport_add')}?{asked}"


@dataclass(frozen=True)
class SavedLink:
    """A saved report as a link above the reports; `owner` is "" for one's own."""

    name: str
    address: str
    owner: str


def links_to_saved(user: Any) -> list[SavedLink]:
    """What this person may open, by name. One query."""
    found = SavedReport.objects.visible_to(user).select_related("owner")[:MOST_LINKS]
    return [
        SavedLink(
            report.name, address_of(report), "" if report.owner == user else str(report.owner)
        )
        for report in found
    ]


class SavedReportForm(forms.ModelForm):  # type: ignore[type-arg]
    """The name and who sees it; the question comes from the report's address."""

    owner: Any = None

    class Meta:
        model = SavedReport
        fields = ["name", "is_shared", "page", "query"]

    def clean_query(self) -> str:
        query: str = self.cleaned_data["query"].removeprefix("?")
        form = asked_by(query, at=timezone.now())
        if not form.is_valid():
            raise forms.ValidationError(
                "This is no question to a report. Save it from the report that shows it."
            )
        return query

    def clean(self) -> dict[str, Any] | None:
        """Known here, so that a name that is taken is told in the form."""
        if self.instance.owner_id is None:
            self.instance.owner = self.owner
        return super().clean()

    def _get_validation_exclusions(self) -> set[str]:
        # The owner is no field of the form, and decides whether the name is taken.
        return super()._get_validation_exclusions() - {"owner"}  # type: ignore[misc, no-any-return]


@admin.register(SavedReport)
class SavedReportAdmin(ModelAdmin):
    """Open, rename, share and delete; the question is saved from the report that shows it."""

    form = SavedReportForm
    list_display = ["name", "open_it", "by_mail", "page", "is_shared", "owner"]
    list_select_related = ["owner"]
    fields = ["name", "is_shared", "page", "query"]
    actions = None

    def get_queryset(self, request: HttpRequest) -> Any:
        sent = ReportSchedule.objects.visible_to(request.user)
        return SavedReport.objects.visible_to(request.user).prefetch_related(
            Prefetch("schedules", sent, to_attr="sent_by_mail")
        )

    def get_fields(self, request: HttpRequest, obj: SavedReport | None = None) -> list[str]:
        return [*self.fields, "by_mail"] if obj else self.fields

    def get_readonly_fields(
        self, request: HttpRequest, obj: SavedReport | None = None
    ) -> list[str]:
        return ["by_mail"] if obj else []

    @display(description="Report")
    def open_it(self, report: SavedReport) -> str:
        return format_html('<a class="desk-link" href="{}">Open</a>', address_of(report))

    @display(description="By mail")
    def by_mail(self, report: SavedReport) -> SafeString:
        """When it is sent, and a way to have it sent."""
        found: list[ReportSchedule] = getattr(report, "sent_by_mail", [])
        lines = [
            (reverse("admin:sla_reportschedule_change", args=[one.pk]),
             one.timing if one.is_active else f"{one.timing}: switched off")
            for one in found
        ]  # fmt: skip
        sent = format_html_join("", '<a class="desk-link" href="{}">{}</a><br>', lines)
        form = f"{reverse('admin:sla_reportschedule_add')}?{urlencode({'report': report.pk})}"
        return format_html('{}<a class="desk-link" href="{}">Send it by mail</a>', sent, form)

    def get_form(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        """The form, which knows who saves."""
        base = super().get_form(request, obj, **kwargs)
        return type("Form", (base,), {"owner": request.user})

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {name: request.GET.get(name, "") for name in ("page", "query")}

    def has_change_permission(self, request: HttpRequest, obj: SavedReport | None = None) -> bool:
        may = bool(super().has_change_permission(request, obj))
        return may and (obj is None or obj.is_editable_by(request.user))

    def has_delete_permission(self, request: HttpRequest, obj: SavedReport | None = None) -> bool:
        may = bool(super().has_delete_permission(request, obj))
        return may and (obj is None or obj.is_editable_by(request.user))
