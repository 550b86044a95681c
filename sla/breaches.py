"""Say why promises were broken. What was said before stays on record."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction

from sla.models import BreachNote, BreachReason, Clock

LONGEST_NOTE = 4000


class NothingSaidError(ValueError):
    """Choose a reason or write a note: nothing was said about these breaches."""


class NotBrokenError(ValueError):
    """A promise among them is not broken (any more): nothing was saved."""


@transaction.atomic
def explain_breaches(
    *,
    clocks: Iterable[int],
    by: Any,
    at: datetime,
    reason: BreachReason | None = None,
    clears_reason: bool = False,
    note: str = "",
) -> int:
    """Set the reason, the note or both for broken promises; answers how many have changed.

    What is not given stays as it was with each: no reason, unless it `clears_reason`; an empty
    note. Raises NothingSaidError; and NotBrokenError when one of them is no broken promise, or
    `by` does not see it.
    """
    note = note.strip()
    if len(note) > LONGEST_NOTE:
        raise ValueError(f"A note has at most {LONGEST_NOTE:,} characters.")
    if not note and reason is None and not clears_reason:
        raise NothingSaidError(str(NothingSaidError.__doc__))
    wanted = set(clocks)
    # Locked, so that of two people who write at the same time one is first.
    broken = Clock.objects.visible_to(by).counted_in_reports().breached(at).filter(pk__in=wanted)
    found = list(broken.select_for_update(no_key=True, of=("self",)).order_by("pk"))
    if not found or len(found) != len(wanted):
        raise NotBrokenError(str(NotBrokenError.__doc__))
    present = {
        row.clock_id: row
        for row in BreachNote.objects.filter(clock__in=found, replaced_at=None)
    }  # fmt: skip
    written: list[BreachNote] = []
    for clock in found:
        before = present.get(clock.pk)
        kept = before.reason_id if before and not clears_reason else None
        new = BreachNote(
            clock=clock,
            reason_id=reason.pk if reason else kept,
            note=note or (before.note if before else ""),
            by=by,
            at=at,
        )
        said = (before.reason_id, before.note) if before else (None, "")
        if (new.reason_id, new.note) == said:
            continue
        if new.reason_id is None and not new.note:
            raise NothingSaidError("Write a note that says why there is no reason any more.")
        written.append(new)
    replaced = BreachNote.objects.filter(clock__in=[new.clock_id for new in written])
    replaced.filter(replaced_at=None).update(replaced_at=at)
    BreachNote.objects.bulk_create(written)
    return len(written)
