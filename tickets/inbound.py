"""Mail that arrived: stored and committed first, understood by a worker later, each once.

Every message becomes a ticket, a reply, an ignored one with its reason, or is put into quarantine
with its error; the next one gets its turn in any case.
"""

from __future__ import annotations

import hashlib
import logging
import time
import uuid
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import takewhile

from celery import current_app
from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Now

from tickets.channels import email
from tickets.failpoints import reached
from tickets.models import InboundMessage, Mailbox
from tickets.models.inbound import InboundMessageQuerySet
from tickets.reading import Reading, TooEarly, Unreadable, understand

logger = logging.getLogger(__name__)

READ = "tickets.tasks.read_mail"
# One run ends long before Celery's time limits, which would end it in the middle of a message.
LONGEST_RUN_SECONDS = 30.0
# So many are taken at once; what a worker that dies held comes back when their lease runs out.
BATCH = 20
# Waiting time after the first and second failure; then it goes into quarantine.
LADDER = [timedelta(seconds=10), timedelta(minutes=2)]
# How long an answer waits for what it may answer, each time: longer in all than a lease of a worker
# that died, which may have had it.
WAITS = [timedelta(seconds=2**power) for power in range(9)]
LONGEST_REASON = 2000

State, Outcome = InboundMessage.State, InboundMessage.Outcome


class StillIgnored(Exception):  # noqa: N818 - the sentence is for the page
    """This message cannot become a ticket."""


def receive(raw: bytes, *, mailbox: Mailbox | None, key: str, at: datetime) -> InboundMessage:
    """Store a message as it arrived at `at`, under the name that its source gave it; once.

    Received again, by the same key or as the same bytes in the same mailbox, it is the first row
    that is answered. When this returns outside a transaction, it is committed.
    """
    digest = hashlib.sha256(raw).hexdigest()
    row = InboundMessage(
        mailbox=mailbox,
        key=key[:255],
        digest=digest,
        raw=raw,
        size=len(raw),
        received_at=at,
        next_attempt_at=at,
    )
    reached("receive.before")
    with transaction.atomic():
        InboundMessage.objects.bulk_create([row], ignore_conflicts=True)
        reached("receive.stored")
        wake()
    reached("receive.after")
    stored = InboundMessage.objects.defer("raw")
    found = stored.filter(key=row.key).first()
    return found or stored.get(mailbox=mailbox, digest=digest)


def wake() -> None:
    """Let a worker read after the commit; beat looks as well, so a missing broker loses nothing."""
    if not any(entry[1] is _send_wake_up for entry in connection.run_on_commit):
        transaction.on_commit(_send_wake_up, robust=True)


def read_waiting(*, at: datetime, seconds: float = LONGEST_RUN_SECONDS) -> int:
    """Read what waits, and begin no batch after so many seconds; answers how many were read.

    Any number of workers may run this side by side.
    """
    came_to, until = 0, time.monotonic() + seconds
    while time.monotonic() < until and (leased := lease_next()):
        reached("read.leased")
        for row in leased:
            read(row, at=at)
            reached("read.after")
        came_to += len(leased)
    return came_to


@transaction.atomic
def lease_next() -> list[InboundMessage]:
    """Lease those that have waited longest; all times are those of the database's clock."""
    leased = list(
        InboundMessage.objects.due()
        .select_for_update(skip_locked=True, no_key=True)
        .order_by("next_attempt_at", "pk")[:BATCH]
    )
    # What was leased before may have ended its worker: it goes alone, and takes no other with it.
    fresh = list(takewhile(lambda row: not row.attempts, leased))
    leased = fresh or leased[:1]
    token = uuid.uuid4()
    InboundMessage.objects.filter(pk__in=[row.pk for row in leased]).update(
        state=State.LEASED,
        lease_token=token,
        next_attempt_at=Now() + timedelta(seconds=settings.DELIVERY_LEASE_SECONDS),
        attempts=F("attempts") + 1,
    )
    for row in leased:
        row.lease_token, row.attempts = token, row.attempts + 1
    return leased


