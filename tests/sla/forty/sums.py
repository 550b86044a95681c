"""What follows from the two tables by counting alone: plain Python over what was written by hand.

Nothing here is the product's: days and hours are read from the tables' own clocks, and a percentile
lies between the two values next to it, as far as its rank lies between theirs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from math import ceil, floor

import pytest

from sla import reports
from sla.reports import AttainmentRow
from tests.sla.forty.facts import CASES, NONE, NOW, REASONS, SPOCS, Case
from tests.sla.forty.local import instant_of, wall
from tests.sla.forty.outcomes import BROKEN, FULFILLED, KEPT, PROMISES, RUNNING, Promised

DAY = timedelta(days=1)
SOLVING = ("resolve", "withdraw")

type Group = tuple[str, str]
type Spread = tuple[float, float]
type Keys = Callable[[Promised], Sequence[str]]


@dataclass(frozen=True)
class Days:
    """Local days of a zone, from the first to the last."""

    first: date
    last: date
    zone: str

    def hold(self, at: datetime) -> bool:
        return self.first <= wall(at, self.zone).date() <= self.last


@dataclass(frozen=True)
class Row:
    """One priority and metric; the spreads are medians and 90th percentiles in seconds."""

    promises: int
    kept: int
    broken: int
    running: int
    business: Spread | None
    counted: Spread | None
    elapsed: Spread | None


def made_in(days: Days) -> list[Promised]:
    """The promises that count and were made on these days."""
    return [one for one in PROMISES if one.counts and days.hold(one.made)]


def how_many(promises: Iterable[Promised], hows: set[str]) -> int:
    return sum(one.how in hows for one in promises)


def numbers(promises: Sequence[Promised]) -> tuple[int, int, int, int]:
    """All, kept, broken, running."""
    return len(promises), *(how_many(promises, hows) for hows in (KEPT, BROKEN, RUNNING))


def attainment(promises: Iterable[Promised]) -> dict[Group, Row]:
    groups: dict[Group, list[Promised]] = {}
    for one in promises:
        groups.setdefault((one.priority, one.metric), []).append(one)
    return {group: _row(group, ones) for group, ones in groups.items()}


def percentile(values: Iterable[float], share: float) -> float:
    ranked = sorted(values)
    rank = share * (len(ranked) - 1)
    low, high = ranked[floor(rank)], ranked[ceil(rank)]
    return low + (rank - floor(rank)) * (high - low)


def tenth(one: Promised) -> int | None:
    """The tenth of its time, from when it was made to the deadline, in which it was fulfilled."""
    if one.how not in FULFILLED or one.ended is None:
        return None
    return min(max(ceil(10 * ((one.ended - one.made) / (one.due - one.made))), 1), 21)


def cells(promises: Iterable[Promised], zone: str) -> dict[tuple[int, int], tuple[int, int, int]]:
    """All, kept and broken by the weekday and the hour that the zone's clocks show."""
    by_cell: dict[tuple[int, int], list[Promised]] = {}
    for one in promises:
        local = wall(one.made, zone)
        by_cell.setdefault((local.weekday(), local.hour), []).append(one)
    return {cell: numbers(ones)[:3] for cell, ones in by_cell.items()}


def by_day(promises: Sequence[Promised], days: Days) -> dict[date, tuple[int, int, int]]:
    """Kept, broken and running of each day."""
    found = {}
    day = days.first
    while day <= days.last:
        of_day = [one for one in promises if wall(one.made, days.zone).date() == day]
        found[day] = numbers(of_day)[1:]
        day += DAY
    return found


def cases(fits: Callable[[Case], bool] = lambda _: True) -> list[Case]:
    """The tickets that reports count."""
    return [case for case in CASES.values() if case.counts and fits(case)]


def happened(chosen: Iterable[Case], days: Days, *verbs: str) -> int:
    """How often any of this was done on these days."""
    return sum(days.hold(at) for case in chosen for at in case.when(*verbs))


