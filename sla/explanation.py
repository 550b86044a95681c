"""Why a deadline is when it is: each stretch of a promise's time, counted or not, and the reason.

Nothing is reckoned here. `sla.core.deadlines.explain` gives the stretches, and takes the deadline
from the function that is behind `Clock.due_at`; what is added are reasons, sums, and how far the
clock has come.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from sla import reckoning
from sla.core import deadlines
from sla.core.deadlines import Segment
from sla.core.week import WEEKDAYS
from sla.models import CalendarVersion, Clock, Pause

# Kinds of lines; a pause has its Pause.Reason as kind.
OPEN = "open"
DAY_AND_NIGHT = "day_and_night"
NIGHT = "night"
WEEKEND = "weekend"
DAYS_OFF = "days_off"
CLOSED = "closed"
HOLIDAY = "holiday"
HALF_DAY = "half_day"

REASONS = {
    OPEN: "Open",
    DAY_AND_NIGHT: "Day and night",
    NIGHT: "Closed for the night",
    WEEKEND: "Closed for the weekend",
    DAYS_OFF: "Closed on {name}",
    CLOSED: "Closed",
    HOLIDAY: "Holiday “{name}”",
    HALF_DAY: "Closed: half-day “{name}”",
    **{str(reason.value): str(reason.label) for reason in Pause.Reason},
}

SECOND = timedelta(seconds=1)
SATURDAY_AND_SUNDAY = {5, 6}
# So many lines at the start, at the end and on both sides of the present are always shown.
NEAR = 8
SHORTEST_GAP = 4


@dataclass(frozen=True, slots=True)
class Line:
    """A stretch of time, half-open; `kind` says why it counts or not, `name` which holiday or days.

    `seconds` is what it counts, `total_seconds` what has counted by its end: whole seconds, which
    add up exactly. `is_ahead` where it comes after the instant up to which things have happened.
    """

    start: datetime
    end: datetime
    counted: bool
    kind: str
    name: str
    seconds: int
    total_seconds: int
    is_ahead: bool

    @property
    def reason(self) -> str:
        """Why it counts or not, in words for staff."""
        return REASONS[self.kind].format(name=self.name)


@dataclass(frozen=True, slots=True)
class Gap:
    """Lines of a long explanation that are not shown one by one."""

    start: datetime
    end: datetime
    count: int
    seconds: int
    total_seconds: int
    is_ahead: bool


@dataclass(frozen=True, slots=True)
class DayRule:
    """How business days led to `due_at`, the deadline before pauses (policy: add_days).

    Either the last closing of the n-th open day, that of `since` being the first, or the time of
    day of `since` on the n-th open day after it, unless it `is_moved` into that day's hours. It
    `starts_later` where the start was closed. Days and times of day are those of `zone`.
    """

    amount: int
    since: datetime
    starts_later: bool
    is_last_closing: bool
    is_moved: bool
    due_at: datetime
    zone: str


@dataclass(frozen=True, slots=True)
class Standstill:
    """The clock stands still now, for these values of Pause.Reason; the deadline leaves it out.

    `due_if_resumed` is the deadline if it ran on at this moment.
    """

    since: datetime
    reasons: tuple[str, ...]
    due_if_resumed: datetime

    @property
    def words(self) -> str:
        """Why, in words for staff."""
        return ", ".join(REASONS[reason] for reason in self.reasons)


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why `clock` is due at `due_at`: the end of the last of its lines.

    `decider` is the promise that the lines are about: that of the clock, or an earlier one that
    raising the priority did not put off. `own_due_at` is when the clock's own target is over, and
    `unpaused_due_at` the deadline without pauses. Things have happened up to `reached_at`: the
    clock's end, the beginning of its standstill, or now.
    """

    clock: Clock
    decider: Clock
    lines: tuple[Line, ...]
    due_at: datetime
    own_due_at: datetime
    unpaused_due_at: datetime
    goal_at: datetime | None
    rule: DayRule | None
    standstill: Standstill | None
    reached_at: datetime
    late: timedelta | None

    @property
    def is_kept_by_raise(self) -> bool:
        """Whether an earlier promise decides, because a raise may not put it off (reading 8)."""
        return self.decider is not self.clock

    @property
    def zone(self) -> str:
        """The calendar's own time zone."""
        return self.decider.calendar_version.time_zone

    @property
    def total_seconds(self) -> int:
        """What counts from the start to the deadline."""
        return self.lines[-1].total_seconds

    @property
    def used_seconds(self) -> int:
        """What of it has been used by `reached_at`."""
        return sum(line.seconds for line in self.lines if not line.is_ahead)

    @property
    def left_seconds(self) -> int:
        return self.total_seconds - self.used_seconds

    def rows(self, near: int = NEAR) -> list[Line | Gap]:
        """The lines; of a long explanation those near its start, its end and the present."""
        last = len(self.lines) - 1
        here = next((i for i, line in enumerate(self.lines) if line.is_ahead), last)

        def is_near(i: int) -> bool:
            return min(i, last - i, abs(here - i)) <= near

        found: list[Line | Gap] = []
        for shown, numbers in groupby(range(last + 1), is_near):
            lines = [self.lines[i] for i in numbers]
            found += lines if shown or len(lines) < SHORTEST_GAP else [_gap(lines)]
        return found


