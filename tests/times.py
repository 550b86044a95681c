"""November 2026 in Kolkata, the month and the zone of the policy's worked examples."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

KOLKATA = ZoneInfo("Asia/Kolkata")


def nov(day: int, clock: str) -> datetime:
    """A wall-clock time of that November as an instant; the 2nd, 9th and 16th are Mondays."""
    local = datetime.combine(date(2026, 11, day), time.fromisoformat(clock), tzinfo=KOLKATA)
    return local.astimezone(UTC)
