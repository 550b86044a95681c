"""What each other priority would mean for a ticket's deadlines, shown before an agent chooses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sla.models import Clock, Metric, Priority
from sla.promising import Replacement, replacements
from tickets import lifecycle
from tickets.models import Ticket
from tickets.templatetags.desk import local_time


@dataclass(frozen=True)
class Consequence:
    """One priority that the ticket has not, and a sentence for each promise it would change."""

    priority: Priority
    sentences: list[str]


def consequences(ticket: Ticket, running: Sequence[Clock], *, at: datetime) -> list[Consequence]:
    """For every other priority; `running` are the ticket's clocks with their pauses.

    Reckoned by the function that the change itself uses, as of `at`.
    """
    owed = lifecycle.owed(ticket)
    return [
        Consequence(
            priority,
            [
                _sentence(replacement, is_lower=ticket.priority.is_above(priority), at=at)
                for replacement in replacements(
                    running,
                    policy=ticket.policy,
                    before=ticket.priority,
                    after=priority,
                    owed=owed,
                    at=at,
                )
            ],
        )
        for priority in Priority.objects.exclude(pk=ticket.priority_id)
    ]


def _sentence(replacement: Replacement, *, is_lower: bool, at: datetime) -> str:
    """Such as "Resolution moves from Thu 5 Nov, 10:00 IST to Mon 9 Nov, 17:00 IST"."""
    name = Metric(replacement.metric).label
    before, after = replacement.before, replacement.after
    due = local_time(after.due_at) if after else ""
    if before is None:
        return f"{name} is promised by {due}"
    if before.is_breached(at):
        # A promise missed already stays missed under its own priority (policy, reading 8).
        missed = f"{name} of {before.priority.code} stays missed"
        return f"{missed}; that of the new one is due {due}" if after else missed
    if before.kept_by_lowering and is_lower:
        kept = f"{name} of {before.priority.code} ends now, as done"
        return f"{kept}; that of the new one is due {due}" if after else kept
    if after is None:
        return f"{name} is not promised any more"
    if before.due_at == after.due_at:
        return f"{name} stays at {due}"
    return f"{name} moves from {local_time(before.due_at)} to {due}"
