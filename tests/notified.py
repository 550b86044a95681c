"""Let the mails of notifications be made, as the sweep does when their minute is over."""

from __future__ import annotations

from tickets import digests
from tickets.models import Notification


def mail_notifications() -> int:
    """Make every mail that waits, at the instant when the last one is due; answers how many."""
    last = Notification.objects.waiting().order_by("mail_due_at").last()
    at = last.mail_due_at if last else None
    return digests.send_due(at=at) if at else 0
