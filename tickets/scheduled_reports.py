"""Send saved reports by mail, each when it is due, and once.

`next_at` is when a schedule is due. A sweep claims what is due, one at a time, and goes on to the
next time in the transaction in which it queues the mails; a row for each occasion, which is unique,
says that they were. So two workers send nothing twice, and who was ended in between has sent
nothing. Days that were missed are made up for by one mail, of the newest occasion: its days are
told from the day on which it was due.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import OperationalError, transaction

from sla.core.rhythm import Occasion
from sla.models import ReportSchedule, SentReport
from tickets import links, notices, outbox, report_mails, wording
from tickets.failpoints import reached
from tickets.models import Delivery, User
from tickets.models.mail import SAVED_REPORT
from tickets.report_mails import CannotBeMade, Issue

logger = logging.getLogger(__name__)

OCCASION, STOPPED = SAVED_REPORT, "report_stopped"
LONGEST_RUN_SECONDS = 60.0
AFTER_A_FAULT = timedelta(hours=1)
# Beat looks every few seconds: what comes later than that came late, and says so.
LATE = timedelta(minutes=30)


def go_on(*, at: datetime) -> int:
    """Send what is due, and delete the files of what was sent; answers how many reports went."""
    outbox.empty_parcels(at=at)
    return send_due(at=at)


def send_due(*, at: datetime, seconds: float = LONGEST_RUN_SECONDS) -> int:
    """Queue the reports that are due; answers how many. Any number of workers may run this."""
    sent, failed, until = 0, set[int](), time.monotonic() + seconds
    while time.monotonic() < until:
        with transaction.atomic():
            schedule = _claim(at, failed)
            if schedule is None:
                break
            reached("report.claimed")
            try:
                with transaction.atomic():
                    sent += _go_on(schedule, at)
            except OperationalError:
                raise  # The database's trouble, not this report's: the next run tries again.
            except Exception:
                # A fault in one report keeps no other one waiting.
                logger.exception("The report “%s” could not be sent.", schedule)
                failed.add(schedule.pk)
                _postpone(schedule.pk, at)
    return sent


def cause_of(schedule: ReportSchedule, due_at: datetime) -> str:
    """What the mails of one occasion have in common; a delivery's key begins with it."""
    return f"{OCCASION}:{schedule.pk}:{due_at:%Y-%m-%dT%H:%M}"


def want_test(schedule: ReportSchedule, *, reader: User) -> None:
    """Let the next run send the report as of then, to this reader alone."""
    ReportSchedule.objects.filter(pk=schedule.pk).update(test_to=reader)


def mails_of(schedule: ReportSchedule, sent: Sequence[SentReport]) -> dict[int, list[Delivery]]:
    """By the number of each of these occasions, the mails that it became. One query."""
    causes = {cause_of(schedule, row.due_at): row.pk for row in sent}
    found: dict[int, list[Delivery]] = {row.pk: [] for row in sent}
    rows = Delivery.objects.filter(key__startswith=f"{OCCASION}:{schedule.pk}:").defer(
        "text", "html"
    )
    if sent:
        rows = rows.filter(created_at__gte=min(row.made_at for row in sent))
    for delivery in rows.order_by("recipient"):
        # The occasion has colons, and so has an address now and then: it comes last.
        number = next((pk for cause, pk in causes.items() if delivery.key.startswith(cause)), None)
        if number is not None:
            found[number].append(delivery)
    return found


def _claim(at: datetime, failed: Iterable[int]) -> ReportSchedule | None:
    """One that is due, or of which a test is wanted; locked, and of no other worker."""
    due = ReportSchedule.objects.due(at).exclude(pk__in=failed).order_by("next_at", "pk")
    rows = due.select_related("report").select_for_update(
        of=("self",), no_key=True, skip_locked=True
    )
    return rows.first()


def _postpone(number: int, at: datetime) -> None:
    rows = ReportSchedule.objects.filter(pk=number)
    rows.update(test_to=None, problem="It could not be made, for a reason that the desk's log has.")
    rows.filter(next_at__lte=at).update(next_at=at + AFTER_A_FAULT)