def explain(clock: Clock, *, at: datetime) -> Explanation:
    """The deadline of this clock line by line, and how it stands at `at`.

    Reads the clock's pauses (prefetched ones are used), the promises before raises at once, and
    calendars that this process has not read yet: a fixed number of queries.
    """
    _load_earlier_promises(clock)
    pauses = list(clock.pauses.all())
    over = [pause for pause in pauses if pause.ended_at is not None]
    spans = reckoning.finished(over)
    decider = reckoning.deciding(clock, spans)
    segments = deadlines.explain(
        target=decider.target,
        hours=reckoning.hours(decider),
        start=decider.started_at,
        pauses=spans,
        reasons=[pause.reason for pause in over],
    )
    due_at, unpaused = segments[-1].end, reckoning.own_due(decider, [])
    goal_at = reckoning.goal_of(clock, spans, due=due_at)
    standstill = _standstill(clock, decider, pauses, at)
    reached_at = standstill.since if standstill else at
    reached_at = clock.stopped_at or clock.superseded_at or reached_at
    end_at = clock.end_or(at)
    return Explanation(
        clock=clock,
        decider=decider,
        lines=tuple(_lines(segments, decider, reached_at)),
        due_at=due_at,
        own_due_at=reckoning.own_due(clock, spans),
        unpaused_due_at=unpaused,
        goal_at=goal_at if goal_at and goal_at < due_at else None,
        rule=_day_rule(decider, unpaused),
        standstill=standstill,
        reached_at=reached_at,
        late=end_at - due_at if end_at > due_at else None,
    )


def _load_earlier_promises(clock: Clock) -> None:
    """Those before raises, in one query however often the priority was raised."""
    if clock.earlier_promise_id is None:
        return
    rows = Clock.objects.filter(ticket_id=clock.ticket_id, metric=clock.metric)
    by_id = {row.pk: row for row in rows.select_related("priority", "calendar_version")}
    later = clock
    while later.earlier_promise_id is not None:
        earlier = by_id[later.earlier_promise_id]
        later.earlier_promise, later = earlier, earlier


def _standstill(
    clock: Clock, decider: Clock, pauses: Sequence[Pause], at: datetime
) -> Standstill | None:
    still = [pause for pause in pauses if pause.ended_at is None]
    if not still or not clock.is_running:
        return None
    since = min(pause.started_at for pause in still)
    until_now = [(pause.started_at, max(at, pause.started_at)) for pause in still]
    return Standstill(
        since=max(since, decider.started_at),
        reasons=tuple(pause.reason for pause in still),
        due_if_resumed=reckoning.due_of(clock, [*reckoning.finished(pauses), *until_now]),
    )


