"""The tables of figures: those of the overview, a breakdown, and the reasons of breaches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sla.files import Field, Layout, column
from sla.reports.attainment import TotalRow
from sla.reports.breakdown import BreakdownRow, Dimension
from sla.reports.figures import MOST_USED
from sla.reports.tables.layouts import (
    BUSINESS,
    METRIC,
    PERCENT,
    counts,
    in_words,
    outcomes,
    percent,
    seconds,
    shown,
)


@dataclass(frozen=True)
class Compared:
    """A figure, and what it was in the period before; None where that is not known."""

    now: Any
    before: Any


@dataclass(frozen=True)
class Stretch:
    """A row of a chart over time: a day, a week or a month."""

    step: str
    row: Any


@dataclass(frozen=True)
class Share:
    """The promises of a metric with or without engineering."""

    metric: str
    engineering: str
    total: TotalRow


@dataclass(frozen=True)
class Used:
    """How many promises of a metric were fulfilled after a tenth of their time."""

    metric: str
    tenth: int
    fulfilled: int


@dataclass(frozen=True)
class Number:
    """A number of tickets, and what it was in the period before."""

    figure: str
    number: float | None
    number_before: float | None


@dataclass(frozen=True)
class Part:
    """A row of a breakdown, and by what it is broken down."""

    by: Dimension
    row: BreakdownRow


def _before() -> Field:
    def read(row: Compared) -> float | None:
        return None if row.before is None else shown(row.before.attainment)

    return column(
        "attainment_before_percent", "Attainment before", f"In the period before. {PERCENT}", read
    )


def _quantile(name: str, title: str, times: str, quantile: str, note: str) -> Field:
    def read(row: Compared) -> float | None:
        spread = getattr(row.now, times)
        return None if spread is None else getattr(spread, quantile)

    return seconds(name, title, note, read)


def _step() -> list[Field]:
    return [
        column("starts_on", "From", "The local day on which it begins.", "row.starts"),
        column("step", "Step", "day, week (from its Monday) or month.", "step"),
    ]


WAITED = "In seconds, day and night, with pauses."
COUNTED = "In seconds, as the target itself counts; empty where targets of several units meet."

ATTAINMENT = Layout(
    "attainment",
    "Attainment by priority and metric",
    "A row for each priority and metric about which something was promised in the period.",
    [
        column("priority", "Priority", "Its code.", "now.priority"),
        column("priority_name", "Name of the priority", "", "now.priority_name"),
        column("metric", "Metric", METRIC, "now.metric"),
        column(
            "targets",
            "Targets",
            "Amount and unit, as they were promised; with “or” where there were several.",
            lambda row: in_words(row.now.targets),
        ),
        *counts("now."),
        _before(),
        _quantile("median_business_seconds", "Median", "business", "median", BUSINESS),
        _quantile("p90_business_seconds", "90th percentile", "business", "ninetieth", BUSINESS),
        _quantile("median_counted_seconds", "Median as counted", "counted", "median", COUNTED),
        _quantile(
            "p90_counted_seconds", "90th percentile as counted", "counted", "ninetieth", COUNTED
        ),
        _quantile("median_elapsed_seconds", "Median elapsed", "elapsed", "median", WAITED),
        _quantile("p90_elapsed_seconds", "90th percentile elapsed", "elapsed", "ninetieth", WAITED),
    ],
)
TOTALS = Layout(
    "totals",
    "Attainment by metric",
    "A row for each metric, all priorities together.",
    [column("metric", "Metric", METRIC, "now.metric"), *counts("now."), _before()],
)
ENGINEERING = Layout(
    "engineering",
    "With and without engineering",
    "Three rows for each metric.",
    [
        column("metric", "Metric", METRIC),
        column(
            "engineering",
            "Engineering",
            "all; with or without: whether engineering was asked before the promise was decided.",
        ),
        *counts("total."),
    ],
)
OVER_TIME = Layout(
    "attainment_over_time",
    "Attainment over time",
    "A row for each day, week or month in which promises were made, and for those between.",
    [*_step(), *outcomes("row.")],
)
HEAT_MAP = Layout(
    "heat_map",
    "When promises are made",
    "A row for each hour of a weekday in which anything was promised, in the question's zone.",
    [
        column("weekday", "Weekday", "0 is Monday."),
        column("hour", "Hour", "From that full hour on, 0 to 23."),
        column("promises", "Promises"),
        column("kept", "Kept"),
        column("broken", "Broken"),
    ],
)
TIME_USED = Layout(
    "time_used",
    "Time taken against the target",
    "A row for each tenth of their time after which promises of a metric were fulfilled.",
    [
        column("metric", "Metric", METRIC),
        column(
            "over_percent",
            "More than",
            "Of the time from start to deadline, in percent.",
            lambda row: 10 * row.tenth - 10,
        ),
        column(
            "up_to_percent",
            "At most",
            "100 is the deadline; empty in the last row, which has all that took longer.",
            lambda row: None if row.tenth == MOST_USED else 10 * row.tenth,
        ),
        column("fulfilled", "Fulfilled", "Promises."),
    ],
)
VOLUME = Layout(
    "volume",
    "Tickets in and out, and the backlog",
    "A row for each day, week or month.",
    [
        *_step(),
        column("came_in", "Came in", "Tickets.", "row.came_in"),
        column("solved", "Solved", "Times.", "row.solved"),
        column("reopened", "Reopened", "Times.", "row.reopened"),
        column(
            "backlog",
            "Backlog at the end",
            "Unsolved tickets; empty for what has not begun yet.",
            "row.backlog",
        ),
    ],
)
AGEING = Layout(
    "ageing",
    "Present backlog by age",
    "A row for each age in business days of the default policy's opening hours.",
    [
        column("from_business_days", "From", "So old at least.", "days"),
        column("below_business_days", "Below", "Less than that; empty in the last row.", "below"),
        column("submitted_after", "Submitted after", "Empty in the last row.", "after"),
        column("submitted_until", "Submitted until", "", "until"),
        column("tickets", "Tickets"),
    ],
)
TICKET_FIGURES = Layout(
    "ticket_figures",
    "Tickets of the period",
    "A row for each number of tickets.",
    [
        column(
            "figure",
            "Figure",
            "came_in, solved, reopened, engineering, escalated, rated or average_stars.",
        ),
        column("number", "Number", "Of average_stars the average, from 1 to 5, not rounded."),
        column("number_before", "Number before", "In the period before."),
    ],
)
SATISFACTION = Layout(
    "satisfaction",
    "Satisfaction",
    "A row for each number of stars.",
    [
        column("stars", "Stars", "Of 5.", lambda row: row[0]),
        column("ratings", "Ratings", "Given in the period.", lambda row: row[1]),
    ],
)
BREAKDOWN = Layout(
    "breakdown",
    "Breakdown",
    "A row for each team, agent, organization ..., those with the most broken promises first.",
    [
        column(
            "by",
            "By",
            f"One of: {', '.join(Dimension)}.",
        ),
        column(
            "key",
            "Key",
            "What the filter of that name takes; 0 for those that have none.",
            "row.key",
        ),
        column("name", "Name", "Empty for none.", "row.name"),
        *counts("row."),
    ],
)
BY_REASON = Layout(
    "breaches_by_reason",
    "Breaches by reason",
    "A row for each reason, the most frequent first.",
    [
        column("reason_id", "Key", "As the filter takes it; 0 for none.", "key"),
        column("reason", "Reason", "Empty for none.", "name"),
        column("breaches", "Breaches"),
        percent("share_percent", "Share", "share"),
    ],
)
