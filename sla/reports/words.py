"""What reports call things, on pages, in mails and in pictures."""

from __future__ import annotations

from dataclasses import fields
from datetime import date

from django.apps import apps
from django.utils.dateformat import format as in_format
from django.utils.formats import number_format

from sla.models import Metric
from sla.reports.breakdown import BreakdownRow, Dimension
from sla.reports.figures import MOST_USED
from sla.reports.filters import Filters
from sla.reports.questions import QuestionForm
from sla.reports.volume import Satisfaction, TicketFigure

# Step -> what its axis says, and how its local date is written.
STEPS = {
    "day": ("Day", "j M"),
    "week": ("Week, by its Monday", "j M Y"),
    "month": ("Month", "M Y"),
}
TICKET_FIGURES = {
    TicketFigure.CAME_IN: "Came in",
    TicketFigure.SOLVED: "Solved",
    TicketFigure.REOPENED: "Reopened",
    TicketFigure.BACKLOG: "Backlog",
    TicketFigure.AGE: "Present backlog by age",
    TicketFigure.ENGINEERING: "Escalated to engineering",
    TicketFigure.ESCALATED: "Escalated by customers",
    TicketFigure.RATED: "Rated",
}
DIMENSIONS = {
    Dimension.PRIORITY: "Priority",
    Dimension.METRIC: "Metric",
    Dimension.TEAM: "Team",
    Dimension.AGENT: "Agent",
    Dimension.ORGANIZATION: "Organization",
    Dimension.SPOC: "Single point of contact",
    Dimension.REQUEST_TYPE: "Request type",
    Dimension.CHANNEL: "Channel",
    Dimension.TAG: "Tag",
    Dimension.REASON: "Reason of the breach",
}
# What a row of a breakdown is called whose tickets have none.
NONE = {
    Dimension.TEAM: "No team",
    Dimension.AGENT: "Nobody",
    Dimension.ORGANIZATION: "No organization",
    Dimension.SPOC: "No single point of contact",
    Dimension.REQUEST_TYPE: "No request type",
    Dimension.TAG: "No tag",
    Dimension.REASON: "No reason",
}
FILTERS = frozenset(field.name for field in fields(Filters))


def tenth_in_words(tenth: int) -> str:
    """Such as "90–100 %"; the target is at 100 %."""
    return (
        f"over {10 * tenth - 10} %" if tenth == MOST_USED else f"{10 * tenth - 10}–{10 * tenth} %"
    )


def stars_in_words(given: Satisfaction) -> str:
    """Such as "4.5 of 5 stars"; "Nobody rated" for no rating."""
    if given.average is None:
        return "Nobody rated"
    return f"{number_format(given.average, 1)} of 5 stars"


def how_many(number: int, of: str) -> str:
    """Such as "1 rating" or "2,000 ratings"."""
    return f"{number:,} {of}{'' if number == 1 else 's'}"


def name_of(row: BreakdownRow, by: Dimension) -> str:
    """What a row of a breakdown is about."""
    if by is Dimension.METRIC:
        return str(Metric(row.name).label)
    if by is Dimension.PRIORITY:
        return f"{row.key} {row.name}"
    if by is Dimension.CHANNEL:
        channel = apps.get_model("tickets", "Ticket")._meta.get_field("channel")  # noqa: SLF001
        return str(dict(channel.flatchoices)[row.name])
    return row.name or NONE[by]


def narrowed_to(form: QuestionForm) -> list[str]:
    """What a valid question is narrowed down to, as its form names it; [] for everything."""
    chosen = []
    for bound in form:
        given = form.cleaned_data.get(bound.name)
        if bound.name not in FILTERS or given in (None, ""):
            continue
        names = dict(getattr(bound.field, "choices", ())) if not hasattr(given, "pk") else {}
        chosen.append(str(names.get(given, given)))
    return chosen


def days_in_words(first: date, last: date) -> str:
    """Such as "Mon 2 Nov 2026", or from one to another."""
    words = [in_format(day, "D j M Y") for day in (first, last)]
    return words[0] if first == last else f"{words[0]} to {words[1]}"
