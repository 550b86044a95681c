"""What keeps the record whole: rows that are only read, rows in use, the one default."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from unfold.admin import ModelAdmin, TabularInline


class Styled:
    """Pages with tables that are readable on a phone."""

    class Media:
        css = {"all": ["css/sla.css"]}


class ReadOnly:
    """Machine rows are looked at, never edited."""

    def has_add_permission(self, *args: Any) -> bool:
        return False

    def has_change_permission(self, *args: Any) -> bool:
        return False

    def has_delete_permission(self, *args: Any) -> bool:
        return False


class ReadOnlyAdmin(ReadOnly, Styled, ModelAdmin):
    """A list and pages without a button."""

    actions = None


class ReadOnlyInline(ReadOnly, TabularInline):
    """A table without a button."""

    extra = 0
    show_title = False


class Locked(ModelAdmin):
    """Locks the row while it is saved, so that a second click finds the version that it made."""

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Any:
        """The row; locked where a transaction is open, which pages that only show it have not."""
        found = super().get_object(request, object_id, from_field)
        if found is None or not transaction.get_connection().in_atomic_block:
            return found
        return self.model._default_manager.select_for_update(no_key=True).get(pk=found.pk)


class KeptWhileUsed(Styled, ModelAdmin):
    """Refuses, with a sentence, to delete a row that others need.

    Deletion in the list is not offered: it would collect every row that refers to the chosen ones.
    """

    actions = None

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The page that asks whether to delete, or back to the row with the sentence why not."""
        row = self.get_object(request, unquote(object_id))
        use = used_by(row) if row is not None and self.has_delete_permission(request, row) else ""
        if not use:
            answer: HttpResponse = super().delete_view(request, object_id, extra_context)
            return answer
        name = self.opts.verbose_name
        messages.error(request, f"“{row}” cannot be deleted: there are {use} with this {name}.")
        return HttpResponseRedirect(
            reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[object_id])
        )


def used_by(row: models.Model) -> str:
    """What protects this row from deletion, in the plural, such as "tickets"; "" for nothing.

    Asks for one row of each kind, because there may be millions.
    """
    for relation in row._meta.get_fields(include_hidden=True):
        if isinstance(relation, models.ForeignObjectRel) and relation.on_delete is models.PROTECT:
            field = relation.field
            if field.model._base_manager.filter(**{field.name: row}).exists():
                return str(field.model._meta.verbose_name_plural)
    return ""


class OneDefaultForm(forms.ModelForm):  # type: ignore[type-arg]
    """Choosing another default takes it from the present one; taking it away is refused."""

    def clean_is_default(self) -> bool:
        """Refuses to leave nothing as the default."""
        chosen = bool(self.cleaned_data["is_default"])
        if self.initial.get("is_default") and not chosen:
            name = self._meta.model._meta.verbose_name
            raise ValidationError(f"One {name} is the default: make another one it instead.")
        return chosen

    def _get_validation_exclusions(self) -> set[str]:
        # The constraint "one default" is met by OneDefault.save_model, which makes room first.
        return {*super()._get_validation_exclusions(), "is_default"}  # type: ignore[misc]


class OneDefault(ModelAdmin):
    """Saves a new default in the place of the old one."""

    form = OneDefaultForm

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Make room for a new default first: the database allows one at every moment."""
        if obj.is_default:
            self.model._default_manager.filter(is_default=True).exclude(pk=obj.pk).update(
                is_default=False
            )
        super().save_model(request, obj, form, change)
