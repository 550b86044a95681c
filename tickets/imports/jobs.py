"""Look at a file without writing anything that it brings, then bring its rows in.

One transaction for each row, with what it brings: a worker that is killed loses nothing, and
nothing is brought in twice.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from datetime import datetime

from celery import current_app
from django.db import IntegrityError, OperationalError, connection, transaction
from django.db.models import Count, Q

from sla.models import Priority
from tickets.bringing import Facts, bring_in
from tickets.failpoints import reached
from tickets.imports import reading
from tickets.imports.resources import (
    KEYS,
    RESOURCES,
    Entry,
    Known,
    Rows,
    Values,
    status_of,
)
from tickets.models import ImportJob, ImportRow, Ticket, User
from tickets.refusals import OverAlready, Refused
from tickets.states import UNSOLVED

logger = logging.getLogger(__name__)

BRING = "tickets.tasks.bring_in"
# So many may be brought in while somebody waits for the page.
FEW = 200
PORTION = 100
LONGEST_RUN_SECONDS = 30.0
# Who may, when it is begun and when each row's turn comes.
WORKS = "tickets.add_importjob"

Kind, State = ImportJob.Kind, ImportRow.State
# So a row begins that would come to nothing.
HERE = "Is here already"


class RowsAreBad(Refused):
    """Mend the rows that are named first: nothing is brought in while one of them is bad."""


class MayNotImport(Refused):
    """Only administrators may bring in files."""


@transaction.atomic
def look(*, kind: str, name: str, content: bytes, by: User, at: datetime) -> ImportJob:
    """Read the file, and keep with each row what would happen: the dry run.

    Raises tickets.imports.reading.Unreadable.
    """
    ImportJob.objects.forgotten(at).delete()
    found = reading.rows(name, content, kind=kind)
    job = ImportJob(kind=kind, name=name[:255], by=by, made_at=at, total=len(found))
    rows = _looked_at(job, found, at)
    job.bad = sum(row.state == State.BAD for row in rows)
    job.save(force_insert=True)
    ImportRow.objects.bulk_create(rows, batch_size=1_000)
    return job


def _looked_at(job: ImportJob, found: Sequence[reading.Row], at: datetime) -> list[ImportRow]:
    resource = RESOURCES[job.kind](Known.of([values for _, values in found]))
    first: dict[str, int] = {}
    rows = []
    for number, values in found:
        key = values[KEYS[job.kind]].lower() if job.kind == Kind.PEOPLE else _reference(values)
        entry, problems = resource.read(values)
        if key in first:
            problems = [*problems, f"It says the same {KEYS[job.kind]} as row {first[key]}."]
        elif key:
            first[key] = number
        if problems:
            state, words = State.BAD, " ".join(problems)
        else:
            state, words = State.WAITING, would(resource, entry, at)
        rows.append(ImportRow(job=job, number=number, values=values, words=words, state=state))
    return rows


def _reference(values: Values) -> str:
    return values["external_reference"]


def standing_of(row: ImportRow, job: ImportJob) -> str:
    """A row's state in two or three words: of a good one, before the import is begun, what will be.

    That is as it was when the file was looked at; what was here by then may be gone.
    """
    if job.begun_at is not None or row.state != State.WAITING:
        return str(row.get_state_display())
    if row.words.startswith(HERE):
        return str(State.SAME.label)
    return "In order" if job.bad else "Will be brought in"


def would(resource: Rows, entry: Entry, at: datetime) -> str:
    """What a row would do, as a sentence."""
    known = resource.known
    if entry.email is not None:
        user = known.people.get(entry.email)
        if user is None:
            return f"A new person, {entry.email}."
        changes = ", ".join(_changes(user, entry))
        return f"Changes {changes} of {user}." if changes else f"{HERE}, and the same: {user}."
    if entry.external_reference in known.tickets:
        return f"{HERE}: {known.tickets[entry.external_reference].reference}."
    status = status_of(entry)
    clocks = "its promises begin with the import" if status in UNSOLVED else "without promises"
    person = "" if entry.requester in known.people else " Its requester is new here."
    late = " It was submitted later than now." if entry.submitted_at > at else ""
    return f"A new ticket “{entry.subject}”, {status.label.lower()}, {clocks}.{person}{late}"


def _changes(user: User, entry: Entry) -> dict[str, object]:
    """What the file says otherwise of this person; an empty cell says nothing."""
    said = {
        name: getattr(entry, name) for name in ("name", "organization", "time_zone", "language")
    }
    return {name: value for name, value in said.items() if value and value != getattr(user, name)}


@transaction.atomic
def begin(*, job: ImportJob, by: User, at: datetime) -> ImportJob:
    """Let it be brought in. Sending the same page twice begins it once."""
    job = ImportJob.objects.select_for_update(no_key=True).get(pk=job.pk)
    if not by.has_perm(WORKS):
        raise MayNotImport
    if job.bad:
        raise RowsAreBad
    if job.begun_at is None:
        job.begun_at, job.by = at, by
        job.save(update_fields=["begun_at", "by"])
        if job.total > FEW:
            wake()
    return job


@transaction.atomic
def discard(*, job: ImportJob) -> None:
    """Forget a file that was looked at only."""
    job = ImportJob.objects.select_for_update(no_key=True).get(pk=job.pk)
    if job.begun_at is not None:
        raise OverAlready
    job.delete()


def go_on(*, at: datetime, seconds: float = LONGEST_RUN_SECONDS) -> int:
    """Bring in what was begun; answers how many rows were settled. Workers may do so together."""
    settled, until = 0, time.monotonic() + seconds
    for job in ImportJob.objects.unfinished().select_related("by"):
        while time.monotonic() < until and (portion := _portion(job, at)):
            settled += portion
    return settled


def finish(job: ImportJob, *, at: datetime) -> ImportJob:
    """Bring a small file in while somebody waits; what it does not come to is the workers'."""
    until = time.monotonic() + LONGEST_RUN_SECONDS
    while time.monotonic() < until and _portion(job, at):
        pass
    job.refresh_from_db()
    if job.finished_at is None:
        wake()
    return job


