"""The forms of macros and rules: steps and conditions as rows that people choose and fill in."""

from __future__ import annotations

from functools import partial
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Model
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from sla.models import Role
from tickets import actions, placeholders
from tickets.actions import ACTIONS
from tickets.admin.row_forms import Row, RowForm, RowsField
from tickets.admin.step_fields import special_field
from tickets.arguments import ARGUMENTS, LONGEST_REASON
from tickets.models import Macro, Organization, Rule, Tag
from tickets.rules import conditions
from tickets.rules.conditions import KINDS, read_words, write_words

TEXTS = [name for name, kind in KINDS.items() if kind.text is not None]
YES_NO = [name for name, kind in KINDS.items() if kind.yes_no is not None]
SEVERAL = ["channel", "status", "priority", "team", "request_type"]


def _choice(label: str, choices: Any, **kwargs: Any) -> forms.ChoiceField:
    choices = [("", "Choose"), *choices]
    return forms.ChoiceField(
        label=label, choices=choices, required=False, widget=UnfoldAdminSelectWidget, **kwargs
    )


def _several(label: str, choices: Any) -> forms.MultipleChoiceField:
    return forms.MultipleChoiceField(
        label=label,
        choices=choices,
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
    )


def _line(label: str, help_text: str = "", most: int = 1_000) -> forms.CharField:
    widget = UnfoldAdminTextInputWidget
    return forms.CharField(
        label=label, help_text=help_text, required=False, max_length=most, widget=widget
    )


def _rows(rows: Any) -> list[tuple[str, str]]:
    return [(str(row.pk), str(row)) for row in rows]


def step_form(*, by_desk: bool) -> type[RowForm]:
    """A form for one step, with the choices as they are now."""
    offered = {
        name: action
        for name, action in ACTIONS.items()
        if not (by_desk and action.needs_person) and "macro" not in action.arguments
    }
    fields: dict[str, forms.Field] = {
        "do": _choice("Do", [(name, action.label) for name, action in offered.items()])
    }
    for name, argument in ARGUMENTS.items():
        if not any(name in action.arguments for action in offered.values()):
            continue
        if (special := special_field(name, required=False)) is not None:
            fields[name] = special
        elif argument.rows is not None:
            fields[name] = _choice(argument.label, _rows(argument.rows()))
        elif name == "roles":
            fields[name] = _several(argument.label, Role.choices)
        elif name == "text":
            widget = UnfoldAdminTextareaWidget(attrs={"rows": 4})
            fields[name] = forms.CharField(
                label=argument.label,
                required=False,
                help_text=placeholders.explained(),
                widget=widget,
            )
        else:
            fields[name] = _line(argument.label, most=LONGEST_REASON)
    shown = {
        name: [do for do, action in offered.items() if name in action.arguments] for name in fields
    }
    return type("StepForm", (_StepForm,), {**fields, "shown_for": shown})


class _StepForm(RowForm):
    kind_field = "do"

    def to_row(self) -> Row | None:
        """Only what the action takes: the rest of the row is left over from another choice."""
        values = self.cleaned_data
        if not values.get("do"):
            return None
        row: Row = {"do": values["do"]}
        for name in ACTIONS[values["do"]].arguments:
            if value := values.get(name):
                if isinstance(value, Model):
                    value = value.pk
                row[name] = int(value) if ARGUMENTS[name].rows is not None else value
        return row

    @classmethod
    def to_initial(cls, row: Row) -> dict[str, Any]:
        return dict(row)


def condition_form() -> type[RowForm]:
    """A form for one condition, with the choices as they are now."""
    fields: dict[str, forms.Field] = {
        "if": _choice("If", [(name, kind.label) for name, kind in KINDS.items()]),
        "not": forms.ChoiceField(
            label="Is it so",
            choices=[("", "Yes"), ("1", "No")],
            required=False,
            widget=UnfoldAdminSelectWidget,
            help_text="“No” is the opposite: when it is none of these.",
        ),
    }
    for name in SEVERAL:
        kind = KINDS[name]
        choices = list((kind.choices or {}).items()) or _rows(kind.rows() if kind.rows else [])
        none = [("0", kind.none.capitalize())] if kind.none else []
        fields[name] = _several("One of", [*none, *choices])
    fields["organization"] = forms.CharField(
        label="One of these organizations",
        required=False,
        help_text="A name in each line; “no organization” for customers without one.",
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
    )
    fields["tag"] = _line("One of these tags", "Such as billing, outage")
    fields["domain"] = _line("One of these domains", "Such as acme.example, client.example")
    fields["words"] = _line(
        "Any of these words", 'Whole words in any case; phrases in quotes: refund, "cannot log in"'
    )
    shown = {name: [name] for name in [*SEVERAL, "organization", "tag", "domain"]} | {
        "words": TEXTS
    }
    return type("ConditionForm", (_ConditionForm,), {**fields, "shown_for": shown})


