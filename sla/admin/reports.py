"""The SLA report, and the lists of promises and tickets behind each of its numbers."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from itertools import pairwise
from typing import Any

from django import forms
from django.apps import apps
from django.conf import settings
from django.utils import timezone
from django.views.generic import TemplateView
from unfold.views import UnfoldSiteViewMixin

from sla import reports
from sla.admin.files import links_to_files
from sla.admin.overview import age_in_words, shown
from sla.admin.questions import Asked, AskingForm
from sla.admin.saved_reports import links_to_saved, saving
from sla.core.week import WEEKDAYS
from sla.models import SavedReport
from sla.reports.figures import MOST_USED
from sla.reports.tables import OF_PAGE, lists
from sla.reports.words import TICKET_FIGURES, tenth_in_words

FIGURES = {
    reports.Figure.ALL: "All promises",
    reports.Figure.KEPT: "Kept promises",
    reports.Figure.BROKEN: "Broken promises",
    reports.Figure.RUNNING: "Promises still running",
    reports.Figure.DECIDED: "Promises kept or broken",
    reports.Figure.FULFILLED: "Promises fulfilled, in time or late",
}


# The lists of these say when a ticket came in, and nothing else has happened at another time.
BY_SUBMISSION = {
    reports.TicketFigure.CAME_IN,
    reports.TicketFigure.BACKLOG,
    reports.TicketFigure.AGE,
}


class FigureForm(AskingForm):
    """One number of the report, or one bar or cell of its charts."""

    figure = forms.ChoiceField(choices=list(FIGURES.items()))
    weekday = forms.IntegerField(required=False, min_value=0, max_value=6)
    hour = forms.IntegerField(required=False, min_value=0, max_value=23)
    used = forms.IntegerField(required=False, min_value=1, max_value=MOST_USED)

    def part(self, zone: str) -> reports.Part:
        """What the bar or the cell counts."""
        return reports.Part(
            zone, **{name: self.cleaned_data[name] for name in ("weekday", "hour", "used")}
        )

    @property
    def part_in_words(self) -> list[str]:
        weekday, hour, used = (self.cleaned_data[name] for name in ("weekday", "hour", "used"))
        words = [] if weekday is None else [f"on {WEEKDAYS[weekday]}s"]
        words += [] if hour is None else [f"from {hour:02}:00 until {hour + 1:02}:00"]
        return words + ([] if used is None else [f"after {tenth_in_words(used)} of their time"])


class TicketFigureForm(AskingForm):
    """One number of tickets; `days` of those of an age, `stars` of those that were rated."""

    figure = forms.ChoiceField(choices=[(f.value, words) for f, words in TICKET_FIGURES.items()])
    days = forms.TypedChoiceField(
        choices=[(days, days) for days in reports.AGES], coerce=int, required=False
    )
    stars = forms.IntegerField(required=False, min_value=1, max_value=5)

    @property
    def part_in_words(self) -> str:
        """Which row of a table it is, such as "2 to 5 business days"; "" for all."""
        days, stars = self.cleaned_data["days"], self.cleaned_data["stars"]
        if self.cleaned_data["figure"] == reports.TicketFigure.AGE:
            below = dict(pairwise((*reports.AGES, None)))[days or 0]
            return age_in_words(days or 0, below)
        return f"{stars} star{'' if stars == 1 else 's'}" if stars else ""


class ReportView(UnfoldSiteViewMixin, TemplateView):
    """All figures of a period: promises, times, tickets in and out, backlog, satisfaction."""

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
            context.update(
                shown(reports.overview(question, at=now), question),
                is_of_promises=question.filters.is_of_promises,
                saved=links_to_saved(self.request.user),
                saving=saving(SavedReport.Page.OVERVIEW, question.query()),
                files=links_to_files(self.request, *OF_PAGE[SavedReport.Page.OVERVIEW]),
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
        form, question = asked.form, asked.question
        if question is not None and isinstance(form, FigureForm):
            figure = reports.Figure(form.cleaned_data["figure"])
            rows, page = reports.clocks_behind(
                figure=figure,
                period=question.period,
                at=now,
                filters=question.filters,
                part=form.part(question.zone),
                page=self.request.GET.get("page", "1"),
                reader=self.request.user,
            )
            context.update(
                rows=rows,
                page=page,
                title=FIGURES[figure],
                part=form.part_in_words,
                files=links_to_files(self.request, lists.PROMISES),
            )
        return context


class TicketsBehindView(UnfoldSiteViewMixin, TemplateView):
    """The tickets behind one number of the report."""

    title = "SLA report"
    permission_required = "sla.view_reports"
    template_name = "admin/sla/report/tickets.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The question, and the tickets when it makes sense."""
        context: dict[str, Any] = super().get_context_data(**kwargs)
        now = timezone.now()
        asked = Asked.of(self.request.GET, at=now, form_class=TicketFigureForm)
        context.update(asked=asked, now=now, prefix=settings.TICKET_PREFIX)
        form, question = asked.form, asked.question
        if question is not None and isinstance(form, TicketFigureForm):
            figure = reports.TicketFigure(form.cleaned_data["figure"])
            page = reports.tickets_behind(
                figure=figure,
                period=question.period,
                at=now,
                filters=question.filters,
                listed=listed(form.cleaned_data, figure, now),
                page=self.request.GET.get("page", "1"),
                reader=self.request.user,
            )
            context.update(
                page=page, rows=_in_words(page.object_list), title=TICKET_FIGURES[figure],
                part=form.part_in_words,
                is_of_promises=question.filters.is_of_promises,
                is_present=figure is reports.TicketFigure.AGE,
                has_when=figure not in BY_SUBMISSION,
                is_standing=figure is reports.TicketFigure.BACKLOG,
                files=links_to_files(self.request, lists.TICKETS),
            )  # fmt: skip
        return context


def _in_words(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """With the status as people call it."""
    names = dict(apps.get_model("tickets", "Ticket")._meta.get_field("status").flatchoices)
    return [{**row, "status": str(names[row["stands"]])} for row in rows]


def listed(
    asked: dict[str, Any], figure: reports.TicketFigure, now: datetime
) -> reports.Listed | None:
    """Which of the figure's tickets are wanted."""
    if figure is reports.TicketFigure.AGE:
        hours = reports.default_hours()
        return reports.Listed(*reports.age_span(hours, now, asked["days"] or 0)) if hours else None
    return reports.Listed(stars=asked["stars"])
