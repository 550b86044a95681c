"""Send what waits in the outbox: lease one delivery, send it outside any transaction, settle it.

A worker that dies in between leaves a lease that runs out; the next one sends again with the same
Message-ID. Nothing is lost, and a copy can be told from a second message. What becomes of a
message after it was sent is reported here as well.
"""

from __future__ import annotations

import logging
import random
import time
import uuid
from contextlib import ExitStack
from datetime import datetime, timedelta
from typing import Self

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from tickets import outbox, pauses
from tickets.channels.base import Automatic, File, Line, Outgoing, SendError
from tickets.channels.mail.incoming import Bounce
from tickets.channels.registry import LINES
from tickets.failpoints import reached
from tickets.models import Attachment, Delivery, Enclosure, Event, UndeliverableAddress

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

Fate, State = Delivery.Fate, Delivery.State
# Reports come in any order: what stands further on the right is never taken back.
FATES = [Fate.DELAYED, Fate.DELIVERED, Fate.BOUNCED, Fate.COMPLAINED]
ACTIONS = {
    "failed": Fate.BOUNCED,
    "delayed": Fate.DELAYED,
    "delivered": Fate.DELIVERED,
    "relayed": Fate.DELIVERED,
    "expanded": Fate.DELIVERED,
}


# One statement, and so one way to the database and back, for each delivery.
LEASE = """
    UPDATE tickets_delivery
    SET state = 'leased', lease_token = %(token)s, attempts = attempts + 1,
        next_attempt_at = statement_timestamp() + %(lease)s
    WHERE id = (
        SELECT id FROM tickets_delivery
        WHERE state IN ('queued', 'leased') AND next_attempt_at <= statement_timestamp()
            AND (%(occasion)s::text IS NULL OR occasion = %(occasion)s)
            AND channel NOT IN (
                SELECT channel FROM tickets_channelpause WHERE until > statement_timestamp()
            )
        ORDER BY next_attempt_at
        LIMIT 1
        FOR NO KEY UPDATE SKIP LOCKED
    )
    RETURNING *
"""


class Lines(ExitStack):
    """The open ways to the peers of one run, each kept for all of its messages."""

    def __init__(self) -> None:
        super().__init__()
        self._by_channel: dict[str, Line] = {}
        self._on_trial = pauses.on_trial()

    def __enter__(self) -> Self:
        super().__enter__()
        return self

    def of(self, channel: str) -> Line:
        """Raises KeyError for a channel that nobody knows."""
        if channel not in self._by_channel:
            line = self._by_channel[channel] = LINES[channel]()
            self.callback(line.close)
        return self._by_channel[channel]

    def works(self, channel: str) -> None:
        """A message went out: a channel that was refused when the run began is so no more."""
        if channel in self._on_trial:
            self._on_trial.remove(channel)
            pauses.end(channel)


def send_waiting(
    *, at: datetime, seconds: float = LONGEST_RUN_SECONDS, occasion: str | None = None
) -> int:
    """Send what waits, one at a time, and begin none after so many seconds; answers how many.

    Any number of workers may run this side by side. `occasion`: send mails of this one alone.
    """
    attempted, until = 0, time.monotonic() + seconds
    with Lines() as lines:
        while time.monotonic() < until and (delivery := lease_next(occasion)):
            reached("send.leased")
            send(delivery, at=at, lines=lines)
            attempted += 1
    return attempted


def lease_next(occasion: str | None = None) -> Delivery | None:
    """Lease the delivery that has waited longest; all times are those of the database's clock."""
    values = {
        "token": uuid.uuid4(),
        "lease": timedelta(seconds=settings.DELIVERY_LEASE_SECONDS),
        "occasion": occasion,
    }
    return next(iter(Delivery.objects.raw(LEASE, values)), None)


