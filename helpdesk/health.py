"""The health page: for monitoring, open to anybody, so it tells no details.

Where every worker is away only the web process is left to notice it: the page also sends the mail
that tells the administrators so.
"""

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django_celery_beat.models import PeriodicTask

from tickets import delivery, watchdog
from tickets.models import Delivery

logger = logging.getLogger(__name__)

AWAKE_SINCE = timezone.now()
LONGEST_WAIT = timedelta(minutes=5)
SENDER = "watchdog mail"
SENDING = threading.Lock()
LONGEST_SENDING_SECONDS = 10.0

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
    except Exception:
        logger.exception("Health check %s", name)
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
    late = watchdog.look(at=at, since=AWAKE_SINCE)
    if watchdog.OUTBOX in {sweep.name for sweep in late}:
        send_watchdog_mail()
    return not late


def beat_was_seen(at: datetime) -> bool:
    """Beat has sent at least one of its tasks within three periods of it."""
    tasks = PeriodicTask.objects.filter(enabled=True, interval__isnull=False)
    return any(
        at - task.last_run_at <= 3 * watchdog.watched_period(task.interval)
        for task in tasks.select_related("interval")
        if task.last_run_at is not None
    )


def outbox_moves(at: datetime) -> bool:
    """No message has waited for a worker for more than `LONGEST_WAIT`."""
    waiting = Delivery.objects.unsettled()
    return not waiting.filter(next_attempt_at__lt=at - LONGEST_WAIT).exists()


def send_watchdog_mail() -> None:
    """Send in the background what the watchdog has queued: no mail server holds the page up.

    Each mail is leased, as workers do it, so that no copy goes out twice.
    """
    waiting = Delivery.objects.due().filter(occasion=watchdog.OCCASION)
    if waiting.exists():
        threading.Thread(target=_send, name=SENDER, daemon=True).start()


def _send() -> None:
    if not SENDING.acquire(blocking=False):
        return
    try:
        at, seconds = timezone.now(), LONGEST_SENDING_SECONDS
        delivery.send_waiting(at=at, seconds=seconds, occasion=watchdog.OCCASION)
    except Exception:
        logger.exception("The watchdog's mail could not be sent.")
    finally:
        connection.close()
        SENDING.release()


CHECKS: list[tuple[str, Check]] = [
    ("database", database_answers),
    ("migrations", migrations_are_applied),
    ("worker", worker_was_seen),
    ("beat", beat_was_seen),
    ("outbox", outbox_moves),
]
