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
from django.db.models import Exists, Q, QuerySet

from sla.models import Priority
from tickets import addresses, correspondence, delivery, lifecycle, outbox, threads
from tickets.acts import Mail
from tickets.channels.mail.incoming import Bounce, Incoming
from tickets.channels.mail.subjects import names
from tickets.models import Delivery, Event, InboundMessage, Message, Organization, Ticket, User
from tickets.models.people import UserManager
from tickets.states import Status

AN_HOUR, A_DAY = timedelta(hours=1), timedelta(days=1)
# Acknowledgements to one address an hour, and by one mailbox: beyond that a loop is at work.
ACKNOWLEDGEMENTS_AN_HOUR = 5
MAILBOX_ACKNOWLEDGEMENTS_AN_HOUR = 500
# P1 wakes people up: so many a day by the subject alone from one address.
URGENT_A_DAY = 3
# So many copied people are named, and become followers; whoever copies more is no colleague.
MOST_COPIED = 20
LONGEST_NAME = 150
NO_TEXT = "(This mail has no text.)"
NO_SUBJECT = "(No subject)"

Outcome = InboundMessage.Outcome


class Unreadable(Exception):  # noqa: N818 - the sentence is for the page of the quarantine
    """What must be looked at by a person."""


class TooEarly(Exception):  # noqa: N818 - nothing went wrong
    """It waits for an older message, which may be the one that it answers."""


@dataclass(frozen=True)
class Reading:
    """What became of a message, and why it was ignored."""

    outcome: str
    reason: str = ""
    ticket: Ticket | None = None
    message: Message | None = None


def understand(row: InboundMessage, incoming: Incoming, *, may_wait: bool = True) -> Reading:
    """Do what the message asks for; in the transaction that settles its row.

    Raises Unreadable for one that nobody is named in, or that could not be read at all; and
    TooEarly, if it `may_wait`, for an answer to what may be among the older ones yet to be read.
    """
    if incoming.bounce is not None:
        return _bounced(incoming.bounce, row, incoming)
    if incoming.trouble:
        raise Unreadable(f"It could not be read. {incoming.trouble}")
    if not incoming.sender or incoming.sender_header != "From":
        raise Unreadable("It does not say who wrote it.")
    threads.hold(incoming)
    known = _known(incoming)
    if unwanted := _unwanted(incoming, known):
        return Reading(Outcome.IGNORED, unwanted)
    thread = threads.find(incoming, known)
    is_automatic = bool(incoming.auto_generated) and not incoming.only_by_list
    if thread is None and is_automatic:
        return Reading(Outcome.IGNORED, incoming.auto_generated)
    if thread is None and may_wait and threads.may_be_found_later(incoming, row):
        raise TooEarly
    # What is over for its customer is not reopened by mail: a new ticket says what it follows.
    takes_it = thread is not None and lifecycle.takes_customer_replies(
        thread.ticket, max(row.received_at, thread.ticket.updated_at)
    )
    into = thread.ticket if thread is not None and (takes_it or is_automatic) else None
    if known and (copied := _copied(row, incoming, known, into)):
        return Reading(Outcome.IGNORED, f"A copy of a message in {copied.reference}.", copied)
    sender = known or _made(incoming)
    if thread is not None and is_automatic:
        return _automatic(row, incoming, sender, thread.ticket)
    if thread is not None and takes_it:
        return _answer(row, incoming, sender, thread)
    return _new_ticket(row, incoming, sender, follows=thread.ticket if thread else None)


def _unwanted(incoming: Incoming, known: User | None) -> str:
    """Why nothing that its sender writes is read; "" when it is."""
    if addresses.is_ours(incoming.sender):
        return "It comes from one of our own addresses."
    if known is not None and known.blocked_at is not None:
        return f"{known.email} is blocked since {known.blocked_at:%-d %B %Y}, for spam."
    return ""


