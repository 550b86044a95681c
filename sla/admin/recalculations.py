"""Recalculations: how far each change has come to the promises that were open."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest
from django.template.loader import render_to_string
from unfold.decorators import display

from sla.admin.protection import ReadOnlyAdmin
from sla.admin.words import instant_in_words
from sla.models import Recalculation
from sla.models.recalculations import RecalculationQuerySet

DONE, UNDER_WAY = "done", "under way"


@admin.register(Recalculation)
class RecalculationAdmin(ReadOnlyAdmin):
    """Nothing can be edited: a worker goes on with what is not finished."""

    list_display = ["change", "state", "progress", "moved", "requested", "requested_by"]
    fields = [
        "change", "state", "progress", "moved", "failed", "requested", "requested_by", "finished",
    ]  # fmt: skip
    readonly_fields = ["change", "state", "progress", "requested", "finished"]

    def get_queryset(self, request: HttpRequest) -> RecalculationQuerySet:
        return Recalculation.objects.select_related(
            "calendar_version__calendar", "policy_version__policy", "steps_of", "requested_by"
        )

    @display(description="Change")
    def change(self, recalculation: Recalculation) -> str:
        return str(recalculation)

    @display(description="State", label={DONE: "success", UNDER_WAY: "info"})
    def state(self, recalculation: Recalculation) -> str:
        return DONE if recalculation.finished_at else UNDER_WAY

    @display(description="Open promises reckoned anew")
    def progress(self, recalculation: Recalculation) -> str:
        context = {"recalculation": recalculation}
        return render_to_string("admin/sla/recalculation/progress.html", context)

    @display(description="Requested", ordering="requested_at")
    def requested(self, recalculation: Recalculation) -> str:
        return instant_in_words(recalculation.requested_at)

    @display(description="Finished")
    def finished(self, recalculation: Recalculation) -> str:
        return instant_in_words(recalculation.finished_at) or "Not yet"
