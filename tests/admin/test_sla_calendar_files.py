"""Calendar files: all-day events become holidays, and nothing that a file says can do harm."""

import time
from calendar import isleap, monthrange
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sla.admin import ics
from sla.admin.yearly import read_rule

YEARS = [2026, 2027]


def file_of(*events: str, end: str = "\r\n") -> bytes:
    """A calendar file; each event is its lines, without BEGIN and END."""
    body = "".join(f"BEGIN:VEVENT\n{event.strip()}\nEND:VEVENT\n" for event in events)
    text = f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//Example//EN\n{body}END:VCALENDAR\n"
    return text.replace("\n", end).encode()


def found_in(*events: str) -> list[tuple[str, str]]:
    return [(row.date.isoformat(), row.name) for row in ics.read(file_of(*events), YEARS).found]


DIWALI = "DTSTART;VALUE=DATE:20261108\nDTEND;VALUE=DATE:20261109\nSUMMARY:Diwali"

# The lines of an event, and the dates it gives in 2026 and 2027.
DATES = [
    (DIWALI, ["2026-11-08"]),
    ("DTSTART;VALUE=DATE:20261108\nSUMMARY:No end", ["2026-11-08"]),
    ("DTSTART:20261108\nSUMMARY:A date without its type", ["2026-11-08"]),
    # DTEND is the day after the last one.
    (
        "DTSTART;VALUE=DATE:20261224\nDTEND;VALUE=DATE:20261227",
        ["2026-12-24", "2026-12-25", "2026-12-26"],
    ),
    ("DTSTART;VALUE=DATE:20261224\nDURATION:P2D", ["2026-12-24", "2026-12-25"]),
    ("DTSTART;VALUE=DATE:20261224\nDTEND;VALUE=DATE:20261224", ["2026-12-24"]),
    # Of an event that reaches into other years, the days of these years.
    ("DTSTART;VALUE=DATE:20271230\nDTEND;VALUE=DATE:20280103", ["2027-12-30", "2027-12-31"]),
    ("DTSTART;VALUE=DATE:20251231\nDTEND;VALUE=DATE:20260102", ["2026-01-01"]),
    ("DTSTART:20260501\nRDATE;VALUE=DATE:20260502,20280501", ["2026-05-01", "2026-05-02"]),
    ("DTSTART:20260501\nSTATUS:CANCELLED", []),
    ("DTSTART:20200501\nRRULE:FREQ=YEARLY", ["2026-05-01", "2027-05-01"]),
    ("DTSTART:20200501\nRRULE:FREQ=YEARLY;UNTIL=20261231", ["2026-05-01"]),
    ("DTSTART:20200501\nRRULE:FREQ=YEARLY;UNTIL=20260501T120000Z", ["2026-05-01"]),
    ("DTSTART:20200501\nRRULE:FREQ=YEARLY;COUNT=7", ["2026-05-01"]),
    ("DTSTART:20200501\nRRULE:FREQ=YEARLY;INTERVAL=2", ["2026-05-01"]),
    ("DTSTART:20260501\nRRULE:FREQ=YEARLY\nEXDATE;VALUE=DATE:20270501", ["2026-05-01"]),
    ("DTSTART:00010101\nRRULE:FREQ=YEARLY", ["2026-01-01", "2027-01-01"]),
    ("DTSTART:20200229\nRRULE:FREQ=YEARLY", []),
    # Of a repeated event of two days, the second day too, though it began the year before.
    (
        "DTSTART:20211231\nDTEND:20220102\nRRULE:FREQ=YEARLY",
        ["2026-01-01", "2026-12-31", "2027-01-01", "2027-12-31"],
    ),
    # Thanksgiving in three manners of writing, and the last Monday of May.
    (
        "DTSTART:20201126\nRRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=4TH",
        ["2026-11-26", "2027-11-25"],
    ),
    (
        "DTSTART:20201126\nRRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=TH;BYSETPOS=4",
        ["2026-11-26", "2027-11-25"],
    ),
    (
        "DTSTART:20201126\nRRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=TH;BYMONTHDAY=22,23,24,25,26,27,28",
        ["2026-11-26", "2027-11-25"],
    ),
    ("DTSTART:20200525\nRRULE:FREQ=YEARLY;BYMONTH=5;BYDAY=-1MO", ["2026-05-25", "2027-05-31"]),
]


