"""Business time said as slowly and as plainly as the policy says it, to check the engine against.

Nothing here is shared with `sla.core`: local time is made absolute by trying offsets instead of by
`fold`, and answers are found by walking from edge to edge instead of by searching a table.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import count, islice
from zoneinfo import ZoneInfo

from sla.core.hours import NeverOpen

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
TWO_YEARS = timedelta(days=731)

type Span = tuple[datetime, datetime]
type Written = Sequence[tuple[str, str]]


@cache
def absolute(zone: str, wall: datetime) -> datetime:
    """A naive local time as an instant: the first that shows it, or later by the skipped gap."""
    as_utc = wall.replace(tzinfo=UTC)
    offsets = [_offset(zone, as_utc + k * HOUR) for k in range(-26, 27)]
    shown = [as_utc - o for o in set(offsets) if _offset(zone, as_utc - o) == o]
    return min(shown) if shown else as_utc - offsets[0]


@cache
def existed(zone: str, day: date) -> bool:
    """Whether any instant has that local date, hour by hour."""
    noon = datetime.combine(day, time(12), tzinfo=UTC)
    return any(local(zone, noon + k * HOUR).date() == day for k in range(-40, 41))


def local(zone: str, at: datetime) -> datetime:
    """The naive wall clock of an instant."""
    return at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def _offset(zone: str, at: datetime) -> timedelta:
    return at.astimezone(ZoneInfo(zone)).utcoffset() or timedelta(0)


class Oracle:
    """The same questions as `Hours` answers, for the same week and exceptions."""

    def __init__(
        self, zone: str, week: Mapping[int, Written], exceptions: Mapping[date, Written]
    ) -> None:
        self.zone, self.week, self.exceptions = zone, week, exceptions
        self._days: dict[date, list[Span]] = {}

    def hours_on(self, day: date) -> list[Span]:
        """The spans of a local date that are spans still once they are absolute."""
        if day not in self._days:
            written = self.exceptions.get(day, self.week.get(day.weekday(), ()))
            spans = [(self._at(day, a), self._at(day, b)) for a, b in written]
            alive = sorted((a, b) for a, b in spans if a < b)
            self._days[day] = alive if existed(self.zone, day) else []
        return self._days[day]

    def is_open(self, t: datetime) -> bool:
        return any(a <= t < b for a, b in self._around(t))

    def next_open(self, t: datetime) -> datetime:
        if self.is_open(t):
            return t
        for day in self._dates(t):
            later = [a for k in range(-1, 2) for a, _ in self.hours_on(day + k * DAY) if a > t]
            if later:
                return min(later)
            if day > (t + TWO_YEARS + 2 * DAY).date():
                break
        raise NeverOpen

    def add(self, t: datetime, span: timedelta) -> datetime:
        if not span:
            return self.next_open(t)
        for a, b in self._pieces(t):
            if span <= b - a:
                return a + span
            span -= b - a
        raise NeverOpen

    def between(self, start: datetime, end: datetime) -> timedelta:
        total = timedelta(0)
        u = start
        while u < end:
            edge = min([*self._edges(u), u + DAY, end])
            total += (edge - u) if self.is_open(u) else timedelta(0)
            u = edge
        return total

    def add_days(self, t: datetime, n: int) -> datetime:
        s = self.next_open(t)
        if n == 0:
            return s
        today = local(self.zone, s).date()
        if s != t:
            for day in (today - DAY, today):
                if self.hours_on(day) and s == min(self.hours_on(day))[0]:
                    (nth,) = islice(self._open_days(day), n - 1, n)
                    return max(b for _, b in self.hours_on(nth))
        (nth,) = islice(self._open_days(today + DAY), n - 1, n)
        u = absolute(self.zone, datetime.combine(nth, local(self.zone, s).time()))
        if any(a <= u < b for a, b in self.hours_on(nth)):
            return u
        later = [a for a, _ in self.hours_on(nth) if a > u]
        return min(later) if later else max(b for _, b in self.hours_on(nth))

    def _pieces(self, t: datetime) -> Iterator[Span]:
        """The open time from t on, from edge to edge."""
        while True:
            t = self.next_open(t)
            edge = min(self._edges(t))
            yield t, edge
            t = edge

    def _open_days(self, day: date) -> Iterator[date]:
        closed = 0
        for candidate in (day + k * DAY for k in count()):
            closed = 0 if self.hours_on(candidate) else closed + 1
            if closed > TWO_YEARS.days:
                raise NeverOpen
            if not closed:
                yield candidate

    def _edges(self, t: datetime) -> list[datetime]:
        return [edge for span in self._around(t) for edge in span if edge > t]

    def _around(self, t: datetime) -> list[Span]:
        today = local(self.zone, t).date()
        return [span for k in range(-2, 3) for span in self.hours_on(today + k * DAY)]

    def _dates(self, t: datetime) -> Iterator[date]:
        today = local(self.zone, t).date()
        return (today + k * DAY for k in count(-1))

    def _at(self, day: date, written: str) -> datetime:
        if written == "24:00":
            return absolute(self.zone, datetime.combine(day + DAY, time(0)))
        return absolute(self.zone, datetime.combine(day, time.fromisoformat(written)))
