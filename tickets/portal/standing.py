"""How a ticket stands, in plain words for the customer. Pure: rows and an instant in, words out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sla.models import Clock
from tickets.models import Ticket
from tickets.states import Status
from tickets.templatetags.desk import due_words, duration, local_time, units

# What a status is called by the person who waits, and what it means for that person.
STATUS_WORDS = {
    Status.NEW: ("Received", "We have your request, and will answer it."),
    Status.OPEN: ("In progress", "We are working on it."),
    Status.PENDING: ("Waiting for you", "We need your answer: please write to us below."),
    Status.RESOLVED: ("Solved", "If it is not, write to us below, and we take it up again."),
    Status.CLOSED: ("Closed", "Nothing more happens on this ticket."),
}


@dataclass(frozen=True)
class Standing:
    """How one promise stands. `state` is kept, late, due, waiting or on-hold (also a CSS class)."""

    clock_id: int
    title: str
    target: str
    state: str
    label: str
    words: str


def status_words(ticket: Ticket) -> tuple[str, str]:
    """The ticket's status in a word or two, and in a sentence."""
    label, words = STATUS_WORDS[Status(ticket.status)]
    if ticket.with_engineering and ticket.is_unsolved:
        words += " Our engineers are looking into it, which may take longer."
    return label, words


def standing(clock: Clock, *, at: datetime, zone: str, waits_for_customer: bool) -> Standing:
    """How this promise stands at `at`, its times in that zone."""
    state, label, words = _state(clock, at, zone, waits_for_customer)
    title = clock.get_metric_display()
    if clock.kept_by_lowering:
        title += " or workaround"
    target = f"{clock.priority.code}: {units(clock)}"
    return Standing(clock.pk, title, target, state, label, words)


def _state(clock: Clock, at: datetime, zone: str, waits_for_customer: bool) -> tuple[str, str, str]:
    due = local_time(clock.due_at, zone)
    if clock.stopped_at is not None:
        done = f"Done {local_time(clock.stopped_at, zone)}"
        if clock.is_breached(at):
            late = duration(clock.stopped_at - clock.due_at)
            return "late", "Late", f"{done}, {late} after the promised {due}."
        return "kept", "Kept", f"{done}, promised by {due}."
    if clock.superseded_at is not None:
        return "late", "Late", f"Promised by {due}, and missed before the priority changed."
    if clock.is_breached(at):
        late = due_words(clock.due_at, clock.end_or(at))
        return "late", "Late", f"Promised by {due}: {late}. We are sorry."
    if clock.paused_at is not None:
        since = f"The time stands still since {local_time(clock.paused_at, zone)}"
        if waits_for_customer:
            return "waiting", "Waiting for you", f"{since}, and runs on when you answer."
        return "on-hold", "On hold", f"{since}."
    words = f"By {due}, {due_words(clock.due_at, at)}."
    if clock.goal_at is not None and at < clock.goal_at < clock.due_at:
        words = f"We aim for {local_time(clock.goal_at, zone)}. {words}"
    return "due", "Due", words
