"""Found holidays on their way into a calendar: forms to find them, and one to choose from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone
from django.utils.datastructures import MultiValueDict
from unfold.widgets import SELECT_CLASSES

from sla.admin import ics
from sla.models import Calendar
from sla.public_holidays import (
    LONGEST_NAME,
    FoundHoliday,
    PublicHolidays,
    countries,
    find,
    is_country,
    subdivisions,
    two_letters,
)

YEARS_BEFORE, YEARS_AFTER = 1, 5
# Sentences about events of a file that are shown one by one.
MOST_REMARKS = 20
FIRST_YEAR, LAST_YEAR = 1970, 2100

SELECT = {"class": " ".join(SELECT_CLASSES)}


def _years_around() -> list[tuple[int, str]]:
    this_year = timezone.localdate().year
    years = range(this_year - YEARS_BEFORE, this_year + YEARS_AFTER + 1)
    return [(year, str(year)) for year in years]


def _this_and_next() -> list[int]:
    this_year = timezone.localdate().year
    return [this_year, this_year + 1]


class YearsField(forms.TypedMultipleChoiceField):
    """Years around the present one; at first it and the next."""

    def __init__(self) -> None:
        super().__init__(
            label="Years",
            coerce=int,
            choices=_years_around,
            initial=_this_and_next,
            widget=forms.CheckboxSelectMultiple,
            error_messages={"required": "Choose at least one year."},
        )


class CountryForm(forms.Form):
    """Whose holidays."""

    country = forms.ChoiceField(
        choices=lambda: [("", "Choose a country"), *countries()],
        widget=forms.Select(SELECT),
        error_messages={
            "required": "Choose a country.",
            "invalid_choice": "No public holidays are known for that country.",
        },
    )


class PlaceForm(forms.Form):
    """A part of one country, and the years."""

    years = YearsField()
    field_order = ["subdivision", "years"]

    def __init__(self, country: str, data: Any = None, **options: Any) -> None:
        super().__init__(data, **options)
        self.country = country
        if parts := subdivisions(country):
            self.fields["subdivision"] = forms.ChoiceField(
                label="State or region",
                required=False,
                choices=[("", "Only those of the whole country"), *parts],
                widget=forms.Select(SELECT),
                error_messages={"invalid_choice": "The country has no such state or region."},
            )
            self.order_fields(self.field_order)

    def asked(self) -> PublicHolidays:
        """What a valid form asks for."""
        values = self.cleaned_data
        return PublicHolidays(self.country, sorted(values["years"]), values.get("subdivision", ""))


class FileForm(forms.Form):
    """A calendar file, and the years of it."""

    file = forms.FileField(
        label="Calendar file (.ics)",
        widget=forms.FileInput({"accept": ".ics,text/calendar"}),
        error_messages={
            "required": "Choose a file.",
            "missing": "Choose a file.",
            "empty": "The file is empty.",
        },
    )
    years = YearsField()

    def clean(self) -> dict[str, Any]:
        """Read the file; a refusal stands at its field."""
        values = super().clean() or self.cleaned_data
        if "file" in values and "years" in values:
            try:
                values["read"] = _read(values["file"], values["years"])
            except ValueError as problem:
                self.add_error("file", str(problem))
        return values


class ChoiceForm(forms.Form):
    """Found holidays, with a box for each whose date the calendar does not have yet.

    They travel with the page, so that a file is uploaded once.
    """

    found = forms.CharField(widget=forms.HiddenInput, required=False, strip=False)
    country = forms.CharField(widget=forms.HiddenInput, required=False)
    subdivision = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, calendar: Calendar, data: Any = None, **options: Any) -> None:
        super().__init__(data, **options)
        taken = set(calendar.holidays.values_list("date", flat=True))
        text = data.get("found", "") if data is not None else self.initial.get("found", "")
        self.rows, self.is_garbled = _rows(text)
        self.there = {row.date for row in self.rows if row.date in taken}
        self.fields["dates"] = forms.MultipleChoiceField(
            choices=[(row.date.isoformat(), row.name) for row in self.rows],
            error_messages={
                "required": "Choose at least one holiday.",
                "invalid_choice": "%(value)s is not among the dates found.",
            },
        )

    @classmethod
    def of(
        cls,
        calendar: Calendar,
        found: Sequence[FoundHoliday],
        public: PublicHolidays | None = None,
    ) -> ChoiceForm:
        """The form for what was found, every box ticked."""
        text = "\n".join(f"{row.date.isoformat()} {row.name}" for row in found)
        place = {"country": public.country, "subdivision": public.subdivision} if public else {}
        return cls(calendar, initial={"found": text, **place})

    def clean(self) -> dict[str, Any]:
        """Refuse what this page has not written."""
        values = super().clean() or self.cleaned_data
        country, subdivision = values.get("country", ""), values.get("subdivision", "")
        if self.is_garbled or (country and not is_country(country)):
            raise ValidationError("What was found came back garbled: look for it again.")
        known = [code for code, _ in subdivisions(country)] if country else []
        if subdivision and subdivision not in known:
            raise ValidationError("What was found came back garbled: look for it again.")
        return values

    def chosen(self) -> list[FoundHoliday]:
        """The rows whose boxes are ticked, of a valid form."""
        dates = set(self.cleaned_data["dates"])
        return [row for row in self.rows if row.date.isoformat() in dates]

    def boxes(self) -> list[tuple[FoundHoliday, bool, bool]]:
        """Each row, whether the calendar has its date, and whether its box is ticked."""
        ticked = set(self["dates"].value() or ()) if self.is_bound else None
        return [
            (row, row.date in self.there, ticked is None or row.date.isoformat() in ticked)
            for row in self.rows
        ]

    @property
    def new_count(self) -> int:
        """How many of the rows can be added."""
        return len(self.rows) - len(self.there)


@dataclass
class Offer:
    """What the page shows: the forms to find holidays, and what they found."""

    country: CountryForm
    file: FileForm
    place: PlaceForm | None = None
    country_name: str = ""
    choice: ChoiceForm | None = None
    source: str = ""
    remarks: Sequence[str] = field(default_factory=list)


def choose(calendar: Calendar, asked: Mapping[str, Any], choice: ChoiceForm | None = None) -> Offer:
    """The page for an address (a QueryDict), or with a choice that came back refused."""
    offer = Offer(CountryForm(auto_id="country_%s"), FileForm(auto_id="file_%s"), choice=choice)
    country = asked.get("country", calendar.country).strip().upper()
    if not country:
        return offer
    if not is_country(country):
        offer.country = CountryForm(asked, auto_id="country_%s")
        return offer
    country = two_letters(country)
    offer.country_name = dict(countries()).get(country, country)
    offer.country = CountryForm(initial={"country": country}, auto_id="country_%s")
    kept = calendar.subdivision if country == calendar.country else ""
    offer.place = PlaceForm(
        country,
        asked if "show" in asked else None,
        initial={"subdivision": kept},
        auto_id="place_%s",
    )
    if offer.place.is_bound and offer.place.is_valid():
        public = offer.place.asked()
        found, offer.remarks = find(public)
        offer.choice = ChoiceForm.of(calendar, found, public)
        part = dict(subdivisions(country)).get(public.subdivision)
        years = ", ".join(str(year) for year in public.years)
        offer.source = ", ".join(filter(None, [offer.country_name, part, years]))
    return offer


def choose_from_file(
    calendar: Calendar, data: Mapping[str, Any], files: MultiValueDict[str, UploadedFile[Any]]
) -> Offer:
    """The page for an uploaded file."""
    offer = choose(calendar, {})
    offer.file = FileForm(data, files, auto_id="file_%s")
    if offer.file.is_valid():
        read: ics.CalendarFile = offer.file.cleaned_data["read"]
        offer.choice = ChoiceForm.of(calendar, read.found)
        offer.source = offer.file.cleaned_data["file"].name
        offer.remarks = read.left_out[:MOST_REMARKS]
        if (more := len(read.left_out) - MOST_REMARKS) > 0:
            offer.remarks = [*offer.remarks, f"And {more:,} more events were left out."]
    return offer


def _read(file: UploadedFile[Any], years: Sequence[int]) -> ics.CalendarFile:
    # A file that is too large is not read into memory to find that out.
    return ics.read(file.read(ics.LARGEST + 1), years)


def _rows(text: str) -> tuple[list[FoundHoliday], bool]:
    """The holidays that `ChoiceForm.of` wrote, and whether any line is not of its making."""
    rows: dict[date, FoundHoliday] = {}
    lines = text.split("\n") if text else []
    for line in lines[: ics.MOST_DATES]:
        day, _, name = line.strip().partition(" ")
        try:
            at = date.fromisoformat(day)
        except ValueError:
            return [], True
        is_name = name and name.isprintable() and len(name) <= LONGEST_NAME
        if not is_name or not FIRST_YEAR <= at.year <= LAST_YEAR:
            return [], True
        rows[at] = FoundHoliday(at, name)
    return sorted(rows.values()), len(lines) > ics.MOST_DATES
