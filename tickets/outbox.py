"""Put messages into the outbox, in the transaction of their cause, and wake the senders up."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parseaddr
from operator import itemgetter

from celery import current_app
from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q, prefetch_related_objects

from tickets import addresses
from tickets.channels.base import File
from tickets.models import Attachment, Delivery, Enclosure, Message, Parcel, Ticket, User

DELIVER = "tickets.tasks.deliver"
ACKNOWLEDGEMENT = "acknowledgement"
LOGIN_CODE = "login_code"
MOST_REFERENCES = 20
KEPT_FOR_RETRIES = timedelta(days=30)
EMPTIED_AT_ONCE = 100
# RFC 5322, 3.6.4, and no longer than a header's line may be.
_MESSAGE_ID = re.compile(r"<[!-;=?-~]{1,900}>")


@dataclass(frozen=True)
class Letter:
    """The final text of one message to one address; `user` is its owner where we know one.

    `parcel` has the files that go with it.
    """

    address: str
    subject: str
    text: str
    html: str
    user: User | None = None
    parcel: Parcel | None = None


def queue(
    letters: Iterable[Letter],
    *,
    occasion: str,
    cause: str,
    ticket: Ticket | None,
    at: datetime,
    message: Message | None = None,
) -> None:
    """Queue the letters; a `cause` reaches each address once, however often it is queued."""
    post(drafts(letters, occasion=occasion, cause=cause, ticket=ticket, at=at, message=message))


def drafts(
    letters: Iterable[Letter],
    *,
    occasion: str,
    cause: str,
    ticket: Ticket | None,
    at: datetime,
    message: Message | None = None,
) -> list[Delivery]:
    """The letters as deliveries that are not queued yet, for `post`.

    `message` is the public one whose author writes them and whose files go with them. Raises
    ValueError for any other: an internal note never leaves.
    """
    if message is not None and not (message.is_public and message.by_staff):
        raise ValueError(f"Message {message.pk} is not a public one of ours: it never leaves.")
    return [
        Delivery(
            key=f"{cause}:{letter.address}",
            ticket=ticket,
            message=message,
            user=letter.user,
            parcel=letter.parcel,
            occasion=occasion,
            recipient=letter.address,
            subject=letter.subject,
            text=letter.text,
            html=letter.html,
            # Without a name it goes out as written by a machine (RFC 3834).
            from_name=str(message.author)[:150] if message and not message.is_automatic else "",
            mail_message_id=new_message_id(ticket),
            next_attempt_at=at,
            created_at=at,
        )
        for letter in letters
        # Who sends spam gets no answer that tells him that somebody reads it.
        if letter.user is None or letter.user.blocked_at is None
    ]


def post(deliveries: Sequence[Delivery]) -> None:
    """Queue these deliveries at once, and let a worker look after the commit.

    Here each gets its place in the conversation, for good: what it answers, and where answers go.
    """
    _join_conversations([delivery for delivery in deliveries if delivery.ticket])
    Delivery.objects.bulk_create(deliveries, ignore_conflicts=True)
    wake()


def enclosed(message_id: int) -> list[Attachment]:
    """The files that go with the mail of this message: all, or none when they are too many bytes.

    It never answers with those of an internal note.
    """
    files = list(Attachment.objects.filter(message_id=message_id, message__is_public=True))
    return files if fit(files) else []


def pack(files: Iterable[File], *, at: datetime) -> Parcel:
    """Keep the files until the mails have gone that take them; for `Letter`."""
    parcel = Parcel.objects.create(created_at=at)
    for file in files:
        Enclosure.objects.create(parcel=parcel, **file._asdict())
    return parcel


def empty_parcels(*, at: datetime) -> int:
    """Delete the files of mails that have all gone; answers of how many parcels.

    One that could not be delivered may be sent again for a while: so long its files are kept.
    """
    waiting = Delivery.objects.filter(parcel=OuterRef("pk")).unsettled()
    dead = Delivery.objects.filter(parcel=OuterRef("pk"), state=Delivery.State.DEAD)
    gone = Parcel.objects.filter(emptied_at=None).filter(
        ~Exists(waiting), ~Exists(dead) | Q(created_at__lt=at - KEPT_FOR_RETRIES)
    )
    numbers = list(gone.values_list("pk", flat=True)[:EMPTIED_AT_ONCE])
    Enclosure.objects.filter(parcel__in=numbers).delete()
    return Parcel.objects.filter(pk__in=numbers).update(emptied_at=at)


def fit(files: Iterable[Attachment]) -> bool:
    """Whether these files can go by mail together."""
    return sum(file.size for file in files) <= settings.MAX_MAIL_ATTACHMENT_BYTES


def new_message_id(ticket: Ticket | None) -> str:
    """A new Message-ID (RFC 5322, 3.6.4) at the domain that we send from."""
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2]
    subject = ticket.reference.lower() if ticket else "desk"
    return f"<{subject}.{secrets.token_hex(12)}@{domain}>"


def wake() -> None:
    """Let a worker look into the outbox after the commit; at most once in a transaction.

    Only a matter of seconds: beat looks as well, so a missing broker loses no message.
    """
    if not any(entry[1] is _send_wake_up for entry in connection.run_on_commit):
        transaction.on_commit(_send_wake_up, robust=True)


def _send_wake_up() -> None:
    current_app.send_task(DELIVER, ignore_result=True, retry=False, expires=60)


def _join_conversations(deliveries: Sequence[Delivery]) -> None:
    """Name the customer's newest mail, and all that this recipient has of the conversation.

    Two queries however many tickets there are: a sweep tells many people at once.
    """
    tickets = {delivery.ticket.pk: delivery.ticket for delivery in deliveries if delivery.ticket}
    if not tickets:
        return
    prefetch_related_objects(list(tickets.values()), "mailbox")
    reply_to = {pk: addresses.reply_address(ticket) for pk, ticket in tickets.items()}
    # Nothing was sent before an acknowledgement.
    later = {d.ticket_id or 0 for d in deliveries if d.occasion != ACKNOWLEDGEMENT}
    received, sent = _received(tickets), _sent(later)
    for delivery in deliveries:
        number = delivery.ticket_id or 0
        theirs = received.get(number, [])
        ours = sent.get((number, delivery.recipient), [])
        delivery.reply_to = reply_to[number]
        delivery.in_reply_to = theirs[-1][1] if theirs else ""
        delivery.references = " ".join(
            _shortened([name for _, name in sorted(theirs + ours, key=itemgetter(0))])
        )


def _shortened(names: list[str]) -> list[str]:
    """The one that began the conversation, and the last ones."""
    return names if len(names) <= MOST_REFERENCES else [names[0], *names[1 - MOST_REFERENCES :]]


type _Mails = list[tuple[datetime, str]]


def _received(tickets: Iterable[int]) -> dict[int, _Mails]:
    """The mails of customers by ticket, the oldest first; not what an answering machine wrote."""
    rows = Message.objects.filter(
        ticket_id__in=tickets, is_public=True, by_staff=False, is_automatic=False, is_accepted=True
    ).exclude(mail_message_id="")
    found: dict[int, _Mails] = {}
    for ticket_id, at, name in rows.order_by("sent_at", "pk").values_list(
        "ticket_id", "sent_at", "mail_message_id"
    ):
        if _MESSAGE_ID.fullmatch(name):
            found.setdefault(ticket_id, []).append((at, name))
    return found


def _sent(tickets: Iterable[int]) -> dict[tuple[int, str], _Mails]:
    """Our mails by ticket and recipient, the oldest first, without those that did not get there."""
    rows = Delivery.objects.filter(ticket_id__in=tickets).exclude(
        state__in=[Delivery.State.DEAD, Delivery.State.CANCELLED]
    )
    found: dict[tuple[int, str], _Mails] = {}
    for ticket_id, recipient, at, name in rows.order_by("created_at").values_list(
        "ticket_id", "recipient", "created_at", "mail_message_id"
    ):
        found.setdefault((ticket_id or 0, recipient), []).append((at, name))
    return found
