"""The customer's own escalation on the ticket page: the form, and what came of the last one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tickets import escalation
from tickets.models import Escalation, Ticket, User
from tickets.portal.fields import Text
from tickets.states import Act
from tickets.templatetags.desk import local_time
from tickets.templatetags.escalations import acknowledgement

LONGEST_REASON = 2_000


class EscalationForm(forms.Form):
    """Why somebody has to look at the ticket now."""

    reason = Text(
        limit=LONGEST_REASON,
        label=gettext_lazy("Why is it urgent?"),
        help_text=gettext_lazy("What happens to you if nothing is done, and by when you need it."),
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={
            "required": gettext_lazy("Tell us why: the people who are called need to know.")
        },
    )


@dataclass(frozen=True)
class Standing:
    """Whether the customer may escalate now, and sentences about his last escalation."""

    is_offered: bool
    sentences: list[str]


def standing(ticket: Ticket, person: User, *, at: datetime, zone: str) -> Standing:
    """How it stands with the customer's escalation at `at`, its times in that zone."""
    if person.pk != ticket.requester_id or not ticket.may(Act.ESCALATE):
        return Standing(is_offered=False, sentences=[])
    by_customer = ticket.escalations.filter(firing=None)
    last = by_customer.select_related("acknowledged_by").first()
    if last is None:
        return Standing(is_offered=True, sentences=[])
    is_spent = last.day == escalation.day_of(ticket, at)
    return Standing(is_offered=not is_spent, sentences=_sentences(last, zone))


def _sentences(last: Escalation, zone: str) -> list[str]:
    told = {
        "names": _(" and ").join(last.told.rsplit(", ", 1)),
        "when": local_time(last.at, zone),
    }
    sentence = _("You escalated this ticket, and we told %(names)s on %(when)s.") % told
    if last.acknowledged_at is None:
        return [sentence, _("Nobody has confirmed yet that they look after it.")]
    by = {"acknowledgement": acknowledgement(last, zone)}
    return [sentence, _("It is looked after: %(acknowledgement)s.") % by]