def wake() -> None:
    """Let a worker look after the commit. Beat looks as well: a missing broker loses nothing."""
    if not any(entry[1] is _send_wake_up for entry in connection.run_on_commit):
        transaction.on_commit(_send_wake_up, robust=True)


def _send_wake_up() -> None:
    current_app.send_task(BRING, ignore_result=True, retry=False, expires=60)


def _portion(job: ImportJob, at: datetime) -> int:
    """Some rows of a job, and its counts; answers how many rows."""
    numbers = list(
        job.rows.filter(state=State.WAITING).order_by("pk").values_list("pk", flat=True)[:PORTION]
    )
    values = list(job.rows.filter(pk__in=numbers).values_list("values", flat=True))
    resource = RESOURCES[job.kind](Known.of(values))
    settled = sum(_settle(job, number, resource, at) for number in numbers)
    reached("import.settled")
    _count(job, at)
    return settled


@transaction.atomic
def _settle(job: ImportJob, number: int, resource: Rows, at: datetime) -> bool:
    """One row and what it brings together; False when another worker has it."""
    waiting = job.rows.filter(pk=number, state=State.WAITING)
    row = waiting.select_for_update(skip_locked=True, no_key=True).first()
    if row is None:
        return False
    try:
        if not (job.by.is_active and job.by.has_perm(WORKS)):
            raise MayNotImport
        with transaction.atomic():
            row.state, row.words = _brought(job, row, resource, at)
    except OperationalError:
        raise  # The database's trouble, not the row's: the next run tries again.
    except Refused as refusal:
        row.state, row.words = State.REFUSED, str(refusal)
    except Exception:
        logger.exception("Row %s of import %s failed.", row.number, job.pk)
        row.state = State.REFUSED
        row.words = "Something went wrong here. An administrator finds it in the log."
    if row.state != State.REFUSED:
        row.values = {}
    row.save(update_fields=["state", "words", "values", "ticket"])
    reached("import.row")
    return True


def _brought(
    job: ImportJob, row: ImportRow, resource: Rows, at: datetime
) -> tuple[ImportRow.State, str]:
    """What became of a row. Raises Refused for what does not fit any more."""
    entry, problems = resource.read(row.values)
    if problems:
        raise Refused(" ".join(problems))
    if job.kind == Kind.PEOPLE:
        return _person(entry)
    return _ticket(job, row, entry, at)


def _person(entry: Entry) -> tuple[ImportRow.State, str]:
    defaults = {"name": entry.name or "", "password": "!"}
    _, is_new = User.objects.get_or_create(email=entry.email, defaults=defaults)
    user = User.objects.select_for_update(no_key=True).get(email=entry.email)
    if user.is_staff:
        raise Refused(f"{entry.email} is a member of staff now.")
    changes = _changes(user, entry)
    for name, value in changes.items():
        setattr(user, name, value)
    if changes:
        user.save(update_fields=list(changes))
    if is_new or changes:
        return State.DONE, f"{user.email}: {'new' if is_new else ', '.join(changes)}."
    return State.SAME, f"{user.email} is here."


def _ticket(
    job: ImportJob, row: ImportRow, entry: Entry, at: datetime
) -> tuple[ImportRow.State, str]:
    status, solved_at = status_of(entry), entry.resolved_at
    facts = Facts(
        reference=entry.external_reference,
        subject=entry.subject,
        text=entry.text or entry.subject,
        status=status,
        priority=entry.priority or Priority.objects.get(is_default=True),
        channel=entry.channel or Ticket.Channel.WEB,
        submitted_at=entry.submitted_at,
        team=entry.team,
        assignee=entry.assignee,
        organization=entry.organization,
        tags=entry.tags or (),
        answer=entry.answer or "",
        first_responded_at=entry.first_responded_at,
        resolved_at=solved_at,
        closed_at=(entry.closed_at or solved_at) if status == "closed" else None,
    )
    requester = User.objects.customer(entry.requester, entry.requester_name or "")
    source = f"Row {row.number} of {job.name}."
    try:
        with transaction.atomic():
            row.ticket = bring_in(facts=facts, requester=requester, by=job.by, at=at, source=source)
    except IntegrityError:
        # The unique reference is the idempotency: it was brought in before.
        row.ticket = Ticket.objects.filter(external_reference=facts.reference).first()
        if row.ticket is None:
            raise
        return State.SAME, f"{row.ticket.reference} is here."
    return State.DONE, f"{row.ticket.reference}."


@transaction.atomic
def _count(job: ImportJob, at: datetime) -> None:
    """Count the rows; it is over when none of them waits."""
    held = ImportJob.objects.select_for_update(no_key=True).get(pk=job.pk)
    counts = held.rows.aggregate(
        done=Count("pk", filter=Q(state=State.DONE)),
        same=Count("pk", filter=Q(state=State.SAME)),
        refused=Count("pk", filter=Q(state=State.REFUSED)),
        waiting=Count("pk", filter=Q(state=State.WAITING)),
    )
    if held.finished_at is None and not counts.pop("waiting"):
        held.finished_at = at
    for name, number in counts.items():
        if name != "waiting":
            setattr(held, name, number)
    held.save(update_fields=["done", "same", "refused", "finished_at"])
