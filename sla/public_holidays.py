"""Public holidays by country, and how found holidays come into a calendar."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import NamedTuple

import holidays

from sla.models import Calendar, Holiday

ENGLISH = "en_US"
LONGEST_NAME = 200


class FoundHoliday(NamedTuple):
    """A day on which support may be closed, and why."""

    date: date
    name: str


@dataclass(frozen=True)
class PublicHolidays:
    """Which ones: a country by its ISO 3166 code, and calendar years. No country, no holidays.

    `subdivision` is one of `subdivisions(country)`, whose own holidays are added to the country's.
    """

    country: str
    years: Sequence[int]
    subdivision: str = ""

    def __str__(self) -> str:
        where = f"{self.country}-{self.subdivision}" if self.subdivision else self.country
        first, last = self.years[0], self.years[-1]
        return f"{where}, {first}" + (f" to {last}" if last > first else "")


def is_country(code: str) -> bool:
    """Whether public holidays are known for this code (two or three letters, capitals)."""
    return code in holidays.list_supported_countries(include_aliases=True)


def two_letters(code: str) -> str:
    """The code of two letters for one that `is_country` knows: "DE" for "DEU"; "" stays."""
    return str(holidays.country_holidays(code).country) if code else ""


@cache
def countries() -> list[tuple[str, str]]:
    """The countries whose holidays are known, code and English name, by name."""
    codes = holidays.list_supported_countries(include_aliases=False)
    names = _country_names()
    return sorted(((code, names.get(code, code)) for code in codes), key=lambda row: row[1])


@cache
def subdivisions(country: str) -> list[tuple[str, str]]:
    """The states or regions with holidays of their own, code and name, by name."""
    source = holidays.country_holidays(country)
    names: dict[str, str] = {}
    for name, code in source.subdivisions_aliases.items():
        # The first one in full: other codes stand among the names.
        if code not in names and len(name) > len(code):
            names[code] = name
    rows = [
        (code, f"{names[code]} ({code})" if names.get(code, code) != code else code)
        for code in source.subdivisions
    ]
    return sorted(rows, key=lambda row: row[1])


def find(public: PublicHolidays) -> tuple[list[FoundHoliday], list[str]]:
    """The holidays by date, in English where known, and what the source remarks about them.

    It remarks on years that it does not know. LookupError for an unknown country or subdivision.
    """
    if not public.country:
        return [], []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            found = _ask(public)
        except NotImplementedError as problem:
            raise LookupError(f"No public holidays are known for {public}.") from problem
    wanted = set(public.years)
    rows = sorted(
        FoundHoliday(day, name[:LONGEST_NAME]) for day, name in found.items() if day.year in wanted
    )
    return rows, list(dict.fromkeys(str(remark.message) for remark in caught))


def add(calendar: Calendar, found: Iterable[FoundHoliday]) -> list[Holiday]:
    """Add those whose date has no holiday and no half-day yet; answers the new rows.

    The caller holds the calendar's lock if others may add too, and publishes the calendar.
    """
    taken = set(calendar.holidays.values_list("date", flat=True))
    rows = []
    for day, name in found:
        if day not in taken:
            taken.add(day)
            rows.append(Holiday(calendar=calendar, date=day, name=name))
    return Holiday.objects.bulk_create(rows)


def remember(calendar: Calendar, country: str, subdivision: str = "") -> None:
    """Save whose holidays the calendar has, so that the next import offers them first."""
    calendar.country, calendar.subdivision = two_letters(country), subdivision
    calendar.save(update_fields=["country", "subdivision"])


def _ask(public: PublicHolidays) -> holidays.HolidayBase:
    part = public.subdivision or None
    source = holidays.country_holidays(public.country, part)
    native = (source.default_language or ENGLISH).startswith("en")
    language = None if native or ENGLISH not in source.supported_languages else ENGLISH
    return holidays.country_holidays(public.country, part, public.years, language=language)


def _country_names() -> dict[str, str]:
    """English names by code, from the time zone database."""
    table = files("tzdata").joinpath("zoneinfo/iso3166.tab").read_text(encoding="utf-8")
    rows = (line.partition("\t") for line in table.splitlines() if not line.startswith("#"))
    return {"XK": "Kosovo", **{code: name for code, _, name in rows}}
