"""Local hours on the days on which clocks change, each worked by hand."""

from datetime import date, datetime

import pytest

from sla.core.hours import Hours
from tests.sla.core.calendars import ALL_DAY, APIA, DAY, KOLKATA, LORD_HOWE, NEW_YORK, Written
from tests.sla.core.oracle import absolute


@pytest.mark.parametrize(
    ("zone", "spans", "day", "opening"),
    [
        # an opening in the skipped hour moves later by an hour
        (NEW_YORK, [("02:30", "06:00")], "2026-03-08", ("07:30", "10:00")),
        # a closing in it does, too
        (NEW_YORK, [("01:00", "02:30")], "2026-03-08", ("06:00", "07:30")),
        # a span inside it moves whole
        (NEW_YORK, [("02:10", "02:50")], "2026-03-08", ("07:10", "07:50")),
        # a span that would close before it opens is none
        (NEW_YORK, [("02:30", "03:10")], "2026-03-08", None),
        # nor is one that closes as it opens
        (NEW_YORK, [("02:00", "03:00")], "2026-03-08", None),
        # two spans that the gap pushes over each other are one
        (NEW_YORK, [("01:30", "02:30"), ("03:00", "04:00")], "2026-03-08", ("06:30", "08:00")),
        # a span pushed behind the next keeps its own time
        (NEW_YORK, [("02:30", "02:45"), ("03:00", "03:30")], "2026-03-08", ("07:00", "07:45")),
        # an opening in the repeated hour is the first
        (NEW_YORK, [("01:30", "05:00")], "2026-11-01", ("05:30", "10:00")),
        # so is a closing
        (NEW_YORK, [("00:00", "01:30")], "2026-11-01", ("04:00", "05:30")),
        # two touching spans in the repeated hour leave nothing out
        (NEW_YORK, [("01:00", "01:30"), ("01:30", "03:00")], "2026-11-01", ("05:00", "08:00")),
        # half an hour skipped on Lord Howe, 2:00 to 2:30
        (LORD_HOWE, [("02:15", "06:00")], "2026-10-04", ("15:45", "19:00")),
        # half an hour repeated there, 1:30 to 2:00
        (LORD_HOWE, [("01:45", "06:00")], "2026-04-05", ("14:45", "19:30")),
        # midnight itself skipped: 0:00 to 1:00 in Beirut
        ("Asia/Beirut", [("00:00", "02:00")], "2026-03-29", ("22:00", "23:00")),
        # 24:00 before that is the same instant
        ("Asia/Beirut", [("22:00", "24:00")], "2026-03-28", ("20:00", "22:00")),
        # midnight repeated: the day before ends at the first one
        ("America/Havana", [("22:00", "24:00")], "2026-10-31", ("02:00", "04:00")),
        # the hour before midnight repeated: 24:00 comes once, after both
        ("America/Sao_Paulo", [("22:00", "24:00")], "2018-02-17", ("00:00", "03:00")),
        # the hour before midnight skipped: 23:30 opens half an hour into Sunday, but 24:00 is there
        ("America/Nuuk", [("22:00", "23:30")], "2026-03-28", ("00:00", "01:30")),
        # local mean time, with seconds, is exact: 5:53:28 ahead
        (KOLKATA, [("09:00", "17:00")], "1850-01-07", ("03:06:32", "11:06:32")),
        # a date that never existed has no hours: Apia, Kiritimati, Kwajalein, Fakaofo
        (APIA, ALL_DAY, "2011-12-30", None),
        ("Pacific/Kiritimati", ALL_DAY, "1994-12-31", None),
        ("Pacific/Kwajalein", ALL_DAY, "1993-08-21", None),
        ("Pacific/Fakaofo", ALL_DAY, "2011-12-30", None),
    ],
)
def test_local_hours_become_absolute_by_the_rule_for_clock_changes(
    zone: str, spans: Written, day: str, opening: tuple[str, str] | None
) -> None:
    midnight = absolute(zone, datetime.fromisoformat(day))
    hours = Hours(zone, {}, {date.fromisoformat(day): spans})
    open_stretches = [
        (f"{s.start:%H:%M:%S}".removesuffix(":00"), f"{s.end:%H:%M:%S}".removesuffix(":00"))
        for s in hours.stretches(midnight - 3 * DAY, midnight + 3 * DAY)
        if s.is_open
    ]
    assert open_stretches == ([opening] if opening else [])