def send(delivery: Delivery, *, at: datetime, lines: Lines | None = None) -> None:
    """One attempt, settled by its outcome. `at` dates the event of a final failure.

    `lines` are those of the run; without them a way to the peer is opened for this message alone.
    """
    if lines is None:
        with Lines() as own:
            send(delivery, at=at, lines=own)
        return
    if _is_worthless(delivery, at):
        _settle(delivery, state=State.CANCELLED, last_error="The code in it holds no more.")
        return
    try:
        _refuse_in_vain(delivery)
        outgoing, line = _outgoing(delivery), lines.of(delivery.channel)
        reached("send.before")
        provider_id = line.send(outgoing)
        reached("send.after")
    except SendError as error:
        _settle_failure(delivery, error, at=at)
    except Exception as error:
        # A fault of ours, not of the peer: it is on record, and the next delivery gets its turn.
        logger.exception("Delivery %s could not be sent.", delivery.pk)
        _settle_failure(delivery, SendError(repr(error)), at=at)
    else:
        _settle(
            delivery, state=State.SENT, sent_at=Now(), last_error="", provider_id=provider_id[:255]
        )
        reached("send.settled")
        lines.works(delivery.channel)


def waiting_time(attempts: int) -> timedelta | None:
    """How long to wait after so many attempts, with up to a fifth of jitter; None to give up."""
    if attempts > len(LADDER):
        return None
    return LADDER[attempts - 1] * random.uniform(0.8, 1.2)  # noqa: S311 - jitter


def retry(delivery: Delivery, *, at: datetime) -> None:
    """Queue a dead delivery again, as an agent asked for; its Message-ID stays."""
    Delivery.objects.filter(pk=delivery.pk, state=State.DEAD).update(
        state=State.QUEUED, attempts=0, next_attempt_at=at
    )


@transaction.atomic
def report(
    *,
    fate: Delivery.Fate,
    at: datetime,
    detail: str = "",
    delivery: Delivery | None = None,
    provider_id: str = "",
    hard: bool = False,
) -> Delivery | None:
    """Record what became of a message, as the receiving side said at `at`; answers its delivery.

    The delivery is given, or found by the provider's id; None when there is none. Reports may come
    twice and in any order. A bounce is told on the ticket; a `hard` one says that the address
    takes no mail at all, and nothing is sent to it from then on.
    """
    rows = Delivery.objects.select_for_update(no_key=True)
    if delivery is not None:
        held = rows.filter(pk=delivery.pk).first()
    else:
        held = rows.filter(provider_id=provider_id).first() if provider_id else None
    if held is None or _rank(fate) < _rank(held.fate):
        return held
    detail, is_news = _storable(detail), held.fate != fate
    if not is_news and (held.fate_at, held.fate_detail) == (at, detail):
        return held
    if is_news or held.fate_at is None or (held.fate_at, held.fate_detail) > (at, detail):
        held.fate, held.fate_at, held.fate_detail = fate, at, detail
        held.save(update_fields=["fate", "fate_at", "fate_detail"])
    if fate == Fate.BOUNCED:
        _bounced(held, detail, is_news=is_news, hard=hard, at=at)
    return held


def report_bounce(delivery: Delivery, bounce: Bounce, *, at: datetime) -> None:
    """Record what a received report says about this delivery (RFC 3464, RFC 5965).

    A delivery has one recipient. Whatever address the report names, it is his that is meant:
    others are none of the business of whoever wrote the report.
    """
    if bounce.kind == "complaint":
        report(delivery=delivery, fate=Fate.COMPLAINED, at=at)
        return
    for recipient in bounce.recipients:
        if (fate := ACTIONS.get(recipient.action)) is not None:
            detail = " ".join(filter(None, [recipient.status, recipient.diagnostic]))
            report(delivery=delivery, fate=fate, at=at, detail=detail, hard=recipient.hard)


def _rank(fate: str) -> int:
    return FATES.index(Fate(fate)) if fate else -1


def _bounced(delivery: Delivery, detail: str, *, is_news: bool, hard: bool, at: datetime) -> None:
    if hard:
        _, is_marked = UndeliverableAddress.objects.get_or_create(
            address=delivery.recipient.lower(),
            defaults={"at": at, "reason": detail, "delivery": delivery},
        )
        # Another server may have been milder before.
        is_news = is_news or is_marked
    if is_news:
        _tell(delivery, f"came back. {detail}".strip(), at=at)


