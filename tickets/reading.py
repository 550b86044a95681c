"""What a mail means for the desk: a new ticket, an answer, a bounce, or nothing to do.

No loop ever starts here: what a machine wrote is kept and never answered (RFC 3834), one address
gets no more than so many acknowledgements an hour, and one mailbox no more than so many.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models import Exists, QuerySet

from sla.models import Priority
from tickets import addresses, correspondence, delivery, lifecycle, outbox, threads
from tickets.acts import Mail
from tickets.channels.mail.incoming import Bounce, Incoming
from tickets.channels.mail.subjects import names
from tickets.models import Delivery, InboundMessage, Message, Organization, Ticket, User
from tickets.models.people import UserManager
from tickets.states import Act

AN_HOUR, A_DAY = timedelta(hours=1), timedelta(days=1)
# Acknowledgements to one address an hour, and by one mailbox: beyond that a loop is at work.
ACKNOWLEDGEMENTS_AN_HOUR = 5
MAILBOX_ACKNOWLEDGEMENTS_AN_HOUR = 500
# P1 wakes people up: so many a day by the subject alone from one address.
URGENT_A_DAY = 3
MOST_COPIED = 20
NO_TEXT = "(This mail has no text.)"
NO_SUBJECT = "(No subject)"

Outcome = InboundMessage.Outcome


class Unreadable(Exception):  # noqa: N818 - the sentence is for the page of the quarantine
    """What must be looked at by a person."""


@dataclass(frozen=True)
class Reading:
    """What became of a message, and why it was ignored."""

    outcome: str
    reason: str = ""
    ticket: Ticket | None = None
    message: Message | None = None


def understand(row: InboundMessage, incoming: Incoming) -> Reading:
    """Do what the message asks for; in the transaction that settles its row.

    Raises Unreadable for one that nobody is named in.
    """
    if incoming.bounce is not None:
        return _bounced(incoming.bounce, row)
    if not incoming.sender or incoming.sender_header != "From":
        raise Unreadable("It does not say who wrote it.")
    if addresses.is_ours(incoming.sender):
        return Reading(Outcome.IGNORED, "It comes from one of our own addresses.")
    sender = _person(incoming)
    thread = threads.find(incoming, sender)
    if incoming.auto_generated and not incoming.only_by_list:
        return _automatic(row, incoming, sender, thread)
    # What is closed for good is not reopened by mail: a new ticket says what it follows.
    if thread is not None and thread.ticket.may(Act.CUSTOMER_REPLY):
        return _answer(row, incoming, sender, thread)
    return _new_ticket(row, incoming, sender, follows=thread.ticket if thread else None)


def _answer(
    row: InboundMessage, incoming: Incoming, sender: User, thread: threads.Thread
) -> Reading:
    """The words of somebody who takes part; those of anybody else are kept aside."""
    ticket = thread.ticket
    at = max(row.received_at, ticket.updated_at)
    files, mail = _files(incoming), _mail(incoming)
    if sender.is_staff or not threads.takes_part(ticket, sender):
        message = correspondence.keep_aside(
            ticket=ticket, by=sender, text=_text(incoming), at=at, mail=mail,
            is_automatic=False, attachments=files,
        )  # fmt: skip
        return Reading(Outcome.REPLY, f"Kept aside: found by {thread.how}.", ticket, message)
    ticket = lifecycle.reply(
        ticket=ticket, by=sender, text=_text(incoming), at=at, attachments=files,
        channel=Ticket.Channel.EMAIL, mail=mail,
    )  # fmt: skip
    urgent = _urgent(incoming, sender, at)
    if urgent is not None and urgent.is_above(ticket.priority):
        reason = f"The subject of the customer's mail says {urgent.code}."
        ticket = lifecycle.change_priority(
            ticket=ticket, priority=urgent, by=sender, at=at, reason=reason
        )
    _follow(ticket, incoming, sender, at)
    return Reading(Outcome.REPLY, f"Found by {thread.how}.", ticket, ticket.messages.latest("pk"))


def _new_ticket(
    row: InboundMessage, incoming: Incoming, sender: User, *, follows: Ticket | None
) -> Reading:
    at, mailbox = row.received_at, row.mailbox
    urgent = _urgent(incoming, sender, at)
    remarks = [f"It answers {follows.reference}, which is closed."] if follows else []
    ticket = lifecycle.open_ticket(
        requester=sender,
        subject=(incoming.subject.strip() or NO_SUBJECT)[:200],
        text=_text(incoming),
        at=at,
        request_type=mailbox.request_type if mailbox and urgent is None else None,
        priority=urgent or _priority_of(row),
        channel=Ticket.Channel.EMAIL,
        attachments=_files(incoming),
        mailbox=mailbox,
        mail=_mail(incoming, *remarks),
        acknowledge=_may_acknowledge(row, incoming, sender),
    )
    _follow(ticket, incoming, sender, at)
    return Reading(Outcome.TICKET, "", ticket, ticket.messages.earliest("pk"))


def _automatic(
    row: InboundMessage, incoming: Incoming, sender: User, thread: threads.Thread | None
) -> Reading:
    """Kept, never answered: it reopens nothing and touches no clock."""
    if thread is None:
        return Reading(Outcome.IGNORED, incoming.auto_generated)
    ticket = thread.ticket
    message = correspondence.keep_aside(
        ticket=ticket,
        by=sender,
        text=_text(incoming),
        at=max(row.received_at, ticket.updated_at),
        mail=_mail(incoming, incoming.auto_generated),
        is_automatic=True,
        attachments=_files(incoming),
    )
    return Reading(Outcome.REPLY, incoming.auto_generated, ticket, message)


def _bounced(bounce: Bounce, row: InboundMessage) -> Reading:
    """Tell the delivery what became of it; the ticket's history shows it."""
    sent = Delivery.objects.filter(mail_message_id=bounce.original_message_id or "-").first()
    if sent is None:
        return Reading(Outcome.IGNORED, "A report about a message that we did not send.")
    delivery.report_bounce(sent, bounce, at=row.received_at)
    return Reading(Outcome.IGNORED, f"A report about {sent}.", sent.ticket)


