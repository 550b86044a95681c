"""Rows of a JSON column as a plain formset inside of another form: nobody needs to know JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, cast

from django import forms
from django.core.exceptions import ValidationError
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

type Row = dict[str, Any]


class Line(NamedTuple):
    """A field of a row, with the kinds for which it is shown; a group is several boxes."""

    field: forms.BoundField
    kinds: str
    is_group: bool


class RowForm(forms.Form):
    """One row. `kind_field` says what it is, and with that which of the other fields count."""

    kind_field = ""
    shown_for: Mapping[str, Sequence[str]] = {}
    """For each other field the kinds for which it counts; a field that is missing always does."""

    def to_row(self) -> Row | None:
        """The row as it is stored; None where nothing was chosen."""
        raise NotImplementedError

    @classmethod
    def to_initial(cls, row: Row) -> dict[str, Any]:
        """The values of the fields for a stored row."""
        raise NotImplementedError

    @property
    def lines(self) -> list[Line]:
        """The fields beside the kind."""
        return [
            Line(
                field,
                " ".join(self.shown_for.get(field.name, ())),
                isinstance(field.field, forms.MultipleChoiceField),
            )
            for field in self
            if field.name not in (self.kind_field, "ORDER", "DELETE")
        ]

    @property
    def kind(self) -> forms.BoundField:
        return self[self.kind_field]


class RowFormSet(forms.BaseFormSet):  # type: ignore[type-arg]
    """The rows in their order, without those that were removed or left empty."""

    def __init__(self, *args: Any, make_form: Callable[[], type[RowForm]], **kwargs: Any) -> None:
        # Its choices are read once for all rows.
        self.form = make_form()
        super().__init__(*args, **kwargs)

    def rows(self) -> list[Row]:
        """As they are stored; call it on a valid one."""
        kept = [form for form in self.ordered_forms if form not in self.deleted_forms]
        return [row for form in kept if (row := form.to_row()) is not None]


class RowsWidget(forms.Widget):
    """Draws the formset; with a script, only the fields that count for a kind are shown."""

    def __init__(self, make_form: Callable[[], type[RowForm]], *, noun: str) -> None:
        super().__init__()
        self.make_form, self.noun = make_form, noun

    @property
    def media(self) -> forms.Media:
        return forms.Media(js=["js/rows.js"])

    def formset(self, name: str, **kwargs: Any) -> RowFormSet:
        made = forms.formset_factory(
            RowForm, formset=RowFormSet, extra=0 if kwargs.get("initial") else 1,
            can_order=True, can_delete=True, max_num=20, absolute_max=40,
        )  # fmt: skip
        make = cast("Callable[..., RowFormSet]", made)
        return make(prefix=name, make_form=self.make_form, **kwargs)

    def value_from_datadict(self, data: Any, files: Any, name: str) -> RowFormSet:
        return self.formset(name, data=data)

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return f"{name}-TOTAL_FORMS" not in data

    def id_for_label(self, id_: str, index: str | None = None) -> str:
        """None: each field of a row has a label of its own."""
        return ""

    def render(
        self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None
    ) -> SafeString:
        formset = value
        if not isinstance(value, RowFormSet):
            form = self.make_form()
            initial = [form.to_initial(row) for row in value or [] if isinstance(row, dict)]
            formset = self.formset(name, initial=initial)
        values = {"formset": formset, "noun": self.noun}
        return render_to_string("admin/tickets/automation/rows.html", values)


class RowsField(forms.Field):
    """A list of rows, checked as `validate` says."""

    def __init__(
        self,
        make_form: Callable[[], type[RowForm]],
        *,
        noun: str,
        validate: Callable[[Any], list[str]],
        **kwargs: Any,
    ) -> None:
        self.check = validate
        super().__init__(widget=RowsWidget(make_form, noun=noun), **kwargs)

    def bound_data(self, data: Any, initial: Any) -> Any:
        return data

    def prepare_value(self, value: Any) -> Any:
        return value

    def has_changed(self, initial: Any, data: Any) -> bool:
        return not (isinstance(data, RowFormSet) and data.is_valid() and data.rows() == initial)

    def clean(self, value: Any) -> list[Row]:
        if not isinstance(value, RowFormSet) or not value.is_valid():
            raise ValidationError("Mend what is marked below.")
        rows = value.rows()
        if problems := self.check(rows):
            raise ValidationError(problems)
        return rows
