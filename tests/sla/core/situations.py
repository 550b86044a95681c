"""Any calendar at all, and instants near its clock changes, for properties."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import strategies as st

from sla.core.hours import Hours
from tests.sla.core.calendars import (
    APIA,
    BERLIN,
    DAY,
    KOLKATA,
    LORD_HOWE,
    MINUTE,
    NEW_YORK,
    Written,
)
from tests.sla.core.oracle import Oracle

# Instants lie near a clock change more often than not, because there the errors are.
CHANGES: dict[str, list[str]] = {
    "UTC": ["2026-01-01", "2024-02-29"],
    KOLKATA: ["2026-11-02", "1945-10-15"],
    NEW_YORK: ["2026-03-08", "2026-11-01", "2039-03-13"],
    BERLIN: ["2026-03-29", "2026-10-25"],
    LORD_HOWE: ["2026-04-05", "2026-10-04"],
    APIA: ["2011-12-30", "2011-09-24"],
    "Pacific/Kiritimati": ["1994-12-31"],
    "Pacific/Kwajalein": ["1993-08-21", "1969-09-30"],
    "America/Sao_Paulo": ["2018-02-18", "2018-11-04"],
    "America/St_Johns": ["2010-11-07", "2011-03-13"],
    "America/Havana": ["2026-03-08", "2026-11-01"],
    "Asia/Beirut": ["2026-03-29", "2026-10-25"],
    "Africa/Casablanca": ["2026-02-15", "2026-03-22"],
    "Antarctica/Troll": ["2026-03-29", "2026-10-25"],
    "America/Nuuk": ["2026-03-28", "2026-10-25"],
}
MARKS = [f"{h:02}:{m:02}" for h in range(24) for m in (0, 15, 30, 45)] + ["24:00"]


@st.composite
def written_days(draw: st.DrawFn) -> Written:
    """Up to three spans, often in the small hours, some of them touching."""
    early = st.integers(0, 16)
    marks = draw(st.lists(st.one_of(early, st.integers(0, 96)), max_size=6, unique=True))
    if len(marks) % 2:
        marks = marks[:-1]
    edges = [MARKS[i] for i in sorted(marks)]
    spans = list(zip(edges[::2], edges[1::2], strict=True))
    if spans and spans[-1][1] != "24:00" and draw(st.booleans()):
        spans.append((spans[-1][1], "24:00"))
    return spans


far = st.timedeltas(timedelta(days=-20), timedelta(days=20))


@st.composite
def situations(draw: st.DrawFn) -> tuple[Hours, Oracle, datetime, datetime]:
    """A calendar, its oracle, and two instants in order."""
    zone = draw(st.sampled_from(sorted(CHANGES)))
    near = date.fromisoformat(draw(st.sampled_from(CHANGES[zone])))
    week = draw(st.dictionaries(st.integers(0, 6), written_days(), min_size=2, max_size=7))
    dates = st.integers(-4, 4).map(lambda k: near + k * DAY)
    exceptions = draw(st.dictionaries(dates, written_days(), max_size=3))
    middle = datetime(near.year, near.month, near.day, tzinfo=UTC)
    span = st.one_of(st.integers(-72 * 60, 72 * 60).map(lambda m: m * MINUTE), far)
    first, second = sorted((middle + draw(span), middle + draw(span)))
    return Hours(zone, week, exceptions), Oracle(zone, week, exceptions), first, second