def _go_on(schedule: ReportSchedule, at: datetime) -> int:
    """Send what is due of it, and await the next time."""
    sent = 0
    if schedule.test_to is not None:
        _send_test(schedule, schedule.test_to, at)
        schedule.test_to = None
    if schedule.next_at is not None and schedule.next_at <= at:
        sent = _send(schedule, schedule.rhythm.newest(at), at)
        schedule.reschedule(at=at)
    schedule.save(update_fields=["test_to", "problem", "is_active", "next_at"])
    return sent


def _send(schedule: ReportSchedule, occasion: Occasion, at: datetime) -> int:
    """To everybody who may read it; where it cannot be made, a sentence to who keeps it."""
    row, is_new = SentReport.objects.get_or_create(
        schedule=schedule,
        due_at=occasion.at,
        defaults={"made_at": at, "left_out": _missed(schedule, occasion)},
    )
    if not is_new:
        return 0
    cause = cause_of(schedule, occasion.at)
    try:
        people = report_mails.readers().filter(reports_by_mail=schedule)
        if not people:
            raise CannotBeMade("Nobody to whom it is sent may read reports any more.")
        made = report_mails.issue(
            schedule.report, reader=schedule.owner, to=people, today=occasion.day, at=at
        )
    except CannotBeMade as trouble:
        schedule.problem, schedule.is_active = str(trouble), False
        row.problem = str(trouble)
        row.save(update_fields=["problem"])
        _tell_of_trouble(schedule, _keepers(schedule), cause, at)
        return 0
    schedule.problem = ""
    context = {"due_at": occasion.at, "is_late": at - occasion.at >= LATE, "missed": row.left_out}
    _queue(schedule, made, people, cause, at, **context)
    return 1


def _send_test(schedule: ReportSchedule, reader: User, at: datetime) -> None:
    """The report as of now, to this reader alone, if he may still read it."""
    if not report_mails.readers().filter(pk=reader.pk).exists():
        return
    cause = f"{OCCASION}_test:{schedule.pk}:{at.isoformat()}"
    today = at.astimezone(ZoneInfo(schedule.time_zone)).date()
    try:
        made = report_mails.issue(
            schedule.report, reader=schedule.owner, to=[reader], today=today, at=at
        )
    except CannotBeMade as trouble:
        schedule.problem = str(trouble)
        _tell_of_trouble(schedule, [reader], cause, at, is_test=True)
    else:
        _queue(schedule, made, [reader], cause, at, is_test=True)


def _missed(schedule: ReportSchedule, occasion: Occasion) -> int:
    """How many occasions lie between the one that was awaited and this one."""
    if schedule.next_at is None:
        return 0
    awaited = schedule.rhythm.between(schedule.next_at, occasion.at)
    return max(sum(1 for _ in awaited) - 1, 0)


def _queue(
    schedule: ReportSchedule,
    made: Issue,
    people: Iterable[User],
    cause: str,
    at: datetime,
    **context: Any,
) -> None:
    parcel = outbox.pack(made.files, at=at)
    link = links.report_page_url(made.report.page, made.query)
    letters = []
    for reader in people:
        said = wording.words(
            OCCASION,
            reader=reader,
            zone=reader.time_zone or schedule.time_zone,
            schedule=schedule,
            issue=made,
            link=link,
            schedule_link=links.schedule_url(schedule),
            **context,
        )
        letters.append(
            outbox.Letter(reader.email, said.subject, said.text, said.html, reader, parcel)
        )
    outbox.queue(letters, occasion=OCCASION, cause=cause, ticket=None, at=at)
    reached("report.made")


def _keepers(schedule: ReportSchedule) -> list[User | str]:
    """Who is told when it cannot be made: its owner, or whoever mends things in his absence."""
    owner = report_mails.readers().filter(pk=schedule.owner_id)
    return list(owner) or list(notices.administrators())


def _tell_of_trouble(
    schedule: ReportSchedule,
    people: Iterable[User | str],
    cause: str,
    at: datetime,
    *,
    is_test: bool = False,
) -> None:
    letters = []
    for reader in people:
        user = reader if isinstance(reader, User) else None
        said = wording.words(
            STOPPED,
            reader=user,
            zone=(user.time_zone if user else "") or schedule.time_zone,
            schedule=schedule,
            is_test=is_test,
            link=links.schedule_url(schedule),
        )
        address = user.email if user else str(reader)
        letters.append(outbox.Letter(address, said.subject, said.text, said.html, user))
    outbox.queue(letters, occasion=OCCASION, cause=f"{cause}:stopped", ticket=None, at=at)
