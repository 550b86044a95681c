"""What next: which tickets will break a promise, against how much gets solved; the week ahead."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.apps import apps
from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.dateformat import format as in_format
from django.views.generic import TemplateView
from unfold.views import UnfoldSiteViewMixin

from sla.admin.chart import INK
from sla.admin.files import links_to_files
from sla.models import Priority
from sla.reports.ahead import (
    HORIZONS,
    Ahead,
    DueRow,
    Rate,
    due_soon,
    load,
    promises_ahead,
    rate_of_solving,
)
from sla.reports.colours import KEPT
from sla.reports.filters import NOBODY
from sla.reports.questions import default_zone
from sla.reports.tables import ahead as tables

NO_TEAM = "No team"


@dataclass(frozen=True)
class Number:
    """A number with the address of what is behind it; none for zero."""

    value: int
    link: str
    label: str = ""

    @classmethod
    def of(cls, value: int, *, label: str = "", **asked: Any) -> Number:
        """The number of what is asked; `label` is that of its column."""
        address = f"{reverse('admin:sla_ahead_clocks')}?{urlencode(asked)}"
        return cls(value, address if value else "", label)


@dataclass(frozen=True)
class Forecast:
    """What one team has to solve within a horizon, and how much of it it does at its rate."""

    hours: int
    due: Number
    words: str
    is_short: bool


@dataclass(frozen=True)
class TeamAhead:
    """One team: its forecasts, and its numbers by priority for each horizon."""

    name: str
    forecasts: Sequence[Forecast]
    priorities: Sequence[tuple[str, Sequence[Number]]]


class AheadForm(forms.Form):
    """One number of the page."""

    team = forms.TypedChoiceField(coerce=int, required=False, empty_value=None)
    priority = forms.ModelChoiceField(Priority.objects.all(), to_field_name="code", required=False)
    within = forms.TypedChoiceField(
        choices=[("", ""), *((hours, hours) for hours in HORIZONS)],
        coerce=int,
        required=False,
        empty_value=None,
    )
    day = forms.DateField(required=False, input_formats=["%Y-%m-%d"])

    def __init__(self, data: Any) -> None:
        super().__init__(data)
        teams = apps.get_model("tickets", "Team")._default_manager.all()
        choices: Any = [("", ""), (NOBODY, NO_TEAM), *((row.pk, str(row)) for row in teams)]
        self.fields["team"].choices = choices  # type: ignore[attr-defined]

    @property
    def ahead(self) -> Ahead:
        """What a valid form asks."""
        asked = self.cleaned_data
        priority = asked["priority"].code if asked["priority"] else ""
        return Ahead(asked["team"], priority, asked["within"], asked["day"])

    @property
    def words(self) -> str:
        """What a valid form asks, as the page calls it."""
        asked, said = self.cleaned_data, []
        if asked["team"] is not None:
            said.append(dict(self.fields["team"].choices)[asked["team"]])  # type: ignore[attr-defined]
        if asked["priority"]:
            said.append(asked["priority"].code)
        if asked["within"]:
            said.append(f"due within {asked['within']} business hours")
        if asked["day"]:
            said.append(f"due on {in_format(asked['day'], 'D j M Y')}")
        elif not asked["within"]:
            said.append("due within seven days")
        words = ", ".join(said)
        return words[:1].upper() + words[1:]


class AheadView(UnfoldSiteViewMixin, TemplateView):
    """The forecast by team, and the load of the next seven days."""

    title = "What next"
    permission_required = "sla.view_reports"
    template_name = "admin/sla/ahead/page.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Few queries, the same for any number of tickets."""
        context: dict[str, Any] = super().get_context_data(**kwargs)
        now, zone = timezone.now(), default_zone()
        rate = rate_of_solving(at=now)
        days, loads = load(at=now, zone=zone)
        labels = [in_format(day, "D j M") for day in days]
        named = list(zip(days, labels, strict=True))
        sums = [sum(each.due.get(day, 0) for each in loads) for day in days]
        context.update(
            now=now,
            zone=zone,
            horizons=HORIZONS,
            teams=_teams(due_soon(at=now), rate),
            rate=rate,
            labels=labels,
            loads=[
                (
                    each.team_name or NO_TEAM,
                    [
                        Number.of(each.due.get(day, 0), label=label, team=each.team, day=day)
                        for day, label in named
                    ],
                )
                for each in loads
            ],
            sums=[
                Number.of(due, label=label, day=day)
                for due, (day, label) in zip(sums, named, strict=True)
            ],
            chart=_chart(labels, sums) if any(sums) else None,
            files=links_to_files(self.request, tables.DUE_SOON, tables.LOAD),
        )
        return context


