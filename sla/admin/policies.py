"""Priorities and policies: targets, what pauses them, and the escalation steps."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator
from django.db.models import ForeignKey, QuerySet
from django.http import HttpRequest
from unfold.admin import TabularInline
from unfold.decorators import display
from unfold.forms import PaginationInlineFormSet
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from sla.admin.protection import KeptWhileUsed, OneDefault
from sla.models import EscalationStep, PauseRule, Policy, Priority, Role, Target

# Beyond that a deadline may lie further away than business time reckons (200 years).
LONGEST = MaxValueValidator(9_999, "A target is at most 9,999.")


class WithoutRowLinks(TabularInline):
    """Rows that are edited here alone; no buttons to edit the priorities beside the choice."""

    extra = 0
    show_title = False

    def formfield_for_foreignkey(
        self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> forms.ModelChoiceField[Any] | None:
        field: forms.ModelChoiceField[Any] | None = super().formfield_for_foreignkey(
            db_field, request, **kwargs
        )
        if field is not None and db_field.null:
            field.empty_label = "Every priority"
        return field

    def formfield_for_choice_field(
        self, db_field: Any, request: HttpRequest, **kwargs: Any
    ) -> forms.TypedChoiceField | None:
        if db_field.blank:
            kwargs["choices"] = db_field.get_choices(blank_choice=[("", "Every metric")])
        field: forms.TypedChoiceField | None = super().formfield_for_choice_field(
            db_field, request, **kwargs
        )
        return field

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if isinstance(db_field, ForeignKey) and field is not None:
            # The wrapper draws links to add, change and delete a priority.
            field.widget = getattr(field.widget, "widget", field.widget)
        return field


class TargetForm(forms.ModelForm):  # type: ignore[type-arg]
    """One target; each refusal stands at its field."""

    def clean_amount(self) -> int | None:
        amount: int | None = self.cleaned_data["amount"]
        if amount is not None:
            LONGEST(amount)
        return amount

    def clean(self) -> dict[str, Any]:
        """The goal is when the ticket turns amber, so it comes before the limit."""
        cleaned = super().clean() or self.cleaned_data
        goal, limit = cleaned.get("goal_amount"), cleaned.get("amount")
        if goal and limit and goal > limit:
            self.add_error("goal_amount", f"The goal comes before the limit, which is {limit}.")
        return cleaned


class TargetFormSet(PaginationInlineFormSet):
    def get_unique_error_message(self, unique_check: tuple[str, ...]) -> str:
        return "A priority has two targets for the same metric; it can have one."


class TargetInline(WithoutRowLinks):
    model = Target
    form = TargetForm
    formset = TargetFormSet
    fields = ["priority", "metric", "goal_amount", "amount", "unit", "kept_by_lowering", "note"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Target]:
        rows: QuerySet[Target] = super().get_queryset(request).select_related("priority")
        return rows


class PauseRuleFormSet(PaginationInlineFormSet):
    def get_unique_error_message(self, unique_check: tuple[str, ...]) -> str:
        return "A pause rule is listed twice."


class PauseRuleInline(WithoutRowLinks):
    model = PauseRule
    formset = PauseRuleFormSet
    verbose_name_plural = "what pauses the clocks"


class StepForm(forms.ModelForm):  # type: ignore[type-arg]
    """One step, its roles as checkboxes."""

    roles = forms.MultipleChoiceField(
        choices=Role,
        label="Tells",
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        error_messages={"required": "Choose whom this step tells."},
    )


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


class StepInline(WithoutRowLinks):
    model = EscalationStep
    form = StepForm
    formset = StepFormSet
    fields = ["percent", "priority", "metric", "roles", "is_active"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[EscalationStep]:
        rows: QuerySet[EscalationStep] = super().get_queryset(request).select_related("priority")
        return rows


@admin.register(Priority)
class PriorityAdmin(OneDefault, KeptWhileUsed):
    """P1 to P4."""

    list_display = ["code", "name", "rank", "is_default"]
    list_display_links = ["code", "name"]
    search_fields = ["code", "name"]
    fields = ["code", "name", "rank", "definition", "examples", "is_default"]


@admin.register(Policy)
class PolicyAdmin(OneDefault, KeptWhileUsed):
    """Targets on a calendar. Promises that were made keep the target they were made with."""

    list_display = ["name", "calendar", "target_count", "is_default"]
    list_select_related = ["calendar"]
    search_fields = ["name"]
    fields = ["name", "calendar", "is_default"]
    inlines = [TargetInline, PauseRuleInline, StepInline]
    warn_unsaved_form = True
    change_form_before_template = "admin/sla/policy/before.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Policy]:
        rows: QuerySet[Policy] = super().get_queryset(request).prefetch_related("targets")
        return rows

    @display(description="Targets")
    def target_count(self, policy: Policy) -> int:
        return len(policy.targets.all())
