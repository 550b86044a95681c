"""What was promised, and what became of it: plain rows from SQL, for managers.

Definitions, the same for every figure here:

- A *promise* is one clock: one target running for one ticket.
- It belongs to the period in which it was made: `started_at` in [start, end). That is when the
  ticket was submitted, or when its priority was raised; a lowered priority is measured from the
  submission.
- It is *broken* when the instant that decides lies after the deadline: when it was fulfilled, else
  when another priority's promise replaced it, else when it was paused, else `at`. So one that
  still runs and is late is broken already.
- It is *kept* when it was fulfilled at the deadline or before. Closing a ticket fulfils what is
  left of its promises, and so does lowering the priority where the target says so.
- It is *running* when it is neither: not fulfilled, and its deadline has not passed.
- A promise that another one replaced in time (the priority was changed) is left out; the other one
  stands for it. One that was missed first stays broken, under its own priority.
- *Attainment* is kept / (kept + broken), in percent; None while nothing is decided.

- Tickets *came in*, were *solved* and *reopened* when the event says so that did it; the *backlog*
  at an instant are those that came in before and were not solved by then. Spam and tickets merged
  into others count nowhere.

Nothing here reads firings or sweeps: `started_at`, `stopped_at`, `due_at` and the like decide.
"""

from sla.reports.attainment import (
    AttainmentRow,
    TotalRow,
    attainment,
    attainment_over_time,
    totals,
)
from sla.reports.behind import (
    PER_PAGE,
    Part,
    PromiseRow,
    all_clocks_behind,
    clocks_behind,
)
from sla.reports.breaches import (
    BreachRow,
    Order,
    ReasonRow,
    all_breaches,
    breach,
    breaches,
    breaches_by_reason,
    said_about,
)
from sla.reports.breakdown import (
    MOST_ROWS,
    BreakdownRow,
    Dimension,
    breakdown,
    whole_breakdown,
)
from sla.reports.figures import Figure, Promised
from sla.reports.filters import Engineering, Filters
from sla.reports.hours import HeatCell, HourRow, TimeRow
from sla.reports.overview import Overview, overview
from sla.reports.periods import Period, step_of
from sla.reports.questions import Question, QuestionForm, asked_by, default_hours, troubles
from sla.reports.spreads import Spread
from sla.reports.tables import tables_for
from sla.reports.tickets import Listed, all_tickets_behind, tickets_behind
from sla.reports.volume import (
    AGES,
    AgeRow,
    Satisfaction,
    TicketFigure,
    VolumeRow,
    age_span,
    ageing,
    happened,
    satisfaction,
    turns_in,
    volume,
)

__all__ = [
    "AGES",
    "MOST_ROWS",
    "PER_PAGE",
    "AgeRow",
    "AttainmentRow",
    "BreachRow",
    "BreakdownRow",
    "Dimension",
    "Engineering",
    "Figure",
    "Filters",
    "HeatCell",
    "HourRow",
    "Listed",
    "Order",
    "Overview",
    "Part",
    "Period",
    "PromiseRow",
    "Promised",
    "Question",
    "QuestionForm",
    "ReasonRow",
    "Satisfaction",
    "Spread",
    "TicketFigure",
    "TimeRow",
    "TotalRow",
    "VolumeRow",
    "age_span",
    "ageing",
    "all_breaches",
    "all_clocks_behind",
    "all_tickets_behind",
    "asked_by",
    "attainment",
    "attainment_over_time",
    "breach",
    "breaches",
    "breaches_by_reason",
    "breakdown",
    "clocks_behind",
    "default_hours",
    "happened",
    "overview",
    "said_about",
    "satisfaction",
    "step_of",
    "tables_for",
    "tickets_behind",
    "totals",
    "troubles",
    "turns_in",
    "volume",
    "whole_breakdown",
]
