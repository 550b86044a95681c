"""Deadlines as pure functions of recorded facts: target, calendar, start and pauses.

Everything that shows, changes or reports a deadline calls these functions; the rules are those of
the support policy. Instants go in as aware datetimes and come out in UTC. All functions raise
ValueError for a naive instant or a pause that ends before it begins, and NeverOpen or
OverflowError when the calendar leads to no instant.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from sla.core.hours import ALWAYS_OPEN, Hours

HOURS = "hours"
BUSINESS_HOURS = "business_hours"
BUSINESS_DAYS = "business_days"
UNITS = (HOURS, BUSINESS_HOURS, BUSINESS_DAYS)

COUNTED = "counted"
CLOSED = "closed"
HOLIDAY = "holiday"
PAUSED = "paused"

type Pause = tuple[datetime, datetime]
type Reasoned = tuple[datetime, datetime, str]


@dataclass(frozen=True, slots=True)
class Target:
    """An amount of time in a unit that is never converted into another (policy: reading 1).

    `hours` pass day and night, `business_hours` in opening hours, `business_days` by open days.
    ValueError with a sentence when the amount is not at least 1 or the unit is none of these.
    """

    amount: int
    unit: str

    def __post_init__(self) -> None:
        if not isinstance(self.amount, int) or self.amount < 1:
            raise ValueError(f"A target is a whole number of at least 1, and not {self.amount!r}.")
        if self.unit not in UNITS:
            known = ", ".join(UNITS)
            raise ValueError(f"{self.unit!r} is no unit of a target; the units are {known}.")


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of a clock's time, half-open; `why` it counts or not.

    `why` is `counted`, `closed`, `holiday` (`day` is the local date of the exception) or `paused`
    (`reason` is the one given with the pause).
    """

    start: datetime
    end: datetime
    counted: bool
    why: str
    day: date | None = None
    reason: str = ""


def deadline(
    *, target: Target, hours: Hours, start: datetime, pauses: Iterable[Pause] = ()
) -> datetime:
    """When the promise is broken (policy: business time, deadline with pauses).

    The open time of each pause is added at the end, in order, as long as the pause begins before
    the deadline reached so far. Pauses may overlap; what lies before the start is left out.
    """
    base = _unpaused(target, hours, start)
    return _put_off(_timekeeper(target, hours), base, _stops(pauses, start))