def _is_worthless(delivery: Delivery, at: datetime) -> bool:
    """Whether it waited so long that its reader can do nothing with it."""
    holds = timedelta(seconds=settings.ACCOUNT_LOGIN_BY_CODE_TIMEOUT)
    return delivery.occasion == outbox.LOGIN_CODE and at - delivery.created_at > holds


def _refuse_in_vain(delivery: Delivery) -> None:
    """Raises SendError for a message that no attempt can bring to its recipient."""
    if delivery.attempts > len(LADDER) + 1:
        # The last attempt was never settled: sending it again would end yet another worker.
        raise SendError("Each worker that tried to send it came to an end.", permanent=True)
    bounced = UndeliverableAddress.objects.filter(address=delivery.recipient.lower()).first()
    if bounced is not None:
        raise SendError(
            f"Nothing is sent to {bounced.address}: a mail to it came back on "
            f"{bounced.at:%Y-%m-%d} ({bounced.reason or 'no reason given'}). Does it work again? "
            "Then delete it under Undeliverable addresses, and retry.",
            permanent=True,
        )


def _outgoing(delivery: Delivery) -> Outgoing:
    files = outbox.enclosed(delivery.message_id) if delivery.message_id else []
    parcel = delivery.parcel
    if parcel is not None and parcel.emptied_at is not None:
        raise SendError("Its files are kept no more: it waited too long.", permanent=True)
    packed = parcel.enclosures.all() if parcel else []
    return Outgoing(
        recipient=delivery.recipient,
        subject=delivery.subject,
        text=delivery.text,
        html=delivery.html,
        message_id=delivery.mail_message_id,
        from_name=delivery.from_name,
        reply_to=delivery.reply_to,
        in_reply_to=delivery.in_reply_to,
        references=tuple(delivery.references.split()),
        attachments=(*map(_content, files), *map(_packed, packed)),
        automatic=_automatic(delivery),
    )


def _content(file: Attachment) -> File:
    with file.file.open("rb") as opened:
        return File(file.filename, file.content_type, opened.read())


def _packed(file: Enclosure) -> File:
    return File(file.filename, file.content_type, bytes(file.content), file.content_id)


def _automatic(delivery: Delivery) -> Automatic:
    """What an agent wrote is answered by people; the rest must start no conversation of robots."""
    if delivery.from_name:
        return ""
    return "auto-replied" if delivery.occasion == outbox.ACKNOWLEDGEMENT else "auto-generated"


def _settle_failure(delivery: Delivery, error: SendError, *, at: datetime) -> None:
    reason = _storable(str(error))
    if error.blocks_channel:
        pauses.begin(delivery.channel, reason, at=at)
        # No fault of the message: its attempt does not count.
        before = {"state": State.QUEUED, "attempts": delivery.attempts - 1}
        _settle(delivery, next_attempt_at=Now(), last_error=reason, **before)
        return
    wait = None if error.permanent else waiting_time(delivery.attempts)
    if wait is not None:
        _settle(delivery, state=State.QUEUED, next_attempt_at=Now() + wait, last_error=reason)
        return
    with transaction.atomic():
        if _settle(delivery, state=State.DEAD, last_error=reason):
            _tell(delivery, reason, at=at)


def _tell(delivery: Delivery, reason: str, *, at: datetime) -> None:
    """Let the agents read it in the history of the ticket."""
    if delivery.ticket_id:
        Event.objects.create(
            ticket_id=delivery.ticket_id,
            kind=Event.Kind.UNDELIVERED,
            at=at,
            detail=f"{delivery.subject} to {delivery.recipient}: {reason}",
        )


def _storable(reason: str) -> str:
    """A peer may answer anything, also at any length; PostgreSQL stores no NUL."""
    return reason.replace("\0", "")[:LONGEST_REASON]


def _settle(delivery: Delivery, **changes: object) -> bool:
    """Write the outcome, unless the lease ran out and another worker holds it now."""
    mine = Delivery.objects.filter(pk=delivery.pk, lease_token=delivery.lease_token)
    return bool(mine.update(lease_token=None, **changes))
