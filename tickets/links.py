"""Signed ticket links: who holds one sees one ticket as one person, without signing in.

A link ends after TICKET_LINK_DAYS, and all links of a ticket or of a person that were made so far
can be declared void.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.core import signing
from django.core.signing import BadSignature, Signer
from django.urls import reverse
from django.utils.http import base36_to_int, int_to_base36

from sla.models import ReportSchedule
from tickets.models import CustomerReport, Escalation, Ticket, User

_ACKNOWLEDGEMENT = "tickets.links.acknowledgement"
_REPORT = "tickets.links.report"
MAIL, WEB = "m", "w"


@dataclass(frozen=True)
class Link:
    """A link that we made: whose it is, and whether it came by mail, which proves an address."""

    ticket: Ticket
    user: User
    made_at: datetime
    by_mail: bool

    def is_over(self, *, at: datetime) -> bool:
        """Whether it was made too long ago, or before somebody declared such links void."""
        void = (self.ticket.links_void_before, self.user.links_void_before)
        return _is_over(self.made_at, void, at=at)


def _signer() -> Signer:
    return Signer(salt="tickets.links", sep=".")


def key_for(ticket: Ticket, user: User, *, at: datetime, via: str = WEB) -> str:
    """The part of the address that nobody can guess: person, way and instant, all signed."""
    made = int_to_base36(_millis(at))
    return _signer().sign(f"{ticket.pk}.{user.pk}.{via}{made}").split(".", 1)[1]


def url_for(ticket: Ticket, user: User, *, at: datetime) -> str:
    """The absolute address of the ticket's page for this person, for a mail to his address."""
    key = key_for(ticket, user, at=at, via=MAIL)
    return f"{settings.PUBLIC_BASE_URL}{reverse('portal:ticket', args=[ticket.reference, key])}"


def desk_url_for(ticket: Ticket) -> str:
    """The absolute address of the ticket in the agents' admin."""
    return f"{settings.PUBLIC_BASE_URL}{reverse('admin:tickets_ticket_change', args=[ticket.pk])}"


def notifications_url() -> str:
    """The absolute address of one's own notifications."""
    return f"{settings.PUBLIC_BASE_URL}{reverse('admin:tickets_notification_changelist')}"


def notification_choices_url() -> str:
    """The absolute address where one chooses how to be told."""
    return f"{settings.PUBLIC_BASE_URL}{reverse('admin:tickets_notification_choices')}"


def report_page_url(page: str, query: str) -> str:
    """The absolute address of a page of reports in the agents' admin, with its question."""
    name = "admin:sla_report" if page == "overview" else f"admin:sla_report_{page}"
    return f"{settings.PUBLIC_BASE_URL}{reverse(name)}?{query}"


def schedule_url(schedule: ReportSchedule) -> str:
    """The absolute address of the page of a report that is sent by mail."""
    page = reverse("admin:sla_reportschedule_change", args=[schedule.pk])
    return f"{settings.PUBLIC_BASE_URL}{page}"


def holder(reference: str, key: str, *, at: datetime) -> tuple[Ticket, User] | None:
    """The ticket and the person of a link, or None when it is forged, foreign or over."""
    link = read(reference, key)
    return None if link is None or link.is_over(at=at) else (link.ticket, link.user)


def read(reference: str, key: str) -> Link | None:
    """A link as we made it, also one that is over; None when it is forged or foreign."""
    number = reference.rpartition("-")[2]
    # Digits alone, or a part of the key could be written at the end of the reference.
    if not (number.isdigit() and number.isascii() and key.isascii()):
        return None
    try:
        _, user_id, made = _signer().unsign(f"{number}.{key}").split(".")
        made_at = datetime.fromtimestamp(base36_to_int(made[1:]) / 1000, UTC)
    except (BadSignature, ValueError):
        return None
    user = User.objects.select_related("organization").filter(pk=user_id, is_active=True).first()
    if user is None:
        return None
    ticket = Ticket.objects.visible_to(user).filter(pk=number).first()
    if ticket is None or ticket.reference != reference:
        return None
    return Link(ticket, user, made_at, by_mail=made.startswith(MAIL))


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


@dataclass(frozen=True)
class ReportLink:
    """A link that we mailed to a customer who gets his organization's report."""

    report: CustomerReport
    user: User
    made_at: datetime

    def is_over(self, *, at: datetime) -> bool:
        """Whether it was made too long ago, or before the person declared his links void."""
        return _is_over(self.made_at, [self.user.links_void_before], at=at)


def report_url_for(report: CustomerReport, user: User, *, at: datetime) -> str:
    """The absolute address of the report for this customer, for a mail to his address."""
    key = signing.dumps([report.pk, user.pk, _millis(at)], salt=_REPORT)
    return f"{settings.PUBLIC_BASE_URL}{reverse('portal:report', args=[key])}"


def read_report(key: str) -> ReportLink | None:
    """A report's link as we made it, also one that is over.

    None when it is forged, and when the person may not read the report (any more).
    """
    try:
        report_id, user_id, made = signing.loads(key, salt=_REPORT)
    except BadSignature:
        return None
    report = CustomerReport.objects.select_related("organization__spoc").filter(pk=report_id)
    user, found = User.objects.filter(pk=user_id).first(), report.first()
    if user is None or found is None or not may_read_report(user, found):
        return None
    return ReportLink(found, user, datetime.fromtimestamp(made / 1000, UTC))


def may_read_report(user: User, report: CustomerReport) -> bool:
    """Whether this customer belongs to the organization, and is marked to get its reports."""
    is_ours = user.organization_id == report.organization_id
    return is_ours and user.gets_report and user.is_active and not user.is_staff


def _is_over(made_at: datetime, void: Iterable[datetime | None], *, at: datetime) -> bool:
    """Whether a link's days have passed, or it is from before one of the instants in `void`."""
    return at - made_at > timedelta(days=settings.TICKET_LINK_DAYS) or any(
        before is not None and made_at <= before for before in void
    )


def _millis(at: datetime) -> int:
    return int(at.timestamp() * 1000)
