"""The SLA report, and the lists of promises behind each of its numbers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django import forms
from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from django.views.generic import TemplateView
from unfold.views import UnfoldSiteViewMixin
from unfold.widgets import INPUT_CLASSES

from sla import reports
from sla.admin.chart import chart_of
from sla.models import Metric, Policy, Priority

FIRST_YEAR, LAST_YEAR = 2000, 2100
DEFAULT_DAYS = 30

FIGURES = {
    reports.Figure.ALL: "All promises",
    reports.Figure.KEPT: "Kept promises",
    reports.Figure.BROKEN: "Broken promises",
    reports.Figure.RUNNING: "Promises still running",
    reports.Figure.DECIDED: "Promises kept or broken",
    reports.Figure.FULFILLED: "Promises fulfilled, in time or late",
}


def _day(label: str, missing: str) -> forms.DateField:
    attributes = {"type": "date", "class": " ".join(INPUT_CLASSES)}
    return forms.DateField(
        label=label,
        widget=forms.DateInput(attributes, format="%Y-%m-%d"),
        input_formats=["%Y-%m-%d"],
        error_messages={
            "required": missing,
            "invalid": "That is not a day. Write it as year-month-day, such as 2026-11-02.",
        },
    )


class PeriodForm(forms.Form):
    """The days that the report is about, both included, in the zone of the default calendar."""

    first = _day("From", "Say on which day the period begins.")
    last = _day("To", "Say on which day the period ends.")

    def clean(self) -> dict[str, Any]:
        """Refuse a period that ends before it begins, or lies in no time of ours."""
        cleaned = super().clean() or self.cleaned_data
        for name in ("first", "last"):
            day = cleaned.get(name)
            if day and not FIRST_YEAR <= day.year <= LAST_YEAR:
                self.add_error(name, f"Choose a day from the year {FIRST_YEAR} to {LAST_YEAR}.")
        first, last = self.cleaned_data.get("first"), self.cleaned_data.get("last")
        if first and last and last < first:
            self.add_error("last", "The period ends before it begins.")
        return cleaned


class FigureForm(PeriodForm):
    """One number of the report."""

    figure = forms.ChoiceField(choices=list(FIGURES.items()), initial=reports.Figure.BROKEN)
    priority = forms.ModelChoiceField(Priority.objects.all(), to_field_name="code", required=False)
    metric = forms.ChoiceField(choices=[("", "Every metric"), *Metric.choices], required=False)


@dataclass(frozen=True)
class Question:
    """What the address asks for; `period` is None where it makes no sense."""

    form: PeriodForm
    zone: str
    today: date
    period: reports.Period | None

    @classmethod
    def of(cls, request: HttpRequest, form_class: type[PeriodForm]) -> Question:
        """The days in the address, or else the last 30, in the zone of the default calendar."""
        zone = default_zone()
        today = timezone.localdate(timezone=ZoneInfo(zone))
        days = {"first": today - timedelta(days=DEFAULT_DAYS - 1), "last": today}
        asked = request.GET.dict()
        form = form_class(asked if "first" in asked or "last" in asked else {**asked, **days})
        period = None
        if form.is_valid():
            first, last = form.cleaned_data["first"], form.cleaned_data["last"]
            period = reports.Period.of_days(first, last, zone)
        return cls(form, zone, today, period)

    @property
    def days(self) -> dict[str, date]:
        """First and last day, where they make sense."""
        names = ("first", "last") if self.period else ()
        return {name: self.form.cleaned_data[name] for name in names}


class ReportView(UnfoldSiteViewMixin, TemplateView):
    """How many promises were kept: a table per priority and metric, and a chart over time."""

    title = "SLA report"
    permission_required = "sla.view_reports"
    template_name = "admin/sla/report/report.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The question, and the figures when it makes sense."""
        context: dict[str, Any] = super().get_context_data(**kwargs)
        asked, now = Question.of(self.request, PeriodForm), timezone.now()
        context.update(asked=asked, now=now, presets=presets(asked), query=urlencode(asked.days))
        if asked.period:
            rows = reports.attainment(period=asked.period, at=now)
            step = reports.step_of(asked.period)
            over_time = reports.attainment_over_time(
                period=asked.period, at=now, zone=asked.zone, step=step
            )
            context.update(
                rows=rows, totals=reports.totals(rows), chart=chart_of(over_time, step=step)
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
        asked, now = Question.of(self.request, FigureForm), timezone.now()
        context.update(asked=asked, now=now, prefix=settings.TICKET_PREFIX)
        context.update(query=urlencode(asked.days))
        if asked.period:
            wanted = asked.form.cleaned_data
            figure, priority = reports.Figure(wanted["figure"]), wanted["priority"]
            rows, page = reports.clocks_behind(
                figure=figure,
                period=asked.period,
                at=now,
                priority=priority.code if priority else "",
                metric=wanted["metric"],
                page=self.request.GET.get("page", "1"),
            )
            context.update(rows=rows, page=page, title=FIGURES[figure], wanted=wanted)
        return context


def default_zone() -> str:
    """The zone of the default policy's calendar; the settings' one before a policy is loaded."""
    default = Policy.objects.filter(is_default=True)
    return default.values_list("calendar__time_zone", flat=True).first() or settings.TIME_ZONE


def presets(asked: Question) -> list[dict[str, Any]]:
    """Links to the periods that people ask for most, the present one marked."""
    today, one = asked.today, timedelta(days=1)
    month = today.replace(day=1)
    periods = {
        "Last 7 days": (today - 6 * one, today),
        "Last 30 days": (today - 29 * one, today),
        "Last 90 days": (today - 89 * one, today),
        "This month": (month, today),
        "Last month": ((month - one).replace(day=1), month - one),
    }
    return [
        {
            "title": title,
            "link": f"?{urlencode({'first': first, 'last': last})}",
            "active": asked.days == {"first": first, "last": last},
        }
        for title, (first, last) in periods.items()
    ]
