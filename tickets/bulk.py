"""Do something to many tickets: rows that a worker goes through, one transaction each.

Whoever asked has to be allowed it, and to see the ticket, when its turn comes. A row is settled in
the transaction of its act: a worker that is killed loses nothing, and nothing is done twice.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from datetime import datetime

from celery import current_app
from django.core.exceptions import EmptyResultSet
from django.db import IntegrityError, OperationalError, connection, transaction
from django.db.models import Count, Q

from tickets import actions
from tickets.arguments import Rows, Step
from tickets.models import BulkJob, BulkRow, Ticket, User
from tickets.models.tickets import TicketQuerySet
from tickets.refusals import (
    NothingChosen,
    NothingWasRefused,
    NotYourBulkJob,
    OverAlready,
    Refused,
    TooManyChosen,
)

logger = logging.getLogger(__name__)

ACT = "tickets.tasks.act_in_bulk"
# Who wants more narrows it down: the queue counts no further either.
MOST = 10_000
# So many may be done while somebody waits for the page.
FEW = 20
# Rows of a job before it is the next one's turn.
PORTION = 50
# One run ends long before Celery's time limits; the next one goes on.
LONGEST_RUN_SECONDS = 30.0

INSERT = "INSERT INTO tickets_bulkrow (job_id, ticket_id, state, reason)"
State = BulkRow.State


class MayNotWork(Refused):
    """You may not work on tickets any more."""


class OutOfSight(Refused):
    """This ticket is gone, or you may not see it any more."""


def begin(
    *,
    steps: Sequence[Step],
    tickets: TicketQuerySet,
    by: User,
    at: datetime,
    nonce: str | None = None,
) -> BulkJob:
    """Ask for these steps on these tickets, as far as `by` sees them; nothing is done yet.

    The tickets are written down by the database itself, however many there are. The same `nonce`
    again answers with the job that it made the first time. Raises ValueError for steps that cannot
    be kept.
    """
    if problems := actions.validate(list(steps)):
        raise ValueError(" ".join(problems))
    title = "; ".join(actions.describe(step) for step in steps)[:300]
    job = BulkJob(by=by, steps=list(steps), title=title, made_at=at, total=0, nonce=nonce)
    try:
        with transaction.atomic():
            return _begin(job, tickets)
    except IntegrityError:
        first = BulkJob.objects.filter(nonce=nonce, by=by).first() if nonce else None
        if first is None:
            raise
        return first


def _begin(job: BulkJob, tickets: TicketQuerySet) -> BulkJob:
    job.save(force_insert=True)
    job.total = _choose(job, tickets)
    if job.total == 0:
        raise NothingChosen
    if job.total > MOST:
        raise TooManyChosen
    job.save(update_fields=["total"])
    if job.total > FEW:
        wake()
    return job


def _choose(job: BulkJob, tickets: TicketQuerySet) -> int:
    """Write a row for each ticket, and no more than one above MOST; answers how many."""
    # A subquery, so that joins of the filters name no ticket twice.
    chosen = Ticket.objects.visible_to(job.by).filter(pk__in=tickets.order_by().values("pk"))
    numbers = chosen.order_by("pk").values("pk")[: MOST + 1]
    try:
        sql, values = numbers.query.sql_with_params()
    except EmptyResultSet:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            f"{INSERT} SELECT %s, chosen.pk, %s, '' FROM ({sql}) chosen (pk)",  # noqa: S608 - Django's
            [job.pk, State.WAITING.value, *values],
        )
        return int(cursor.rowcount)


def go_on(*, at: datetime, seconds: float = LONGEST_RUN_SECONDS) -> int:
    """Work on what was asked for, each job a portion in turn; answers how many rows were settled.

    Workers may call this side by side: rows that another one holds are left to it.
    """
    settled, until = 0, time.monotonic() + seconds
    while time.monotonic() < until:
        jobs = BulkJob.objects.unfinished().select_related("by")
        came_to = sum(_portion(job, at, until) for job in jobs)
        if not came_to:
            break
        settled += came_to
    return settled


def finish(job: BulkJob, *, at: datetime) -> BulkJob:
    """Do a small job while somebody waits; what it does not come to is left to the workers."""
    until = time.monotonic() + LONGEST_RUN_SECONDS
    while _portion(job, at, until):
        pass
    job.refresh_from_db()
    if job.finished_at is None:
        wake()
    return job


@transaction.atomic
def cancel(*, job: BulkJob, by: User, at: datetime) -> BulkJob:
    """Do no more of it; what was done stays done."""
    job = _held(job, by)
    if job.finished_at is not None:
        raise OverAlready
    job.rows.filter(state=State.WAITING).update(state=State.CANCELLED)
    job.cancelled_at = at
    job.save(update_fields=["cancelled_at"])
    return _counted(job, at)


@transaction.atomic
def try_again(*, job: BulkJob, by: User, at: datetime) -> BulkJob:
    """Let the rows that were refused have another turn."""
    job = _held(job, by)
    refused = job.rows.filter(state=State.REFUSED)
    if not refused.update(state=State.WAITING, reason=""):
        raise NothingWasRefused
    job.finished_at = None
    job.save(update_fields=["finished_at"])
    wake()
    return _counted(job, at)


def may_change(job: BulkJob, user: User) -> bool:
    """Whoever started it; who has the permission, everybody's."""
    return job.by_id == user.pk or user.has_perm("tickets.change_bulkjob")


