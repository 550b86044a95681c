"""What an agent says about a bulk action: a form for each kind of step, made of its arguments."""

from __future__ import annotations

import secrets
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Model
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from tickets import actions
from tickets.admin.forms import TextField
from tickets.admin.step_fields import SPECIAL, special_field
from tickets.arguments import ARGUMENTS, LONGEST_REASON
from tickets.models import Macro, User

# What else can be said in words; rows are chosen from a list.
WORDS = {"reason", "text"}
MACRO = "macro"


class StepForm(forms.Form):
    """The arguments of one step, and a number of its own, so that it is begun once."""

    action = ""

    nonce = forms.CharField(max_length=64, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {"nonce": secrets.token_urlsafe(24)})
        super().__init__(*args, **kwargs)

    def clean(self) -> dict[str, Any]:
        """Refuse what cannot be kept as a step."""
        cleaned = super().clean() or self.cleaned_data
        if not self.errors and (problems := actions.validate(self.steps())):
            raise ValidationError([problem.removeprefix("Step 1: ") for problem in problems])
        return cleaned

    def steps(self) -> list[dict[str, Any]]:
        """What was said, as the database keeps it."""
        given = {
            name: value.pk if isinstance(value, Model) else value
            for name, value in self.cleaned_data.items()
            if name != "nonce" and value not in (None, "", False)
        }
        return [{"do": self.action, **given}]


class MacroForm(StepForm):
    """Which macro to do to all of them."""

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["macro"] = forms.ModelChoiceField(
            Macro.objects.usable_by(user),
            empty_label="Choose a macro",
            widget=UnfoldAdminSelectWidget,
        )

    def steps(self) -> list[dict[str, Any]]:
        """Those of the macro, as they are now."""
        return list(self.cleaned_data["macro"].steps)


def offered() -> dict[str, str]:
    """What can be done to many, by name, with its label: steps with a form, and macros."""
    labels = {
        name: action.label
        for name, action in actions.ACTIONS.items()
        if all(_can_be_said(argument) for argument in action.arguments)
    }
    return {**labels, MACRO: "Apply a macro"}


def form_for(name: str, user: User, *posted: Any) -> StepForm:
    """The form of one of those, empty or as it was sent."""
    if name == MACRO:
        return MacroForm(*posted, user=user)
    return _form_type(name)(*posted)


def _form_type(name: str) -> type[StepForm]:
    action = actions.ACTIONS[name]
    fields = {
        argument: _field(argument, required=argument in action.takes)
        for argument in action.arguments
    }
    return type("StepForm", (StepForm,), {"action": name, **fields})


def _can_be_said(argument: str) -> bool:
    is_row = ARGUMENTS[argument].rows is not None
    return argument in WORDS or argument in SPECIAL or is_row


def _field(name: str, *, required: bool) -> forms.Field:
    if (field := special_field(name, required=required)) is not None:
        return field
    argument = ARGUMENTS[name]
    if argument.rows is not None:
        return forms.ModelChoiceField(
            argument.rows(),
            label=argument.label,
            required=required,
            empty_label=f"Choose {'an' if argument.noun[0] in 'aeiou' else 'a'} {argument.noun}",
            widget=UnfoldAdminSelectWidget,
        )
    if name == "text":
        return TextField(rows=6, required=required)
    return forms.CharField(
        label=argument.label,
        max_length=LONGEST_REASON,
        required=required,
        widget=UnfoldAdminTextInputWidget(attrs={"placeholder": "Why? For the history only."}),
    )
