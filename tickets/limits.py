"""How often something may be done: counted in the database, by all processes together."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import connection

from tickets.models import Allowance

COUNT = """
    INSERT INTO tickets_allowance AS counted (key, begins_at, ends_at, used)
    VALUES (%s, %s, %s, 1)
    ON CONFLICT (key, begins_at) DO UPDATE SET used = counted.used + 1
    RETURNING used
"""


@dataclass(frozen=True)
class Limit:
    """`times` within one window of `span`; the windows of everybody begin at the same instants."""

    what: str
    times: int
    span: timedelta

    def take(self, who: str, *, at: datetime) -> bool:
        """Count one more by `who`, and answer whether it is still allowed. Safe in parallel.

        A window that begins takes the rows of old ones away.
        """
        begins_at = datetime.fromtimestamp(at.timestamp() // self._seconds * self._seconds, UTC)
        ends_at = begins_at + self.span
        with connection.cursor() as cursor:
            cursor.execute(COUNT, [self._key(who), begins_at, ends_at])
            used = int(cursor.fetchone()[0])
        if used == 1:
            Allowance.objects.filter(ends_at__lt=at - self.span).delete()
        return used <= self.times

    @property
    def _seconds(self) -> int:
        return int(self.span.total_seconds())

    def _key(self, who: str) -> str:
        # No address is kept where its number of requests is all that matters.
        return f"{self.what}:{hashlib.sha256(who.encode()).hexdigest()[:40]}"