def wake() -> None:
    """Let a worker look after the commit. Beat looks as well: a missing broker loses nothing."""
    if not any(entry[1] is _send_wake_up for entry in connection.run_on_commit):
        transaction.on_commit(_send_wake_up, robust=True)


def _send_wake_up() -> None:
    current_app.send_task(ACT, ignore_result=True, retry=False, expires=60)


def _held(job: BulkJob, by: User) -> BulkJob:
    if not may_change(job, by):
        raise NotYourBulkJob
    return BulkJob.objects.select_for_update(no_key=True).get(pk=job.pk)


def _portion(job: BulkJob, at: datetime, until: float) -> int:
    """Some rows of a job, and its counts; answers how many rows."""
    rows, settled = Rows(job.steps), 0
    while settled < PORTION and time.monotonic() < until and _settle_next(job, rows, at):
        settled += 1
    with transaction.atomic():
        _counted(BulkJob.objects.select_for_update(no_key=True).get(pk=job.pk), at)
    return settled


@transaction.atomic
def _settle_next(job: BulkJob, rows: Rows, at: datetime) -> bool:
    """One ticket: the act and its row together; False when no row is left."""
    waiting = job.rows.filter(state=State.WAITING).order_by("pk")
    row = waiting.select_for_update(skip_locked=True, no_key=True).first()
    if row is None:
        return False
    try:
        _act(job, row, rows, at)
    except Refused as refusal:
        row.state, row.reason = State.REFUSED, str(refusal)
    except OperationalError:
        raise  # The database's trouble, not the ticket's: the next run tries again.
    except Exception:
        logger.exception("Ticket %s of bulk action %s failed.", row.ticket_id, job.pk)
        row.state = State.REFUSED
        row.reason = "Something went wrong here. An administrator finds it in the log."
    else:
        row.state = State.DONE
    row.save(update_fields=["state", "reason"])
    return True


def _act(job: BulkJob, row: BulkRow, rows: Rows, at: datetime) -> None:
    by = job.by
    if not (by.is_active and by.is_staff and by.has_perm("tickets.change_ticket")):
        raise MayNotWork
    ticket = Ticket.objects.visible_to(by).filter(pk=row.ticket_id).first()
    if ticket is None:
        raise OutOfSight
    # A run that takes long acts after those who worked meanwhile.
    at = max(at, ticket.updated_at)
    actions.run(
        job.steps, ticket=ticket, by=by, at=at, rows=rows, cause=f"bulk:{job.pk}:{ticket.pk}",
        skip_what_is_so=False,
    )  # fmt: skip


def _counted(job: BulkJob, at: datetime) -> BulkJob:
    """Count the rows of a job whose row is held; it is over when none of them waits."""
    counts = job.rows.aggregate(
        done=Count("pk", filter=Q(state=State.DONE)),
        refused=Count("pk", filter=Q(state=State.REFUSED)),
        waiting=Count("pk", filter=Q(state=State.WAITING)),
    )
    job.done, job.refused = counts["done"], counts["refused"]
    if job.finished_at is None and not counts["waiting"]:
        job.finished_at = at
    job.save(update_fields=["done", "refused", "finished_at"])
    return job
