"""Rows of a policy: edited on its page, and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.db.models import ForeignKey
from django.http import HttpRequest
from unfold.admin import TabularInline


class EditedHere:
    """Choices that say what an empty one means, without buttons to edit what is chosen from."""

    empty_choices: Mapping[str, str] = {"priority": "Every priority"}

    def formfield_for_foreignkey(
        self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> forms.ModelChoiceField[Any] | None:
        field: forms.ModelChoiceField[Any] | None
        field = super().formfield_for_foreignkey(  # type: ignore[misc]
            db_field, request, **kwargs
        )
        if field is None:
            return None
        if db_field.null:
            field.empty_label = self.empty_choices[db_field.name]
        # Read once for all rows: each of them would ask again.
        field.choices = list(field.iterator(field))
        return field

    def formfield_for_choice_field(
        self, db_field: Any, request: HttpRequest, **kwargs: Any
    ) -> forms.TypedChoiceField | None:
        if db_field.blank:
            kwargs["choices"] = db_field.get_choices(blank_choice=[("", "Every metric")])
        field: forms.TypedChoiceField | None
        field = super().formfield_for_choice_field(db_field, request, **kwargs)  # type: ignore[misc]
        return field

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)  # type: ignore[misc]
        if isinstance(db_field, ForeignKey) and field is not None:
            # The wrapper draws links to add, change and delete what is chosen.
            field.widget = getattr(field.widget, "widget", field.widget)
        return field


class Labelled:
    """Fields of a table say the name of their column to those who do not see its head."""

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)  # type: ignore[misc]
        if field is not None:
            field.widget.attrs.setdefault("aria-label", field.label)
        return field


class WithoutRowLinks(Labelled, EditedHere, TabularInline):
    """Rows of a table."""

    extra = 0
    show_title = False
