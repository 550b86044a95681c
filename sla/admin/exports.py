"""Every table of the reports as a file: the address of its page, with the same question."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from unfold.views import UnfoldSiteViewMixin

from sla import reports
from sla.admin.ahead import AheadForm
from sla.admin.breaches import BreachesForm
from sla.admin.breakdowns import BreakdownForm
from sla.admin.files import file_of
from sla.admin.questions import Asked, AskingForm
from sla.admin.reports import FigureForm, TicketFigureForm, listed
from sla.admin.what_if import WhatIfListForm
from sla.admin.what_if_form import WhatIfForm
from sla.files import TYPES, Layout, Table
from sla.models import SavedReport
from sla.reports.ahead import all_promises_ahead, due_soon, load
from sla.reports.questions import default_zone
from sla.reports.tables import OF_PAGE, ahead, lists, overview_table, paper, tables_for
from sla.reports.tables.layouts import about
from sla.reports.what_if import TooMany, read_only, what_if
from sla.reports.what_if_behind import all_what_if_promises

Page = SavedReport.Page


class NoAnswer(Exception):  # noqa: N818 - it names what comes of it
    """The address asks for what there is not; the sentences say why."""

    def __init__(self, sentences: Iterable[str]) -> None:
        super().__init__()
        self.sentences = list(sentences)


@dataclass(frozen=True)
class Asking:
    """Who asks what, and when."""

    request: HttpRequest
    at: datetime

    def understood(self, form_class: type[AskingForm]) -> tuple[Any, reports.Question]:
        """The form of the page, and its question. Raises NoAnswer."""
        asked = Asked.of(self.request.GET, at=self.at, form_class=form_class)
        if asked.question is None:
            raise NoAnswer(sentences(asked.form))
        return asked.form, asked.question

    def scope(self, question: reports.Question) -> dict[str, Any]:
        """What the functions of the reports take."""
        return {"period": question.period, "at": self.at, "filters": question.filters}


type Source = Callable[[Asking], list[Table]]


def sentences(form: forms.Form) -> list[str]:
    """What is wrong with a form, a sentence each, with the name of its field."""
    said = [str(error) for error in form.non_field_errors()]
    return said + [f"{bound.label}: {error}" for bound in form for error in bound.errors]


def _of_page(page: SavedReport.Page, form_class: type[AskingForm]) -> Source:
    """The tables of a page that can be saved."""

    def tables(asking: Asking) -> list[Table]:
        _, question = asking.understood(form_class)
        request = asking.request
        return tables_for(
            page, question, at=asking.at, query=request.GET.urlencode(), reader=request.user
        )

    return tables


def _of_overview(layout: Layout) -> Source:
    """This one table of the overview."""

    def tables(asking: Asking) -> list[Table]:
        _, question = asking.understood(AskingForm)
        return [overview_table(layout, question, at=asking.at)]

    return tables


def _promises(asking: Asking) -> list[Table]:
    form, question = asking.understood(FigureForm)
    asked = {name: form.cleaned_data[name] for name in ("figure", "weekday", "hour", "used")}
    rows = reports.all_clocks_behind(
        figure=reports.Figure(asked["figure"]),
        part=form.part(question.zone),
        reader=asking.request.user,
        **asking.scope(question),
    )
    return [lists.PROMISES.table(rows, about(question, asking.at, **asked))]


def _tickets(asking: Asking) -> list[Table]:
    form, question = asking.understood(TicketFigureForm)
    asked = {name: form.cleaned_data[name] for name in ("figure", "days", "stars")}
    figure = reports.TicketFigure(asked["figure"])
    rows = reports.all_tickets_behind(
        figure=figure,
        listed=listed(form.cleaned_data, figure, asking.at),
        reader=asking.request.user,
        **asking.scope(question),
    )
    return [lists.TICKETS.table(rows, about(question, asking.at, **asked))]


def _ahead(asking: Asking) -> list[Table]:
    at, zone = asking.at, default_zone()
    days, loads = load(at=at, zone=zone)
    asked = {"zone": zone, "made_at": at}
    return [
        ahead.DUE_SOON.table(due_soon(at=at), asked),
        ahead.LOAD.table([(each, day) for each in loads for day in days], asked),
    ]


def _promises_ahead(asking: Asking) -> list[Table]:
    form, zone = AheadForm(asking.request.GET), default_zone()
    if not form.is_valid():
        raise NoAnswer(sentences(form))
    rows = all_promises_ahead(ahead=form.ahead, at=asking.at, zone=zone, reader=asking.request.user)
    asked = {"zone": zone, "filters": asdict(form.ahead), "made_at": asking.at}
    return [ahead.AHEAD.table(rows, asked)]


def _what_if(asking: Asking) -> list[Table]:
    form, question = asking.understood(WhatIfForm)
    if form.paper.is_blank:
        raise NoAnswer(["Nothing is changed on paper yet."])
    try:
        with read_only():
            rows = what_if(paper=form.paper, **asking.scope(question))
    except TooMany as problem:
        raise NoAnswer([str(problem)]) from problem
    return [paper.WHAT_IF.table(rows, about(question, asking.at, paper=form.supposed))]


def _what_if_promises(asking: Asking) -> list[Table]:
    form, question = asking.understood(WhatIfListForm)
    rows = all_what_if_promises(
        paper=form.paper,
        was=form.cleaned_data["was"],
        would=form.cleaned_data["would"],
        others=form.cleaned_data["others"],
        reader=asking.request.user,
        **asking.scope(question),
    )
    asked = about(question, asking.at, paper=form.supposed)
    return [paper.WHAT_IF_PROMISES.table(rows, asked)]


# Each table, and how its page's address is answered.
SOURCES: dict[str, Source] = {
    layout.name: source
    for source, layouts in (
        *((_of_overview(layout), [layout]) for layout in OF_PAGE[Page.OVERVIEW]),
        (_of_page(Page.BREAKDOWN, BreakdownForm), OF_PAGE[Page.BREAKDOWN]),
        (_of_page(Page.BREACHES, BreachesForm), OF_PAGE[Page.BREACHES]),
        (_promises, [lists.PROMISES]),
        (_tickets, [lists.TICKETS]),
        (_ahead, [ahead.DUE_SOON, ahead.LOAD]),
        (_promises_ahead, [ahead.AHEAD]),
        (_what_if, [paper.WHAT_IF]),
        (_what_if_promises, [paper.WHAT_IF_PROMISES]),
    )
    for layout in layouts
}


class ExportView(UnfoldSiteViewMixin):
    """One table, with all its rows, for whoever may see the page that shows it."""

    title = "Export"
    permission_required = "sla.view_reports"

    def get(self, request: HttpRequest, table: str, kind: str) -> HttpResponseBase:
        """The file; 404 for an unknown table or kind, 400 with sentences for a bad question."""
        if table not in SOURCES:
            raise Http404
        asking = Asking(request, timezone.now())
        return answer(self, table, kind, lambda: SOURCES[table](asking))


def answer(
    view: UnfoldSiteViewMixin, table: str, kind: str, tables: Callable[[], list[Table]]
) -> HttpResponseBase:
    """The file with this one of the tables, or a page that says why there is none."""
    if kind not in TYPES:
        raise Http404
    try:
        found = next(each for each in tables() if each.name == table)
    except NoAnswer as refusal:
        context = view.get_context_data(sentences=refusal.sentences)
        return render(view.request, "admin/sla/report/refused.html", context, status=400)
    return file_of(found, kind, name=_name(found))


def _name(table: Table) -> str:
    """Such as "attainment-2026-11-01-to-2026-11-30"."""
    if "first_day" not in table.about:
        return table.name
    return f"{table.name}-{table.about['first_day']}-to-{table.about['last_day']}"
