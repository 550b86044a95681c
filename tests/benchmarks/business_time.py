"""Business time beside `businesstimedelta` and `django-bizcal`, one by one and in bulk.

All have the policy's hours with the same holidays, made beforehand, and are asked the same
questions, which they must answer alike. Each gets its instants as it likes them best: ours in UTC,
as the database gives them; the others in the calendar's zone, which spares them a conversion. The
starts lie within two months, so that django-bizcal, which remembers 512 days, knows every day. They
lie inside opening hours, because only there all mean the same by a business day.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

import businesstimedelta
import holidays
import numpy as np
import pytz
from django_bizcal import WorkingCalendar
from django_bizcal.providers import SetHolidayProvider

from sla.core.bulk import deadlines
from sla.core.deadlines import BUSINESS_DAYS, BUSINESS_HOURS, HOURS, Target, deadline
from sla.core.hours import Hours
from sla.core.table import instant, micros
from tests.benchmarks.frame import Options, Result, seconds_each

ZONE = "Asia/Kolkata"
OFFICE = [("09:00", "17:00")]
HOLIDAYS = frozenset(holidays.country_holidays("IN", years=range(2024, 2031)))
SIX_YEARS = datetime(2024, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC)
# Open days in three and in 400 days, and the open hours of each.
NEAR, FAR, OPEN_HOURS = 3, 270, 8
MILLION = 1_000_000


class Way(NamedTuple):
    """Someone's way to answer, and the starts in the form in which it answers fastest."""

    ask: Callable[[datetime], object]
    starts: Sequence[datetime]


def business_time_add(_: Options) -> Result:
    """Adding open hours that lead 400 days on."""
    return _add(FAR, at_least_times=25)


def business_time_add_3d(_: Options) -> Result:
    """Adding three days' open hours: a short way, which to walk is not much."""
    return _add(NEAR)


def business_time_between_400d(_: Options) -> Result:
    """The open time between two instants 400 days apart."""
    return _between(timedelta(days=400), at_least_times=25)


def business_time_between_3d(_: Options) -> Result:
    """The open time between two instants three days apart."""
    return _between(timedelta(days=3))


def business_time_add_days(_: Options) -> Result:
    """Adding business days that lead 400 days on."""
    return _add_days(FAR, at_least_times=25)


def business_time_add_days_3d(_: Options) -> Result:
    """Adding three business days."""
    return _add_days(NEAR)


def business_time_six_years(_: Options) -> Result:
    """Making a calendar, and laying out six years of it: every opening in order."""
    start, end = SIX_YEARS

    def ours(_: object = None) -> Hours:
        made = _hours()
        made.between(start, end)
        return made

    def theirs(_: object = None) -> Sequence[object]:
        return _bizcal().business_windows_for_range(start, end)

    openings = [(s.start, s.end) for s in ours().stretches(start, end) if s.is_open]
    _must_be_alike(openings, [(window.start, window.end) for window in theirs()])
    value, floor = seconds_each(ours, [None]), seconds_each(theirs, [None])
    return Result(value * 1e3, "ms", floor * 1e3, floor / value, at_most=25)


def business_time_bulk_hours(_: Options) -> Result:
    """A million deadlines of 72 hours, day and night."""
    return _bulk(Target(72, HOURS))


def business_time_bulk_business_hours(_: Options) -> Result:
    """A million deadlines of eight business hours."""
    return _bulk(Target(8, BUSINESS_HOURS))


def business_time_bulk_business_days(_: Options) -> Result:
    """A million deadlines of five business days."""
    return _bulk(Target(5, BUSINESS_DAYS))


def _add(days: int, at_least_times: float | None = None) -> Result:
    span = timedelta(hours=days * OPEN_HOURS)
    delta = businesstimedelta.BusinessTimeDelta(RULES, timedelta=span)
    return _beside(
        Way(lambda start: OURS.add(start, span), IN_UTC),
        Way(lambda start: BIZCAL.add_business_time(start, span), IN_ZONE),
        Way(lambda start: start + delta, IN_PYTZ),
        at_least_times=at_least_times,
    )


