"""The health page: for monitoring, open to anybody, so it tells no details."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django_celery_beat.models import PeriodicTask

from sla.models import Sweep
from tickets.models import Delivery

logger = logging.getLogger(__name__)

PERIODS_OF_GRACE = 3
SHORTEST_GRACE = timedelta(seconds=90)
LONGEST_WAIT = timedelta(minutes=5)

type Check = Callable[[datetime], bool]


@never_cache
def health(request: HttpRequest) -> JsonResponse:
    """200 when every check is ``ok``, 503 when one ``failed``; never raises."""
    at = timezone.now()
    checks = {name: "ok" if _passes(name, check, at) else "failed" for name, check in CHECKS}
    ok = "failed" not in checks.values()
    return JsonResponse({"ok": ok, "checks": checks}, status=200 if ok else 503)


def _passes(name: str, check: Check, at: datetime) -> bool:
    try:
        return check(at)
    except DatabaseError as error:
        logger.warning("Health check %s: %s", name, error)
        return False


def database_answers(at: datetime) -> bool:
    """A query comes back."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        return bool(cursor.fetchone() == (1,))


def migrations_are_applied(at: datetime) -> bool:
    """The tables are those that this code expects."""
    executor = MigrationExecutor(connection)
    return not executor.migration_plan(executor.loader.graph.leaf_nodes())


def worker_was_seen(at: datetime) -> bool:
    """Every sweep has run in time: only a worker runs them."""
    sweeps = list(Sweep.objects.all())
    return bool(sweeps) and all(
        _is_recent(sweep.last_run_at, timedelta(seconds=sweep.period_seconds), at)
        for sweep in sweeps
    )


def beat_was_seen(at: datetime) -> bool:
    """Beat has sent at least one of its tasks in time."""
    tasks = PeriodicTask.objects.filter(enabled=True, interval__isnull=False)
    return any(
        _is_recent(task.last_run_at, task.interval.schedule.run_every, at)
        for task in tasks.select_related("interval")
        if task.last_run_at is not None
    )


def outbox_moves(at: datetime) -> bool:
    """No message has waited for a worker for more than `LONGEST_WAIT`."""
    waiting = Delivery.objects.unsettled()
    return not waiting.filter(next_attempt_at__lt=at - LONGEST_WAIT).exists()


def _is_recent(seen_at: datetime, period: timedelta, at: datetime) -> bool:
    return at - seen_at <= max(period * PERIODS_OF_GRACE, SHORTEST_GRACE)


CHECKS: list[tuple[str, Check]] = [
    ("database", database_answers),
    ("migrations", migrations_are_applied),
    ("worker", worker_was_seen),
    ("beat", beat_was_seen),
    ("outbox", outbox_moves),
]
