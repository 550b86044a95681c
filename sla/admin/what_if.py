"""What if: past promises under other targets or hours, on paper. Nothing can be saved here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.views.generic import TemplateView
from unfold.views import UnfoldSiteViewMixin

from sla.admin.files import links_to_files
from sla.admin.questions import Asked
from sla.admin.what_if_chart import attainment_chart
from sla.admin.what_if_form import WhatIfForm
from sla.reports import Figure, Question
from sla.reports.attainment import cut
from sla.reports.figures import percentage
from sla.reports.tables import paper as tables
from sla.reports.what_if import (
    MOST,
    Outcome,
    Tally,
    TooMany,
    WhatIfRow,
    read_only,
    what_if,
)
from sla.reports.what_if_behind import what_if_promises
from sla.templatetags.figures import metric_name, percent

OUTCOMES = {
    Outcome.KEPT: "kept",
    Outcome.BROKEN: "broken",
    Outcome.RUNNING: "still running",
    Outcome.REPLACED: "replaced",
    Outcome.UNKNOWN: "not to be reckoned",
}
# The fields that say which number of the page a list is behind.
BEHIND = ("was", "would", "others")
FIGURES = {
    Outcome.KEPT: Figure.KEPT,
    Outcome.BROKEN: Figure.BROKEN,
    Outcome.RUNNING: Figure.RUNNING,
}


class WhatIfListForm(WhatIfForm):
    """One number of the page: from which outcome to which; neither: whatever changes.

    `others` are the changes that are in neither column of those between kept and broken.
    """

    was = forms.TypedChoiceField(
        choices=[("", ""), *((o.value, OUTCOMES[o]) for o in Outcome)],
        coerce=lambda value: Outcome(int(value)),
        required=False,
        empty_value=None,
    )
    would = forms.TypedChoiceField(
        choices=[("", ""), *((o.value, OUTCOMES[o]) for o in Outcome)],
        coerce=lambda value: Outcome(int(value)),
        required=False,
        empty_value=None,
    )
    others = forms.BooleanField(required=False)
    after = forms.IntegerField(required=False, min_value=0, max_value=(1 << 63) - 1)


@dataclass(frozen=True)
class Number:
    """A number with the address of what is behind it; none for zero."""

    words: str
    link: str

    @classmethod
    def of(cls, value: int, link: str) -> Number:
        return cls(f"{value:,}", link if value else "")


@dataclass(frozen=True)
class Pair:
    """A column of the table: as it was, and on paper."""

    title: str
    was: Number
    would: Number


@dataclass(frozen=True)
class Line:
    """A row of the table in words."""

    title: str
    attainment: tuple[str, str]
    pairs: Sequence[Pair]
    at_goal: tuple[int, int]
    won: Number
    lost: Number
    others: Number


@dataclass(frozen=True)
class Sum:
    """All priorities together, for one metric: attainment as it was, and on paper."""

    metric: str
    was: str
    would: str
    change: str


@dataclass(frozen=True)
class Links:
    """Addresses that hold the question and the paper."""

    question: Question
    supposed: dict[str, str]

    def behind(self, figure: Figure, **changes: Any) -> str:
        """The promises as they were."""
        query = self.question.query(figure=figure.value, **changes)
        return f"{reverse('admin:sla_report_clocks')}?{query}"

    def on_paper(self, **changes: Any) -> str:
        """The promises with their outcomes on paper."""
        query = self.question.query(**self.supposed, **changes)
        return f"{reverse('admin:sla_what_if_clocks')}?{query}"

    def back(self) -> str:
        """The page itself."""
        return f"{reverse('admin:sla_what_if')}?{self.question.query(**self.supposed)}"


class WhatIfView(UnfoldSiteViewMixin, TemplateView):
    """Attainment as it was and as it would have been, and what changes."""

    title = "What if"
    permission_required = "sla.view_reports"
    template_name = "admin/sla/whatif/page.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The question and the paper, and the figures when both make sense."""
        context: dict[str, Any] = super().get_context_data(**kwargs)
        now = timezone.now()
        asked = Asked.of(self.request.GET, at=now, form_class=WhatIfForm)
        form: Any = asked.form
        context.update(asked=asked, form=form, now=now, most=f"{MOST:,}")
        if (question := asked.question) is None:
            return context
        context["is_blank"] = form.paper.is_blank
        if form.paper.is_blank:
            return context
        links = Links(question, form.supposed)
        try:
            with read_only():
                rows = what_if(
                    paper=form.paper, period=question.period, at=now, filters=question.filters
                )
        except TooMany as problem:
            context["too_many"] = problem
            return context
        changed = sum(row.changed for row in rows)
        context.update(
            lines=[_line(row, links) for row in rows],
            sums=_sums(rows),
            changed=Number.of(changed, links.on_paper()),
            chart=attainment_chart(rows),
            files=links_to_files(self.request, tables.WHAT_IF),
        )
        return context


