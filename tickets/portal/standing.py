"""How a ticket stands, in plain words for the customer. Pure: rows and an instant in, words out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from sla.models import Clock
from tickets.models import Ticket
from tickets.states import Status
from tickets.templatetags.desk import due_words, duration, local_time, units

# What a status is called by the person who waits, and what it means for that person.
STATUS_WORDS = {
    Status.NEW: (
        gettext_lazy("Received"),
        gettext_lazy("We have your request, and will answer it."),
    ),
    Status.OPEN: (gettext_lazy("In progress"), gettext_lazy("We are working on it.")),
    Status.PENDING: (
        gettext_lazy("Waiting for you"),
        gettext_lazy("We need your answer: please write to us below."),
    ),
    Status.RESOLVED: (
        gettext_lazy("Solved"),
        gettext_lazy("If it is not, write to us below, and we take it up again."),
    ),
    Status.CLOSED: (gettext_lazy("Closed"), gettext_lazy("Nothing more happens on this ticket.")),
}


@dataclass(frozen=True)
class Standing:
    """How one promise stands. `state` is kept, late, due, waiting or on-hold (also a CSS class)."""

    clock_id: int
    title: str
    target: str
    state: str
    label: str
    words: str


def status_words(ticket: Ticket) -> tuple[str, str]:
    """The ticket's status in a word or two, and in a sentence."""
    if ticket.closed_as == Ticket.ClosedAs.MERGED:
        return _("Joined"), _("We handle it together with another request.")
    label, words = map(str, STATUS_WORDS[Status(ticket.status)])
    if ticket.with_engineering and ticket.is_unsolved:
        more = _("Our engineers are looking into it, which may take longer.")
        if (on := ticket.engineering_expected_on) is not None:
            more = _("Our engineers are looking into it, and expect to be done by %(date)s.")
            more %= {"date": date_format(on)}
        return label, f"{words} {more}"
    return label, words


def standing(clock: Clock, *, at: datetime, zone: str, waits_for_customer: bool) -> Standing:
    """How this promise stands at `at`, its times in that zone."""
    state, label, words = _state(clock, at, zone, waits_for_customer)
    title = clock.get_metric_display()
    if clock.kept_by_lowering:
        title = _("%(metric)s or workaround") % {"metric": title}
    target = f"{clock.priority.code}: {units(clock)}"
    return Standing(clock.pk, title, target, state, label, words)


def _state(clock: Clock, at: datetime, zone: str, waits_for_customer: bool) -> tuple[str, str, str]:
    """The state, its label, and a sentence or two."""
    times = {"due": local_time(clock.due_at, zone), "goal": local_time(clock.goal_at, zone)}
    if clock.stopped_at is not None:
        return _done(
            clock, clock.stopped_at, at, times | {"done": local_time(clock.stopped_at, zone)}
        )
    late = pgettext("promise", "Late")
    if clock.superseded_at is not None:
        words = _("Promised by %(due)s, and missed before another promise took its place.")
        return "late", late, words % times
    if clock.is_breached(at):
        times["late"] = due_words(clock.due_at, clock.end_or(at))
        return "late", late, _("Promised by %(due)s: %(late)s. We are sorry.") % times
    if clock.paused_at is not None:
        times["since"] = local_time(clock.paused_at, zone)
        if waits_for_customer:
            words = _("The time stands still since %(since)s, and runs on when you answer.")
            return "waiting", _("Waiting for you"), words % times
        return "on-hold", _("On hold"), _("The time stands still since %(since)s.") % times
    times["left"] = due_words(clock.due_at, at)
    words = _("By %(due)s, %(left)s.")
    if clock.goal_at is not None and at < clock.goal_at < clock.due_at:
        words = _("We aim for %(goal)s. By %(due)s, %(left)s.")
    return "due", pgettext("promise", "Due"), words % times


def _done(
    clock: Clock, stopped_at: datetime, at: datetime, times: dict[str, str]
) -> tuple[str, str, str]:
    if clock.is_breached(at):
        times["late"] = duration(stopped_at - clock.due_at)
        words = _("Done %(done)s, %(late)s after the promised %(due)s.")
        return "late", pgettext("promise", "Late"), words % times
    return "kept", pgettext("promise", "Kept"), _("Done %(done)s, promised by %(due)s.") % times
