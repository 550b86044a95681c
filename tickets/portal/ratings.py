"""The requester's rating of the help: the form, and what was given."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django import forms
from django.utils.translation import gettext_lazy as _

from tickets import lifecycle
from tickets.models import Rating, Ticket, User
from tickets.portal.fields import Text
from tickets.states import Act

LONGEST_COMMENT = 2_000
WORDS = {
    1: _("1 – bad"),
    2: _("2 – poor"),
    3: _("3 – fair"),
    4: _("4 – good"),
    5: _("5 – very good"),
}


class RatingForm(forms.Form):
    """One to five, and why."""

    stars = forms.TypedChoiceField(
        label=_("How good was our help?"),
        choices=list(WORDS.items()),
        coerce=int,
        widget=forms.RadioSelect,
        error_messages={
            "required": _("Choose from 1 to 5."),
            "invalid_choice": _("Choose from 1 to 5."),
        },
    )
    comment = Text(
        limit=LONGEST_COMMENT,
        label=_("Do you want to tell us more?"),
        help_text=_("Optional. Our staff read it."),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


@dataclass(frozen=True)
class Standing:
    """Whether the person may rate, or change the rating; and what was given."""

    is_offered: bool
    given: Rating | None

    @property
    def words(self) -> str:
        return str(WORDS[self.given.stars]) if self.given else ""

    def form(self) -> RatingForm:
        """With what was given, to be changed."""
        given = self.given
        return RatingForm(
            initial={"stars": given.stars, "comment": given.comment} if given else None
        )


def standing(ticket: Ticket, person: User, *, at: datetime) -> Standing:
    """How it stands with the rating: the requester's alone, once the ticket is solved."""
    if person.pk != ticket.requester_id or not ticket.may(Act.RATE):
        return Standing(is_offered=False, given=None)
    given = Rating.objects.filter(ticket=ticket).first()
    return Standing(given is None or lifecycle.may_be_taken_up(ticket, at), given)
