"""How a clock stands, in words and in a colour: for the queue and the ticket page."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sla import reckoning
from sla.core import deadlines
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
    is_goal_past = clock.goal_at is not None and clock.goal_at <= now
    is_soon = is_goal_past or _left(clock, now) <= SOON
    return Standing(due_words(clock.due_at, now), SOON_DUE if is_soon else GOOD)


def _left(clock: Clock, now: datetime) -> timedelta:
    """The time until the deadline that counts: four minutes before the weekend are four minutes."""
    left = clock.due_at - now
    if left <= SOON or clock.target_unit == deadlines.HOURS:
        return left
    return reckoning.hours(clock).between(now, clock.due_at)


def queue_standing(clock: Clock, now: datetime) -> Standing:
    """As `standing`, with the time left (or past) counted as the clock's own target counts it.

    For one calendar, less open time left never means a later deadline; so the order of deadlines,
    which has an index, is the order of business time left, late first. Between calendars and units
    the deadline that passes first comes first.
    """
    stand = standing(clock, now)
    if stand.tone == STILL or clock.target_unit == deadlines.HOURS:
        return stand
    # A clock that was late before it stood still stays so late.
    now = clock.end_or(now)
    is_late = now > clock.due_at
    first, last = (clock.due_at, now) if is_late else (now, clock.due_at)
    words = business_words(reckoning.hours(clock).between(first, last))
    return Standing(f"{words} late", LATE) if is_late else Standing(f"due in {words}", stand.tone)


def business_words(span: timedelta) -> str:
    """Open time in hours and minutes, for a day of it is no day: "38 business h"."""
    hours, minutes = divmod(int(span.total_seconds() // 60), 60)
    if not hours:
        return f"{minutes} business min" if minutes else "less than 1 business min"
    return f"{hours} business h" + (f" {minutes} min" if minutes and hours < 10 else "")


def next_clock(running: Iterable[Clock]) -> Clock | None:
    """The running clock to mind next: the earliest due that does not stand still, else any."""
    return min(running, key=lambda clock: (_stands_still(clock), clock.due_at), default=None)


def _stands_still(clock: Clock) -> bool:
    """The same question as ClockQuerySet.pressing, on a row that is loaded already."""
    return clock.paused_at is not None and clock.paused_at < clock.due_at


def _ended(clock: Clock) -> Standing:
    if clock.voided_at is not None:
        return Standing("does not count", STILL)
    end = clock.end_or(clock.due_at)
    span = duration(end - clock.due_at)
    if end > clock.due_at:
        return Standing(f"broken, {span} late", LATE)
    if clock.superseded_at is not None:
        return Standing("replaced", STILL)
    return Standing(f"kept, {span} before", GOOD)
