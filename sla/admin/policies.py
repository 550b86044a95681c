"""Priorities and policies: targets, and what pauses them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.core.validators import MaxValueValidator
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from unfold.decorators import display
from unfold.forms import PaginationInlineFormSet

from sla import recalculation
from sla.admin.previews import DECISION, Previewed, Undecided, follow, put_into_force
from sla.admin.protection import KeptWhileUsed, Locked, OneDefault
from sla.admin.rows import WithoutRowLinks
from sla.admin.steps import StepInline
from sla.models import (
    Clock,
    EscalationStep,
    PauseRule,
    Policy,
    Priority,
    Recalculation,
    Target,
)
from sla.preview import Preview

# Beyond that a deadline may lie further away than business time reckons (200 years).
LONGEST = MaxValueValidator(9_999, "A target is at most 9,999.")


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


@admin.register(Priority)
class PriorityAdmin(Previewed, OneDefault, KeptWhileUsed):
    """P1 to P4."""

    list_display = ["code", "name", "rank", "is_default"]
    list_display_links = ["code", "name"]
    search_fields = ["code", "name"]
    fields = ["code", "name", "rank", "definition", "examples", "is_default"]

    def save_related(
        self, request: HttpRequest, form: forms.ModelForm[Any], formsets: list[Any], change: bool
    ) -> None:
        """Save, once the person has seen how many open promises go by this definition."""
        super().save_related(request, form, formsets, change)
        total = Clock.objects.running().filter(priority=form.instance).count()
        if change and form.changed_data and total and DECISION not in request.POST:
            found, subject = Preview(total=total), str(form.instance)
            raise Undecided(found, subject=subject, seen="", offers_open=False)


@admin.register(Policy)
class PolicyAdmin(Locked, Previewed, OneDefault, KeptWhileUsed):
    """Targets on a calendar; what is saved becomes a version, which promises name."""

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

    def save_model(self, request: HttpRequest, obj: Policy, form: Any, change: bool) -> None:
        """Save it; which policy was the default one before stays on record."""
        if obj.is_default:
            Policy.objects.exclude(pk=obj.pk).end_default(at=timezone.now())
        super().save_model(request, obj, form, change)

    @display(description="Targets")
    def target_count(self, policy: Policy) -> int:
        return len(policy.targets.all())

    def save_related(
        self, request: HttpRequest, form: forms.ModelForm[Any], formsets: list[Any], change: bool
    ) -> None:
        """Publish what the rows say now, and apply it to open promises if the person says so."""
        super().save_related(request, form, formsets, change)
        at, policy = timezone.now(), form.instance
        before = policy.current_version
        version = policy.publish(at=at)
        applied = False
        if version != before:
            asked = Recalculation(policy_version=version)
            number = before.number if before else None
            applied = put_into_force(request, asked, before=number, at=at)
        steps = [found for found in formsets if found.model is EscalationStep]
        if change and not applied and any(formset.has_changed() for formset in steps):
            self._reschedule(request, policy, at)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """What goes with a policy: also its present version, which must not keep it."""
        with transaction.atomic():
            _let_go(objs)
            found = super().get_deleted_objects(objs, request)
            transaction.set_rollback(True)
        return found

    def delete_model(self, request: HttpRequest, obj: Policy) -> None:
        """Delete a policy that nothing refers to, with its versions."""
        _let_go([obj])
        super().delete_model(request, obj)

    def _reschedule(self, request: HttpRequest, policy: Policy, at: datetime) -> None:
        """Steps are the desk's own alarms and no promises: new ones hold for open tickets too."""
        asked = recalculation.request(at=at, by=request.user, steps_of=policy)
        if asked.total:
            follow(request, asked)
        else:
            asked.delete()


def _let_go(policies: Iterable[Policy]) -> None:
    """Policies and their versions refer to each other: either would keep the other."""
    Policy.objects.filter(pk__in=[policy.pk for policy in policies]).update(current_version=None)