def volume(chosen: Sequence[Case], days: Days) -> dict[date, tuple[int, int, int, int | None]]:
    """Of each day what came in, was solved and reopened, and the backlog at its end."""
    today, found = wall(NOW, days.zone).date(), {}
    day = days.first
    while day <= days.last:
        this = Days(day, day, days.zone)
        turns = (
            sum(this.hold(case.at) for case in chosen),
            happened(chosen, this, *SOLVING),
            happened(chosen, this, "reopen"),
        )
        end = min(instant_of(datetime.combine(day + DAY, time()), days.zone), NOW)
        found[day] = (*turns, backlog(chosen, end) if day <= today else None)
        day += DAY
    return found


def backlog(chosen: Iterable[Case], end: datetime) -> int:
    """The unsolved tickets of those that came in before this instant."""
    return sum(
        1
        + sum(at < end for at in case.when("reopen"))
        - sum(at < end for at in case.when(*SOLVING))
        for case in chosen
        if case.at < end
    )


def stars(chosen: Iterable[Case], days: Days) -> Counter[int]:
    """How many gave each number of stars; who rates again has changed his mind."""
    found: Counter[int] = Counter()
    for case in chosen:
        rated = [act for act in case.acts if act.verb == "rate"]
        if rated and days.hold(rated[-1].at):
            found[int(rated[-1].words[0])] += 1
    return found


def _row(group: Group, ones: Sequence[Promised]) -> Row:
    fulfilled = [one for one in ones if one.how in FULFILLED]
    # Berlin's resolution of P2 is in business hours, the other one in hours.
    zones = {CASES[one.ticket].zone for one in ones}
    mixed = group == ("P2", "resolution") and len(zones) == 2
    business = [one.business.total_seconds() for one in fulfilled if one.business is not None]
    counted = [one.counted.total_seconds() for one in fulfilled if one.counted is not None]
    elapsed = [(one.ended - one.made).total_seconds() for one in fulfilled if one.ended is not None]
    return Row(
        *numbers(ones),
        business=_spread(business) if business else None,
        counted=_spread(counted) if counted and not mixed else None,
        elapsed=_spread(elapsed) if elapsed else None,
    )


def _spread(values: Sequence[float]) -> Spread:
    return percentile(values, 0.5), percentile(values, 0.9)


def by_hand(rows: Mapping[Group, Row]) -> dict[Group, tuple[object, ...]]:
    """As `lines` says what a report found."""
    return {
        group: (
            row.promises, row.kept, row.broken, row.running,
            row.business, row.counted, row.elapsed,
        )
        for group, row in rows.items()
    }  # fmt: skip


def lines(rows: Iterable[AttainmentRow]) -> dict[Group, tuple[object, ...]]:
    """What a report found, as plain tuples; seconds may differ by what is no second."""
    return {
        (row.priority, row.metric): (
            row.promises, row.kept, row.broken, row.running,
            _plain(row.business), _plain(row.counted), _plain(row.elapsed),
        )
        for row in rows
    }  # fmt: skip


def _plain(spread: reports.Spread | None) -> object:
    return None if spread is None else pytest.approx((spread.median, spread.ninetieth))


# What each promise belongs to, by the names that a breakdown shows; "" for none. Those of a ticket
# are found by it, team and agent stand in the promise's line.
DIMENSIONS: dict[str, Keys] = {
    "priority": lambda one: [one.priority],
    "metric": lambda one: [one.metric],
    "team": lambda one: [one.team],
    "agent": lambda one: [one.agent],
    "organization": lambda one: [CASES[one.ticket].organization.replace(NONE, "")],
    "spoc": lambda one: [SPOCS.get(CASES[one.ticket].organization, "")],
    "request_type": lambda one: [CASES[one.ticket].kind],
    "channel": lambda one: [CASES[one.ticket].channel],
    "tag": lambda one: CASES[one.ticket].tags or [""],
    "reason": lambda one: [REASONS.get((one.ticket, one.priority, one.metric), "")],
}
# Those that are the ticket's own, so that figures of tickets are narrowed down by them as well.
OF_TICKETS: dict[str, Callable[[Case], Sequence[str]]] = {
    "organization": lambda case: [case.organization.replace(NONE, "")],
    "spoc": lambda case: [SPOCS.get(case.organization, "")],
    "request_type": lambda case: [case.kind],
    "channel": lambda case: [case.channel],
    "tag": lambda case: case.tags or [""],
}