def read(row: InboundMessage, *, at: datetime) -> None:
    """Understand one leased message and settle it, in one transaction; a failure is settled too."""
    if row.attempts > len(LADDER) + 1:
        # The last attempt was never settled: reading it again would end yet another worker.
        _quarantine(row, "Each worker that tried to read it came to an end.", at=at)
        return
    try:
        _read(row, at=at)
    except Unreadable as problem:
        _quarantine(row, str(problem), at=at)
    except TooEarly as reason:
        _let_wait(row, str(reason.__doc__))
    except SoftTimeLimitExceeded:
        _postpone(row, "It took too long.", at=at)
        raise  # Celery ends the task in a moment.
    except Exception as error:
        logger.exception("Message %s could not be read.", row.pk)
        _postpone(row, repr(error), at=at)


@transaction.atomic
def _read(row: InboundMessage, *, at: datetime, as_a_persons: bool = False) -> None:
    rows = InboundMessage.objects.select_for_update(no_key=True, of=("self",))
    # Only while the lease is ours: another worker may have it by now.
    held = rows.select_related("mailbox__team", "mailbox__request_type").filter(
        pk=row.pk, lease_token=row.lease_token
    )
    for mine in held:
        incoming = email.parse(bytes(mine.raw))
        # Taken as what came by a list: a person's, and never acknowledged.
        incoming = replace(incoming, only_by_list=True) if as_a_persons else incoming
        reached("read.parsed")
        mine.sender, mine.subject = incoming.sender[:320], incoming.subject[:200]
        may_wait = mine.waits < len(WAITS) and not as_a_persons
        _settle(mine, understand(mine, incoming, may_wait=may_wait), at=at)
        reached("read.settled")


def retry(row: InboundMessage, *, at: datetime) -> None:
    """Read a message in quarantine once more, as a person asked for."""
    InboundMessage.objects.filter(pk=row.pk, state=State.QUARANTINED).update(
        state=State.WAITING, attempts=0, waits=0, next_attempt_at=at, reason="", settled_at=None
    )
    wake()


def adopt(row: InboundMessage, *, at: datetime) -> None:
    """Make a ticket of an ignored message, as a person asked for; nobody is answered.

    Raises Unreadable when it cannot be one, and StillIgnored for mail of our own or a report.
    """
    with transaction.atomic():
        ignored = InboundMessage.objects.filter(pk=row.pk, outcome=Outcome.IGNORED)
        if not ignored.update(state=State.LEASED, lease_token=row.lease_token):
            raise StillIgnored("It is not ignored any more.")
        _read(row, at=at, as_a_persons=True)
    row.refresh_from_db()
    if row.outcome == Outcome.IGNORED:
        raise StillIgnored(row.reason)


def _settle(row: InboundMessage, reading: Reading, *, at: datetime) -> None:
    row.state, row.outcome, row.reason = State.DONE, reading.outcome, reading.reason
    row.ticket, row.message = reading.ticket, reading.message
    row.lease_token, row.settled_at = None, at
    row.save(
        update_fields=[
            "sender", "subject", "state", "outcome", "reason", "ticket", "message",
            "lease_token", "settled_at",
        ]
    )  # fmt: skip


def _postpone(row: InboundMessage, reason: str, *, at: datetime) -> None:
    if row.attempts > len(LADDER):
        _quarantine(row, reason, at=at)
        return
    _mine(row).update(
        state=State.WAITING,
        lease_token=None,
        next_attempt_at=Now() + LADDER[row.attempts - 1],
        reason=_kept(reason),
    )


def _let_wait(row: InboundMessage, reason: str) -> None:
    """No fault of the message: the attempt does not count."""
    _mine(row).update(
        state=State.WAITING,
        lease_token=None,
        attempts=F("attempts") - 1,
        waits=F("waits") + 1,
        next_attempt_at=Now() + WAITS[row.waits],
        reason=reason,
    )


def _quarantine(row: InboundMessage, reason: str, *, at: datetime) -> None:
    _mine(row).update(
        state=State.QUARANTINED, lease_token=None, reason=_kept(reason), settled_at=at
    )


def _mine(row: InboundMessage) -> InboundMessageQuerySet:
    return InboundMessage.objects.filter(pk=row.pk, lease_token=row.lease_token)


def _kept(reason: str) -> str:
    # PostgreSQL stores no NUL.
    return reason.replace("\0", "")[:LONGEST_REASON]


def _send_wake_up() -> None:
    current_app.send_task(READ, ignore_result=True, retry=False, expires=60)
