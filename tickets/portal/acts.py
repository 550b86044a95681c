"""What the buttons of a ticket's page do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.forms import Form
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from tickets import escalation, lifecycle, participation
from tickets.models import Ticket, User
from tickets.portal import participation as people
from tickets.portal.customer_escalation import EscalationForm
from tickets.portal.forms import ReplyForm
from tickets.portal.participation import ColleagueForm, TakeUpForm
from tickets.portal.ratings import RatingForm
from tickets.refusals import Blocked, NotByLink


@dataclass
class Page:
    """What one request shows: the ticket to a person, and the form that was sent, if any.

    `forms` are those that were sent, by the name of their act; `leads_to` is where a browser goes
    after an act, "" for the same page.
    """

    ticket: Ticket
    person: User
    at: datetime
    key: str
    forms: dict[str, Form] = field(default_factory=dict)
    problem: str = ""
    leads_to: str = ""

    @property
    def sent(self) -> Form | None:
        return next(iter(self.forms.values()), None)

    @property
    def is_refused(self) -> bool:
        return bool(self.problem or (self.sent and self.sent.errors))

    def is_complete(self, name: str, form: Form) -> bool:
        """Whether the form that was sent is valid; the page shows it again if it is not."""
        self.forms[name] = form
        return form.is_valid()

    def facts(self) -> dict[str, Any]:
        """What every verb wants to know."""
        return {"ticket": self.ticket, "by": self.person, "at": self.at}


type Act = Callable[[HttpRequest, Page], str]


def do(request: HttpRequest, page: Page) -> str:
    """What the button says, and the sentence that follows; "" when the form is not complete.

    Raises Refused.
    """
    act = next((act for name, act in ACTS.items() if name in request.POST), _reply)
    if page.person.blocked_at is not None and act not in ENDS:
        raise Blocked
    return act(request, page)


def _reply(request: HttpRequest, page: Page) -> str:
    form = ReplyForm(request.POST, request.FILES)
    if not page.is_complete("reply", form):
        return ""
    participation.write(**page.facts(), **form.cleaned_data)
    return _("Thank you. We have your message.")


def _close(request: HttpRequest, page: Page) -> str:
    lifecycle.close(**page.facts())
    return _("Thank you for telling us. The ticket is closed.")


def _take_up(request: HttpRequest, page: Page) -> str:
    needs_text = page.person.pk != page.ticket.requester_id
    form = TakeUpForm(request.POST, request.FILES, needs_text=needs_text)
    if not page.is_complete("take_up", form):
        return ""
    lifecycle.reopen(**page.facts(), **form.cleaned_data)
    return _("We take it up again.")


def _escalate(request: HttpRequest, page: Page) -> str:
    form = EscalationForm(request.POST)
    if not page.is_complete("escalate", form):
        return ""
    escalation.escalate(**page.facts(), **form.cleaned_data)
    return _("The people in charge are told that it is urgent.")


def _rate(request: HttpRequest, page: Page) -> str:
    form = RatingForm(request.POST)
    if not page.is_complete("rate", form):
        return ""
    participation.rate(**page.facts(), **form.cleaned_data)
    return _("Thank you for your rating.")


def _add(request: HttpRequest, page: Page) -> str:
    form = ColleagueForm(request.POST)
    if not page.is_complete("add_colleague", form):
        return ""
    address = form.cleaned_data["email"]
    people.add(page.ticket, page.person, address, at=page.at)
    return _("%(address)s gets the answers from now on.") % {"address": address}


def _remove(request: HttpRequest, page: Page) -> str:
    number = request.POST["remove_colleague"]
    gone = people.remove(page.ticket, page.person, number, at=page.at)
    return _("%(name)s gets no more answers.") % {"name": gone}


def _leave(request: HttpRequest, page: Page) -> str:
    participation.unfollow(**page.facts(), user=page.person)
    reference = page.ticket.reference
    # Anew from the database: what was known of this person is from before he left.
    reader = User.objects.get(pk=page.person.pk)
    if not Ticket.objects.visible_to(reader).filter(pk=page.ticket.pk).exists():
        page.leads_to = reverse("portal:start")
    return _("You get no more answers to %(reference)s.") % {"reference": reference}


def _void_links(request: HttpRequest, page: Page) -> str:
    if page.key:
        raise NotByLink
    participation.void_links(**page.facts())
    return _("All links to this ticket that were sent so far are void.")


# By the name of the button; a form without one is a message.
ACTS: dict[str, Act] = {
    "close": _close,
    "reopen": _take_up,
    "escalate": _escalate,
    "rate": _rate,
    "add_colleague": _add,
    "remove_colleague": _remove,
    "leave": _leave,
    "void_links": _void_links,
}
# What even a blocked sender may do: it says nothing to anybody.
ENDS = (_close, _leave, _void_links)
