"""Macros and rules: what agents press, and what the desk does by itself."""

from __future__ import annotations

from django.contrib import admin

from tickets.admin.readonly import ReadOnlyAdmin
from tickets.models import Rule


@admin.register(Rule)
class RuleAdmin(ReadOnlyAdmin):
    """Rules in the order in which they are followed."""

    list_display = ["name", "when", "position", "is_active"]