def _answer(
    row: InboundMessage, incoming: Incoming, sender: User, thread: threads.Thread
) -> Reading:
    """The words of somebody who takes part; those of anybody else are kept aside."""
    ticket = thread.ticket
    at = max(row.received_at, ticket.updated_at)
    files, remarks = _files(incoming), []
    passed_on = (
        [f"It answers {thread.was}, which was merged into this ticket."] if thread.was else []
    )
    if incoming.auto_generated and ticket.status == Status.RESOLVED:
        remarks = [
            f"It does not reopen the ticket unless it is accepted. {incoming.auto_generated}"
        ]
    if remarks or sender.is_staff or not threads.takes_part(ticket, sender):
        message = correspondence.keep_aside(
            ticket=ticket, by=sender, text=_text(incoming), at=at,
            mail=_mail(incoming, *passed_on, *remarks), is_automatic=False, attachments=files,
        )  # fmt: skip
        return Reading(Outcome.REPLY, f"Kept aside: found by {thread.how}.", ticket, message)
    ticket = lifecycle.reply(
        ticket=ticket, by=sender, text=_text(incoming), at=at, attachments=files,
        channel=Ticket.Channel.EMAIL, mail=_mail(incoming, *passed_on),
    )  # fmt: skip
    urgent = _urgent(incoming, sender, at, asked_for=ticket.subject)
    if urgent is not None and urgent.is_above(ticket.priority):
        ticket = lifecycle.change_priority(
            ticket=ticket, priority=urgent, by=sender, at=at, reason=_said_of(urgent)
        )
    _follow(ticket, incoming, sender, at)
    return Reading(Outcome.REPLY, f"Found by {thread.how}.", ticket, ticket.messages.latest("pk"))


def _new_ticket(
    row: InboundMessage, incoming: Incoming, sender: User, *, follows: Ticket | None
) -> Reading:
    at, mailbox = row.received_at, row.mailbox
    urgent = _urgent(incoming, sender, at)
    withheld = "" if incoming.auto_generated else _withheld(row, sender)
    remarks = [*filter(None, [_over(follows) if follows else "", withheld])]
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
        acknowledge=not (incoming.auto_generated or withheld),
    )
    _follow(ticket, incoming, sender, at)
    return Reading(Outcome.TICKET, withheld, ticket, ticket.messages.earliest("pk"))


def _over(ticket: Ticket) -> str:
    """Why an answer to this ticket became a new one."""
    if ticket.status == Status.CLOSED:
        return f"It answers {ticket.reference}, which is closed."
    days = settings.REOPEN_DAYS
    return f"It answers {ticket.reference}, which was resolved more than {days} days before."


def _automatic(row: InboundMessage, incoming: Incoming, sender: User, ticket: Ticket) -> Reading:
    """Kept, never answered: it reopens nothing and touches no clock."""
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


def _copied(
    row: InboundMessage, incoming: Incoming, sender: User, into: Ticket | None
) -> Ticket | None:
    """The ticket that has this very mail already: it came to two of our addresses.

    An answer is looked for in its ticket; a new matter, for a day, anywhere.
    """
    if not incoming.message_id:
        return None
    copies = Message.objects.filter(
        mail_message_id=incoming.message_id, author=sender, text=_text(incoming)
    )
    if into is not None:
        copies = copies.filter(ticket=into)
    else:
        copies = copies.filter(sent_at__range=(row.received_at - A_DAY, row.received_at + A_DAY))
    copy = copies.select_related("ticket").first()
    return copy.ticket if copy else None


def _bounced(bounce: Bounce, row: InboundMessage, incoming: Incoming) -> Reading:
    """Tell the delivery what became of it; the ticket's history shows it."""
    sent = threads.find_sent(bounce)
    if sent is None and (found := threads.find_recipient(bounce, incoming)):
        sent, bounce = found
    if sent is None:
        return Reading(Outcome.IGNORED, "A report about a message that we did not send.")
    delivery.report_bounce(sent, bounce, at=row.received_at)
    return Reading(Outcome.IGNORED, f"A report about {sent}.", sent.ticket)


def _known(incoming: Incoming) -> User | None:
    """Who wrote, if we know the address."""
    address = UserManager.clean_email(incoming.sender)
    return User.objects.filter(email=address).select_related("organization").first()


