"""The report broken down by what tickets have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.apps import apps
from django.utils import timezone
from django.views.generic import TemplateView
from unfold.views import UnfoldSiteViewMixin

from sla import reports
from sla.admin.questions import Asked, AskingForm
from sla.admin.saved_reports import links_to_saved, saving
from sla.models import Metric, SavedReport
from sla.reports import Dimension

TITLES = {
    Dimension.PRIORITY: "Priority",
    Dimension.METRIC: "Metric",
    Dimension.TEAM: "Team",
    Dimension.AGENT: "Agent",
    Dimension.ORGANIZATION: "Organization",
    Dimension.SPOC: "Single point of contact",
    Dimension.REQUEST_TYPE: "Request type",
    Dimension.CHANNEL: "Channel",
    Dimension.TAG: "Tag",
    Dimension.REASON: "Reason of the breach",
}
# What a row is called whose tickets have none.
NONE = {
    Dimension.TEAM: "No team",
    Dimension.AGENT: "Nobody",
    Dimension.ORGANIZATION: "No organization",
    Dimension.SPOC: "No single point of contact",
    Dimension.REQUEST_TYPE: "No request type",
    Dimension.TAG: "No tag",
    Dimension.REASON: "No reason",
}


class BreakdownForm(AskingForm):
    """The question, and by what it is broken down."""

    by = forms.ChoiceField(
        label="By", choices=[(name.value, title) for name, title in TITLES.items()], required=False
    )

    @property
    def dimension(self) -> Dimension:
        return Dimension(self.cleaned_data["by"] or Dimension.PRIORITY)


@dataclass(frozen=True)
class Line:
    """A row with its name in words; `narrowed` is the report about it alone, as a query."""

    name: str
    row: reports.BreakdownRow
    narrowed: str
    behind: dict[str, str]


class BreakdownView(UnfoldSiteViewMixin, TemplateView):
    """One row for each team, agent, organization ...: each leads to the report about it alone."""

    title = "SLA breakdown"
    permission_required = "sla.view_reports"
    template_name = "admin/sla/report/breakdown.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The question, and the rows when it makes sense."""
        context: dict[str, Any] = super().get_context_data(**kwargs)
        now = timezone.now()
        asked = Asked.of(self.request.GET, at=now, form_class=BreakdownForm)
        context.update(asked=asked, now=now)
        form, question = asked.form, asked.question
        if question is not None and isinstance(form, BreakdownForm):
            by = form.dimension
            rows = reports.breakdown(
                by=by, period=question.period, at=now, filters=question.filters
            )
            query = question.query(by=by.value)
            context.update(
                by=TITLES[by],
                dimensions=[
                    (title, f"?{question.query(by=name.value)}", name is by)
                    for name, title in TITLES.items()
                ],
                lines=[_line(row, by, question) for row in rows],
                is_cut=len(rows) == reports.MOST_ROWS,
                most=reports.MOST_ROWS,
                is_by_tag=by is Dimension.TAG,
                saved=links_to_saved(self.request.user),
                saving=saving(SavedReport.Page.BREAKDOWN, query),
            )
        return context


def _line(row: reports.BreakdownRow, by: Dimension, question: reports.Question) -> Line:
    only = {by.value: row.key}
    return Line(
        name=_name(row, by),
        row=row,
        narrowed=f"?{question.query(**only)}",
        behind={
            figure.value: f"?{question.query(**only, figure=figure.value)}"
            for figure in reports.Figure
        },
    )


def _name(row: reports.BreakdownRow, by: Dimension) -> str:
    if by is Dimension.METRIC:
        return str(Metric(row.name).label)
    if by is Dimension.PRIORITY:
        return f"{row.key} {row.name}"
    if by is Dimension.CHANNEL:
        ticket = apps.get_model("tickets", "Ticket")
        return str(dict(ticket._meta.get_field("channel").flatchoices)[row.name])
    return row.name or NONE[by]
