"""What to suppose, beside the question about the period: the fields of the page's address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import F
from django.forms import BoundField
from unfold.widgets import (
    INPUT_CLASSES,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
)

from sla.admin.questions import AskingForm
from sla.admin.week import FIELDS, Spans, SpansField, read_spans
from sla.core.hours import NeverOpen
from sla.models import Calendar, CalendarVersion, Target
from sla.models.calendars import is_time_zone
from sla.models.policies import Unit
from sla.reports.paper import OtherTerms, Paper
from sla.reports.questions import QuestionForm

MOST_DAYS = 400


class DaysField(forms.Field):
    """Dates with their opening spans, a line each; a date alone is a day on which it is closed."""

    def to_python(self, value: Any) -> dict[date, Spans]:
        """Raises ValidationError with the line that cannot be read."""
        lines = [line.strip() for line in (value or "").replace(";", "\n").splitlines()]
        if len(lines) > MOST_DAYS:
            raise ValidationError(f"That is too long: {MOST_DAYS} days are enough.")
        return dict(self._day(line) for line in lines if line)

    def _day(self, line: str) -> tuple[date, Spans]:
        written, _, spans = line.partition(" ")
        try:
            day = date.fromisoformat(written)
        except ValueError:
            raise ValidationError(
                f"“{line[:40]}” does not begin with a day. Write 2026-11-09 for a day on which "
                "support is closed, 2026-11-09 09:00-13:00 for other hours."
            ) from None
        try:
            return day, read_spans(spans, day.weekday())
        except ValueError as problem:
            raise ValidationError(f"{written}: {problem}") from problem


@dataclass(frozen=True)
class TargetLine:
    """One line of the targets: what the default policy says now, and the fields for the paper."""

    target: Target
    amount: BoundField
    unit: BoundField
    goal: BoundField

    @property
    def errors(self) -> list[str]:
        return [*self.amount.errors, *self.unit.errors, *self.goal.errors]


class WhatIfForm(AskingForm):
    """A question, and what to suppose. Everything left empty is as it was."""

    calendar = forms.ModelChoiceField(
        Calendar.objects.filter(current_version__isnull=False).select_related("current_version"),
        label="Calendar",
        required=False,
        empty_label="Each promise's own",
        help_text="All promises on this one, as it is published now.",
    )
    zone_on_paper = forms.CharField(
        label="Time zone",
        required=False,
        max_length=64,
        validators=[is_time_zone],
        widget=forms.TextInput({"class": " ".join(INPUT_CLASSES), "placeholder": "as it was"}),
    )
    days = DaysField(
        label="Other days",
        required=False,
        widget=UnfoldAdminTextareaWidget(
            {"rows": 3, "placeholder": "2026-11-09\n2026-12-24 09:00-13:00"}
        ),
        help_text="A day alone is closed; with hours it has those.",
    )
    without_exceptions = forms.BooleanField(label="Without the holidays on record", required=False)
    monday, tuesday, wednesday, thursday, friday, saturday, sunday = map(SpansField, range(7))

    def __init__(self, data: Mapping[str, Any], **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        for name in FIELDS:
            self.fields[name].widget.attrs["placeholder"] = "as it was"
        self.targets = _targets()
        for target in self.targets:
            self._add_line(target)

    def clean(self) -> dict[str, Any]:
        """Refuse a line that says half of what it means, and hours that never open."""
        cleaned = super().clean() or self.cleaned_data
        for target in self.targets:
            self._check_line(target, cleaned)
        if not self.errors:
            self._check_hours()
        return cleaned

    @property
    def lines(self) -> list[TargetLine]:
        return [
            TargetLine(target, *(self[_name(target, part)] for part in ("amount", "unit", "goal")))
            for target in self.targets
        ]

    @property
    def asking(self) -> list[BoundField]:
        """The fields of the question alone, as far as they are shown."""
        fields = (self[name] for name in QuestionForm.base_fields)
        return [field for field in fields if not field.is_hidden]

    @property
    def week(self) -> list[BoundField]:
        return [self[name] for name in FIELDS]

    @property
    def has_week(self) -> bool:
        """Whether a day of the week was written."""
        return any(self.data.get(name) for name in FIELDS)

    @property
    def paper(self) -> Paper:
        """What a valid form supposes."""
        asked = self.cleaned_data
        week = {weekday: asked[name] for weekday, name in enumerate(FIELDS) if asked[name]}
        calendar = asked["calendar"]
        return Paper(
            terms=self._terms(),
            calendar=calendar.current_version if calendar else None,
            zone=asked["zone_on_paper"],
            week=week or None,
            days=asked["days"],
            without_exceptions=asked["without_exceptions"],
        )

    @property
    def supposed(self) -> dict[str, str]:
        """The fields of the paper as the address has them."""
        question = set(QuestionForm.base_fields)
        return {
            name: self.data[name]
            for name in self.fields
            if name not in question and self.data.get(name)
        }

    def _add_line(self, target: Target) -> None:
        said = {"class": " ".join(INPUT_CLASSES), "min": 1}
        label = f"{target.priority.code} {target.get_metric_display().lower()}"
        for part, value in (("amount", target.amount), ("goal", target.goal_amount)):
            self.fields[_name(target, part)] = forms.IntegerField(
                label=f"{label}: {'limit' if part == 'amount' else 'goal'}",
                required=False,
                min_value=1,
                max_value=100_000,
                widget=UnfoldAdminIntegerFieldWidget({**said, "placeholder": value or ""}),
            )
        self.fields[_name(target, "unit")] = forms.ChoiceField(
            label=f"{label}: unit",
            choices=[("", "as it was"), *Unit.choices],
            required=False,
            widget=UnfoldAdminSelectWidget(),
        )

    def _check_line(self, target: Target, cleaned: Mapping[str, Any]) -> None:
        amount, unit, goal = (cleaned.get(_name(target, x)) for x in ("amount", "unit", "goal"))
        if unit and not amount and _name(target, "amount") not in self.errors:
            self.add_error(_name(target, "amount"), "Say how many of that unit.")
        if amount and goal and goal > amount:
            self.add_error(_name(target, "goal"), "The goal comes before the limit.")

    def _check_hours(self) -> None:
        """The hours of the chosen calendar, or those of the default policy, with the edits."""
        paper = self.paper
        if paper.keeps_hours:
            return
        published = CalendarVersion.objects.filter(
            pk=F("calendar__current_version"), calendar__policies__is_default=True
        )
        version = paper.calendar or published.first()
        if version is None:
            return
        try:
            paper.hours_instead_of(version.pk).next_open(self.question.period.start)
        except (ValueError, NeverOpen) as problem:
            self.add_error(None, str(problem))

    def _terms(self) -> dict[tuple[int, str], OtherTerms]:
        found = {}
        for target in self.targets:
            amount, unit, goal = (
                self.cleaned_data[_name(target, part)] for part in ("amount", "unit", "goal")
            )
            if amount or unit or goal:
                found[target.priority_id, target.metric] = OtherTerms(amount, unit, goal)
        return found


def _targets() -> list[Target]:
    """What is promised about at all: a target each, that of the default policy where it has one."""
    rows = Target.objects.select_related("priority").order_by(
        "priority__rank", "metric", "-policy__is_default", "policy"
    )
    return list(rows.distinct("priority__rank", "metric"))


def _name(target: Target, part: str) -> str:
    """The field of a line; codes of priorities may hold anything, and numbers do not."""
    return f"t{target.priority_id}_{target.metric}_{part}"
