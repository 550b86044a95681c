"""The week as people write it: a line of spans for each weekday, and the form that holds them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from unfold.widgets import INPUT_CLASSES

from sla.core.hours import Hours
from sla.core.week import WEEKDAYS, read_week
from sla.models import Calendar, Holiday

type Spans = list[tuple[str, str]]

FIELDS = [name.lower() for name in WEEKDAYS]
LONGEST_LINE = 500

BETWEEN_SPANS = re.compile(r"\s*(?:[,;\n]|\band\b)\s*", re.IGNORECASE)
# Between two times stands a hyphen, any dash, or the word.
SPAN = re.compile(r"([^\s\-‐-―]+)\s*(?:[-‐-―]|\bto\b)\s*([^\s\-‐-―]+)", re.IGNORECASE)
ONE_DIGIT = re.compile(r"\d:\d\d")


def read_spans(line: str, weekday: int) -> Spans:
    """The spans of a line such as "09:00-12:30, 13:30-17:00", in order; none for an empty one.

    ValueError with a sentence that names the weekday (Monday is 0) and what is wrong.
    """
    name = WEEKDAYS[weekday]
    if len(line) > LONGEST_LINE:
        raise ValueError(f"{name}: that is too long.")
    spans = []
    for piece in filter(None, BETWEEN_SPANS.split(line.strip())):
        match = SPAN.fullmatch(piece)
        if match is None:
            raise ValueError(
                f"{name}: “{piece}” is no opening span. Write 09:00-17:00, and a comma between two."
            )
        spans.append((_in_full(match[1]), _in_full(match[2])))
    read_week({weekday: spans})
    return sorted(spans)


def written(spans: Sequence[tuple[str, str]]) -> str:
    """Spans as the line that `read_spans` reads."""
    return ", ".join(f"{opens}-{closes}" for opens, closes in spans)


def _in_full(clock: str) -> str:
    """ "9:00" is "09:00"; everything else is for `sla.core` to judge."""
    return f"0{clock}" if ONE_DIGIT.fullmatch(clock) else clock


class SpansField(forms.Field):
    """The spans of one weekday, written on a line; None when it is empty: closed."""

    def __init__(self, weekday: int) -> None:
        self.weekday = weekday
        attributes = {"class": " ".join(INPUT_CLASSES), "placeholder": "closed"}
        super().__init__(
            label=WEEKDAYS[weekday], required=False, widget=forms.TextInput(attributes)
        )

    def to_python(self, value: Any) -> Spans | None:
        """Raises ValidationError with the sentence that says where."""
        try:
            return read_spans(value or "", self.weekday) or None
        except ValueError as problem:
            raise ValidationError(str(problem)) from problem

    def prepare_value(self, value: Any) -> Any:
        """What was typed stays as it is."""
        return value if value is None or isinstance(value, str) else written(value)


class CalendarForm(forms.ModelForm):  # type: ignore[type-arg]
    """A calendar with its week; each refusal stands at its weekday."""

    monday, tuesday, wednesday, thursday, friday, saturday, sunday = map(SpansField, range(7))

    class Meta:
        model = Calendar
        fields = ["name", "time_zone"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            for weekday, spans in self.instance.week().items():
                self.initial.setdefault(FIELDS[weekday], spans)

    def clean(self) -> dict[str, Any]:
        """Refuse a week that is never open, unless holidays were posted that have their say."""
        cleaned = super().clean() or self.cleaned_data
        if not self.errors and "holidays-TOTAL_FORMS" not in self.data:
            stored: dict[date, Spans] = {}
            rows = Holiday.objects.filter(calendar=self.instance.pk)
            for day, opens, closes in rows.values_list("date", "opens", "closes"):
                stored.setdefault(day, []).extend([(opens, closes)] if opens else [])
            self.refuse_never_open(stored)
        return cleaned

    def week(self) -> dict[int, Spans]:
        """The posted spans by weekday, of a form that is valid."""
        days = ((weekday, self.cleaned_data[name]) for weekday, name in enumerate(FIELDS))
        return {weekday: spans for weekday, spans in days if spans}

    def refuse_never_open(self, exceptions: Mapping[date, Spans]) -> None:
        """Refuse, at the top of the page, a valid week that is never open with these exceptions."""
        zone, name = self.cleaned_data["time_zone"], self.cleaned_data["name"]
        try:
            Hours(zone, self.week(), exceptions, name).next_open(timezone.now())
        except ValueError as problem:
            self.add_error(None, str(problem))
