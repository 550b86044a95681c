"""Sweeps on a desk of a million tickets, half of them open."""

from __future__ import annotations

import multiprocessing
import time
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from tests.benchmarks.desk import loaded
from tests.benchmarks.frame import Options, Result, seconds_each

STEPS = 10_000
# Of a desk of a million tickets; a trial on less has less to do.
SHARE = 100


def load(options: Options) -> Result:
    """Tickets, messages, clocks and ledgers through COPY, and their indexes."""
    return Result(loaded(options.tickets).seconds, "s", at_most=300)


def sweep_idle(options: Options) -> Result:
    """Nothing is due; beside a bare look through the same partial index."""
    loaded(options.tickets)
    from django.db import connection

    from tickets import escalation

    at = _instant_at(0) - timedelta(seconds=1)

    def look(_: int) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT id FROM sla_clock WHERE stopped_at IS NULL AND superseded_at IS NULL "
                "AND next_step_at <= %s ORDER BY next_step_at LIMIT 100",
                [at],
            )
            assert not cursor.fetchall()

    def sweep(_: int) -> None:
        assert escalation.fire_due_steps(at=at) == 0

    value, floor = (1000 * seconds_each(act, range(20)) for act in (sweep, look))
    return Result(value, "ms", floor, value / floor, at_most=10, at_most_times=25)


def sweep_due(options: Options) -> Result:
    """Each due step fires and queues its mail; beside a bare INSERT of a finished mail."""
    loaded(options.tickets)
    from tickets import escalation

    at = _instant_at(options.tickets // SHARE)
    began = time.perf_counter()
    fired = escalation.fire_due_steps(at=at)
    value = 1000 * (time.perf_counter() - began) / fired
    floor = _inserted_mails(1000)
    return Result(value, "ms", floor, value / floor, at_most=1.5)


def sweep_due_two_workers(options: Options) -> Result:
    """Two workers side by side, as time a step; beside one worker for as many steps."""
    loaded(options.tickets)
    steps = options.tickets // SHARE
    one = _in_processes(1, _instant_at(steps))
    two = _in_processes(2, _instant_at(2 * steps))
    return Result(two, "ms", one, one / two, at_least_times=1.6)


def _instant_at(steps: int) -> datetime:
    """When so many clocks have a step that is due."""
    from sla.models import Clock

    waiting = Clock.objects.running().filter(next_step_at__isnull=False).order_by("next_step_at")
    found: datetime = waiting.values_list("next_step_at", flat=True)[max(0, steps - 1)]
    return found


def _inserted_mails(count: int) -> float:
    """Milliseconds for a row of the outbox with the text of a real one, a statement each."""
    from django.db import connection, transaction

    from tickets.models import Delivery

    model = Delivery.objects.filter(occasion="escalation")[:1].get()
    columns = [field.column for field in Delivery._meta.concrete_fields]
    names, places = (
        ", ".join(parts) for parts in (map('"{}"'.format, columns), ["%s"] * len(columns))
    )
    into = f"INSERT INTO tickets_delivery ({names}) VALUES ({places})"
    with transaction.atomic(), connection.cursor() as cursor:
        began = time.perf_counter()
        for number in range(count):
            model.id, model.key = uuid.uuid4(), f"bench:{number}"
            model.mail_message_id = f"<{number}@desk.example>"
            cursor.execute(into, [getattr(model, column) for column in columns])
        seconds = time.perf_counter() - began
        transaction.set_rollback(True)
    return 1000 * seconds / count


def _in_processes(count: int, at: datetime) -> float:
    """Milliseconds a step that so many processes need for all that is due."""
    from django.db import connection

    connection.close()
    context = multiprocessing.get_context("spawn")
    barrier, answers = context.Barrier(count), context.SimpleQueue()
    workers = [context.Process(target=_work, args=(barrier, at, answers.put)) for _ in range(count)]
    for worker in workers:
        worker.start()
    told = [answers.get() for _ in workers]
    for worker in workers:
        worker.join()
    began, ended = min(row[0] for row in told), max(row[1] for row in told)
    return 1000 * (ended - began) / sum(row[2] for row in told)


def _work(barrier: Any, at: datetime, answer: Callable[[tuple[float, float, int]], None]) -> None:
    """What one worker does: everything is ready before the clock starts."""
    import django

    django.setup()
    from django.db import connection

    from tickets import escalation

    prepare = partial(escalation.fire_due_steps, at=at - timedelta(days=365))
    prepare()
    barrier.wait()
    began = time.time()
    fired = escalation.fire_due_steps(at=at)
    ended = time.time()
    connection.close()
    answer((began, ended, fired))
