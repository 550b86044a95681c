"""Rows that people look at and machines write."""

from __future__ import annotations

from typing import Any

from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin
from unfold.decorators import display


class ReadOnlyAdmin(ModelAdmin):
    """Shows rows; nobody adds, changes or deletes one here, whatever his permissions."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class TicketLink:
    """A field for rows with a ticket, or without one: a link to its page."""

    @display(description="Ticket")
    def ticket_link(self, row: Any) -> SafeString | str:
        """The ticket's name as a link; "" for none."""
        if row.ticket is None:
            return ""
        address = reverse("admin:tickets_ticket_change", args=[row.ticket.pk])
        return format_html('<a class="desk-link" href="{}">{}</a>', address, row.ticket)