class _ConditionForm(RowForm):
    kind_field = "if"

    def clean_organization(self) -> list[int]:
        """The numbers of the organizations that are named."""
        if self.cleaned_data.get("if") != "organization":
            return []
        names = [name.strip() for name in self.cleaned_data["organization"].splitlines()]
        names = list(filter(None, names))
        found = dict(Organization.objects.filter(name__in=names).values_list("name", "pk"))
        found[KINDS["organization"].none] = 0
        if unknown := [name for name in names if name not in found]:
            raise ValidationError(
                [f"There is no organization called “{name}”." for name in unknown]
            )
        return [found[name] for name in names]

    def clean_tag(self) -> list[int]:
        """The numbers of the tags that are named."""
        if self.cleaned_data.get("if") != "tag":
            return []
        names = [name.lower().strip("#") for name in read_words(self.cleaned_data["tag"])]
        found = dict(Tag.objects.filter(name__in=names).values_list("name", "pk"))
        if unknown := [name for name in names if name not in found]:
            raise ValidationError([f"There is no tag “{name}”." for name in unknown])
        return [found[name] for name in names]

    def to_row(self) -> Row | None:
        values = self.cleaned_data
        name = values.get("if")
        if not name:
            return None
        row: Row = {"if": name}
        if values.get("not"):
            row["not"] = True
        kind = KINDS[name]
        if name in TEXTS:
            row["values"] = read_words(values["words"])
        elif name == "domain":
            row["values"] = [word.lower().lstrip("@") for word in read_words(values["domain"])]
        elif kind.yes_no is None:
            given = values[name]
            row["values"] = [int(value) for value in given] if kind.rows else list(given)
        return row

    @classmethod
    def to_initial(cls, row: Row) -> dict[str, Any]:
        name, values = row.get("if", ""), row.get("values", [])
        initial: dict[str, Any] = {"if": name, "not": "1" if row.get("not") else ""}
        if name in TEXTS:
            initial["words"] = write_words(values)
        elif name == "domain":
            initial["domain"] = ", ".join(values)
        elif name == "tag":
            tags = conditions.Names([row])
            initial[name] = ", ".join(tags.of(name, value) for value in values)
        elif name == "organization":
            names = conditions.Names([row])
            initial[name] = "\n".join(names.of(name, value) for value in values)
        elif name in SEVERAL:
            initial[name] = [str(value) for value in values]
        return initial


class MacroForm(forms.ModelForm):  # type: ignore[type-arg]
    """A macro with its steps."""

    steps = RowsField(
        partial(step_form, by_desk=False), noun="step", validate=actions.validate,
        help_text="All of them happen, or none. What is so already is left as it is.",
    )  # fmt: skip

    class Meta:
        model = Macro
        fields = ["name", "description", "team", "position", "is_active", "steps"]


class RuleForm(forms.ModelForm):  # type: ignore[type-arg]
    """A rule with its conditions and steps."""

    conditions = RowsField(
        condition_form, noun="condition", required=False, validate=conditions.validate,
        help_text="All of them have to hold. None at all: every ticket.",
    )  # fmt: skip
    steps = RowsField(
        partial(step_form, by_desk=True), noun="step",
        validate=partial(actions.validate, by_desk=True),
        help_text="All of them happen, or none. A message to the customer is marked as automatic "
        "and is no response of yours.",
    )  # fmt: skip

    class Meta:
        model = Rule
        fields = [
            "name", "description", "position", "is_active", "when", "idle_hours",
            "idle_while_waiting", "conditions", "steps",
        ]  # fmt: skip

    def clean(self) -> dict[str, Any]:
        """Hours belong to a rule about idleness, and to no other."""
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("when") == Rule.When.IDLE:
            if cleaned.get("idle_hours") is None and "idle_hours" not in self.errors:
                self.add_error("idle_hours", "Say after how many business hours.")
        else:
            cleaned["idle_hours"], cleaned["idle_while_waiting"] = None, False
        return cleaned
