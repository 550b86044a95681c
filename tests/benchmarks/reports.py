"""The SLA report on two years of tickets, beside the same figures asked for in plain SQL.

The database is one of its own, in a process of its own: other benches' desks have another shape.
"""

from __future__ import annotations

import multiprocessing
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from multiprocessing.connection import Connection
from pathlib import Path

from tests.benchmarks import desk
from tests.benchmarks.frame import Options, Result

ROUNDS = 5
# What is promised meanwhile is still running.
NOW = desk.MONDAY + timedelta(hours=8)
EVER = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Measured:
    """Milliseconds of the figures, of the page with them, and of the plain SQL; and the growth of
    memory in megabytes.
    """

    figures: dict[str, float]
    page: dict[str, float]
    sql: dict[str, float]
    growth: float


def reports_30_days(options: Options) -> Result:
    """All figures of the last thirty days."""
    found = measured(options.tickets)
    figures, sql = found.figures["30d"], found.sql["30d"]
    return Result(figures, "ms", sql, figures / sql, at_most=300, at_most_times=2)


def reports_all_time(options: Options) -> Result:
    """All figures of all time."""
    found = measured(options.tickets)
    figures, sql = found.figures["all"], found.sql["all"]
    return Result(figures, "ms", sql, figures / sql, at_most=2500, at_most_times=2)


def reports_page_30_days(options: Options) -> Result:
    """The page that shows the last thirty days; beside its figures alone."""
    found = measured(options.tickets)
    page, figures = found.page["30d"], found.figures["30d"]
    return Result(page, "ms", figures, page / figures, at_most_times=2)


def reports_page_all_time(options: Options) -> Result:
    """The page that shows all time; beside its figures alone."""
    found = measured(options.tickets)
    page, figures = found.page["all"], found.figures["all"]
    return Result(page, "ms", figures, page / figures, at_most=2500, at_most_times=2)


def reports_memory(options: Options) -> Result:
    """How much more memory the page of all time takes than that of thirty days."""
    return Result(measured(options.tickets).growth, "MB", at_most=32)


@cache
def measured(tickets: int) -> Measured:
    """Load the desk and measure, in another process."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_measure, args=(theirs, desk.fresh(), tickets))
    process.start()
    theirs.close()
    try:
        found: Measured = ours.recv()
    finally:
        process.join()
    return found


def _measure(pipe: Connection, environment: desk.Environment, tickets: int) -> None:
    desk.enter(environment)
    desk.load(tickets, desk.History())
    from django.conf import settings
    from django.contrib.auth.models import Group
    from django.test import Client
    from django.urls import reverse

    from sla import reports
    from tickets.models import User

    settings.ALLOWED_HOSTS = ["testserver"]
    manager = User.objects.create(email="manager@desk.example", is_staff=True)
    manager.groups.add(Group.objects.get(name="Manager"))
    client = Client()
    client.force_login(manager)
    from django.utils import timezone

    timezone.now = lambda: NOW
    address = reverse("admin:sla_report")

    def page(span: str) -> None:
        answer = client.get(address, {"span": span}, secure=True)
        assert answer.status_code == 200, (answer.status_code, answer.content[:500])
        assert b"What became of the promises" in answer.content

    def figures(span: str) -> None:
        form = reports.asked_by(f"span={span}", at=NOW)
        assert form.is_valid(), form.errors
        reports.overview(form.question, at=NOW)

    figured, pages, sql = {}, {}, {}
    for span in ("30d", "all"):
        figured[span] = _best(partial(figures, span))
        pages[span] = _best(partial(page, span))
    growth = _peak(partial(page, "all")) - _peak(partial(page, "30d"))
    ends = NOW + timedelta(hours=7)
    for span, begins in (("30d", ends - timedelta(days=30)), ("all", EVER)):
        sql[span] = _best(lambda begins=begins: _plain(begins, ends, has_before=begins != EVER))
    pipe.send(Measured(figured, pages, sql, growth))


def _plain(begins: datetime, ends: datetime, *, has_before: bool) -> None:
    """The same figures, as somebody would ask for them who writes SQL by hand."""
    from django.db import connection

    values = {"begins": begins, "ends": ends, "now": NOW, "zone": "Asia/Kolkata"}
    with connection.cursor() as cursor:
        for statement in (*PLAIN, *(BEFORE if has_before else ())):
            cursor.execute(statement, values)
            cursor.fetchall()


END = "coalesce(stopped_at, superseded_at, paused_at, %(now)s)"
MADE = """
    FROM sla_clock WHERE started_at >= %(begins)s AND started_at < %(ends)s AND voided_at IS NULL
    AND (superseded_at IS NULL OR superseded_at > due_at)
