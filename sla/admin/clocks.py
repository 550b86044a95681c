"""Clocks: the record of every promise, to be looked at, with the explanation of its deadline."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RadioFilter, RelatedDropdownFilter
from unfold.decorators import display

from sla.admin.protection import ReadOnlyAdmin, ReadOnlyInline
from sla.admin.words import instant_in_words
from sla.explanation import explain
from sla.models import Clock, ClockEvent, Firing, Pause
from sla.models.clocks import ClockQuerySet
from sla.reports.figures import BROKEN, KEPT

RUNNING = Q(stopped_at=None, superseded_at=None)

# State -> the clocks in it; `end_at` is annotated by ClockAdmin.
STATES: dict[str, Q] = {
    "running": RUNNING & ~BROKEN & Q(paused_at=None),
    "late": RUNNING & BROKEN,
    "paused": RUNNING & ~BROKEN & Q(paused_at__isnull=False),
    "kept": KEPT & Q(voided_at=None),
    "broken": ~RUNNING & BROKEN & Q(voided_at=None),
    "replaced": Q(superseded_at__isnull=False, voided_at=None) & ~BROKEN,
    "void": Q(voided_at__isnull=False),
}
COLOURS = {
    "running": "info",
    "late": "danger",
    "paused": "warning",
    "kept": "success",
    "broken": "danger",
}


def state_of(clock: Any) -> str:
    """The state of a clock that was annotated with `end_at`."""
    if clock.voided_at is not None:
        return "void"
    is_broken = clock.end_at > clock.due_at
    if clock.is_running:
        return "late" if is_broken else "paused" if clock.paused_at else "running"
    if is_broken:
        return "broken"
    return "kept" if clock.stopped_at else "replaced"


class StateFilter(RadioFilter):
    """Kept, broken, or how it stands now."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(state, state.capitalize()) for state in STATES]

    def queryset(self, request: HttpRequest, queryset: ClockQuerySet) -> ClockQuerySet:
        condition = STATES.get(self.value() or "")
        return queryset.filter(condition) if condition else queryset


class PauseInline(ReadOnlyInline):
    model = Pause
    fields = ["reason", "since", "until"]
    readonly_fields = ["since", "until"]

    @display(description="From")
    def since(self, pause: Pause) -> str:
        return instant_in_words(pause.started_at)

    @display(description="To")
    def until(self, pause: Pause) -> str:
        return instant_in_words(pause.ended_at) or "still paused"


class LedgerInline(ReadOnlyInline):
    """What happened to the deadline, by whom and why."""

    model = ClockEvent
    verbose_name_plural = "deadline history"
    fields = ["when", "kind", "who", "reason", "before", "after"]
    readonly_fields = ["when", "who", "before", "after"]

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("by")

    @display(description="At")
    def when(self, event: ClockEvent) -> str:
        return instant_in_words(event.at)

    @display(description="By")
    def who(self, event: ClockEvent) -> str:
        return str(event.by or "The system")

    @display(description="Due before")
    def before(self, event: ClockEvent) -> str:
        return instant_in_words(event.due_before) or "-"

    @display(description="Due after")
    def after(self, event: ClockEvent) -> str:
        return instant_in_words(event.due_after) or "-"


class FiringInline(ReadOnlyInline):
    model = Firing
    verbose_name_plural = "escalation steps that fired"
    fields = ["what", "when"]
    readonly_fields = ["what", "when"]

    @display(description="Step")
    def what(self, firing: Firing) -> str:
        """As it was then: the step may have another percentage by now."""
        return f"{firing.percent} % of the target"

    @display(description="At")
    def when(self, firing: Firing) -> str:
        return instant_in_words(firing.at)


@admin.register(Clock)
class ClockAdmin(ReadOnlyAdmin):
    """Every promise with its state, and on its page how its deadline comes about; read-only.

    Of a long explanation the page shows a part, and with `?stretches=all` all of it.
    """

    change_form_template = "admin/sla/clock/change_form.html"
    list_display = ["reference", "state", "due", "priority_code", "metric", "promised"]
    list_filter = [
        StateFilter,
        ("priority", RelatedDropdownFilter),
        ("metric", ChoicesDropdownFilter),
        ("policy", RelatedDropdownFilter),
    ]
    list_filter_submit = True
    list_per_page = 50
    show_full_result_count = False
    search_fields = ["ticket__subject", "=ticket__id"]
    search_help_text = "The ticket's subject, or its number alone"
    ordering = ["-due_at"]
    readonly_fields = [
        "ticket_link", "priority_code", "promised", "state_label", "started", "goal", "due",
        "ended", "used",
    ]  # fmt: skip
    fieldsets = [
        # The explanation follows this one.
        (None, {"fields": ["ticket_link", "priority_code", "metric", "promised", "state_label"]}),
        ("Times", {"fields": ["started", "goal", "due", "ended", "used"]}),
        (
            "Made under",
            {"fields": ["policy", "policy_version", "calendar_version", "earlier_promise"]},
        ),
    ]
    inlines = [LedgerInline, PauseInline, FiringInline]

    def get_queryset(self, request: HttpRequest) -> ClockQuerySet:
        clocks = Clock.objects.visible_to(request.user).with_end(timezone.now())
        return clocks.select_related("ticket", "priority", "policy", "calendar_version__calendar")

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **options: Any
    ) -> HttpResponse:
        """The page of a clock, with its explanation at this moment."""
        explanation = explain(context["original"], at=timezone.now())
        rows = explanation.rows()
        is_whole = len(rows) == len(explanation.lines)
        if request.GET.get("stretches") == "all":
            rows = list(explanation.lines)
        context.update(explanation=explanation, rows=rows, is_whole=is_whole)
        page: HttpResponse = super().render_change_form(request, context, *args, **options)
        return page

    @display(description="Ticket", ordering="ticket_id")
    def reference(self, clock: Clock) -> str:
        return f"{settings.TICKET_PREFIX}-{clock.ticket_id} {clock.ticket.subject}"

    @display(description="Ticket")
    def ticket_link(self, clock: Clock) -> SafeString:
        url = reverse("admin:tickets_ticket_change", args=[clock.ticket_id])
        return format_html('<a href="{}" class="text-link">{}</a>', url, self.reference(clock))

    @display(description="Priority", ordering="priority__rank")
    def priority_code(self, clock: Clock) -> str:
        return clock.priority.code

    @display(description="Promise")
    def promised(self, clock: Clock) -> str:
        return render_to_string("admin/sla/promise.html", {"clock": clock})

    @display(description="State", label=COLOURS)
    def state(self, clock: Clock) -> str:
        return state_of(clock)

    @display(description="State")
    def state_label(self, clock: Clock) -> str:
        state = state_of(clock)
        label = {"text": state, "type": COLOURS.get(state)}
        return render_to_string("unfold/helpers/label.html", label)

    @display(description="Measured from")
    def started(self, clock: Clock) -> str:
        return instant_in_words(clock.started_at)

    @display(description="Goal")
    def goal(self, clock: Clock) -> str:
        return instant_in_words(clock.goal_at) or "-"

    @display(description="Due", ordering="due_at")
    def due(self, clock: Clock) -> str:
        return instant_in_words(clock.due_at)

    @display(description="Ended")
    def ended(self, clock: Clock) -> str:
        return instant_in_words(clock.stopped_at or clock.superseded_at) or "-"

    @display(description="Time used")
    def used(self, clock: Clock) -> str:
        return render_to_string("admin/sla/clock/used.html", {"clock": clock})
