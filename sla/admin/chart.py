"""The chart of the SLA report, as the JSON that unfold's chart component hands to Chart.js."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.dateformat import format as in_format

from sla.reports import TimeRow

# Told apart by people who see no red and green, on white and on dark alike (contrast 3:1 or more).
KEPT, BROKEN, RUNNING = "#0d9488", "#dc2626", "#7c8594"
INK = "#757c8a"

# Step -> what its axis says, and how its local date is written.
STEPS = {
    "day": ("Day on which they were made", "j M"),
    "week": ("Week in which they were made, by its Monday", "j M Y"),
    "month": ("Month in which they were made", "M Y"),
}


@dataclass(frozen=True)
class Chart:
    """Data and options of a bar chart, in JSON, and the same numbers for a table."""

    data: str
    options: str
    step: str
    across: str
    labels: Sequence[str]
    rows: Sequence[TimeRow]

    @property
    def table(self) -> list[tuple[str, TimeRow]]:
        """The stretches in which anything was promised, with their labels."""
        pairs = zip(self.labels, self.rows, strict=True)
        return [(label, row) for label, row in pairs if row.kept + row.broken + row.running]


def chart_of(rows: Sequence[TimeRow], *, step: str) -> Chart:
    """Stacked bars: what became of the promises made in each stretch."""
    across, pattern = STEPS[step]
    labels = [in_format(row.starts, pattern) for row in rows]
    datasets = [
        _dataset("Kept", KEPT, [row.kept for row in rows]),
        _dataset("Broken", BROKEN, [row.broken for row in rows]),
        _dataset("Still running", RUNNING, [row.running for row in rows]),
    ]
    return Chart(
        data=json.dumps({"labels": labels, "datasets": datasets}),
        options=json.dumps(_options(across)),
        step=step,
        across=across,
        labels=labels,
        rows=rows,
    )


def _dataset(label: str, colour: str, values: list[int]) -> dict[str, Any]:
    return {"label": label, "backgroundColor": colour, "data": values, "maxBarThickness": 28}


def _options(across: str) -> dict[str, Any]:
    """No animation: the page may be printed at once."""
    return {
        "animation": False,
        "responsive": True,
        "maintainAspectRatio": False,
        "interaction": {"mode": "index", "intersect": False},
        "plugins": {
            "legend": {
                "display": True,
                "align": "start",
                "labels": {"color": INK, "boxWidth": 12, "boxHeight": 12},
            }
        },
        "scales": {
            "x": {
                "stacked": True,
                "grid": {"display": False},
                "title": {"display": True, "text": across, "color": INK},
                "ticks": {"color": INK, "maxRotation": 0, "autoSkipPadding": 12},
            },
            "y": {
                "stacked": True,
                "beginAtZero": True,
                "grid": {"display": True},
                "title": {"display": True, "text": "Promises", "color": INK},
                "ticks": {"color": INK, "precision": 0},
            },
        },
    }
