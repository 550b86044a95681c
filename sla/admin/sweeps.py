"""When each sweep last ran."""

from __future__ import annotations

from django.contrib import admin
from django.utils import timezone
from unfold.decorators import display

from sla.admin.protection import ReadOnlyAdmin
from sla.admin.words import instant_in_words
from sla.models import Sweep

LATE, ON_TIME = "late", "on time"


@admin.register(Sweep)
class SweepAdmin(ReadOnlyAdmin):
    """Red when a sweep has not run for three of its periods: see `Sweep.is_late`."""

    list_display = ["name", "state", "last_run", "period", "took", "did"]
    readonly_fields = ["state", "last_run", "running", "period", "took", "alarmed"]
    fields = ["name", "state", "last_run", "running", "period", "took", "did", "alarmed"]

    @display(description="State", label={LATE: "danger", ON_TIME: "success"})
    def state(self, sweep: Sweep) -> str:
        return LATE if sweep.is_late(timezone.now()) else ON_TIME

    @display(description="Last run", ordering="last_run_at")
    def last_run(self, sweep: Sweep) -> str:
        return instant_in_words(sweep.last_run_at) or "Never"

    @display(description="Under way since")
    def running(self, sweep: Sweep) -> str:
        return instant_in_words(sweep.running_since) or "Not now"

    @display(description="Runs every")
    def period(self, sweep: Sweep) -> str:
        return f"{sweep.period_seconds} s"

    @display(description="Took")
    def took(self, sweep: Sweep) -> str:
        return f"{sweep.took_ms} ms"

    @display(description="Administrators told")
    def alarmed(self, sweep: Sweep) -> str:
        return instant_in_words(sweep.alarmed_at) or "Nothing to tell"
