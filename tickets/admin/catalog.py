"""What customers pick on the form."""

from __future__ import annotations

from django.contrib import admin
from unfold.admin import ModelAdmin
from unfold.decorators import display

from tickets.models import RequestType


@admin.register(RequestType)
class RequestTypeAdmin(ModelAdmin):
    """Request types in the order of the form."""

    list_display = ["name", "carries", "team", "is_active"]
    list_filter = ["is_active"]
    list_select_related = ["priority", "priority_below", "team"]
    search_fields = ["name", "sentence"]
    fieldsets = [
        (None, {"fields": ["name", "sentence", "position", "is_active"]}),
        ("Priority", {"fields": ["priority", "share_threshold", "priority_below"]}),
        ("Work", {"fields": ["team"]}),
    ]

    @display(description="Priority", ordering="priority__rank")
    def carries(self, kind: RequestType) -> str:
        """The priority, with the share of users on which it depends."""
        if not kind.asks_share:
            return str(kind.priority)
        return f"{kind.priority} above {kind.share_threshold} %, else {kind.priority_below}"
