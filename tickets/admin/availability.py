"""Who is at work: the page of all teams, and the switch of one agent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from unfold.widgets import INPUT_CLASSES

from tickets import assignment
from tickets.admin.readonly import ReadOnlyAdmin
from tickets.models import Availability, Team, User
from tickets.models.availability import load
from tickets.refusals import Refused

AWAY = "Away"
HERE, KEEPS, HANDS_BACK = "here", "keeps", "hands_back"


class SwitchForm(forms.Form):
    """At work or away; away until when, and what becomes of the tickets."""

    state = forms.ChoiceField(
        label="Now",
        choices=[
            (HERE, "Available: takes new tickets"),
            (KEEPS, "Away, and keeps the tickets"),
            (HANDS_BACK, "Away, and hands open tickets back to the team"),
        ],
        widget=forms.RadioSelect,
    )
    until = forms.DateTimeField(
        label="Away until",
        required=False,
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"],
        error_messages={"invalid": "Choose a day and a time."},
        widget=forms.DateTimeInput(
            {"type": "datetime-local", "class": " ".join(INPUT_CLASSES)}, format="%Y-%m-%dT%H:%M"
        ),
        help_text="In your own time zone; empty: until somebody changes it.",
    )


@dataclass(frozen=True)
class Member:
    """One agent as the page shows him; `load` is how many tickets are at hand."""

    user: User
    availability: Availability
    load: int
    words: str
    tone: str
    may_set: bool

    @property
    def address(self) -> str:
        return reverse("admin:tickets_availability_change", args=[self.user.pk])


@admin.register(Availability)
class AvailabilityAdmin(ReadOnlyAdmin):
    """The list is a page of teams; the page of a row is its switch. Rows are named by the agent."""

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Every team with its members: who is there, and how much each has."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        me, at = cast("User", request.user), timezone.now()
        context = {
            **self._frame(request, "Who is at work"),
            "teams": _teams(me, at),
            "me": _member(_user(me.pk), me, at, leads=set()),
            "minutes": settings.PRESENT_MINUTES,
        }
        return TemplateResponse(request, "admin/tickets/availability/teams.html", context)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The switch: one's own, of a member of one's team, or for who may set everybody's."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        is_number = object_id.isascii() and object_id.isdigit() and len(object_id) <= 18
        user = get_object_or_404(User.objects.staff(), pk=int(object_id) if is_number else 0)
        me, at = cast("User", request.user), timezone.now()
        if not assignment.may_set(me, user):
            raise PermissionDenied
        form = SwitchForm(request.POST or None, initial=_initial(user, at))
        if request.method == "POST" and form.is_valid():
            try:
                row = _switch(user, me, at, **form.cleaned_data)
            except Refused as refusal:
                form.add_error("until", str(refusal))
            else:
                said = "away" if row.is_away else "available"
                messages.success(request, f"{'You are' if user == me else f'{user} is'} {said}.")
                return HttpResponseRedirect(reverse("admin:tickets_availability_changelist"))
        title = "My availability" if user == me else f"Availability of {user}"
        context = {
            **self._frame(request, title),
            "form": form,
            "member": _member(_user(user.pk), me, at, leads=set()),
        }
        return TemplateResponse(request, "admin/tickets/availability/switch.html", context)

    def _frame(self, request: HttpRequest, title: str) -> dict[str, Any]:
        request.current_app = self.admin_site.name
        return {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "media": self.media,
            "title": title,
        }


def _switch(
    user: User, by: User, at: datetime, *, state: str, until: datetime | None
) -> Availability:
    if state == HERE:
        return assignment.come_back(user=user, by=by, at=at)
    hands_back = state == HANDS_BACK
    return assignment.go_away(user=user, by=by, at=at, until=until, hands_back=hands_back)


def _initial(user: User, at: datetime) -> dict[str, Any]:
    row = Availability.objects.filter(user=user).first()
    if row is None or not row.is_away_at(at):
        return {"state": HERE}
    until = timezone.localtime(row.until) if row.until else None
    return {"state": HANDS_BACK if row.hands_back else KEEPS, "until": until}


def _user(user_id: int) -> User:
    return User.objects.select_related("availability").annotate(load=load()).get(pk=user_id)


def _teams(me: User, at: datetime) -> Sequence[tuple[Team, Sequence[Member]]]:
    """In two queries, however many there are."""
    members = User.objects.staff().select_related("availability").annotate(load=load())
    prefetched = Prefetch("members", queryset=members.order_by("name", "email"))
    teams = list(Team.objects.select_related("lead").prefetch_related(prefetched))
    leads = {user.pk for team in teams if team.lead_id == me.pk for user in team.members.all()}
    return [
        (team, [_member(user, me, at, leads=leads) for user in team.members.all()])
        for team in teams
    ]


def _member(user: User, me: User, at: datetime, *, leads: set[int]) -> Member:
    """`user` comes with his availability and his load; `leads` are the members of my teams."""
    row: Availability = getattr(user, "availability", None) or Availability(user=user)
    words, tone = "Here", "good"
    if row.is_away_at(at):
        words, tone = AWAY, "still"
    elif not row.was_seen(at):
        words, tone = "Not seen lately", "still"
    may = user.pk == me.pk or user.pk in leads or me.has_perm("tickets.change_availability")
    return Member(user, row, getattr(user, "load", 0), words, tone, may)