@pytest.mark.parametrize(("event", "dates"), DATES)
def test_an_all_day_event_gives_its_dates(event: str, dates: list[str]) -> None:
    other = "DTSTART;VALUE=DATE:20270815\nSUMMARY:Another"
    expected = sorted([*dates, "2027-08-15"])
    assert [day for day, _ in found_in(event, other)] == expected


# The line of the summary, and the name of the holiday.
NAMES = [
    ("SUMMARY:Diwali", "Diwali"),
    ("SUMMARY;LANGUAGE=en:New Year\\, observed", "New Year, observed"),
    ("SUMMARY:Two\\nlines and a\ttab", "Two lines and a tab"),
    ("SUMMARY:Fol\n ded", "Folded"),
    ("SUMMARY:Día\x00 del\x1b Año", "Día del Año"),
    ("SUMMARY:First\nSUMMARY:Second", "First"),
    ("SUMMARY:", "Holiday"),
    ("DESCRIPTION:No name", "Holiday"),
    ("SUMMARY:" + "x" * 500, "x" * 200),
    ("SUMMARY:<b>Bold</b>", "<b>Bold</b>"),  # Text, which templates escape.
]


@pytest.mark.parametrize(("line", "name"), NAMES)
def test_a_holiday_is_called_as_the_event_is(line: str, name: str) -> None:
    assert found_in(f"DTSTART:20261108\n{line}") == [("2026-11-08", name)]


def test_two_events_of_a_date_are_one_holiday() -> None:
    again = DIWALI.replace("SUMMARY:Diwali", "SUMMARY:Lakshmi Puja")
    assert found_in(DIWALI, again, DIWALI) == [("2026-11-08", "Diwali; Lakshmi Puja")]


def test_an_event_that_stands_for_one_of_a_series_moves_it() -> None:
    series = "UID:1\nDTSTART;VALUE=DATE:20200501\nRRULE:FREQ=YEARLY\nSUMMARY:May Day"
    moved = "UID:1\nRECURRENCE-ID;VALUE=DATE:20260501\nDTSTART;VALUE=DATE:20260504\nSUMMARY:Moved"
    other = "UID:2\nDTSTART;VALUE=DATE:20260501\nSUMMARY:Another"
    assert found_in(series, moved, other) == [
        ("2026-05-01", "Another"),
        ("2026-05-04", "Moved"),
        ("2027-05-01", "May Day"),
    ]


# The lines of an event, and why it is left out.
LEFT_OUT = [
    ("DTSTART:20261108T090000Z", "it has times, and only whole days are read"),
    ("DTSTART;TZID=Nowhere/Land:20261108T090000", "it has times"),
    ("DTSTART;VALUE=DATE:20261301", "its start is missing or cannot be read"),
    ("DESCRIPTION:When?", "its start is missing or cannot be read"),
    ("DTSTART:PT1H", "its start is no date"),
    ("DTSTART:20261108\nDTEND:soon", "its end is missing or cannot be read"),
    ("DTSTART:20261108\nDTEND:99991231", "it lasts longer than a year"),
    ("DTSTART:20261108\nRRULE:FREQ=WEEKLY", "it repeats weekly, and only yearly events are read"),
    ("DTSTART:20261108\nRRULE:FREQ=SECONDLY", "it repeats secondly, and only yearly"),
    ("DTSTART:20261108\nRRULE:FREQ=SOMETIMES", "its repetition makes no sense"),
    ("DTSTART:20261108\nRRULE:FREQ=YEARLY\nRRULE:FREQ=YEARLY", "its repetition makes no sense"),
    ("DTSTART:20261108\nRRULE:COUNT=2", "it repeats in no known way"),
    ("DTSTART:20261108\nRRULE:FREQ=YEARLY;BYWEEKNO=7", "it repeats by BYWEEKNO, which is not read"),
    ("DTSTART:20261108\nRRULE:FREQ=YEARLY;INTERVAL=0", "the INTERVAL of its repetition makes no"),
    ("DTSTART:20261108\nRRULE:FREQ=YEARLY;BYMONTH=13", "the BYMONTH of its repetition makes no"),
    ("DTSTART:20261108\nRRULE:FREQ=YEARLY;BYMONTH=5L", "the BYMONTH of its repetition makes no"),
    ("DTSTART:20261108\nRRULE:FREQ=YEARLY;BYMONTHDAY=0", "the BYMONTHDAY of its repetition makes"),
    ("DTSTART:20261108\nRRULE:FREQ=YEARLY;UNTIL=P1D", "the UNTIL of its repetition makes no"),
    ("DTSTART:20261108\nEXRULE:FREQ=YEARLY", "it has a rule of exceptions"),
    ("DTSTART:20261108\nEXDATE:never", "its EXDATE cannot be read"),
]


