"""The SLA report, and the lists of promises behind each of its numbers."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.utils import timezone
from django.views.generic import TemplateView
from unfold.views import UnfoldSiteViewMixin

from sla import reports
from sla.admin.chart import chart_of
from sla.admin.questions import Asked, AskingForm
from sla.admin.saved_reports import links_to_saved, saving
from sla.models import SavedReport

FIGURES = {
    reports.Figure.ALL: "All promises",
    reports.Figure.KEPT: "Kept promises",
    reports.Figure.BROKEN: "Broken promises",
    reports.Figure.RUNNING: "Promises still running",
    reports.Figure.DECIDED: "Promises kept or broken",
    reports.Figure.FULFILLED: "Promises fulfilled, in time or late",
}


class FigureForm(AskingForm):
    """One number of the report."""

    figure = forms.ChoiceField(choices=list(FIGURES.items()))


class ReportView(UnfoldSiteViewMixin, TemplateView):
    """How many promises were kept: a table per priority and metric, and a chart over time."""

    title = "SLA report"
    permission_required = "sla.view_reports"
    template_name = "admin/sla/report/report.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The question, and the figures when it makes sense."""
        context: dict[str, Any] = super().get_context_data(**kwargs)
        now = timezone.now()
        asked = Asked.of(self.request.GET, at=now)
        context.update(asked=asked, now=now)
        if question := asked.question:
            scope: dict[str, Any] = {
                "period": question.period,
                "at": now,
                "filters": question.filters,
            }
            rows = reports.attainment(**scope)
            step = reports.step_of(question.period)
            over_time = reports.attainment_over_time(**scope, zone=question.zone, step=step)
            context.update(
                rows=rows,
                totals=reports.totals(rows),
                chart=chart_of(over_time, step=step),
                saved=links_to_saved(self.request.user),
                saving=saving(SavedReport.Page.OVERVIEW, question.query()),
            )
        return context


class ClocksBehindView(UnfoldSiteViewMixin, TemplateView):
    """The promises behind one number of the report."""

    title = "SLA report"
    permission_required = "sla.view_reports"
    template_name = "admin/sla/report/clocks.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The question, and the promises when it makes sense."""
        context: dict[str, Any] = super().get_context_data(**kwargs)
        now = timezone.now()
        asked = Asked.of(self.request.GET, at=now, form_class=FigureForm)
        context.update(asked=asked, now=now, prefix=settings.TICKET_PREFIX)
        if question := asked.question:
            figure = reports.Figure(asked.form.cleaned_data["figure"])
            rows, page = reports.clocks_behind(
                figure=figure,
                period=question.period,
                at=now,
                filters=question.filters,
                page=self.request.GET.get("page", "1"),
                reader=self.request.user,
            )
            context.update(rows=rows, page=page, title=FIGURES[figure])
        return context
