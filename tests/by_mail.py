"""Saved reports that are sent by mail, and the mail that came of one."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sla.models import ReportSchedule, SavedReport
from tests.sla.november import ist
from tickets.models import Delivery, User

# At eight, in Kolkata.
WEDNESDAY, THURSDAY, FRIDAY = (ist(day, "08:00") for day in (18, 19, 20))


def scheduled(
    owner: User, *recipients: User, query: str = "span=yesterday", at: datetime = WEDNESDAY,
    page: str = "overview", name: str = "Mornings", shared: bool = False, **fields: Any,
) -> ReportSchedule:  # fmt: skip
    report = SavedReport.objects.create(
        owner=owner, name=name, page=page, query=query, is_shared=shared
    )
    return again(report, owner, *recipients, at=at, **fields)


def again(
    report: SavedReport, owner: User, *recipients: User, at: datetime, **fields: Any
) -> ReportSchedule:
    """Every day at eight in Kolkata, where nothing else is said."""
    fields = {"every": "day", "time_zone": "Asia/Kolkata"} | fields
    made = ReportSchedule(report=report, owner=owner, **fields)
    made.reschedule(at=at)
    made.save()
    made.recipients.set(recipients or [owner])
    return made


def only() -> Delivery:
    return Delivery.objects.get(occasion="saved_report")
