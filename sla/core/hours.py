"""Business time: when a calendar is open, and how much open time lies between two instants.

The definitions are those of the support policy, "Business time, exactly". Instants go in as aware
datetimes of any zone and come out in UTC; local time exists in this package alone.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple, NoReturn

from sla.core.table import (
    EPOCH,
    FIRST_YEAR,
    LAST_YEAR,
    MARGIN,
    MICROSECOND,
    TWO_YEARS,
    OpenDay,
    Spans,
    Table,
    absolute,
    instant,
    micros,
    new_year,
    open_days,
    spans_of_date,
    tabulate,
)
from sla.core.week import DAY, MINUTE, read_exceptions, read_week, read_zone

# No promise reaches further; it bounds the table that one question can make.
HORIZON = 200 * 366 * DAY
# A table that would grow longer than this is made anew around the instant that is asked for.
_LONGEST = 60 * 366 * DAY
_EARLIEST = new_year(FIRST_YEAR) + MARGIN
_LATEST = new_year(LAST_YEAR + 1) - MARGIN


class NeverOpen(ValueError):  # noqa: N818 - the field's word, and an interface
    """The calendar has no open time within two years."""


class Stretch(NamedTuple):
    """A stretch of time, open or closed; `holiday` is the date whose exception closes it."""

    start: datetime
    end: datetime
    is_open: bool
    holiday: date | None


class Hours:
    """The opening hours of a week in a time zone, with dated exceptions; immutable.

    A table of absolute openings is computed when first asked for and grows by years in both
    directions, so that each answer is a search in it, whatever the distance. The table is replaced
    as a whole: threads may share an Hours.

    All instants must be aware (ValueError). OverflowError when an answer would lie more than
    200 years away or outside of the years 2 to 9998.
    """

    __slots__ = ("_exceptions", "_label", "_table", "_week", "_zone", "name", "zone")

    def __init__(
        self,
        zone: str,
        week: Mapping[int, Sequence[tuple[str, str]]],
        exceptions: Mapping[date, Sequence[tuple[str, str]]],
        name: str = "",
    ) -> None:
        """Hours from text: Monday is 0, times are "HH:MM", and closing may be "24:00".

        An exception replaces the spans of its date; without spans it is a holiday. `name` is what
        errors call the calendar. ValueError with a sentence that says where the week is wrong.
        """
        self.name = name
        self.zone = zone
        self._label = f'Calendar "{name}" ({zone})' if name else f"The calendar in {zone}"
        try:
            self._zone = read_zone(zone)
            self._week = read_week(week)
            self._exceptions = read_exceptions(exceptions)
        except ValueError as error:
            raise ValueError(f"{self._label}: {error}") from error
        self._table = tabulate(FIRST_YEAR, FIRST_YEAR - 1, ())

    def __repr__(self) -> str:
        return f"<Hours {self.name or 'unnamed'} in {self.zone}>"

    @property
    def table(self) -> Table:
        """The table of the last answer, which holds all of its way."""
        return self._table

    def is_open(self, at: datetime) -> bool:
        """Whether `at` lies in an opening: opening time does, closing time does not."""
        t = micros(at)
        table = self._covering(t, t)
        return t < table.ends[bisect_right(table.starts, t) - 1]

    def next_open(self, at: datetime) -> datetime:
        """`at` itself when open, else the next opening; NeverOpen when there is none."""
        t = micros(at)
        table, i = self._opening(t)
        return instant(max(t, table.starts[i]))

    def next_close(self, at: datetime) -> datetime | None:
        """The end of the opening that `at` is in, or of the next; None when it lasts two years."""
        t = micros(at)
        table, i = self._opening(t)
        start = max(t, table.starts[i])
        # The opening that crosses the table's edge may go on in the next year.
        while (end := table.ends[i]) >= table.high and end - start <= TWO_YEARS:
            table = self._longer(table, t)
        return instant(end) if end - start <= TWO_YEARS else None

    def add(self, at: datetime, span: timedelta) -> datetime:
        """The earliest instant with `span` of open time since `at` (policy: business time, add).

        A span that ends at closing time ends there, and not at the next opening. Zero gives
        `next_open(at)`, a negative span ValueError, too little open time NeverOpen.
        """
        t = micros(at)
        wanted = span // MICROSECOND
        if wanted <= 0:
            return self.next_open(at) if wanted == 0 else _refuse_negative(span)
        if wanted > HORIZON:
            self._refuse_far(t)
        table = self._table
        if not table.low <= t < table.high:
            table = self._covering(t, t)
        while True:
            goal = _open_until(table, t) + wanted
            j = bisect_left(table.before, goal) - 1
            if j < len(table.starts):
                u = table.starts[j] + goal - table.before[j]
                if u < table.high:
                    break
            table = self._longer(table, t)
        if table.deserts or u - t > HORIZON:
            self._check_way(table, t, u)
        return EPOCH + timedelta(0, 0, u)

    def subtract(self, at: datetime, span: timedelta) -> datetime:
        """The latest instant since which `span` of open time has passed at `at`.

        Earlier instants have more of it behind them: what is idle since then, or longer, is idle
        for `span`. OverflowError where the calendar was not open for so long.
        """
        t = micros(at)
        wanted = span // MICROSECOND
        if wanted <= 0:
            return instant(t) if wanted == 0 else _refuse_negative(span)
        back = max(DAY, 4 * wanted)
        while (goal := _open_until(table := self._covering(t - back, t), t) - wanted) < 0:
            back *= 2
            if back > HORIZON:
                self._refuse_far(t)
        i = bisect_right(table.before, goal) - 1
        return instant(table.starts[i] + goal - table.before[i])

    def between(self, start: datetime, end: datetime) -> timedelta:
        """The open time in [start, end); zero when `end` is not after `start`."""
        a, b = micros(start), micros(end)
        if b <= a:
            return timedelta(0)
        table = self._table
        if not (table.low <= a and b < table.high):
            if b - a > HORIZON:
                middle = instant(a + HORIZON)
                return self.between(start, middle) + self.between(middle, end)
            table = self._covering(a, b)
        return timedelta(0, 0, _open_until(table, b) - _open_until(table, a))

    def add_days(self, at: datetime, n: int) -> datetime:
        """The end of n business days that begin at `at` (policy: business time, add_days).

        From an open instant: the same wall-clock time on the n-th open day after it, clamped into
        that day's hours. From before a day's first opening: the last closing of the n-th open day,
        that day being the first. From a midday break: as from its end. Zero gives `next_open(at)`;
        a negative n is a ValueError, too few open days NeverOpen.
        """
        if n <= 0:
            return self.next_open(at) if n == 0 else _refuse_negative(n)
        t = micros(at)
        if n > HORIZON // DAY:
            self._refuse_far(t)
        table, i = self._opening(t)
        start = table.starts[i]
        if t < start and start == table.days[table.owners[i]].spans[0][0]:
            k = table.owners[i] + n - 1
            table = self._reaching(table, k, t)
            u = table.days[k].spans[-1][1]
        else:
            table, u = self._same_time(table, max(t, start), n)
        if table.deserts or u - t > HORIZON:
            self._check_way(table, t, u)
        return EPOCH + timedelta(0, 0, u)

    def stretches(self, start: datetime, end: datetime) -> Iterator[Stretch]:
        """[start, end) in order and without a hole, as openings and closed times.

        A closed stretch is cut where a dated exception is what closes it: all of its date when it
        has no hours, else the part of the week's hours that is missing.
        """
        a, b = micros(start), micros(end)
        table = self._covering(min(a, b), max(a, b))
        i = bisect_right(table.ends, a)
        while a < b:
            opens = table.starts[i] if i < len(table.starts) else b
            closes = table.ends[i] if i < len(table.starts) else b
            if a < opens:
                yield from self._closed(a, min(opens, b))
            if opens < b:
                yield Stretch(instant(max(a, opens)), instant(min(closes, b)), True, None)
            a, i = closes, i + 1

    def _closed(self, a: int, b: int) -> Iterator[Stretch]:
        """The closed time [a, b), cut into what the week closes and what an exception does."""
        first = instant(a).toordinal() - 2
        last = instant(b).toordinal() + 2
        for ordinal, hours in self._exceptions.items():
            if ordinal > last:
                break
            if ordinal < first:
                continue
            for opens, closes in self._missing(ordinal, whole=not hours):
                lost, found = max(a, opens), min(b, closes)
                if lost < found:
                    if a < lost:
                        yield Stretch(instant(a), instant(lost), False, None)
                    day = date.fromordinal(ordinal)
                    yield Stretch(instant(lost), instant(found), False, day)
                    a = found
        if a < b:
            yield Stretch(instant(a), instant(b), False, None)

    def _missing(self, ordinal: int, *, whole: bool) -> Spans:
        if whole:
            return ((absolute(self._zone, ordinal, 0), absolute(self._zone, ordinal + 1, 0)),)
        return spans_of_date(self._zone, ordinal, self._week[(ordinal - 1) % 7])

    def _opening(self, t: int) -> tuple[Table, int]:
        """The opening that `t` is in, or the next one, with the table that holds it."""
        table = self._covering(t, t)
        while (i := bisect_right(table.ends, t)) == len(table.ends):
            table = self._longer(table, t)
        if table.starts[i] - t > TWO_YEARS:
            self._refuse_never(t)
        return table, i

    def _same_time(self, table: Table, t: int, n: int) -> tuple[Table, int]:
        """The wall-clock time of `t` on the n-th open day after it, clamped into its hours."""
        d = bisect_right(table.dawns, t) - 1
        if d >= 0 and table.days[d].is_plain and t - table.dawns[d] < DAY:
            clock, k = t - table.dawns[d], d + n
        else:
            wall = instant(t).astimezone(self._zone)
            clock = (wall.hour * 60 + wall.minute) * MINUTE + wall.second * 1_000_000
            clock += wall.microsecond
            k = bisect_right(table.ordinals, wall.toordinal()) + n - 1
        table = self._reaching(table, k, t)
        day = table.days[k]
        wanted = day.dawn + clock if day.is_plain else absolute(self._zone, day.ordinal, clock)
        for opens, closes in day.spans:
            if wanted < closes:
                return table, max(wanted, opens)
        return table, day.spans[-1][1]

    def _reaching(self, table: Table, k: int, t: int) -> Table:
        """The table, longer if need be, that holds open day k."""
        while k >= len(table.days):
            table = self._longer(table, t)
        return table

    def _covering(self, a: int, b: int) -> Table:
        """A table that is complete for [a, b]: the present one, or it with the years between."""
        held = self._table
        if held.low <= a and b < held.high:
            return held
        if a < _EARLIEST or b >= _LATEST:
            raise OverflowError(f"{self._label} reckons from the year 2 to the year 9998.")
        first, last = instant(a - MARGIN).year, instant(b + MARGIN).year
        around = min(first, held.first), max(last, held.last)
        if held.first <= held.last and new_year(around[1]) - new_year(around[0]) <= _LONGEST:
            first, last = around
        return self._build(first, last, held)

    def _longer(self, table: Table, since: int) -> Table:
        """The table with more years at its end, in which the indexes of `table` stay good.

        NeverOpen when two years without an opening follow `since` or an opening behind it.
        """
        closed_since = max(since, table.ends[-1])
        self._check_way(table, since, closed_since)
        if table.high - closed_since > TWO_YEARS:
            self._refuse_never(closed_since)
        if table.last >= LAST_YEAR or table.high - since > HORIZON:
            self._refuse_far(since)
        years = table.last - table.first + 1
        return self._build(table.first, min(table.last + (years + 1) // 2, LAST_YEAR), table)

    def _build(self, first: int, last: int, held: Table) -> Table:
        days: list[OpenDay] = []
        keep = first <= held.first <= held.last <= last
        for year in range(first, last + 1):
            if keep and year == held.first:
                days.extend(held.days)
            elif not (keep and held.first < year <= held.last):
                days.extend(open_days(year, self._zone, self._week, self._exceptions))
        self._table = table = tabulate(first, last, days)
        return table

    def _check_way(self, table: Table, t: int, u: int) -> None:
        """Refuse a way from t to u that is too long, or closed for more than two years on end.

        A table that happens to hold more years must not make an answer possible.
        """
        for closes, opens in table.deserts:
            if opens <= u and opens - max(t, closes) > TWO_YEARS:
                self._refuse_never(max(t, closes))
        if u - t > HORIZON:
            self._refuse_far(t)

    def _refuse_far(self, since: int) -> NoReturn:
        years = HORIZON // (366 * DAY)
        raise OverflowError(
            f"{self._label}: the answer lies more than {years} years after "
            f"{_minute(since)}, or after the year {LAST_YEAR}."
        )

    def _refuse_never(self, since: int) -> NoReturn:
        raise NeverOpen(
            f"{self._label} is not open at all in the two years after {_minute(since)}."
        )


def _open_until(table: Table, t: int) -> int:
    """The open time of the table before `t`."""
    i = bisect_right(table.starts, t) - 1
    end = table.ends[i]
    return table.before[i] + (t if t < end else end) - table.starts[i]


def _minute(at: int) -> str:
    return f"{instant(at):%Y-%m-%d %H:%M} UTC"


def _refuse_negative(amount: timedelta | int) -> NoReturn:
    raise ValueError(f"Business time is added forwards, and {amount} is negative.")


ALWAYS_OPEN = Hours("UTC", {day: [("00:00", "24:00")] for day in range(7)}, {}, "round the clock")
"""Round the clock: its open time is elapsed time."""
