"""The escalation steps of a policy, on its page."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.admin import StackedInline
from unfold.forms import PaginationInlineFormSet
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from sla.admin.rows import EditedHere
from sla.models import EscalationStep, Role

# Ten times the target: by then everybody knows.
LATEST = MaxValueValidator(1_000, "A step comes at 1,000 percent of the target at the latest.")


class StepForm(forms.ModelForm):  # type: ignore[type-arg]
    """One step: when it comes, whom it tells, and what it does."""

    roles = forms.MultipleChoiceField(
        choices=Role,
        label="Tells",
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
    )

    class Meta:
        labels = {"hand_to": "Assigns to", "raises_to_engineering": "Raises to engineering"}
        # The empty choices say it themselves.
        help_texts = {"priority": "", "metric": "", "hand_to": ""}
        error_messages = {
            "percent": {
                "required": "Give the percentage of the target at which this step comes.",
                "min_value": "A step comes after at least one percent of the target.",
            }
        }

    def clean_percent(self) -> int | None:
        percent: int | None = self.cleaned_data["percent"]
        if percent is not None:
            LATEST(percent)
        return percent

    def clean(self) -> dict[str, Any]:
        """A step that neither tells nor does anything is a slip."""
        cleaned = super().clean() or self.cleaned_data
        does = [cleaned.get("roles"), cleaned.get("hand_to")]
        does += [cleaned.get("raises_to_engineering"), cleaned.get("marks_escalated")]
        if "roles" not in self.errors and "hand_to" not in self.errors and not any(does):
            self.add_error("roles", "Choose whom this step tells, or what it does.")
        return cleaned


class StepFormSet(PaginationInlineFormSet):
    """The steps: each once, and what has fired stays."""

    def clean(self) -> None:
        """Refuse doubles (an empty choice counts too), and to delete a step that has fired."""
        # First: Django's own refusal would name every firing.
        self._keep_what_fired()
        super().clean()
        seen: set[tuple[Any, ...]] = set()
        for form in self.forms:
            values = getattr(form, "cleaned_data", None)
            if not values or values.get("DELETE"):
                continue
            step = tuple(values.get(name) for name in ("priority", "metric", "percent"))
            if step in seen:
                raise ValidationError("A step is listed twice for the same targets.")
            seen.add(step)

    def _keep_what_fired(self) -> None:
        leaving = [
            form.instance.pk for form in self.initial_forms if form.cleaned_data.get("DELETE")
        ]
        fired = EscalationStep.objects.filter(pk__in=leaving, firings__isnull=False).first()
        if fired:
            raise ValidationError(
                f"The step at {fired} has fired, so it stays in the record. "
                "Make it inactive instead."
            )


class StepInline(EditedHere, StackedInline):
    """A block for each step, as so many fields fit in no row."""

    model = EscalationStep
    form = StepForm
    formset = StepFormSet
    extra = 0
    classes = ["sla-steps"]
    fields = [
        ("percent", "priority", "metric", "only_in_opening_hours"),
        "roles",
        ("hand_to", "raises_to_engineering", "marks_escalated", "is_active"),
    ]
    empty_choices = {**EditedHere.empty_choices, "hand_to": "No other team"}

    def get_queryset(self, request: HttpRequest) -> QuerySet[EscalationStep]:
        rows: QuerySet[EscalationStep] = super().get_queryset(request).select_related("priority")
        return rows
