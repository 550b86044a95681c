"""How a clock stands, in words and in a colour: for the queue and the ticket page."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sla.models import Clock
from tickets.templatetags.desk import due_words, duration

# A promise within the next hour is urgent, whatever share of its time that is.
SOON = timedelta(hours=1)

# The colours of static/css/desk.css: desk-tag-<tone>.
GOOD, SOON_DUE, LATE, STILL = "good", "soon", "late", "still"


@dataclass(frozen=True)
class Standing:
    """What an agent reads about one clock: a few words and the tone that colours them."""

    words: str
    tone: str


def standing(clock: Clock, now: datetime) -> Standing:
    """How this clock stands at `now`: running, standing still, kept, broken or replaced."""
    if not clock.is_running:
        return _ended(clock)
    if clock.is_breached(now):
        return Standing(due_words(clock.due_at, clock.end_or(now)), LATE)
    if clock.paused_at is not None:
        return Standing("waiting", STILL)
    is_soon = clock.due_at - now <= SOON or (clock.goal_at is not None and clock.goal_at <= now)
    return Standing(due_words(clock.due_at, now), SOON_DUE if is_soon else GOOD)


def next_clock(running: Iterable[Clock]) -> Clock | None:
    """The running clock to mind next: the earliest due that does not stand still, else any."""
    return min(running, key=lambda clock: (_stands_still(clock), clock.due_at), default=None)


def _stands_still(clock: Clock) -> bool:
    """The same question as ClockQuerySet.pressing, on a row that is loaded already."""
    return clock.paused_at is not None and clock.paused_at < clock.due_at


def _ended(clock: Clock) -> Standing:
    end = clock.end_or(clock.due_at)
    span = duration(end - clock.due_at)
    if end > clock.due_at:
        return Standing(f"broken, {span} late", LATE)
    if clock.superseded_at is not None:
        return Standing("replaced", STILL)
    return Standing(f"kept, {span} before", GOOD)
