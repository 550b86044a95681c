"""Macros and rules: what agents press, and what the desk does by itself."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import admin
from django.contrib.admin.helpers import AdminForm
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin
from unfold.decorators import display

from tickets import actions
from tickets.admin.automation_forms import MacroForm, RuleForm
from tickets.admin.macro_page import MacroPage
from tickets.admin.readonly import ReadOnlyAdmin, TicketLink
from tickets.arguments import Rows
from tickets.models import Macro, Rule, RuleRun, Ticket, User
from tickets.rules import conditions
from tickets.rules.rehearsal import Rehearsal, rehearse
from tickets.templatetags.desk import local_time

LATEST_RUNS = 20


def _listed(sentences: list[str]) -> SafeString:
    items = format_html_join("", "<li>{}</li>", ((sentence,) for sentence in sentences))
    return format_html('<ol class="desk-steps">{}</ol>', items)


class InWords:
    """Steps and conditions as sentences, for those who only look."""

    @display(description="Steps")
    def steps_in_words(self, row: Macro | Rule) -> SafeString:
        rows = Rows(row.steps)
        return _listed([actions.describe(step, rows) for step in row.steps])

    @display(description="Conditions")
    def conditions_in_words(self, row: Rule) -> SafeString | str:
        names = conditions.Names(row.conditions)
        said = [conditions.describe(one, names) for one in row.conditions]
        return _listed(said) if said else "Every ticket"


@admin.register(Macro)
class MacroAdmin(InWords, MacroPage):
    """Macros in the order in which agents find them."""

    form = MacroForm
    list_display = ["name", "description", "team", "position", "is_active"]
    list_filter = ["is_active", "team"]
    list_select_related = ["team"]
    search_fields = ["name", "description"]

    def get_fieldsets(self, request: HttpRequest, obj: Macro | None = None) -> Any:
        edits = self.has_change_permission(request, obj) if obj else True
        return [
            (None, {"fields": ["name", "description", "team", "position", "is_active"]}),
            ("Does", {"fields": ["steps" if edits else "steps_in_words"]}),
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Macro | None = None) -> Any:
        return ["steps_in_words"] if obj and not self.has_change_permission(request, obj) else []


@admin.register(Rule)
class RuleAdmin(InWords, ModelAdmin):
    """Rules in the order in which they are followed."""

    form = RuleForm
    list_display = ["name", "when", "position", "is_active", "trouble"]
    list_filter = ["is_active", "when"]
    search_fields = ["name", "description"]
    change_form_template = "admin/tickets/automation/rule.html"

    def get_fieldsets(self, request: HttpRequest, obj: Rule | None = None) -> Any:
        edits = self.has_change_permission(request, obj) if obj else True
        when = ["when", "idle_hours", "idle_while_waiting"]
        shown: list[tuple[str | None, Any]] = [
            (None, {"fields": ["name", "description", "position", "is_active"]})
        ]
        if edits:
            shown += [("When", {"fields": when}), ("If", {"fields": ["conditions"]})]
            shown += [("Then", {"fields": ["steps"]})]
        else:
            words = [*when, "conditions_in_words", "steps_in_words"]
            shown += [("What it does", {"fields": words})]
        return [*shown, ("How it goes", {"fields": ["trouble", "latest"]})] if obj else shown

    def get_readonly_fields(self, request: HttpRequest, obj: Rule | None = None) -> Any:
        fields = ["trouble", "latest"]
        if obj and not self.has_change_permission(request, obj):
            fields += ["conditions_in_words", "steps_in_words"]
        return fields

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Rule | None:
        """The rule, which knows who looks at it: what it did last is of tickets that he sees."""
        rule: Any = super().get_object(request, object_id, from_field)
        if rule is not None:
            rule.reader = request.user
        return cast("Rule | None", rule)

    def save_model(self, request: HttpRequest, obj: Rule, form: Any, change: bool) -> None:
        """Who switches a rule on again gives it a new start."""
        if obj.is_active and (obj.switched_off_at is not None or "is_active" in form.changed_data):
            obj.failures, obj.switched_off_at, obj.switched_off_because = 0, None, ""
        super().save_model(request, obj, form, change)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The button to try a rule answers with the same page, and saves nothing."""
        if request.method == "POST" and "_try" in request.POST:
            return self._try(request, object_id)
        answer = super().changeform_view(request, object_id, form_url, extra_context)
        return cast("HttpResponse", answer)

    def _try(self, request: HttpRequest, object_id: str | None) -> HttpResponse:
        obj = self.get_object(request, object_id) if object_id else None
        allowed = self.has_change_permission(request, obj) if obj else False
        if not (allowed if object_id else self.has_add_permission(request)):
            raise PermissionDenied
        form = self.get_form(request, obj, change=obj is not None)(request.POST, instance=obj)
        rehearsal: Rehearsal | None = None
        if form.is_valid():
            user = cast("User", request.user)
            rehearsal = rehearse(form.instance, user=user, at=timezone.now())
        framed = AdminForm(
            form,
            self.get_fieldsets(request, obj),
            {},
            self.get_readonly_fields(request, obj),
            model_admin=self,
        )
        saved = Rule.objects.get(pk=obj.pk) if obj else None
        context = {
            **self.admin_site.each_context(request),
            "title": f"Try {saved}" if saved else "Try a new rule",
            "adminform": framed,
            "object_id": object_id,
            "original": saved,
            "is_popup": False,
            "media": self.media + framed.media,
            "inline_admin_formsets": [],
            "errors": form.errors.values(),
            "preserved_filters": self.get_preserved_filters(request),
            "rehearsal": rehearsal,
        }
        return cast(
            "HttpResponse",
            self.render_change_form(
                request, context, add=obj is None, change=obj is not None, obj=saved
            ),
        )

    @display(description="Trouble")
    def trouble(self, rule: Rule) -> str:
        """Why the desk switched it off, or that it failed lately."""
        if rule.switched_off_at is not None and not rule.is_active:
            when = local_time(rule.switched_off_at)
            return f"Switched off {when}: {rule.switched_off_because}"
        return f"Failed {rule.failures} times in a row" if rule.failures else "None"

    @display(description="Did last")
    def latest(self, rule: Rule) -> SafeString | str:
        visible = Ticket.objects.visible_to(rule.reader)  # type: ignore[attr-defined]
        runs = rule.runs.filter(ticket__in=visible).select_related("ticket")[:LATEST_RUNS]
        lines = [
            (
                reverse("admin:tickets_ticket_change", args=[run.ticket_id]),
                run.ticket.reference,
                local_time(run.at),
                run.words,
            )
            for run in runs
        ]
        if not lines:
            return "Nothing yet"
        items = format_html_join("", '<li><a class="desk-link" href="{}">{}</a> {}: {}</li>', lines)
        return format_html('<ul class="desk-steps">{}</ul>', items)


@admin.register(RuleRun)
class RuleRunAdmin(TicketLink, ReadOnlyAdmin):
    """What rules did, the newest first, on the tickets that a person may see."""

    list_display = ["rule", "ticket_link", "at", "outcome", "detail"]
    list_filter = ["outcome", "rule"]
    list_select_related = ["rule", "ticket"]
    show_full_result_count = False
    fields = ["rule", "ticket_link", "at", "outcome", "detail"]
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[RuleRun]:
        visible = Ticket.objects.visible_to(request.user)
        rows = cast("QuerySet[RuleRun]", super().get_queryset(request))
        return rows.filter(ticket__in=visible)
