"""What a person may do on a ticket's page, and who else gets the answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from tickets import lifecycle, participation
from tickets.limits import Limit
from tickets.models import Follower, Ticket, User
from tickets.portal.forms import ReplyForm
from tickets.refusals import AddedTooOften, DoesNotFollow
from tickets.states import Act

# Adding tells whether an address is one of a colleague: nobody tries a list of them.
ADDING = Limit("add a colleague", times=30, span=timedelta(days=1))


class ColleagueForm(forms.Form):
    """Who else gets the answers."""

    email = forms.EmailField(
        label=_("E-mail address of your colleague"),
        help_text=_("Your colleague gets our answers from now on, and may write on this ticket."),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
        error_messages={
            "required": _("Give the e-mail address of your colleague."),
            "invalid": _("This is no e-mail address: it should look like name@example.com."),
        },
    )


class TakeUpForm(ReplyForm):
    """Why a solved ticket is not solved; its requester need not say it."""

    def __init__(self, data: Any = None, files: Any = None, *, needs_text: bool) -> None:
        # The page may show both: an answer that was refused, and this.
        super().__init__(data, files, auto_id="take_up_%s")
        text = self.fields["text"]
        text.required = needs_text
        text.label = _("What is not solved yet?")
        text.help_text = "" if needs_text else _("Optional.")
        text.widget.attrs["rows"] = 4


@dataclass(frozen=True)
class Part:
    """What a person may do on a ticket's page now.

    `followers` are those who get the answers too, as the requester reads it; nobody else does.
    """

    is_requester: bool
    is_follower: bool
    followers: Sequence[Follower]
    may_write: bool
    may_take_up: bool
    may_close: bool
    may_add: bool


def part_of(person: User, ticket: Ticket, *, at: datetime) -> Part:
    """The part of this person, who may see the ticket; one query."""
    is_requester = person.pk == ticket.requester_id
    rows = ticket.followers.select_related("user")
    followers = list(rows if is_requester else rows.filter(user=person))
    fits = len(followers) < participation.MOST_FOLLOWERS and person.organization_id is not None
    return Part(
        is_requester=is_requester,
        is_follower=not is_requester and bool(followers),
        followers=followers if is_requester else [],
        # What was merged goes on elsewhere: what is written here is read there.
        may_write=ticket.closed_as == Ticket.ClosedAs.MERGED
        or (ticket.is_unsolved and ticket.may(Act.CUSTOMER_REPLY)),
        may_take_up=lifecycle.may_be_taken_up(ticket, at),
        may_close=is_requester and ticket.may(Act.WITHDRAW),
        may_add=is_requester and fits and ticket.may(Act.FOLLOW),
    )


def add(ticket: Ticket, person: User, email: str, *, at: datetime) -> None:
    """Add a colleague. Raises AddedTooOften beside what the verb refuses."""
    if not ADDING.take(str(person.pk), at=at):
        raise AddedTooOften
    participation.add_colleague(ticket=ticket, by=person, email=email, at=at)


def remove(ticket: Ticket, person: User, number: str, *, at: datetime) -> User:
    """Remove the follower of that row, as the page wrote it. Raises DoesNotFollow."""
    if not (number.isascii() and number.isdigit() and len(number) <= 18):
        raise DoesNotFollow
    row = ticket.followers.select_related("user").filter(pk=number).first()
    if row is None:
        raise DoesNotFollow
    participation.unfollow(ticket=ticket, user=row.user, by=person, at=at)
    return row.user