def _between(span: timedelta, at_least_times: float | None = None) -> Result:
    return _beside(
        Way(lambda start: OURS.between(start, start + span), IN_UTC),
        Way(lambda start: BIZCAL.business_time_between(start, start + span), IN_ZONE),
        Way(lambda start: RULES.difference(start, start + span).timedelta, IN_PYTZ),
        at_least_times=at_least_times,
    )


def _add_days(days: int, at_least_times: float | None = None) -> Result:
    # businesstimedelta has no days; from within opening hours, these hours lead to the same time.
    delta = businesstimedelta.BusinessTimeDelta(RULES, hours=days * OPEN_HOURS)
    return _beside(
        Way(lambda start: OURS.add_days(start, days), IN_UTC),
        Way(lambda start: BIZCAL.add_business_days(start, days), IN_ZONE),
        Way(lambda start: start + delta, IN_PYTZ),
        at_least_times=at_least_times,
    )


def _beside(ours: Way, *others: Way, at_least_times: float | None) -> Result:
    """Ours beside the faster of the others, in microseconds a question."""
    answers = [ours.ask(start) for start in ours.starts]
    for other in others:
        _must_be_alike(answers, [other.ask(start) for start in other.starts])
    value, *rest = (seconds_each(way.ask, way.starts) for way in (ours, *others))
    return Result(
        value * 1e6,
        "us",
        min(rest) * 1e6,
        min(rest) / value,
        at_most=5,
        at_least_times=at_least_times,
    )


def _bulk(target: Target) -> Result:
    """A million starts of six years in no order, beside asking for one after the other."""
    low, high = map(micros, SIX_YEARS)
    starts = np.random.default_rng(1).integers(low, high, MILLION)
    some = [instant(t) for t in starts[:: MILLION // 2000].tolist()]

    def alone(start: datetime) -> datetime:
        return deadline(target=target, hours=OURS, start=start)

    def together(_: object = None) -> list[int]:
        found = deadlines(target=target, hours=OURS, starts=starts)
        return found[:: MILLION // 2000].tolist()

    _must_be_alike(together(), [micros(alone(start)) for start in some])
    value, floor = seconds_each(together, [None]), seconds_each(alone, some) * MILLION
    return Result(value, "s", floor, floor / value, at_most=2)


def _must_be_alike(ours: Sequence[object], theirs: Sequence[object]) -> None:
    """AssertionError when the compared do not do the same work."""
    for mine, other in zip(ours, theirs, strict=True):
        if mine != other:
            raise AssertionError(f"We say {mine}, they say {other}.")


def _hours() -> Hours:
    return Hours(ZONE, dict.fromkeys(range(5), OFFICE), dict.fromkeys(HOLIDAYS, ()))


def _bizcal() -> WorkingCalendar:
    return WorkingCalendar(
        tz=ZONE,
        weekly_schedule=dict.fromkeys(range(5), OFFICE),
        holiday_provider=SetHolidayProvider.from_dates(HOLIDAYS),
    )


def _rules(zone: pytz.BaseTzInfo) -> businesstimedelta.Rules:
    workday = businesstimedelta.WorkDayRule(time(9), time(17), [0, 1, 2, 3, 4], tz=zone)
    return businesstimedelta.Rules([workday, businesstimedelta.HolidayRule(HOLIDAYS, tz=zone)])


def _starts() -> list[datetime]:
    """Instants of January and February 2026 in opening hours, none of them at an edge."""
    first = datetime(2026, 1, 1, tzinfo=UTC)
    instants = (first + k * timedelta(hours=13, minutes=7) for k in range(108))
    return [start for start in instants if OURS.is_open(start)]


OURS, BIZCAL, RULES = _hours(), _bizcal(), _rules(pytz.timezone(ZONE))
IN_UTC = _starts()
IN_ZONE = [start.astimezone(ZoneInfo(ZONE)) for start in IN_UTC]
IN_PYTZ = [start.astimezone(pytz.timezone(ZONE)) for start in IN_UTC]
