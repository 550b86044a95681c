"""What a browser would post from a change page of the admin, to be altered by a test."""

from typing import Any

from django.http import HttpResponse


def fields_of(response: HttpResponse) -> dict[str, Any]:
    """Every field of the page's form and of its tables, with the values shown."""
    context: Any = response.context  # type: ignore[attr-defined]
    forms = [context["adminform"].form]
    posted: dict[str, Any] = {}
    for inline in context["inline_admin_formsets"]:
        forms += [inline.formset.management_form, *inline.formset.forms]
    for form in forms:
        for bound in form:
            value = bound.value()
            if isinstance(value, bool):
                value = "on" if value else None
            if value is not None:
                posted[bound.html_name] = value
    return posted


def add_row(posted: dict[str, Any], prefix: str, **values: Any) -> None:
    """One more row in the table of that prefix."""
    number = int(posted[f"{prefix}-TOTAL_FORMS"])
    posted[f"{prefix}-TOTAL_FORMS"] = number + 1
    posted.update({f"{prefix}-{number}-{name}": value for name, value in values.items()})


def number_of(posted: dict[str, Any], prefix: str, **values: Any) -> str:
    """The beginning of the names of the row's fields that has these values."""
    for number in range(int(posted[f"{prefix}-INITIAL_FORMS"])):
        row = f"{prefix}-{number}"
        if all(str(posted.get(f"{row}-{name}", "")) == str(v) for name, v in values.items()):
            return row
    raise LookupError(values)


def sentences_of(response: HttpResponse) -> list[str]:
    """Every error that the page shows, of the form, its tables, their rows and fields."""
    context: Any = response.context  # type: ignore[attr-defined]
    found = [error for errors in context["adminform"].form.errors.values() for error in errors]
    for inline in context["inline_admin_formsets"]:
        found += inline.formset.non_form_errors()
        found += [
            error for row in inline.formset.errors for errors in row.values() for error in errors
        ]
    return [str(error) for error in found]
