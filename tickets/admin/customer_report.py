"""The report of one organization's month, as its customers get it."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import timezone
from django.views.generic import TemplateView
from unfold.views import UnfoldSiteViewMixin
from unfold.widgets import INPUT_CLASSES

from sla.admin.exports import NoAnswer, answer, sentences
from sla.admin.files import links_to_files
from sla.admin.questions import OrganizationSelect
from sla.files import Table
from sla.reports.questions import FIRST_YEAR, LAST_YEAR, default_zone, today_in
from tickets import customer_reports
from tickets.admin import customer_files
from tickets.customer_reports import Report
from tickets.models import CustomerReport, Organization, Ticket

PRINT = "print"


class CustomerReportForm(forms.Form):
    """Whose report, and on which month."""

    organization = forms.ModelChoiceField(Organization.objects.select_related("spoc"))
    month = forms.DateField(
        input_formats=["%Y-%m"],
        error_messages={"invalid": "Write the month as year-month, such as 2026-11."},
        widget=forms.DateInput({"type": "month", "class": " ".join(INPUT_CLASSES)}, "%Y-%m"),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["organization"]
        column = Ticket._meta.get_field("organization")
        field.widget = OrganizationSelect(column, admin.site)
        field.widget.choices = field.choices  # type: ignore[attr-defined]

    def clean_month(self) -> date:
        month: date = self.cleaned_data["month"]
        if not FIRST_YEAR <= month.year <= LAST_YEAR:
            raise forms.ValidationError(f"Choose a month of the years {FIRST_YEAR} to {LAST_YEAR}.")
        return month


class CustomerReportView(UnfoldSiteViewMixin, TemplateView):
    """The report in the organization's own language; with `?print=1` on a page of its own.

    For who may see reports, and for the organization's single point of contact, who gets its link.
    """

    title = "Customer report"
    permission_required = "sla.view_reports"
    template_name = "admin/tickets/report/customer.html"
    form: CustomerReportForm

    def has_permission(self) -> bool:
        """Whether this person reads reports, or is the single point of contact of this customer."""
        if super().has_permission():
            return True
        number, user = self.request.GET.get("organization", ""), self.request.user
        if not (number.isascii() and number.isdigit() and len(number) < 19 and user.is_staff):
            return False
        return Organization.objects.filter(pk=number, spoc=user).exists()

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The page, or the report alone."""
        asked = self.asked()
        is_asked = bool(asked.get("organization"))
        self.form = CustomerReportForm(asked if is_asked else None, initial=asked)
        report = self.report() if is_asked and self.form.is_valid() else None
        if report and request.GET.get(PRINT):
            with customer_reports.speaking(report):
                return render(request, "portal/report/page.html", {"report": report})
        return self.render_to_response(self.get_context_data(report=report, **kwargs))

    def report(self, most: int | None = customer_reports.MOST_ON_A_PAGE) -> Report:
        asked = self.form.cleaned_data
        return customer_reports.report_on(
            organization=asked["organization"], month=asked["month"], at=timezone.now(), most=most
        )

    def asked(self) -> dict[str, Any]:
        """The address; without a month it is about the one that ended last."""
        asked = self.request.GET.dict()
        return asked | {"month": asked.get("month") or self.last_month()}

    def last_month(self) -> str:
        """The month that ended last."""
        today = today_in(default_zone(), timezone.now())
        return f"{customer_reports.month_before(today):%Y-%m}"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The form, and the report in the words of its customers."""
        context: dict[str, Any] = super().get_context_data(**kwargs)
        context["form"] = self.form
        if report := kwargs.get("report"):
            with customer_reports.speaking(report):
                context["body"] = render_to_string(
                    "portal/report/body.html", {"report": report, "links_to_desk": True}
                )
            context["sent"] = CustomerReport.objects.filter(
                organization=report.organization, month=report.month
            ).first()
            context["files"] = links_to_files(
                self.request, *customer_files.LAYOUTS, view="customer_report_export"
            )
            query = self.request.GET.copy()
            query.update({PRINT: "1"})
            context["print_query"] = query.urlencode()
        return context


class CustomerExportView(CustomerReportView):
    """A table of the report as a file, for whoever may see the page."""

    def get(  # type: ignore[override]  # a file instead of a page
        self, request: HttpRequest, table: str, kind: str
    ) -> HttpResponseBase:
        """The file with all tickets of the month; 400 for a bad question, 404 without a table."""
        if table not in customer_files.NAMES:
            raise Http404
        self.form = CustomerReportForm(self.asked())
        return answer(self, table, kind, self.tables)

    def tables(self) -> list[Table]:
        if not self.form.is_valid():
            raise NoAnswer(sentences(self.form))
        return customer_files.tables_of(self.report(most=None))
