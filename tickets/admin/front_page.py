"""The front page of the admin: how the desk stands, each number a way into the queue."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from tickets import watchdog
from tickets.admin.queue import queue_url
from tickets.admin.standing import SOON
from tickets.models import Availability, ChannelPause, Delivery, Escalation, Ticket
from tickets.states import Status


def front_page(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Adds the numbers that this person may see."""
    context["title"] = "Today"
    if request.user.has_perm("tickets.view_ticket"):
        context["numbers"] = _numbers(request)
    if request.user.has_perm("tickets.view_escalation"):
        context.setdefault("numbers", []).insert(1, _escalations(request))
    # No mail can say it: those who see this page have to.
    context["pauses"] = ChannelPause.objects.all()
    away = Availability.objects.away(timezone.now()).filter(user=request.user.pk)
    context["away"] = away.first()
    sweeps = _sweeps()
    context["late_sweeps"] = [line for line in sweeps if line["is_late"]]
    if request.user.has_perm("sla.view_sweep"):
        context["sweeps"] = sweeps
    if request.user.has_perm("tickets.view_delivery"):
        dead = Delivery.objects.filter(state=Delivery.State.DEAD)
        context["undelivered"] = dead.visible_to(request.user).count()
        context["undelivered_url"] = (
            f"{reverse('admin:tickets_delivery_changelist')}?state__exact={Delivery.State.DEAD}"
        )
    return context


def _numbers(request: HttpRequest) -> list[dict[str, Any]]:
    """Unsolved tickets, counted in one query; (title, tone, filter of the queue, count)."""
    now = timezone.now()
    counts = (
        Ticket.objects.visible_to(request.user)
        .open()
        .aggregate(
            late=Count("pk", filter=Q(next_due_at__lt=now)),
            hour=Count("pk", filter=Q(next_due_at__range=(now, now + SOON))),
            mine=Count("pk", filter=Q(assignee=request.user)),
            nobody=Count("pk", filter=Q(assignee=None)),
            pending=Count("pk", filter=Q(status=Status.PENDING)),
            unsolved=Count("pk"),
        )
    )
    cards = [
        ("Late", "late", "due=late", counts["late"]),
        ("Due within the hour", "soon", "due=hour", counts["hour"]),
        ("Mine", "", "assignee=me", counts["mine"]),
        ("Unassigned", "", "assignee=nobody", counts["nobody"]),
        ("Waiting for customer", "", f"status={Status.PENDING}", counts["pending"]),
        ("All unsolved", "", "", counts["unsolved"]),
    ]
    return [
        {"title": title, "tone": tone if count else "", "url": queue_url(query), "count": count}
        for title, tone, query, count in cards
    ]


def _escalations(request: HttpRequest) -> dict[str, Any]:
    """Those that nobody has acknowledged."""
    count = Escalation.objects.open().visible_to(request.user).count()
    address = reverse("admin:tickets_escalation_changelist")
    return {
        "title": "Escalations",
        "tone": "late" if count else "",
        "url": address,
        "count": count,
    }


def _sweeps() -> list[dict[str, Any]]:
    """Each one that there should be, and what stands still while it is late."""
    now = timezone.now()
    return [
        {
            "sweep": sweep,
            "is_late": sweep.is_late(now),
            "without": watchdog.DUTIES[sweep.name].without,
        }
        for sweep in watchdog.sweeps()
    ]