"""
COUNTS = f"""
    count(*), count(*) FILTER (WHERE stopped_at <= due_at), count(*) FILTER (WHERE {END} > due_at)
"""
UNCOUNTED = "ticket_id NOT IN (SELECT id FROM tickets_ticket WHERE closed_as <> '')"
PLAIN = [
    f"""SELECT priority_id, metric, {COUNTS},
        percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY business_seconds),
        percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY counted_seconds) {MADE}
        GROUP BY priority_id, metric""",
    f"""SELECT DISTINCT priority_id, metric, target_amount, target_unit, goal_amount,
        kept_by_lowering {MADE}""",
    f"""SELECT metric, ceil(10 * extract(epoch FROM stopped_at - started_at)
        / extract(epoch FROM due_at - started_at)) AS used, count(*) {MADE}
        AND stopped_at IS NOT NULL GROUP BY metric, used""",
    f"""SELECT extract(isodow FROM started_at AT TIME ZONE %(zone)s) AS day,
        extract(hour FROM started_at AT TIME ZONE %(zone)s) AS hour, {COUNTS} {MADE}
        GROUP BY day, hour""",
    f"""SELECT date_trunc('day', started_at AT TIME ZONE %(zone)s) AS day, {COUNTS} {MADE}
        GROUP BY day""",
    f"""SELECT metric, {COUNTS} {MADE} AND EXISTS (SELECT FROM tickets_event AS asked
        WHERE asked.ticket_id = sla_clock.ticket_id AND asked.kind = 'to_engineering'
        AND asked.at <= coalesce(stopped_at, superseded_at, %(now)s)) GROUP BY metric""",
    f"""SELECT sum(CASE turn WHEN 'out' THEN -1 ELSE 1 END) FROM tickets_event
        WHERE turn <> '' AND at < %(begins)s AND {UNCOUNTED}""",
    f"""SELECT date_trunc('day', at AT TIME ZONE %(zone)s) AS day, turn, count(*)
        FROM tickets_event WHERE turn <> '' AND at >= %(begins)s AND at < %(ends)s
        AND {UNCOUNTED} GROUP BY day, turn""",
    """SELECT width_bucket(submitted_at, ARRAY[%(now)s::timestamptz - interval '20 days',
        %(now)s::timestamptz - interval '5 days']) AS age, count(*) FROM tickets_ticket
        WHERE status IN ('new', 'open', 'pending') GROUP BY age""",
    """SELECT stars, count(*) FROM tickets_rating WHERE at >= %(begins)s AND at < %(ends)s
        GROUP BY stars""",
    """SELECT kind, count(*) FROM tickets_event WHERE kind IN
        ('to_engineering', 'escalated_by_customer') AND at >= %(begins)s AND at < %(ends)s
        GROUP BY kind""",
]  # fmt: skip
BEFORE: list[str] = [
    f"""SELECT priority_id, metric, {COUNTS} FROM sla_clock
        WHERE started_at >= %(begins)s::timestamptz - interval '30 days'
        AND started_at < %(begins)s AND voided_at IS NULL
        AND (superseded_at IS NULL OR superseded_at > due_at) GROUP BY priority_id, metric""",
    f"""SELECT turn, count(*) FROM tickets_event WHERE turn <> '' AND {UNCOUNTED}
        AND at >= %(begins)s::timestamptz - interval '30 days' AND at < %(begins)s GROUP BY turn""",
    """SELECT stars, count(*) FROM tickets_rating WHERE at < %(begins)s
        AND at >= %(begins)s::timestamptz - interval '30 days' GROUP BY stars""",
]


def _best(ask: Callable[[], None]) -> float:
    """Milliseconds of the best of some rounds; one more comes first and fills the caches."""
    ask()
    took = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        ask()
        took.append(1000 * (time.perf_counter() - began))
    return min(took)


def _peak(ask: Callable[[], object]) -> float:
    """How much memory this process needs at most meanwhile, in megabytes (Linux)."""
    Path("/proc/self/clear_refs").write_text("5")  # Forgets the peak: proc(5).
    ask()
    status = Path("/proc/self/status").read_text()
    return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) / 1024
