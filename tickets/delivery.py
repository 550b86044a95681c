"""Send what waits in the outbox: lease one delivery, send it outside any transaction, settle it.

A worker that dies in between leaves a lease that runs out; the next one sends again with the same
Message-ID. Nothing is lost, and a copy can be told from a second message.
"""

from __future__ import annotations

import logging
import random
import time
import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from tickets.channels.base import Outgoing, SendError
from tickets.channels.registry import SENDERS
from tickets.models import Delivery, Event

logger = logging.getLogger(__name__)

# One run ends long before Celery's time limits, which would end it in the middle of a message.
LONGEST_RUN_SECONDS = 30.0
# Waiting time after the first, second ... failed attempt; after the last one it is given up.
LADDER = [
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(hours=1),
    timedelta(hours=4),
    *[timedelta(hours=8)] * 8,
]
LONGEST_REASON = 1000


def send_waiting(*, at: datetime, seconds: float = LONGEST_RUN_SECONDS) -> int:
    """Send what waits, one at a time, and begin none after so many seconds; answers how many.

    Any number of workers may run this side by side.
    """
    attempted, until = 0, time.monotonic() + seconds
    while time.monotonic() < until and (delivery := lease_next()):
        send(delivery, at=at)
        attempted += 1
    return attempted


@transaction.atomic
def lease_next() -> Delivery | None:
    """Lease the delivery that has waited longest; all times are those of the database's clock."""
    delivery = (
        Delivery.objects.due()
        .select_for_update(skip_locked=True, no_key=True)
        .order_by("next_attempt_at")
        .first()
    )
    if delivery is None:
        return None
    delivery.state = Delivery.State.LEASED
    delivery.lease_token = uuid.uuid4()
    delivery.attempts += 1
    Delivery.objects.filter(pk=delivery.pk).update(
        state=delivery.state,
        lease_token=delivery.lease_token,
        next_attempt_at=Now() + timedelta(seconds=settings.DELIVERY_LEASE_SECONDS),
        attempts=F("attempts") + 1,
    )
    return delivery


def send(delivery: Delivery, *, at: datetime) -> None:
    """One attempt, settled by its outcome. `at` dates the event of a final failure."""
    if delivery.attempts > len(LADDER) + 1:
        # The last attempt was never settled: sending it again would end yet another worker.
        lost = SendError("Each worker that tried to send it came to an end.", permanent=True)
        _settle_failure(delivery, lost, at=at)
        return
    try:
        SENDERS[delivery.channel](
            Outgoing(
                recipient=delivery.recipient,
                subject=delivery.subject,
                text=delivery.text,
                html=delivery.html,
                message_id=delivery.mail_message_id,
            )
        )
    except SendError as error:
        _settle_failure(delivery, error, at=at)
    except Exception as error:
        # A fault of ours, not of the peer: it is on record, and the next delivery gets its turn.
        logger.exception("Delivery %s could not be sent.", delivery.pk)
        _settle_failure(delivery, SendError(repr(error), permanent=False), at=at)
    else:
        _settle(delivery, state=Delivery.State.SENT, sent_at=Now(), last_error="")


def waiting_time(attempts: int) -> timedelta | None:
    """How long to wait after so many attempts, with up to a fifth of jitter; None to give up."""
    if attempts > len(LADDER):
        return None
    return LADDER[attempts - 1] * random.uniform(0.8, 1.2)  # noqa: S311 - jitter


def retry(delivery: Delivery, *, at: datetime) -> None:
    """Queue a dead delivery again, as an agent asked for; its Message-ID stays."""
    Delivery.objects.filter(pk=delivery.pk, state=Delivery.State.DEAD).update(
        state=Delivery.State.QUEUED, attempts=0, next_attempt_at=at
    )


def _settle_failure(delivery: Delivery, error: SendError, *, at: datetime) -> None:
    # A peer may answer anything, also at any length; PostgreSQL stores no NUL.
    reason = str(error).replace("\0", "")[:LONGEST_REASON]
    wait = None if error.permanent else waiting_time(delivery.attempts)
    if wait is not None:
        state = Delivery.State.QUEUED
        _settle(delivery, state=state, next_attempt_at=Now() + wait, last_error=reason)
        return
    with transaction.atomic():
        settled = _settle(delivery, state=Delivery.State.DEAD, last_error=reason)
        if settled and delivery.ticket_id:
            Event.objects.create(
                ticket_id=delivery.ticket_id,
                kind=Event.Kind.UNDELIVERED,
                at=at,
                detail=f"{delivery.subject} to {delivery.recipient}: {reason}",
            )


def _settle(delivery: Delivery, **changes: object) -> bool:
    """Write the outcome, unless the lease ran out and another worker holds it now."""
    mine = Delivery.objects.filter(pk=delivery.pk, lease_token=delivery.lease_token)
    return bool(mine.update(lease_token=None, **changes))