class PromisesAheadView(UnfoldSiteViewMixin, TemplateView):
    """The promises behind one number of the page."""

    title = "What next"
    permission_required = "sla.view_reports"
    template_name = "admin/sla/ahead/clocks.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The promises, when the address makes sense."""
        context: dict[str, Any] = super().get_context_data(**kwargs)
        now, zone = timezone.now(), default_zone()
        form = AheadForm(self.request.GET)
        context.update(form=form, now=now, zone=zone, prefix=settings.TICKET_PREFIX)
        if form.is_valid():
            rows, page = promises_ahead(
                ahead=form.ahead,
                at=now,
                zone=zone,
                page=self.request.GET.get("page", "1"),
                reader=self.request.user,
            )
            files = links_to_files(self.request, tables.AHEAD)
            context.update(rows=rows, page=page, title=form.words, files=files)
        return context


def _teams(rows: Sequence[DueRow], rate: Rate | None) -> list[TeamAhead]:
    """The teams in the order of the rows."""
    by_team: dict[int, list[DueRow]] = {}
    for row in rows:
        by_team.setdefault(row.team, []).append(row)
    return [
        TeamAhead(
            name=of[0].team_name or NO_TEAM,
            forecasts=[_forecast(team, hours, of, rate) for hours in HORIZONS],
            priorities=[
                (
                    row.priority,
                    [
                        Number.of(
                            row.within[hours],
                            label=f"{hours} business hours",
                            team=team,
                            priority=row.priority,
                            within=hours,
                        )
                        for hours in HORIZONS
                    ],
                )
                for row in of
            ],
        )
        for team, of in by_team.items()
    ]


def _forecast(team: int, hours: int, rows: Sequence[DueRow], rate: Rate | None) -> Forecast:
    """Such as: 14 due within 8 business hours; at the present rate 9 get solved."""
    due = sum(row.within[hours] for row in rows)
    solved = rate.expected(team, hours) if rate else None
    within = f"due within {hours} business hours"
    if solved is None:
        words = f"{within}; nothing is known of how much gets solved"
    else:
        words = f"{within}, at the present rate {solved} get{'s' if solved == 1 else ''} solved"
    return Forecast(
        hours=hours,
        due=Number.of(due, team=team, within=hours),
        words=words,
        is_short=solved is not None and solved < due,
    )


def _chart(labels: Sequence[str], sums: Sequence[int]) -> dict[str, str]:
    """A bar a day, as the JSON that unfold's component hands to Chart.js."""
    data = {
        "labels": labels,
        "datasets": [
            {"label": "Promises due", "backgroundColor": KEPT, "data": sums, "maxBarThickness": 48}
        ],
    }
    options = {
        "animation": False,
        "responsive": True,
        "maintainAspectRatio": False,
        "plugins": {"legend": {"display": False}},
        "scales": {
            "x": {
                "grid": {"display": False},
                "title": {"display": True, "text": "Day on which they are due", "color": INK},
                "ticks": {"color": INK},
            },
            "y": {
                "beginAtZero": True,
                "title": {"display": True, "text": "Promises", "color": INK},
                "ticks": {"color": INK, "precision": 0},
            },
        },
    }
    return {"data": json.dumps(data), "options": json.dumps(options)}
