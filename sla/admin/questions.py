"""The question that a report's address asks, as a form above the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.apps import apps
from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelect
from django.http import QueryDict
from unfold.widgets import INPUT_CLASSES, UnfoldAdminSelectWidget

from sla.reports.filters import EVERYTHING, NOBODY
from sla.reports.questions import (
    DEFAULT_SPAN,
    SPANS,
    NoOrganization,
    Question,
    QuestionForm,
    default_zone,
    today_in,
)
from sla.reports.words import narrowed_to

DIGITS = 19  # Numbers of rows have fewer: PostgreSQL's bigint.


class OrganizationSelect(AutocompleteSelect):
    """Found by its letters; "no organization" comes by links alone, and stays chosen."""

    def build_attrs(self, base_attrs: Any, extra_attrs: Any = None) -> dict[str, Any]:
        # Without words in it the field has no name for those who do not see it.
        attrs: dict[str, Any] = super().build_attrs(base_attrs, extra_attrs)
        return attrs | {"data-placeholder": "Every organization"}

    def optgroups(self, name: str, value: Sequence[Any], attrs: Any = None) -> Any:
        # What is no number is nobody's: the form says so, and the list is asked for none.
        numbers = [one for one in map(str, value) if one.isascii() and one.isdigit()]
        groups = super().optgroups(name, [one for one in numbers if len(one) < DIGITS], attrs)
        if str(NOBODY) in map(str, value):
            nothing = str(NoOrganization())
            groups[0][1].append(self.create_option(name, str(NOBODY), nothing, True, 0))
        return groups


class AskingForm(QuestionForm):
    """The form in the looks of the desk."""

    def __init__(self, data: Mapping[str, Any], **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        ticket = apps.get_model("tickets", "Ticket")
        organization = ticket._meta.get_field("organization")
        for name, field in self.fields.items():
            if name == "organization":
                field.widget = OrganizationSelect(organization, admin.site)
                field.widget.choices = field.choices  # type: ignore[attr-defined]
            elif isinstance(field, forms.DateField):
                field.widget = forms.DateInput(
                    {"type": "date", "class": " ".join(INPUT_CLASSES)}, format="%Y-%m-%d"
                )
            elif name == "times":
                # Links above the table change it, and the other pages carry it along.
                field.widget = forms.HiddenInput()
            elif isinstance(field, forms.ChoiceField):
                field.widget = UnfoldAdminSelectWidget(choices=field.choices)


@dataclass(frozen=True)
class Asked:
    """What the address asks for; `question` is None where it makes no sense, and the form says why.

    An address without a period asks about the last 30 days.
    """

    form: AskingForm
    question: Question | None

    @classmethod
    def of(
        cls, asked: QueryDict, *, at: datetime, form_class: type[AskingForm] = AskingForm
    ) -> Asked:
        zone = default_zone()
        data = asked.dict()
        if not any(data.get(name) for name in ("span", "first", "last")):
            data["span"] = DEFAULT_SPAN
        form = form_class(data, today=today_in(zone, at), zone=zone)
        return cls(form, form.question if form.is_valid() else None)

    @property
    def presets(self) -> list[dict[str, Any]]:
        """Links to the periods that people ask for most, the present one marked."""
        question = self.question
        if question is None:
            return []
        days = (question.first, question.last)
        return [
            {
                "title": title,
                "link": f"?{question.query(span=name, first=None, last=None)}",
                # Of two that are the same days today, the one that was asked for.
                "active": question.span in ("", name) and days == days_of(self.form.today),
            }
            for name, (title, days_of) in SPANS.items()
        ]

    @property
    def is_narrowed(self) -> bool:
        return self.question is not None and self.question.filters != EVERYTHING

    @property
    def words(self) -> list[str]:
        """What the promises are narrowed down to, as the form names it; one word where nothing."""
        if not self.form.is_valid():
            return []
        return narrowed_to(self.form) or ["Everything"]
