"""Which ticket a mail belongs to. Only what we gave out or recorded counts, never what looks so."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.conf import settings

from tickets import addresses
from tickets.channels.mail.incoming import Incoming
from tickets.models import Delivery, Message, Ticket, User

# Enough for every honest mail; an attacker's list of thousands costs no more.
MOST_REFERENCES = 50


@dataclass(frozen=True)
class Thread:
    """A ticket, and how it was found."""

    ticket: Ticket
    how: str


def find(incoming: Incoming, sender: User) -> Thread | None:
    """The ticket that this mail answers, first hit wins; None for a new matter.

    The token of a reply address, then recorded Message-IDs (In-Reply-To, then References from the
    newest on), then the reference in the subject, if the sender takes part in that ticket already.
    """
    for address in (*incoming.delivered_to, *incoming.to, *incoming.cc):
        number = addresses.ticket_number(address)
        if number is not None and (ticket := _ticket(number)):
            return Thread(ticket, "the reply address")
    if recorded := _of_recorded(incoming):
        return Thread(recorded, "the messages that it refers to")
    for number in _tagged(incoming.subject):
        ticket = _ticket(number)
        if ticket and takes_part(ticket, sender):
            return Thread(ticket, "the reference in its subject")
    return None


def takes_part(ticket: Ticket, person: User) -> bool:
    """Whether this person may write into the ticket: its requester, or one of its followers."""
    return person.pk == ticket.requester_id or ticket.followers.filter(user=person).exists()


def _of_recorded(incoming: Incoming) -> Ticket | None:
    wanted = [incoming.in_reply_to, *reversed(incoming.references)][:MOST_REFERENCES]
    ids = list(dict.fromkeys(message_id for message_id in wanted if message_id))
    if not ids:
        return None
    received = Message.objects.filter(mail_message_id__in=ids).exclude(mail_message_id="")
    sent = Delivery.objects.filter(mail_message_id__in=ids, ticket__isnull=False)
    known = {
        **dict(received.values_list("mail_message_id", "ticket_id")),
        **dict(sent.values_list("mail_message_id", "ticket_id")),
    }
    found = next((known[message_id] for message_id in ids if message_id in known), None)
    return _ticket(found) if found is not None else None


def _tagged(subject: str) -> Iterator[int]:
    """The numbers of references in square brackets, such as [HD-1042]."""
    prefix = re.escape(settings.TICKET_PREFIX)
    numbers: Iterable[str] = re.findall(rf"\[{prefix}-([0-9]{{1,18}})\]", subject, re.IGNORECASE)
    yield from map(int, numbers)


def _ticket(number: int) -> Ticket | None:
    return Ticket.objects.select_related("organization", "mailbox").filter(pk=number).first()