@pytest.mark.parametrize(("event", "why"), LEFT_OUT)
def test_other_events_are_left_out_and_said_so(event: str, why: str) -> None:
    read = ics.read(file_of(f"{event}\nSUMMARY:Strange", DIWALI), YEARS)
    assert [row.name for row in read.found] == ["Diwali"]
    assert len(read.left_out) == 1
    assert read.left_out[0].startswith(f"“Strange” was left out: {why}")
    with pytest.raises(ValueError, match=r"no all-day event in 2026, 2027\. “Strange”"):
        ics.read(file_of(f"{event}\nSUMMARY:Strange"), YEARS)


NO_CALENDAR = [
    b"",
    b"\x00\xff\xfe" * 100,
    b"<html><body>Not found</body></html>",
    b"%PDF-1.7",
    b"BEGIN:VCALENDAR\r\n",
    b"END:VCALENDAR\r\n",
    b"BEGIN:VEVENT\r\nDTSTART:20261108\r\nEND:VEVENT\r\n",
    file_of(DIWALI).decode().encode("utf-16"),
]


@pytest.mark.parametrize("raw", NO_CALENDAR)
def test_a_file_that_is_no_calendar_is_refused(raw: bytes) -> None:
    with pytest.raises(ValueError, match=r"^The file is not a calendar: .+\.$"):
        ics.read(raw, YEARS)


def test_a_calendar_without_events_or_without_these_years_is_refused() -> None:
    with pytest.raises(ValueError, match="The calendar in the file has no events"):
        ics.read(file_of(), YEARS)
    with pytest.raises(ValueError, match=r"no all-day event in 2030, 2031\.$"):
        ics.read(file_of(DIWALI), [2031, 2030])


def test_a_file_too_large_is_refused() -> None:
    with pytest.raises(ValueError, match="larger than 1 MB"):
        ics.read(file_of(DIWALI) + b" " * 1_000_000, YEARS)


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
def test_lines_may_end_as_on_any_system(end: str) -> None:
    raw = b"\xef\xbb\xbf" + file_of(DIWALI, end=end)
    assert [row.name for row in ics.read(raw, YEARS).found] == ["Diwali"]


def test_two_calendars_in_a_file_are_both_read() -> None:
    raw = file_of(DIWALI) + file_of("DTSTART:20260126\nSUMMARY:Republic Day")
    assert [row.name for row in ics.read(raw, YEARS).found] == ["Republic Day", "Diwali"]


def many(lines: str) -> bytes:
    """As many of such events as there may be."""
    return file_of(*[f"DTSTART;VALUE=DATE:{lines}"] * ics.MOST_EVENTS)


