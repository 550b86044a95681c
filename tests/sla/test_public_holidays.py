"""Public holidays: whose they are, what they are called, and how they come into a calendar."""

from datetime import date

import pytest

from sla.models import Calendar, Holiday, Policy
from sla.public_holidays import (
    LONGEST_NAME,
    FoundHoliday,
    PublicHolidays,
    add,
    countries,
    find,
    is_country,
    remember,
    subdivisions,
    two_letters,
)

# Country, part of it, day, and the name that people read.
KNOWN = [
    ("IN", "", date(2026, 11, 8), "Diwali (Deepavali)"),
    ("IN", "KA", date(2026, 11, 1), "Karnataka Rajyotsava"),
    ("DE", "", date(2026, 10, 3), "German Unity Day"),  # Not “Tag der Deutschen Einheit”.
    ("DE", "BY", date(2026, 1, 6), "Epiphany"),
    ("GB", "SCT", date(2026, 11, 30), "Saint Andrew's Day"),
    ("US", "", date(2026, 11, 26), "Thanksgiving Day"),
    ("JP", "", date(2026, 11, 23), "Labor Thanksgiving Day"),
]


@pytest.mark.parametrize(("country", "subdivision", "day", "name"), KNOWN)
def test_a_holiday_is_found_by_its_english_name(
    country: str, subdivision: str, day: date, name: str
) -> None:
    found, remarks = find(PublicHolidays(country, [2026], subdivision))
    assert dict(found)[day] == name
    assert found == sorted(found)
    assert {row.date.year for row in found} == {2026}
    assert remarks == []


def test_a_part_of_a_country_has_the_holidays_of_the_whole_and_its_own() -> None:
    whole, part = (dict(find(PublicHolidays("DE", [2026], code))[0]) for code in ("", "BY"))
    assert whole.items() < part.items()


def test_years_that_the_source_does_not_know_are_remarked_on() -> None:
    found, remarks = find(PublicHolidays("IN", [2036]))
    assert any("available only" in remark for remark in remarks)
    assert {row.date.year for row in found} <= {2036}


@pytest.mark.parametrize("asked", [("XX", ""), ("DE", "KA"), ("", "KA")])
def test_an_unknown_place_is_refused_or_has_nothing(asked: tuple[str, str]) -> None:
    country, subdivision = asked
    public = PublicHolidays(country, [2026], subdivision)
    if not country:
        assert find(public) == ([], [])
    else:
        with pytest.raises(LookupError, match=f"{country}.*2026"):
            find(public)


def test_every_country_has_an_english_name_and_a_code_of_two_letters() -> None:
    names = dict(countries())
    assert (names["IN"], names["DE"], names["XK"]) == ("India", "Germany", "Kosovo")
    assert [name for code, name in countries() if name == code] == []
    assert list(names.values()) == sorted(names.values())
    assert all(len(code) == 2 and is_country(code) for code in names)
    assert (two_letters("DEU"), two_letters("DE"), two_letters("")) == ("DE", "DE", "")
    assert not is_country("XX")
    assert not is_country("")


def test_parts_of_a_country_are_called_by_their_names() -> None:
    assert ("KA", "Karnataka (KA)") in subdivisions("IN")
    assert ("TS", "Telangana (TS)") in subdivisions("IN")  # Not "TG", an older code.
    assert ("Flemish", "Flemish") in subdivisions("BE")
    assert subdivisions("JP") == []
    names = [name for _, name in subdivisions("IN")]
    assert names == sorted(names)


def test_every_place_fits_its_columns() -> None:
    longest = {
        name: Calendar._meta.get_field(name).max_length or 0 for name in ("country", "subdivision")
    }
    for code, _ in countries():
        assert len(code) <= longest["country"]
        for part, _ in subdivisions(code):
            assert len(part) <= longest["subdivision"], (code, part)


def test_added_holidays_have_each_date_once_and_leave_those_of_others(policy: Policy) -> None:
    calendar, other = policy.calendar, Calendar.objects.create(name="Night shift")
    christmas, silvester = date(2026, 12, 25), date(2026, 12, 31)
    calendar.holidays.create(date=silvester, name="Short", opens="09:00", closes="13:00")
    other.holidays.create(date=christmas, name="Christmas")
    found = [
        FoundHoliday(christmas, "Christmas"),
        FoundHoliday(christmas, "Christmas again"),
        FoundHoliday(silvester, "New Year's Eve"),
    ]
    assert [str(row) for row in add(calendar, found)] == ["2026-12-25 Christmas"]
    assert add(calendar, found) == []
    rows = calendar.holidays.values_list("date", "name", "opens")
    assert list(rows) == [(christmas, "Christmas", ""), (silvester, "Short", "09:00")]
    assert other.holidays.count() == 1


def test_a_name_fits_its_column_whatever_the_source_calls_the_day() -> None:
    assert Holiday._meta.get_field("name").max_length == LONGEST_NAME


@pytest.mark.parametrize(
    ("country", "subdivision", "kept"),
    [
        ("DE", "BY", ("DE", "BY")),
        ("DEU", "", ("DE", "")),
        ("BR", "São Paulo Capital", ("BR", "São Paulo Capital")),  # The longest one.
    ],
)
def test_whose_holidays_they_are_is_remembered(
    policy: Policy, country: str, subdivision: str, kept: tuple[str, str]
) -> None:
    remember(policy.calendar, country, subdivision)
    calendar = Calendar.objects.get(pk=policy.calendar.pk)
    assert (calendar.country, calendar.subdivision) == kept
