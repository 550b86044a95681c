"""Which ticket a mail belongs to, and which of our mails a report is about.

Only what we gave out or recorded counts, never what looks so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from django.conf import settings
from django.db import connection
from django.db.models.functions import Lower

from tickets import addresses
from tickets.channels.mail.incoming import Bounce, Incoming
from tickets.models import Delivery, InboundMessage, Message, Ticket, User

# Enough for every honest mail; an attacker's list of thousands costs no more.
MOST_REFERENCES = 50
_LOCKS = 0x6D61696C  # The first of the two numbers of our advisory locks.


@dataclass(frozen=True)
class Thread:
    """A ticket, and how it was found."""

    ticket: Ticket
    how: str
    was: str = ""
    """The reference of the one that it answers, where that was merged into the ticket."""


def hold(incoming: Incoming) -> None:
    """Let no other worker read a mail of the same Message-ID until the end of the transaction.

    What came to two of our addresses is read by two workers at once, and only one is to answer.
    """
    if incoming.message_id:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [_LOCKS, incoming.message_id]
            )


def find(incoming: Incoming, sender: User | None) -> Thread | None:
    """The ticket that this mail answers, first hit wins; None for a new matter.

    The token of a reply address, then recorded Message-IDs (In-Reply-To, then References from the
    newest on), then the reference in the subject, if the sender takes part in that ticket already.
    """
    for number in _given_out(incoming):
        if ticket := _ticket(number):
            return _thread(ticket, "the reply address")
    if recorded := _of_recorded(incoming):
        return _thread(recorded, "the messages that it refers to")
    for number in _tagged(incoming.subject):
        ticket = _ticket(number)
        if ticket and sender and takes_part(ticket, sender):
            return _thread(ticket, "the reference in its subject")
    return None


def _thread(ticket: Ticket, how: str) -> Thread:
    """What was merged goes on where it was merged into."""
    if ticket.merged_into is None:
        return Thread(ticket, how)
    return Thread(ticket.merged_into, how, was=ticket.reference)


def may_be_found_later(incoming: Incoming, row: InboundMessage) -> bool:
    """Whether what it answers may be one of the older messages of the mailbox, not read yet."""
    if not (incoming.in_reply_to or incoming.references):
        return False
    older = InboundMessage.objects.unsettled().filter(mailbox=row.mailbox_id, pk__lt=row.pk)
    return older.exists()


def find_sent(bounce: Bounce) -> Delivery | None:
    """The delivery that a report is about, by the first of its ids that is one of ours."""
    ids = bounce.candidates[:MOST_REFERENCES] or (bounce.original_message_id,)
    known = Delivery.objects.in_bulk([name for name in ids if name], field_name="mail_message_id")
    return next((known[name] for name in ids if name in known), None)


def find_recipient(bounce: Bounce, incoming: Incoming) -> tuple[Delivery, Bounce] | None:
    """The last delivery of the ticket to whose reply address the report came, to somebody whom it
    names; and what it says about him.

    Everybody who takes part in the ticket has that address, and may write a report about the
    others: so nothing that it says is hard.
    """
    numbers = list(_given_out(incoming))
    named = {recipient.address.lower() for recipient in bounce.recipients if recipient.address}
    if not numbers or not named:
        return None
    rows = Delivery.objects.filter(ticket__in=numbers, state=Delivery.State.SENT)
    theirs = rows.alias(address=Lower("recipient")).filter(address__in=named)
    sent = theirs.order_by("-sent_at").first()
    if sent is None:
        return None
    about = tuple(
        replace(recipient, hard=False)
        for recipient in bounce.recipients
        if recipient.address.lower() == sent.recipient.lower()
    )
    return sent, replace(bounce, recipients=about)


def takes_part(ticket: Ticket, person: User) -> bool:
    """Whether this person may write into the ticket: its requester, or one of its followers."""
    return person.pk == ticket.requester_id or ticket.followers.filter(user=person).exists()


def _of_recorded(incoming: Incoming) -> Ticket | None:
    wanted = [incoming.in_reply_to, *reversed(incoming.references)][:MOST_REFERENCES]
    ids = list(dict.fromkeys(message_id for message_id in wanted if message_id))
    if not ids:
        return None
    # Of a message that was split off, the copy in the new ticket counts.
    received = Message.objects.filter(mail_message_id__in=ids, split_into=None).exclude(
        mail_message_id=""
    )
    sent = Delivery.objects.filter(mail_message_id__in=ids, ticket__isnull=False)
    known = {
        **dict(received.values_list("mail_message_id", "ticket_id")),
        **dict(sent.values_list("mail_message_id", "ticket_id")),
    }
    found = next((known[message_id] for message_id in ids if message_id in known), None)
    return _ticket(found) if found is not None else None


def _given_out(incoming: Incoming) -> Iterator[int]:
    """The numbers of the tickets to whose reply addresses it came."""
    for address in (*incoming.delivered_to, *incoming.to, *incoming.cc):
        number = addresses.ticket_number(address)
        if number is not None:
            yield number


def _tagged(subject: str) -> Iterator[int]:
    """The numbers of references in square brackets, such as [HD-1042]."""
    prefix = re.escape(settings.TICKET_PREFIX)
    numbers: Iterable[str] = re.findall(rf"\[{prefix}-([0-9]{{1,18}})\]", subject, re.IGNORECASE)
    yield from map(int, numbers)


def _ticket(number: int) -> Ticket | None:
    tickets = Ticket.objects.select_related(
        "organization", "mailbox", "merged_into__organization", "merged_into__mailbox"
    )
    return tickets.filter(pk=number).first()
