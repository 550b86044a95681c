"""A holiday is added to a calendar under which a hundred thousand clocks are open."""

from __future__ import annotations

import multiprocessing
import resource
import sys
import time
from collections.abc import Callable
from datetime import date
from functools import cache

from tests.benchmarks.desk import MONDAY, loaded
from tests.benchmarks.frame import Options, Result

# Batches after which every cache is filled.
WARM = 20


def preview(options: Options) -> Result:
    """What the holiday would do, reckoned for all of them before it is saved."""
    loaded(options.tickets)
    from django.db import transaction

    from sla.models import Recalculation
    from sla.preview import preview

    with transaction.atomic():
        change = Recalculation(calendar_version=_publish_holiday())
        began = time.perf_counter()
        found = preview(change, at=MONDAY)
        seconds = time.perf_counter() - began
        transaction.set_rollback(True)
    assert found.total == options.tickets // 10
    return Result(seconds, "s")


def recalculate(options: Options) -> Result:
    """All of them moved, with a ledger entry each; beside the bare writes of as many rows."""
    return _recalculated(options)[0]


def recalculate_memory(options: Options) -> Result:
    """How much memory was taken beyond that of the first batches."""
    return _recalculated(options)[1]


@cache
def _recalculated(options: Options) -> tuple[Result, Result]:
    loaded(options.tickets)
    from django.db import connection

    from sla.recalculation import request

    floor = _bare_writes()
    asked = request(at=MONDAY, by=None, calendar_version=_publish_holiday())
    connection.close()
    # In a process of its own, whose memory has seen nothing else.
    context = multiprocessing.get_context("spawn")
    answers = context.SimpleQueue()
    worker = context.Process(target=_work, args=(answers.put,))
    worker.start()
    seconds, megabytes = answers.get()
    worker.join()
    asked.refresh_from_db()
    assert asked.finished_at
    assert (asked.done, asked.failed) == (options.tickets // 10, 0)
    return (
        Result(seconds, "s", floor, seconds / floor, at_most=60),
        Result(megabytes, "MB", at_most=20),
    )


def _work(answer: Callable[[tuple[float, float]], None]) -> None:
    """Do all that was asked for: seconds, and megabytes beyond those of the first batches."""
    import django

    django.setup()
    from django.db import connection

    from tickets import recalculation

    began = time.perf_counter()
    # Ends after one batch at a time, as a run does whose time is over.
    for _ in range(WARM):
        recalculation.go_on(at=MONDAY, seconds=1e-9)
    before = _peak_memory()
    while recalculation.go_on(at=MONDAY):
        pass
    answer((time.perf_counter() - began, _peak_memory() - before))
    connection.close()


def _publish_holiday() -> object:
    from sla.models import Calendar

    calendar = Calendar.objects.get(name="Own hours")
    calendar.holidays.create(date=date(2026, 11, 3), name="Founders' day")
    return calendar.publish(at=MONDAY)


def _bare_writes() -> float:
    """Seconds for an UPDATE of the same clocks and as many INSERTs, in two statements."""
    from django.db import connection, transaction

    own = "SELECT id FROM sla_policy WHERE name = 'Own policy'"
    running = f"policy_id = ({own}) AND stopped_at IS NULL AND superseded_at IS NULL"
    with transaction.atomic(), connection.cursor() as cursor:
        began = time.perf_counter()
        cursor.execute(f"UPDATE sla_clock SET due_at = due_at + interval '1 day' WHERE {running}")
        cursor.execute(
            "INSERT INTO sla_clockevent (clock_id, kind, at, reason, due_before, due_after) "
            f"SELECT id, 'recalculated', now(), '', due_at, due_at FROM sla_clock WHERE {running}"
        )
        seconds = time.perf_counter() - began
        transaction.set_rollback(True)
    return seconds


def _peak_memory() -> float:
    """Megabytes that this process has needed at most so far."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)
