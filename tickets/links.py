"""Signed ticket links: who holds one sees one ticket as one person, without signing in."""

from __future__ import annotations

from django.conf import settings
from django.core import signing
from django.core.signing import BadSignature, Signer
from django.urls import reverse

from tickets.models import Escalation, Ticket, User

_ACKNOWLEDGEMENT = "tickets.links.acknowledgement"


def _signer() -> Signer:
    return Signer(salt="tickets.links", sep=".")


def key_for(ticket: Ticket, user: User) -> str:
    """The part of the address that nobody can guess: it names the person and is signed."""
    return _signer().sign(f"{ticket.pk}.{user.pk}").split(".", 1)[1]


def url_for(ticket: Ticket, user: User) -> str:
    """The absolute address of the ticket's page for this person."""
    path = reverse("portal:ticket", args=[ticket.reference, key_for(ticket, user)])
    return f"{settings.PUBLIC_BASE_URL}{path}"


def desk_url_for(ticket: Ticket) -> str:
    """The absolute address of the ticket in the agents' admin."""
    return f"{settings.PUBLIC_BASE_URL}{reverse('admin:tickets_ticket_change', args=[ticket.pk])}"


def holder(reference: str, key: str) -> tuple[Ticket, User] | None:
    """The ticket and the person of a link, or None when it is forged, foreign or outdated."""
    number = reference.rpartition("-")[2]
    # Digits alone, or a part of the key could be written at the end of the reference.
    if not (number.isdigit() and number.isascii() and key.isascii()):
        return None
    try:
        user_id = _signer().unsign(f"{number}.{key}").split(".")[1]
    except BadSignature:
        return None
    user = User.objects.select_related("organization").filter(pk=user_id, is_active=True).first()
    if user is None:
        return None
    ticket = Ticket.objects.visible_to(user).filter(pk=number).first()
    return (ticket, user) if ticket and ticket.reference == reference else None


def acknowledgement_url_for(escalation: Escalation, reader: User | str) -> str:
    """The absolute address at which this reader, or whoever reads that mail, acknowledges it."""
    who = reader.pk if isinstance(reader, User) else reader
    key = signing.dumps([escalation.pk, who], salt=_ACKNOWLEDGEMENT)
    return f"{settings.PUBLIC_BASE_URL}{reverse('portal:acknowledge', args=[key])}"


def acknowledger(key: str) -> tuple[Escalation, User | str] | None:
    """The escalation and the reader of a link, or None when it is forged or outdated.

    The link of a member of staff ends with his work here; at an address it is the address that
    acknowledges, unless a member of staff has it.
    """
    try:
        escalation_id, who = signing.loads(key, salt=_ACKNOWLEDGEMENT)
    except BadSignature:
        return None
    escalation = Escalation.objects.for_reading().filter(pk=escalation_id).first()
    if isinstance(who, int):
        reader = User.objects.staff().filter(pk=who).first()
    else:
        reader = User.objects.staff().filter(email=User.objects.clean_email(who)).first() or who
    return (escalation, reader) if escalation and reader else None
