"""Charts of the SLA report, as the JSON that unfold's chart component hands to Chart.js.

Each comes with the same numbers as a table, in which every number leads to what it counts.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.urls import reverse
from django.utils.dateformat import format as in_format

from sla.models import Metric
from sla.reports import Question, TicketFigure, TimeRow, VolumeRow
from sla.reports.colours import BROKEN, CAME_IN, KEPT, LINE, RUNNING, SOLVED
from sla.reports.figures import MOST_USED
from sla.reports.tables.layouts import shown
from sla.reports.words import STEPS, tenth_in_words
from sla.templatetags.figures import percent

INK = "#757c8a"

# The tenth of its time after which a promise is late.
TARGET = 10


@dataclass(frozen=True)
class Cell:
    """A number of a table; `link` is "" where there is nothing behind it."""

    words: str
    link: str = ""


@dataclass(frozen=True)
class Chart:
    """Data and options of a chart, in JSON, and the same numbers for a table.

    `says` is what the picture shows, for those who do not see it.
    """

    title: str
    says: str
    data: str
    options: str
    headings: Sequence[str]
    rows: Sequence[tuple[str, Sequence[Cell]]]


def clocks_link(question: Question, **fields: Any) -> str:
    """The list of promises of the question, with some of its fields changed."""
    return f"{reverse('admin:sla_report_clocks')}?{question.query(**fields)}"


def tickets_link(question: Question, **fields: Any) -> str:
    """The list of tickets of the question, with some of its fields changed."""
    return f"{reverse('admin:sla_report_tickets')}?{question.query(**fields)}"


def over_time_chart(rows: Sequence[TimeRow], *, step: str, question: Question) -> Chart:
    """Stacked bars: what became of the promises made in each stretch; attainment as a line."""
    across, pattern = STEPS[step]
    labels = [in_format(row.starts, pattern) for row in rows]
    shares = [shown(row.attainment) for row in rows]
    datasets = [
        _bars("Kept", KEPT, [row.kept for row in rows]),
        _bars("Broken", BROKEN, [row.broken for row in rows]),
        _bars("Still running", RUNNING, [row.running for row in rows]),
        _line("Attainment in %", LINE, shares) | {"yAxisID": "share"},
    ]
    options = _options(f"{across} in which they were made", "Promises", stacked=True)
    options["scales"]["share"] = _axis("Attainment in %") | {
        "position": "right", "min": 0, "max": 100, "grid": {"display": False},
    }  # fmt: skip
    table = []
    for label, row in zip(labels, rows, strict=True):
        if row.kept + row.broken + row.running:
            days = _days(row.starts, step, question)
            numbers = {"kept": row.kept, "broken": row.broken, "running": row.running}
            cells = [
                _linked(number, clocks_link(question, **days, figure=figure))
                for figure, number in numbers.items()
            ]
            table.append((label, [*cells, Cell(percent(row.attainment) or "nothing decided")]))
    return Chart(
        title=f"What became of the promises, by {step}",
        says="Bars of kept, broken and running promises, and attainment as a line",
        data=json.dumps({"labels": labels, "datasets": datasets}),
        options=json.dumps(options),
        headings=[across, "Kept", "Broken", "Still running", "Attainment"],
        rows=table,
    )


def volume_chart(rows: Sequence[VolumeRow], *, step: str, question: Question) -> Chart:
    """Bars of what came in and was solved; the backlog at the end of each stretch as a line."""
    across, pattern = STEPS[step]
    labels = [in_format(row.starts, pattern) for row in rows]
    datasets = [
        _bars("Came in", CAME_IN, [row.came_in for row in rows]),
        _bars("Solved", SOLVED, [row.solved for row in rows]),
        _line("Backlog at the end", LINE, [row.backlog for row in rows]),
    ]
    table = []
    for label, row in zip(labels, rows, strict=True):
        if row.backlog is None:
            continue
        days = _days(row.starts, step, question)
        numbers = {
            TicketFigure.CAME_IN: row.came_in,
            TicketFigure.SOLVED: row.solved,
            TicketFigure.REOPENED: row.reopened,
            TicketFigure.BACKLOG: row.backlog,
        }
        cells = [
            _linked(number, tickets_link(question, **days, figure=figure.value))
            for figure, number in numbers.items()
        ]
        if any(numbers.values()):
            table.append((label, cells))
    return Chart(
        title=f"Tickets in and out, and the backlog, by {step}",
        says="Bars of tickets that came in and were solved, and the backlog as a line",
        data=json.dumps({"labels": labels, "datasets": datasets}),
        options=json.dumps(_options(across, "Tickets")),
        headings=[across, "Came in", "Solved", "Reopened", "Backlog at the end"],
        rows=table,
    )


def used_chart(metric: str, used: Mapping[int, int], *, question: Question) -> Chart:
    """How much of its time each promise took: bars of a tenth, and a line at the target."""
    tenths = range(1, MOST_USED + 1)
    labels = [tenth_in_words(tenth) for tenth in tenths]
    counts = [used.get(tenth, 0) for tenth in tenths]
    line = _line("Target", LINE, [{"x": TARGET, "y": 0}, {"x": TARGET, "y": 1}])
    datasets = [
        _bars("In time", KEPT, [*counts[:TARGET], *[0] * (MOST_USED - TARGET)]),
        _bars("Late", BROKEN, [*[0] * TARGET, *counts[TARGET:]]),
        line | {"xAxisID": "position", "yAxisID": "height"},
    ]
    options = _options("Share of the time from start to deadline", "Promises", stacked=True)
    options["interaction"]["mode"] = "nearest"
    hidden = {"type": "linear", "display": False, "min": 0}
    options["scales"] |= {
        "position": hidden | {"axis": "x", "max": len(labels)},
        "height": hidden | {"axis": "y", "max": 1},
    }
    name = str(Metric(metric).label)
    rows = [
        (label, [_linked(number, clocks_link(
            question, metric=metric, figure="fulfilled", used=tenth,
        ))])
        for tenth, label, number in zip(tenths, labels, counts, strict=True)
        if number
    ]  # fmt: skip
    return Chart(
        title=f"{name}: time taken against the target",
        says="Bars of fulfilled promises by the share of their time that they took",
        data=json.dumps({"labels": labels, "datasets": datasets}),
        options=json.dumps(options),
        headings=["Share of the time", "Fulfilled"],
        rows=rows,
    )


def _days(starts: date, step: str, question: Question) -> dict[str, Any]:
    """The fields of the same question about one stretch alone."""
    if step == "month":
        last = (starts + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    else:
        last = starts + timedelta(days=6 if step == "week" else 0)
    return {
        "span": None,
        "first": max(starts, question.first),
        "last": min(last, question.last),
    }


def _linked(number: int, link: str) -> Cell:
    return Cell(f"{number:,}", link if number else "")


def _bars(label: str, colour: str, values: list[int]) -> dict[str, Any]:
    return {
        "label": label, "backgroundColor": colour, "data": values, "maxBarThickness": 28,
        "pointStyle": "rect",
    }  # fmt: skip


def _line(label: str, colour: str, values: list[Any]) -> dict[str, Any]:
    """Drawn above the bars, dashed so that it is told from them without its colour."""
    return {
        "type": "line", "label": label, "data": values, "borderColor": colour, "borderWidth": 2,
        "backgroundColor": colour, "borderDash": [4, 3], "pointRadius": 1.5, "spanGaps": True,
        "clip": 6,  # So that a point at 100 % is whole.
        "order": -1,
    }  # fmt: skip


def _axis(title: str) -> dict[str, Any]:
    return {
        "beginAtZero": True,
        "grid": {"display": True},
        "title": {"display": True, "text": title, "color": INK},
        "ticks": {"color": INK, "precision": 0},
    }


def _options(across: str, up: str, *, stacked: bool = False) -> dict[str, Any]:
    """No animation: the page may be printed at once."""
    # A dashed line would be a torn square among the squares of the bars; so it is its dot.
    legend = {"color": INK, "boxWidth": 12, "boxHeight": 8, "usePointStyle": True}
    return {
        "animation": False,
        "responsive": True,
        "maintainAspectRatio": False,
        "interaction": {"mode": "index", "intersect": False},
        "plugins": {"legend": {"display": True, "align": "start", "labels": legend}},
        "scales": {
            "x": {
                "stacked": stacked,
                "grid": {"display": False},
                "title": {"display": True, "text": across, "color": INK},
                "ticks": {"color": INK, "maxRotation": 0, "autoSkipPadding": 12},
            },
            "y": _axis(up) | {"stacked": stacked},
        },
    }