def _made(incoming: Incoming) -> User:
    """Who wrote, made a customer of the company whose address it is."""
    person = User.objects.customer(incoming.sender, incoming.sender_name[:LONGEST_NAME])
    domain = person.email.rpartition("@")[2]
    person.organization = Organization.objects.filter(domains__contains=[domain]).first()
    person.save(update_fields=["organization"])
    return person


def _urgent(
    incoming: Incoming, sender: User, at: datetime, *, asked_for: str = ""
) -> Priority | None:
    """The most urgent priority when the subject names it (policy, reading 5), and not too often.

    None for what a person may not have written; and for an answer, when the subject of its ticket
    names it already (`asked_for`): our own answers repeat that, whatever the priority is by now.
    """
    if incoming.auto_generated:
        return None
    first = Priority.objects.order_by("rank").first()
    if first is None or not names(incoming.subject, first.code) or names(asked_for, first.code):
        return None
    # Of two mails at once, the second one is to count the first.
    User.objects.select_for_update(no_key=True).get(pk=sender.pk)
    return first if _times_urgent(sender, first, since=at - A_DAY) < URGENT_A_DAY else None


def _times_urgent(sender: User, first: Priority, *, since: datetime) -> int:
    """How often a mail of this person was given this priority, whatever became of it later."""
    opened = Q(
        kind=Event.Kind.OPENED,
        ticket__channel=Ticket.Channel.EMAIL,
        detail__startswith=f"{first.code},",
    )
    raised = Q(kind=Event.Kind.PRIORITY_CHANGED, detail__endswith=_said_of(first))
    return Event.objects.filter(opened | raised, by=sender, at__gt=since).count()


def _said_of(priority: Priority) -> str:
    """The reason for a priority that a mail raised: the history counts by it."""
    return f"The subject of the customer's mail says {priority.code}."


def _priority_of(row: InboundMessage) -> Priority | None:
    """That of the mailbox's request type, where it asks for no share of users; else the default."""
    kind = row.mailbox.request_type if row.mailbox else None
    return None if kind is None or not kind.asks_share else kind.priority_below


def _withheld(row: InboundMessage, sender: User) -> str:
    """Why nobody is told that this arrived, as a sentence: a loop may be at work. "" if told."""
    since = row.received_at - AN_HOUR
    sent = Delivery.objects.filter(
        occasion=outbox.ACKNOWLEDGEMENT, created_at__gt=since, user=sender
    )
    # Those of the web form have no mailbox either.
    came = Ticket.objects.filter(
        channel=Ticket.Channel.EMAIL, mailbox=row.mailbox, submitted_at__gt=since
    )
    one = User.objects.filter(pk=sender.pk).annotate(
        to_sender=_beyond(sent, ACKNOWLEDGEMENTS_AN_HOUR),
        by_mailbox=_beyond(came, MAILBOX_ACKNOWLEDGEMENTS_AN_HOUR),
    )
    to_sender, by_mailbox = one.values_list("to_sender", "by_mailbox").get()
    if to_sender:
        why = f"{sender.email} got {ACKNOWLEDGEMENTS_AN_HOUR} within an hour"
    elif by_mailbox:
        box = row.mailbox or "mail without a mailbox"
        why = f"{MAILBOX_ACKNOWLEDGEMENTS_AN_HOUR} tickets came by {box} within an hour"
    else:
        return ""
    return f"It was not acknowledged: {why}."


def _beyond(rows: QuerySet[Any], cap: int) -> Exists:
    """Whether there are `cap` of them; a condition, so that two are one question."""
    return Exists(rows.order_by()[cap - 1 :])


def _follow(ticket: Ticket, incoming: Incoming, sender: User, at: datetime) -> None:
    """Copied people follow where the requester's organization wants that, and belong to it."""
    company = ticket.organization
    if company is None or not company.cc_follows or sender.pk != ticket.requester_id:
        return
    for address in incoming.cc[:MOST_COPIED]:
        domain = address.rpartition("@")[2].lower()
        colleague = User.objects.filter(email=address.lower(), organization=company).first()
        if colleague is None and domain in company.domains:
            name = incoming.names.get(address.lower(), "")[:LONGEST_NAME]
            colleague = User.objects.customer(address, name)
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
