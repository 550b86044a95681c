"""Opening hours made absolute: spans of epoch microseconds with the open time before each.

Microseconds and not seconds, because an instant has them and every answer is exact.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sla.core.week import DAY, DayHours

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
TWO_YEARS = 731 * DAY
# A local date begins less than a day off the UTC date; a clock change moves it by a day at most.
MARGIN = 2 * DAY
FIRST_YEAR, LAST_YEAR = 2, 9998

type Spans = Sequence[tuple[int, int]]


class OpenDay(NamedTuple):
    """A local date that has open time: its open spans, and the instant of its midnight.

    A plain day has 24 hours and no clock change, so that its wall clock is the time since `dawn`.
    """

    ordinal: int
    dawn: int
    is_plain: bool
    spans: Spans


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """The openings of some years; complete for instants from `low` up to `high`.

    Opening i is [starts[i], ends[i]); `before[i]` is the open time before it, and one more entry
    holds the total. Opening 0 is an empty one long ago: every instant has one before it.
    """

    first: int
    last: int
    low: int
    high: int
    starts: Sequence[int]
    ends: Sequence[int]
    before: Sequence[int]
    owners: Sequence[int]
    """For each opening the index in `days` of the day that opens it."""
    deserts: Spans
    """Closed stretches of more than two years that an opening follows."""
    days: Sequence[OpenDay]
    ordinals: Sequence[int]
    dawns: Sequence[int]


def micros(at: datetime) -> int:
    """Epoch microseconds of an aware datetime; ValueError when it is naive."""
    try:
        return (at - EPOCH) // MICROSECOND
    except TypeError:
        raise ValueError(f"{at!r} has no time zone, and an instant needs one.") from None


def instant(at: int) -> datetime:
    """The aware UTC datetime of epoch microseconds."""
    return EPOCH + timedelta(0, 0, at)


def new_year(year: int) -> int:
    """Epoch microseconds at which the year begins in UTC."""
    return micros(datetime(year, 1, 1, tzinfo=UTC))


def absolute(zone: ZoneInfo, ordinal: int, clock: int) -> int:
    """Epoch microseconds of a local date and wall clock (policy: local to absolute).

    fold=0 is the first of a time that happens twice; for a skipped time it takes the offset from
    before the gap, which moves it later by the length of the gap.
    """
    wall = datetime.fromordinal(ordinal).replace(tzinfo=zone) + timedelta(0, 0, clock)
    return (wall - EPOCH) // MICROSECOND


def spans_of_date(zone: ZoneInfo, ordinal: int, hours: DayHours) -> Spans:
    """The absolute spans of one local date; none when the date never existed."""
    midnight = absolute(zone, ordinal, 0)
    if instant(midnight).astimezone(zone).toordinal() != ordinal:
        return ()
    pieces = ((absolute(zone, ordinal, a), absolute(zone, ordinal, b), 0) for a, b in hours)
    return [(a, b) for a, b, _ in union(pieces)]


def union(pieces: Iterable[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """The union of (start, end, owner), in order; each part keeps the owner that begins it.

    A clock change can turn a span around, or push one over another: hence the care.
    """
    parts: list[tuple[int, int, int]] = []
    for start, end, owner in sorted(pieces):
        if end <= start:
            continue
        if parts and start <= parts[-1][1]:
            parts[-1] = (parts[-1][0], max(end, parts[-1][1]), parts[-1][2])
        else:
            parts.append((start, end, owner))
    return parts


def open_days(
    year: int, zone: ZoneInfo, week: Sequence[DayHours], exceptions: Mapping[int, DayHours]
) -> list[OpenDay]:
    """The local dates of a year that have open time (policy: an exception replaces its date)."""
    days = []
    one_day = timedelta(days=1)
    wall = datetime(year, 1, 1, tzinfo=zone)
    dawn = (wall - EPOCH) // MICROSECOND
    for ordinal in range(date(year, 1, 1).toordinal(), date(year + 1, 1, 1).toordinal()):
        wall += one_day
        next_dawn = (wall - EPOCH) // MICROSECOND
        hours = exceptions.get(ordinal, week[(ordinal - 1) % 7])
        if hours:
            # No zone has ever changed its clocks twice within three days.
            is_plain = next_dawn - dawn == DAY
            if is_plain:
                spans: Spans = [(dawn + opens, dawn + closes) for opens, closes in hours]
            else:
                spans = spans_of_date(zone, ordinal, hours)
            if spans:
                days.append(OpenDay(ordinal, dawn, is_plain, spans))
        dawn = next_dawn
    return days


def tabulate(first: int, last: int, days: Sequence[OpenDay]) -> Table:
    """The table of the years first to last from their open days."""
    starts, ends, before, owners = [-(1 << 62)], [-(1 << 62)], [0, 0], [-1]
    deserts = []
    low = closed_since = new_year(first) + MARGIN
    for start, end, owner in union((a, b, i) for i, day in enumerate(days) for a, b in day.spans):
        if start - closed_since > TWO_YEARS:
            deserts.append((closed_since, start))
        closed_since = end
        starts.append(start)
        ends.append(end)
        owners.append(owner)
        before.append(before[-1] + end - start)
    return Table(
        first=first,
        last=last,
        low=low,
        high=new_year(last + 1) - MARGIN,
        starts=starts,
        ends=ends,
        before=before,
        owners=owners,
        deserts=deserts,
        days=days,
        ordinals=[day.ordinal for day in days],
        dawns=[day.dawn for day in days],
    )
