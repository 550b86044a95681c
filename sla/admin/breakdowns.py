"""The report broken down by what tickets have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils import timezone
from django.views.generic import TemplateView
from unfold.views import UnfoldSiteViewMixin

from sla import reports
from sla.admin.files import links_to_files
from sla.admin.questions import Asked, AskingForm
from sla.admin.saved_reports import links_to_saved, saving
from sla.models import SavedReport
from sla.reports import Dimension
from sla.reports.tables import OF_PAGE
from sla.reports.words import DIMENSIONS, name_of


class BreakdownForm(AskingForm):
    """The question, and by what it is broken down."""

    by = forms.ChoiceField(
        label="By",
        choices=[(name.value, title) for name, title in DIMENSIONS.items()],
        required=False,
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
                by=DIMENSIONS[by],
                dimensions=[
                    (title, f"?{question.query(by=name.value)}", name is by)
                    for name, title in DIMENSIONS.items()
                ],
                lines=[_line(row, by, question) for row in rows],
                is_cut=len(rows) == reports.MOST_ROWS,
                most=reports.MOST_ROWS,
                is_by_tag=by is Dimension.TAG,
                saved=links_to_saved(self.request.user),
                saving=saving(SavedReport.Page.BREAKDOWN, query),
                files=links_to_files(self.request, *OF_PAGE[SavedReport.Page.BREAKDOWN]),
            )
        return context


def _line(row: reports.BreakdownRow, by: Dimension, question: reports.Question) -> Line:
    only = {by.value: row.key}
    return Line(
        name=name_of(row, by),
        row=row,
        narrowed=f"?{question.query(**only)}",
        behind={
            figure.value: f"?{question.query(**only, figure=figure.value)}"
            for figure in reports.Figure
        },
    )