def instant_at(
    *,
    target: Target,
    hours: Hours,
    start: datetime,
    pauses: Iterable[Pause] = (),
    percent: int,
    due: datetime | None = None,
) -> datetime:
    """When `percent` of the counted time from the start to the deadline has been used.

    100 is exactly the deadline; above it the target's own time runs on behind the deadline, and
    pauses stop it there too. `due` is the deadline when an earlier promise caps it; when no time
    counts before it, every percentage is reached at `due`.
    """
    if percent < 1:
        raise ValueError(f"A step is at 1 % of the target or later, and not at {percent} %.")
    keeper = _timekeeper(target, hours)
    stops = _stops(pauses, start)
    if due is None:
        base = _unpaused(target, hours, start)
        if percent == 100:
            return _put_off(keeper, base, stops)
        whole = keeper.between(start, base)
    else:
        whole = _running(keeper, _utc(start), _utc(due), stops)
        if percent == 100 or not whole:
            return _utc(due)
    return _put_off(keeper, keeper.add(start, whole * percent // 100), stops)


def counted(
    *,
    target: Target,
    hours: Hours,
    start: datetime,
    end: datetime,
    pauses: Iterable[Pause] = (),
) -> timedelta:
    """The time that counts in [start, end): open (or, in `hours`, elapsed) and not paused."""
    return _running(_timekeeper(target, hours), _utc(start), _utc(end), _stops(pauses, start))


def explain(
    *,
    target: Target,
    hours: Hours,
    start: datetime,
    pauses: Sequence[Pause] = (),
    reasons: Sequence[str] = (),
    until: datetime | None = None,
) -> list[Segment]:
    """Each stretch from the start to the deadline, in order and without a hole.

    The counted ones add up to the target: in `business_days` to the open time between the start
    and the deadline without pauses. `reasons`, when given, has one entry for each pause. With
    `until` the explanation ends there instead, before or behind the deadline; a stretch that
    crosses the deadline is cut in two.
    """
    begin = _utc(start)
    keeper = _timekeeper(target, hours)
    due = deadline(target=target, hours=hours, start=start, pauses=pauses)
    if reasons and len(reasons) != len(pauses):
        raise ValueError(f"There are {len(pauses)} pauses, and {len(reasons)} reasons for them.")
    named = zip(pauses, reasons or [""] * len(pauses), strict=True)
    stops = _disjoint(((a, b, reason) for (a, b), reason in named), begin)
    if until is None or _utc(until) <= due:
        return _told(keeper, begin, due if until is None else _utc(until), stops)
    return _told(keeper, begin, due, stops) + _told(keeper, due, _utc(until), stops)


def _timekeeper(target: Target, hours: Hours) -> Hours:
    """The hours in which the target's time passes."""
    return ALWAYS_OPEN if target.unit == HOURS else hours


def _unpaused(target: Target, hours: Hours, start: datetime) -> datetime:
    if target.unit == BUSINESS_DAYS:
        return hours.add_days(start, target.amount)
    return _timekeeper(target, hours).add(start, timedelta(hours=target.amount))


def _put_off(keeper: Hours, due: datetime, stops: Iterable[Pause]) -> datetime:
    """`due`, put off by the open time of each stop that begins before the instant reached."""
    for begins, ends in stops:
        if begins >= due:
            break
        lost = keeper.between(begins, ends)
        # Adding nothing would move a deadline at closing time to the next opening.
        if lost:
            due = keeper.add(due, lost)
    return due


def _running(keeper: Hours, start: datetime, end: datetime, stops: Iterable[Pause]) -> timedelta:
    lost = (keeper.between(begins, min(ends, end)) for begins, ends in stops)
    return keeper.between(start, end) - sum(lost, timedelta(0))


def _stops(pauses: Iterable[Pause], start: datetime) -> list[Pause]:
    """The pauses from the start on as disjoint spans in order; those that touch become one."""
    stops: list[Pause] = []
    for begins, ends, _ in _disjoint(((a, b, "") for a, b in pauses), _utc(start)):
        if stops and stops[-1][1] == begins:
            stops[-1] = (stops[-1][0], ends)
        else:
            stops.append((begins, ends))
    return stops


def _disjoint(pauses: Iterable[Reasoned], start: datetime) -> list[Reasoned]:
    """The pauses from the start on, in order; where two overlap, the one that began first holds."""
    found = []
    for began, ends, reason in sorted((_utc(a), _utc(b), reason) for a, b, reason in pauses):
        if ends < began:
            raise ValueError(f"A pause that begins at {began} cannot end before that, at {ends}.")
        begins = max(start, began)
        if begins < ends:
            found.append((begins, ends, reason))
            start = ends
    return found


def _told(
    keeper: Hours, start: datetime, end: datetime, stops: Iterable[Reasoned]
) -> list[Segment]:
    """The segments of [start, end): runs between the stops, and the stops."""
    segments: list[Segment] = []
    for begins, ends, reason in stops:
        a, b = max(start, begins), min(ends, end)
        if a < b:
            segments += _run(keeper, start, a)
            segments.append(Segment(a, b, counted=False, why=PAUSED, reason=reason))
            start = b
    segments += _run(keeper, start, end)
    return _joined(segments)


def _run(keeper: Hours, start: datetime, end: datetime) -> Iterator[Segment]:
    """A stretch without pauses as segments: open, closed by the week, closed by an exception."""
    for stretch in keeper.stretches(start, end):
        closed = CLOSED if stretch.holiday is None else HOLIDAY
        yield Segment(
            stretch.start,
            stretch.end,
            counted=stretch.is_open,
            why=COUNTED if stretch.is_open else closed,
            day=stretch.holiday,
        )


def _joined(segments: Iterable[Segment]) -> list[Segment]:
    """Neighbours that say the same become one: two pauses in a row for the same reason."""
    joined: list[Segment] = []
    for segment in segments:
        if joined and replace(joined[-1], start=segment.start, end=segment.end) == segment:
            joined[-1] = replace(joined[-1], end=segment.end)
        else:
            joined.append(segment)
    return joined


def _utc(at: datetime) -> datetime:
    """The instant in UTC, because datetimes of one zone compare by their wall clocks alone."""
    if at.utcoffset() is None:
        raise ValueError(f"{at!r} has no time zone, and an instant needs one.")
    return at.astimezone(UTC)
