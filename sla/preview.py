"""What a change of a calendar or a policy would do to open clocks, before it is made.

Reckoned for all of them, in blocks: memory stays flat, however many are open.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from operator import itemgetter
from typing import Any

import numpy as np
from django.db.models import Exists, OuterRef, Q
from numpy.typing import NDArray

from sla import reckoning
from sla.core import bulk
from sla.core.table import instant, micros
from sla.models import CalendarVersion, Clock, Pause, Recalculation
from sla.models.clocks import ClockQuerySet
from sla.models.instants import microseconds

BLOCK = 20_000
SHOWN = 10
NEVER = np.iinfo(np.int64).max

type Instants = NDArray[np.int64]

# What one promise says, and the calendar it runs on: clocks alike in it are reckoned together.
ALIKE = ("priority_id", "metric", "calendar_version_id", "target_amount", "target_unit")
MOMENTS = ("started_at", "due_at", "paused_at")


@dataclass(frozen=True)
class Move:
    """One clock whose deadline would move."""

    clock: Clock
    due_before: datetime
    due_after: datetime

    @property
    def later(self) -> bool:
        return self.due_after > self.due_before

    @property
    def span(self) -> timedelta:
        """How far it moves, without a sign."""
        return abs(self.due_after - self.due_before)


@dataclass
class Preview:
    """How many open clocks there are, how many move, and which ones move most.

    `broken` become late by the change, `saved` are late now and would not be. `failed` could not
    be reckoned with the new hours; they would stay as they are.
    """

    total: int = 0
    earlier: int = 0
    later: int = 0
    broken: int = 0
    saved: int = 0
    failed: int = 0
    most: list[Move] = field(default_factory=list)

    @property
    def unmoved(self) -> int:
        return self.total - self.earlier - self.later - self.failed


def preview(change: Recalculation, *, at: datetime) -> Preview:
    """What this change, requested or not, would do at `at`. Its versions may not be committed."""
    found = Preview()
    furthest: list[tuple[int, int, int, int]] = []
    for rows in _blocks(change.scope()):
        for alike, group in _reckoned(rows, change):
            _count(found, alike, group, at)
            furthest = heapq.nlargest(SHOWN, [*furthest, *_far(alike, group)])
    clocks = Clock.objects.select_related("ticket", "priority").in_bulk(
        [pk for _, pk, _, _ in furthest]
    )
    found.most = [
        Move(clocks[pk], instant(before), instant(after)) for _, pk, before, after in furthest
    ]
    return found


def _blocks(scope: ClockQuerySet) -> Iterator[list[dict[str, Any]]]:
    """The facts of the clocks, in blocks; instants in epoch microseconds."""
    pauses = Pause.objects.filter(clock=OuterRef("pk"), ended_at__isnull=False)
    rows = scope.annotate(
        is_plain=Q(earlier_promise=None) & ~Exists(pauses),
        **{f"{name}_us": microseconds(name) for name in MOMENTS},
    ).values("pk", "is_plain", *ALIKE, *(f"{name}_us" for name in MOMENTS))
    last = 0
    while block := list(rows.filter(pk__gt=last).order_by("pk")[:BLOCK]):
        yield block
        last = block[-1]["pk"]


def _reckoned(
    rows: list[dict[str, Any]], change: Recalculation
) -> Iterator[tuple[list[dict[str, Any]], Instants]]:
    """The rows in groups, with their new deadlines; NEVER for one that has none."""
    versions = CalendarVersion.objects.in_bulk({row["calendar_version_id"] for row in rows})
    alike = itemgetter("is_plain", *ALIKE)
    for _, found in groupby(sorted(rows, key=alike), key=alike):
        group = list(found)
        if not group[0]["is_plain"]:
            yield group, _one_by_one(group, change)
            continue
        facts = {name: group[0][name] for name in ALIKE}
        clock = Clock(**facts, calendar_version=versions[facts.pop("calendar_version_id")])
        reckoning.adopt(clock, change)
        starts = _column(group, "started_at_us")
        try:
            hours = reckoning.hours(clock)
            yield group, bulk.deadlines(target=clock.target, hours=hours, starts=starts)
        except (ValueError, OverflowError):
            yield group, _one_by_one(group, change)


def _one_by_one(group: Sequence[dict[str, Any]], change: Recalculation) -> Instants:
    """The deadlines of clocks with pauses, or an earlier promise, or without any answer."""
    found = Clock.objects.with_facts().in_bulk([row["pk"] for row in group])
    return np.array([_new_due(found[row["pk"]], change) for row in group], np.int64)


def _new_due(clock: Clock, change: Recalculation) -> int:
    reckoning.adopt(clock, change)
    try:
        return micros(reckoning.due_of(clock, reckoning.finished(clock.pauses.all())))
    except (ValueError, OverflowError):
        return int(NEVER)


def _count(found: Preview, rows: Sequence[dict[str, Any]], after: Instants, at: datetime) -> None:
    known = after != NEVER
    before = _column(rows, "due_at_us")
    paused = np.array([row["paused_at_us"] or NEVER for row in rows], np.int64)
    late, will_be = _late(before, paused, at), _late(after, paused, at)
    found.total += len(rows)
    found.failed += int(np.sum(~known))
    found.earlier += int(np.sum(known & (after < before)))
    found.later += int(np.sum(known & (after > before)))
    found.broken += int(np.sum(known & will_be & ~late))
    found.saved += int(np.sum(known & late & ~will_be))


def _late(due: Instants, paused: Instants, at: datetime) -> NDArray[np.bool_]:
    """As `Clock.is_breached`: a pause that begins at the deadline comes too late."""
    end = np.where((paused == NEVER) | (paused == due), micros(at), paused)
    return end > due


def _far(rows: Sequence[dict[str, Any]], after: Instants) -> Iterable[tuple[int, int, int, int]]:
    """The rows that move most: how far, the clock, its deadline before and after."""
    before = _column(rows, "due_at_us")
    far = np.where(after == NEVER, 0, np.abs(after - before))
    for i in np.argsort(far)[-SHOWN:].tolist():
        if far[i]:
            yield int(far[i]), rows[i]["pk"], int(before[i]), int(after[i])


def _column(rows: Sequence[dict[str, Any]], name: str) -> Instants:
    return np.array([row[name] for row in rows], np.int64)