EVERY_DAY = "BYDAY=MO,TU,WE,TH,FR,SA,SU"
HOSTILE = {
    "events": file_of(*[DIWALI] * (ics.MOST_EVENTS + 1)),
    "dates": file_of(f"DTSTART:20260101\nRRULE:FREQ=YEARLY;{EVERY_DAY}\nDTEND:20270101"),
    "every day": many(f"20200101\nRRULE:FREQ=YEARLY;{EVERY_DAY}"),
    "counted": many(f"00010101\nRRULE:FREQ=YEARLY;COUNT=999999;{EVERY_DAY};BYSETPOS=366"),
    "never": many("00010101\nRRULE:FREQ=YEARLY;COUNT=1;BYMONTH=2;BYMONTHDAY=30"),
    "long": many("20260101\nDTEND:20261231"),
    "nested": b"BEGIN:VCALENDAR\r\n" + b"BEGIN:VEVENT\r\n" * 30_000 + b"END:VEVENT\r\n" * 30_000,
    "unfolded": file_of("SUMMARY:" + "\n " * 300_000),
    "numbers": file_of("DTSTART:20260101\nRRULE:FREQ=YEARLY;COUNT=" + "9" * 900_000),
    "parameters": file_of("DTSTART" + ";A=b" * 200_000 + ":noon"),
    "exceptions": file_of("DTSTART:20260101\nEXDATE:" + ",".join(["20260101"] * 90_000)),
    "zones": file_of("DTSTART;TZID=Evil:20260101T000000").replace(
        b"BEGIN:VEVENT",
        b"BEGIN:VTIMEZONE\r\nTZID:Evil\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\n"
        b"RRULE:FREQ=SECONDLY\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\nEND:STANDARD\r\n"
        b"END:VTIMEZONE\r\nBEGIN:VEVENT",
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_soon(name: str) -> None:
    began = time.process_time()
    with pytest.raises(ValueError, match=r"^The file .+\.$"):
        ics.read(HOSTILE[name], YEARS)
    assert time.process_time() - began < 5


def test_a_large_file_of_holidays_is_read_soon() -> None:
    days = [date(2026, 1, 1) + timedelta(days=n) for n in range(700)]
    raw = file_of(*(f"DTSTART:{day:%Y%m%d}\nSUMMARY:{day}\nRRULE:FREQ=YEARLY" for day in days))
    began = time.process_time()
    assert len(ics.read(raw, YEARS).found) == 700 + 30
    assert time.process_time() - began < 5


words = st.sampled_from(
    [
        *("BEGIN:VCALENDAR", "END:VCALENDAR", "BEGIN:VEVENT", "END:VEVENT", "BEGIN:X", "END:X"),
        *("DTSTART:20260101", "DTSTART;VALUE=DATE:2026", "DTSTART;TZID=x:1", "DTEND:00010101"),
        *("RRULE:FREQ=YEARLY;BYDAY=1", "RRULE:FREQ=YEARLY;WKST=XX;=;;COUNT=1,2", "RRULE:"),
        *("EXDATE:,", "RDATE:", "RDATE;VALUE=PERIOD:20260101T000000/P1D", "DURATION:-P1D"),
        *("SUMMARY:a", "SUMMARY", "SUMMARY;=:", "RECURRENCE-ID:P1D", "RECURRENCE-ID:x", "UID:"),
        *("DTSTART;VALUE=TEXT:x", "DTSTART;VALUE=BINARY:x", "RRULE;VALUE=DATE:20260101"),
        *("DTSTART;VALUE=UNKNOWN:20260101", "EXDATE;VALUE=TEXT:x", "STATUS;VALUE=INTEGER:1"),
        *("RECURRENCE-ID;VALUE=TEXT:x", "RECURRENCE-ID:20260101", "DTEND;VALUE=TEXT:20260101"),
        *("DTSTART:20260101", "BEGIN:VEVENT", "END:VEVENT", "BEGIN:VCALENDAR"),
    ]
)
LINES = st.lists(words | st.text(max_size=20), max_size=20)


@given(LINES)
def test_any_file_is_read_or_refused_with_a_sentence(lines: list[str]) -> None:
    body = ["BEGIN:VCALENDAR", "BEGIN:VEVENT", *lines, "END:VEVENT", "END:VCALENDAR"]
    said, found = "", []
    try:
        found = ics.read("\r\n".join(body).encode("utf-8", "replace"), YEARS).found
    except ValueError as refusal:
        said = str(refusal)
    assert bool(found) != bool(said)
    assert said == "" or said.startswith("The ")


DAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]


def numbers(low: int, high: int) -> st.SearchStrategy[list[int]]:
    allowed = st.integers(low, high).filter(bool)
    return st.lists(allowed, unique=True, max_size=4)


@st.composite
def rules(draw: st.DrawFn) -> dict[str, list[Any]]:
    """Parts of a yearly rule, as icalendar reads them."""
    month_days = draw(numbers(-31, 31))
    nth = st.sampled_from(["", "1", "2", "-1", "5", "-5"]) if not month_days else st.just("")
    days = draw(st.lists(st.tuples(nth, st.sampled_from(DAYS)), unique=True, max_size=3))
    parts: dict[str, list[Any]] = {
        "BYMONTH": draw(numbers(1, 12)),
        "BYMONTHDAY": month_days,
        "BYDAY": [n + day for n, day in days],
        "INTERVAL": [draw(st.integers(1, 4))],
    }
    if month_days or days or parts["BYMONTH"]:
        parts["BYSETPOS"] = draw(numbers(-6, 6))
    end = draw(st.sampled_from(["", "COUNT", "UNTIL"]))
    if end == "COUNT":
        parts["COUNT"] = [draw(st.integers(1, 40))]
    if end == "UNTIL":
        parts["UNTIL"] = [draw(st.dates(date(2015, 1, 1), date(2030, 1, 1)))]
    return {"FREQ": ["YEARLY"], **{name: values for name, values in parts.items() if values}}


def is_named(rule: dict[str, list[Any]], start: date, day: date) -> bool:
    """Whether the rule names that day: asked day by day, where the reader names days itself."""
    months, month_days, named = (rule.get(f"BY{part}", []) for part in ("MONTH", "MONTHDAY", "DAY"))
    length = monthrange(day.year, day.month)[1]
    if months and day.month not in months:
        return False
    if month_days and not {day.day, day.day - length - 1} & set(month_days):
        return False
    if named:
        first = date(day.year, day.month if months else 1, 1)
        after = length if months else 365 + isleap(day.year)
        nth = (day - first).days // 7 + 1
        from_end = -((after - 1 - (day - first).days) // 7 + 1)
        return bool({f"{n}{DAYS[day.weekday()]}" for n in ("", nth, from_end)} & set(named))
    return bool(month_days) or (day.day == start.day and bool(months or day.month == start.month))


def day_by_day(rule: dict[str, list[Any]], start: date) -> Iterator[date]:
    left = rule.get("COUNT", [10_000])[0]
    for year in range(start.year, max(YEARS) + 1, rule["INTERVAL"][0]):
        new_year = date(year, 1, 1)
        days = [new_year + timedelta(days=n) for n in range(365 + isleap(year))]
        days = [day for day in days if is_named(rule, start, day)]
        if positions := rule.get("BYSETPOS"):
            wanted = {n - 1 if n > 0 else len(days) + n for n in positions}
            days = [day for at, day in enumerate(days) if at in wanted]
        days = [day for day in days if start <= day <= rule.get("UNTIL", [date.max])[0]][:left]
        left -= len(days)
        yield from (day for day in days if year in YEARS)


@given(rules(), st.dates(date(2014, 1, 1), date(2027, 12, 31)))
def test_a_yearly_rule_falls_on_the_days_that_it_names(
    rule: dict[str, list[Any]], start: date
) -> None:
    yearly = read_rule(rule, start)
    days = list(yearly.dates(YEARS))
    assert days == list(day_by_day(rule, start))
    assert len(days) <= yearly.cost(YEARS)
