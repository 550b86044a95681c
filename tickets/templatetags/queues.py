"""The desk's queues in the sidebar, on every page of the admin."""

from __future__ import annotations

from typing import Any

from django import template
from django.http import HttpRequest
from django.urls import reverse

register = template.Library()


@register.inclusion_tag("admin/tickets/queues.html", takes_context=True)
def sidebar_queues(context: dict[str, Any]) -> dict[str, Any]:
    """Links without numbers, and without a query: the numbers come when the page is there."""
    # unfold renders a widget while it is imported, and with that all libraries of tags.
    from tickets.admin.queues import links

    request: HttpRequest | None = context.get("request")
    if request is None or not request.user.has_perm("tickets.view_ticket"):
        return {}
    is_queue = request.path == reverse("admin:tickets_ticket_changelist")
    queues, _ = links(dict(request.GET.lists()) if is_queue else None, [])
    return {"queues": queues, "url": reverse("admin:tickets_ticket_queues"), "is_first": True}