def _day_rule(decider: Clock, unpaused: datetime) -> DayRule | None:
    """Which half of the rule for business days gave this deadline; None for other units."""
    if decider.target_unit != deadlines.BUSINESS_DAYS:
        return None
    hours, start = reckoning.hours(decider), decider.started_at
    since, zone = hours.next_open(start), ZoneInfo(hours.zone)
    # From an open instant the time of day decides. Where both halves give the same deadline,
    # either is true.
    as_if_open = deadlines.deadline(target=decider.target, hours=hours, start=since)
    is_last_closing = unpaused != as_if_open
    time_of_day, found = since.astimezone(zone).time(), unpaused.astimezone(zone).time()
    return DayRule(
        amount=decider.target_amount,
        since=since,
        starts_later=since != start,
        is_last_closing=is_last_closing,
        is_moved=not is_last_closing and time_of_day != found,
        due_at=unpaused,
        zone=hours.zone,
    )


def _lines(segments: Sequence[Segment], decider: Clock, reached_at: datetime) -> Iterator[Line]:
    first = next(segment for segment in segments if segment.counted)
    # Counted from a whole second on, so that whole seconds add up, and agree with times that are
    # shown without fractions.
    total = timedelta(microseconds=first.start.microsecond)
    before = 0
    for segment in segments:
        kind, name = _kind(segment, decider)
        for part in _cut(segment, reached_at):
            if part.counted:
                total += part.end - part.start
            so_far = total // SECOND
            yield Line(
                part.start,
                part.end,
                part.counted,
                kind,
                name,
                seconds=so_far - before,
                total_seconds=so_far,
                is_ahead=part.start >= reached_at,
            )
            before = so_far


def _cut(segment: Segment, at: datetime) -> list[Segment]:
    """The segment, as two where `at` lies in it."""
    if segment.start < at < segment.end:
        return [replace(segment, end=at), replace(segment, start=at)]
    return [segment]


def _kind(segment: Segment, decider: Clock) -> tuple[str, str]:
    """The kind and the name of the line."""
    calendar = decider.calendar_version
    if segment.counted:
        return DAY_AND_NIGHT if decider.target_unit == deadlines.HOURS else OPEN, ""
    if segment.why == deadlines.PAUSED:
        return segment.reason, ""
    if segment.day is not None:
        exception = calendar.exceptions[segment.day.isoformat()]
        return HALF_DAY if exception["spans"] else HOLIDAY, exception["name"]
    return _closing(segment, calendar)


def _closing(segment: Segment, calendar: CalendarVersion) -> tuple[str, str]:
    """What the week closes: a night, days without hours, or a part of a day."""
    zone = ZoneInfo(calendar.time_zone)
    start, end = segment.start.astimezone(zone), segment.end.astimezone(zone)
    # Closing at midnight does not touch the day that begins then.
    last = (segment.end - timedelta.resolution).astimezone(zone)
    weekdays = [(day - 1) % 7 for day in range(start.toordinal(), last.toordinal() + 1)][:7]
    off = [day for day in weekdays if not calendar.week.get(str(day))]
    if off:
        name = " and ".join(WEEKDAYS[day] for day in off)
        return (WEEKEND, "") if set(off) <= SATURDAY_AND_SUNDAY else (DAYS_OFF, name)
    first_opening = min(opens for opens, _ in calendar.week[str(weekdays[-1])])
    edges = {f"{start:%H:%M}", f"{end:%H:%M}"}
    is_night = len(weekdays) > 1 or edges & {"00:00", first_opening}
    return (NIGHT, "") if is_night else (CLOSED, "")


def _gap(lines: Sequence[Line]) -> Gap:
    return Gap(
        lines[0].start,
        lines[-1].end,
        count=len(lines),
        seconds=sum(line.seconds for line in lines),
        total_seconds=lines[-1].total_seconds,
        is_ahead=lines[0].is_ahead,
    )
