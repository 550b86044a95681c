"""The fields for what steps take, the same for macros, rules and bulk actions."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from django import forms
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from tickets.admin.tie_forms import TagField, TicketField
from tickets.arguments import ARGUMENTS, MOST_DAYS


class DayField(forms.DateField):
    """A date, as JSON keeps it."""

    widget = UnfoldAdminTextInputWidget(attrs={"type": "date"})

    def clean(self, value: Any) -> Any:
        """Such as "2026-12-24"; empty for none."""
        day: date | None = super().clean(value)
        return day.isoformat() if day else ""


# What is neither words nor chosen from a list.
SPECIAL: dict[str, Callable[..., forms.Field]] = {
    "tag": TagField,
    "other": TicketField,
    "expected_on": DayField,
    "days": lambda **kwargs: forms.IntegerField(
        min_value=1, max_value=MOST_DAYS, widget=UnfoldAdminIntegerFieldWidget, **kwargs
    ),
    "blocks": lambda **kwargs: forms.BooleanField(widget=UnfoldBooleanSwitchWidget, **kwargs),
}


def special_field(name: str, *, required: bool) -> forms.Field | None:
    """The field of such an argument; None for one of words or from a list."""
    make = SPECIAL.get(name)
    return make(label=ARGUMENTS[name].label, required=required) if make else None
