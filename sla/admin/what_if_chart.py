"""The chart of what if: attainment as it was, beside what it would have been."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from sla.admin.chart import INK
from sla.reports.colours import KEPT, RUNNING
from sla.reports.tables.layouts import shown
from sla.reports.what_if import WhatIfRow
from sla.templatetags.figures import metric_name


def attainment_chart(rows: Sequence[WhatIfRow]) -> dict[str, str]:
    """Bars in pairs, as the JSON that unfold's component hands to Chart.js."""
    labels = [f"{row.priority} {metric_name(row.metric).lower()}" for row in rows]
    sides = [("As it was", RUNNING, [row.was for row in rows]),
             ("On paper", KEPT, [row.would for row in rows])]  # fmt: skip
    datasets = [
        {
            "label": label,
            "backgroundColor": colour,
            "data": [shown(tally.attainment) for tally in tallies],
            "maxBarThickness": 28,
        }
        for label, colour, tallies in sides
    ]
    title: Callable[[str], dict[str, Any]] = lambda text: {  # noqa: E731
        "display": True, "text": text, "color": INK,
    }  # fmt: skip
    options = {
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
            "x": {"grid": {"display": False}, "title": title("Promise"), "ticks": {"color": INK}},
            "y": {
                "min": 0,
                "max": 100,
                "title": title("Attainment in %"),
                "ticks": {"color": INK},
            },
        },
    }
    return {
        "data": json.dumps({"labels": labels, "datasets": datasets}),
        "options": json.dumps(options),
    }