class WhatIfClocksView(UnfoldSiteViewMixin, TemplateView):
    """The promises behind one number of the page."""

    title = "What if"
    permission_required = "sla.view_reports"
    template_name = "admin/sla/whatif/clocks.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The promises, 50 at a time, when the question and the paper make sense."""
        context: dict[str, Any] = super().get_context_data(**kwargs)
        now = timezone.now()
        asked = Asked.of(self.request.GET, at=now, form_class=WhatIfListForm)
        form: Any = asked.form
        context.update(asked=asked, now=now, prefix=settings.TICKET_PREFIX)
        if (question := asked.question) is None:
            return context
        was, would, others = (form.cleaned_data[name] for name in ("was", "would", "others"))
        with read_only():
            rows, after = what_if_promises(
                paper=form.paper,
                period=question.period,
                at=now,
                filters=question.filters,
                was=was,
                would=would,
                others=others,
                after=form.cleaned_data["after"] or 0,
                reader=self.request.user,
            )
        supposed = {name: value for name, value in form.supposed.items() if name != "after"}
        number = Links(question, supposed)
        paper = {name: v for name, v in supposed.items() if name not in BEHIND}
        context.update(
            rows=[(row, OUTCOMES[row.was], OUTCOMES[row.would]) for row in rows],
            back=Links(question, paper).back(),
            first=number.on_paper() if form.cleaned_data["after"] else "",
            following=number.on_paper(after=after) if after else "",
            title=_title(was, would, others=others),
            files=links_to_files(self.request, tables.WHAT_IF_PROMISES),
        )
        return context


def _title(was: Outcome | None, would: Outcome | None, *, others: bool) -> str:
    if was is None and would is None:
        said = "Promises with another outcome on paper"
        return f"{said}, but for those between kept and broken" if others else said
    if was is None:
        return f"Promises that would be {OUTCOMES[would]}" if would is not None else ""
    before = f"Promises that were {OUTCOMES[was]}"
    return before if would is None else f"{before} and would be {OUTCOMES[would]}"


def _line(row: WhatIfRow, links: Links) -> Line:
    about = {"priority": row.priority, "metric": row.metric}
    was, would = row.was, row.would
    pairs = [
        Pair(
            OUTCOMES[outcome].capitalize(),
            Number.of(was[outcome], links.behind(FIGURES[outcome], **about)),
            Number.of(would[outcome], links.on_paper(**about, would=outcome.value)),
        )
        for outcome in FIGURES
    ]
    move: Callable[[Outcome, Outcome], str] = lambda a, b: links.on_paper(  # noqa: E731
        **about, was=a.value, would=b.value
    )
    return Line(
        title=f"{row.priority} {metric_name(row.metric).lower()}",
        attainment=(_attained(was), _attained(would)),
        pairs=pairs,
        at_goal=row.at_goal,
        won=Number.of(row.won, move(Outcome.BROKEN, Outcome.KEPT)),
        lost=Number.of(row.lost, move(Outcome.KEPT, Outcome.BROKEN)),
        others=Number.of(row.others, links.on_paper(**about, others="on")),
    )


def _attained(tally: Tally) -> str:
    return "nothing decided" if tally.attainment is None else percent(tally.attainment)


def _sums(rows: Sequence[WhatIfRow]) -> list[Sum]:
    """Of each metric, in the order of their names."""
    found = []
    for metric in sorted({row.metric for row in rows}):
        tallies = [(row.was, row.would) for row in rows if row.metric == metric]
        was, would = (
            percentage(sum(t.kept for t in side), sum(t.broken for t in side))
            for side in zip(*tallies, strict=True)
        )
        found.append(Sum(metric_name(metric), _or_nothing(was), _or_nothing(would),
                         _change(was, would)))  # fmt: skip
    return found


def _or_nothing(share: float | None) -> str:
    return "nothing decided" if share is None else percent(share)


def _change(was: float | None, would: float | None) -> str:
    if was is None or would is None or was == would:
        return "no change"
    # Of the shares as they are shown: whoever takes one from the other finds this.
    points = abs(cut(would) - cut(was))
    said = f"{points:.1f}" if points >= 0.05 else "less than 0.1"
    return f"{said} points {'more' if would > was else 'less'}"