def _person(incoming: Incoming) -> User:
    """Who wrote, made a customer of the company whose address it is if unknown."""
    address = UserManager.clean_email(incoming.sender)
    known = User.objects.filter(email=address).select_related("organization").first()
    if known is not None:
        return known
    person = User.objects.customer(address, incoming.sender_name[:150])
    domain = address.rpartition("@")[2]
    person.organization = Organization.objects.filter(domains__contains=[domain]).first()
    person.save(update_fields=["organization"])
    return person


def _urgent(incoming: Incoming, sender: User, at: datetime) -> Priority | None:
    """The most urgent priority when the subject names it (policy, reading 5), and not too often."""
    first = Priority.objects.order_by("rank").first()
    if first is None or not names(incoming.subject, first.code):
        return None
    by_mail = Ticket.objects.filter(channel=Ticket.Channel.EMAIL, requester=sender)
    lately = by_mail.filter(priority=first, submitted_at__gt=at - A_DAY).count()
    return first if lately < URGENT_A_DAY else None


def _priority_of(row: InboundMessage) -> Priority | None:
    """That of the mailbox's request type, where it asks for no share of users; else the default."""
    kind = row.mailbox.request_type if row.mailbox else None
    return None if kind is None or not kind.asks_share else kind.priority_below


def _may_acknowledge(row: InboundMessage, incoming: Incoming, sender: User) -> bool:
    if incoming.auto_generated:
        return False
    since = row.received_at - AN_HOUR
    sent = Delivery.objects.filter(occasion=outbox.ACKNOWLEDGEMENT, created_at__gt=since)
    by_mailbox = Ticket.objects.filter(mailbox=row.mailbox, submitted_at__gt=since)
    is_looping = _beyond(sent.filter(user=sender), ACKNOWLEDGEMENTS_AN_HOUR) | _beyond(
        by_mailbox, MAILBOX_ACKNOWLEDGEMENTS_AN_HOUR
    )
    return not User.objects.filter(is_looping, pk=sender.pk).exists()


def _beyond(rows: QuerySet[Any], cap: int) -> Exists:
    """Whether there are `cap` of them; a condition, so that two are one question."""
    return Exists(rows.order_by()[cap - 1 :])


def _follow(ticket: Ticket, incoming: Incoming, sender: User, at: datetime) -> None:
    """Copied people follow where the requester's organization wants that, and belong to it."""
    company = ticket.organization
    if company is None or not company.cc_follows or sender.pk != ticket.requester_id:
        return
    for address in incoming.cc:
        domain = address.rpartition("@")[2].lower()
        colleague = User.objects.filter(email=address.lower(), organization=company).first()
        if colleague is None and domain in company.domains:
            colleague = User.objects.customer(address, incoming.names.get(address.lower(), ""))
            colleague.organization = company
            colleague.save(update_fields=["organization"])
        if colleague is not None and not threads.takes_part(ticket, colleague):
            correspondence.follow(ticket=ticket, user=colleague, by=None, at=at)


def _text(incoming: Incoming) -> str:
    words = incoming.reply_text.strip() or incoming.text.strip() or NO_TEXT
    return words[: settings.MAX_MESSAGE_CHARS]


def _mail(incoming: Incoming, *remarks: str) -> Mail:
    text = _text(incoming)
    whole = incoming.text.strip()
    said = [*remarks, *incoming.remarks]
    if incoming.cc:
        # Staff may let them follow: nobody does by being copied alone.
        said.append(f"Copied: {', '.join(incoming.cc[:MOST_COPIED])}.")
    if incoming.protection:
        said.append(f"The sender's program says that it is {incoming.protection}; nobody checked.")
    if len(whole) > settings.MAX_MESSAGE_CHARS:
        said.append("It is longer than is shown here; the whole is in the original.")
    return Mail(
        message_id=incoming.message_id[:998],
        whole_text="" if whole == text else whole[: settings.MAX_MESSAGE_CHARS],
        html=incoming.html,
        remarks=said,
        content_ids={file.filename: file.content_id for file in incoming.attachments},
    )


def _files(incoming: Incoming) -> list[SimpleUploadedFile]:
    return [
        SimpleUploadedFile(file.filename, file.content, file.content_type)
        for file in incoming.attachments
    ]
