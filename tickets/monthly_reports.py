"""Send each organization's report on the month that has ended, where that is switched on.

`next_report_at` is when the report on `next_report_month` is sent: on the first of the month after
it, at the organization's own hour. A sweep claims what is due, one organization at a time, and goes
on to the next month in the transaction in which it queues the mails. So a missed day, or a missed
month, is made up for, and two workers send nothing twice.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.urls import reverse

from sla.core.table import absolute, instant
from tickets import customer_reports, links, outbox, wording
from tickets.customer_reports import MOST_IN_A_MAIL, Report
from tickets.models import CustomerReport, Organization, User
from tickets.models.mail import CUSTOMER_REPORT
from tickets.terms import next_month

logger = logging.getLogger(__name__)

OCCASION = CUSTOMER_REPORT
AFTER_A_FAULT = timedelta(hours=1)
MINUTE = 60 * 10**6  # In microseconds, as sla.core.table counts.


def schedule(organization: Organization, *, at: datetime) -> None:
    """Set what is sent next, after its columns were edited; the caller saves it.

    Switched on, the month that runs is the first one. A month that is awaited stays awaited,
    whatever else is edited.
    """
    if not organization.sends_report:
        organization.next_report_month = organization.next_report_at = None
        return
    zone = ZoneInfo(customer_reports.zone_of(organization))
    month = organization.next_report_month or at.astimezone(zone).date().replace(day=1)
    organization.next_report_month = month
    organization.next_report_at = _due_at(organization, month, zone)


def send_due(*, at: datetime) -> int:
    """Queue the reports that are due; answers how many. Any number of workers may run this."""
    sent, failed = 0, set[int]()
    while True:
        with transaction.atomic():
            organization = _claim(at, failed)
            if organization is None:
                return sent
            try:
                with transaction.atomic():
                    sent += _go_on(organization, at)
            except Exception:
                # A fault with one organization keeps no other one waiting.
                logger.exception("The report for %s could not be made.", organization)
                failed.add(organization.pk)
                Organization.objects.filter(pk=organization.pk).update(
                    next_report_at=at + AFTER_A_FAULT
                )


def recipients(organization: Organization) -> Iterator[User]:
    """The single point of contact, and those of its people who are marked to get it."""
    spoc = organization.spoc
    if spoc is not None and spoc.is_active and spoc.is_staff:
        yield spoc
    yield from readers(organization)


def readers(organization: Organization) -> Iterable[User]:
    """The customers who get the report, and may read it."""
    return organization.users.filter(
        gets_report=True, is_active=True, is_staff=False, blocked_at=None
    ).order_by("email")


def _claim(at: datetime, failed: Iterable[int]) -> Organization | None:
    """One whose report is due, or that waits to be scheduled; locked, and of no other worker."""
    due = Organization.objects.filter(sends_report=True).filter(
        Q(next_report_at=None) | Q(next_report_at__lte=at)
    )
    due = due.exclude(pk__in=failed).order_by("next_report_at", "pk")
    return due.select_for_update(no_key=True, skip_locked=True).first()


def _go_on(organization: Organization, at: datetime) -> int:
    """Send the report on the month that is awaited, and await the next one."""
    month, count = organization.next_report_month, 0
    if month is not None and organization.next_report_at is not None:
        count = _send(organization, month, at)
        organization.next_report_month = next_month(month)
    schedule(organization, at=at)
    organization.save(update_fields=["next_report_month", "next_report_at"])
    return count


def _send(organization: Organization, month: date, at: datetime) -> int:
    row, is_new = CustomerReport.objects.get_or_create(
        organization=organization, month=month, defaults={"made_at": at}
    )
    if not is_new:
        return 0
    report = customer_reports.report_on(
        organization=organization, month=month, at=at, most=MOST_IN_A_MAIL
    )
    letters = [_letter(reader, row, report, at=at) for reader in recipients(organization)]
    cause = f"{OCCASION}:{organization.pk}:{month:%Y-%m}"
    outbox.queue(letters, occasion=OCCASION, cause=cause, ticket=None, at=at)
    return 1


def _letter(reader: User, row: CustomerReport, report: Report, *, at: datetime) -> outbox.Letter:
    """The whole report in the organization's language, with the link of this reader."""
    link = desk_url_for(report) if reader.is_staff else links.report_url_for(row, reader, at=at)
    words = wording.words(
        OCCASION,
        reader=reader,
        zone=report.zone,
        language=report.language,
        report=report,
        link=link,
    )
    return outbox.Letter(reader.email, words.subject, words.text, words.html, reader)


def desk_url_for(report: Report) -> str:
    """The absolute address of the report in the agents' admin."""
    question = f"organization={report.organization.pk}&month={report.month_in_address}"
    return f"{settings.PUBLIC_BASE_URL}{reverse('admin:customer_report')}?{question}"


def _due_at(organization: Organization, month: date, zone: ZoneInfo) -> datetime:
    """On the first of the month after, at the organization's hour."""
    day, hour = next_month(month), organization.report_time
    return instant(absolute(zone, day.toordinal(), (hour.hour * 60 + hour.minute) * MINUTE))
