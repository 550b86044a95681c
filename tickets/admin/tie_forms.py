"""The forms that sort tickets: tags, links, merging, splitting, spam, what engineering expects."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from tickets.admin.forms import ReasonForm
from tickets.models import Message, Ticket, TicketLink, clean_tag
from tickets.models.tags import LONGEST_TAG
from tickets.refusals import NoSuchTicket

# "HD-12", "hd-12" or "12".
_REFERENCE = re.compile(rf"(?:{re.escape(settings.TICKET_PREFIX)}-)?([0-9]{{1,18}})", re.IGNORECASE)


class TicketField(forms.CharField):
    """A ticket by its reference or its number. The verb says whether the agent may see it."""

    widget = UnfoldAdminTextInputWidget(
        attrs={"placeholder": f"{settings.TICKET_PREFIX}-12", "autocomplete": "off"}
    )

    def clean(self, value: Any) -> Any:
        """The ticket, or None. One that is not there and one that may not be seen read alike."""
        typed = super().clean(value)
        if not typed:
            return None
        given = _REFERENCE.fullmatch(typed)
        found = Ticket.objects.filter(pk=given[1]).first() if given else None
        if found is None:
            raise ValidationError(str(NoSuchTicket()))
        return found


class MessagesField(forms.Field):
    """Messages of the conversation, ticked there: the boxes name this form."""

    widget = forms.MultipleHiddenInput

    def clean(self, value: Any) -> Sequence[Message]:
        """The messages, however many of the numbers are none."""
        numbers = {int(each) for each in value or [] if re.fullmatch("[0-9]{1,18}", str(each))}
        return list(Message.objects.filter(pk__in=numbers))


class TagField(forms.CharField):
    """One word; what is no tag is refused before the verb sees it."""

    widget = UnfoldAdminTextInputWidget(attrs={"autocomplete": "off", "autocapitalize": "none"})

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=LONGEST_TAG, **kwargs)

    def clean(self, value: Any) -> str:
        """As it is stored; empty for none."""
        name: str = super().clean(value)
        return clean_tag(name) if name else ""


class TagForm(forms.Form):
    """Which one."""

    tag = TagField()


class UnlinkForm(forms.Form):
    """The other ticket."""

    other = TicketField(label="Ticket")


class LinkForm(UnlinkForm):
    """The other ticket, and what this one is of it."""

    kind = forms.ChoiceField(
        label="This ticket is",
        choices=TicketLink.Kind.choices,
        widget=UnfoldAdminSelectWidget,
    )
    field_order = ["kind", "other"]


class MergeForm(ReasonForm):
    """The ticket that goes on, and who is to read on there."""

    into = TicketField(label="Goes on in")
    confirmed = forms.BooleanField(
        label="Somebody else sent that one: handle both as one",
        help_text="Neither of them reads what the other wrote.",
        required=False,
        widget=UnfoldBooleanSwitchWidget,
    )
    requester_follows = forms.BooleanField(
        label="The requester of this one follows that one",
        help_text="Within one organization. Reads its subject and what is said from now on; its "
        "requester sees who follows.",
        required=False,
        widget=UnfoldBooleanSwitchWidget,
    )
    followers_follow = forms.BooleanField(
        label="The followers of this one, too",
        help_text="Those of the same organization, from now on.",
        required=False,
        widget=UnfoldBooleanSwitchWidget,
    )
    tells = forms.BooleanField(
        label="Tell them by mail", initial=True, required=False, widget=UnfoldBooleanSwitchWidget
    )
    field_order = ["into", "confirmed", "requester_follows", "followers_follow", "tells", "reason"]


class SplitForm(forms.Form):
    """Which messages, and what the new ticket is about."""

    messages = MessagesField(required=False)
    subject = forms.CharField(
        label="Subject of the new ticket",
        max_length=200,
        help_text="Tick the messages in the conversation first.",
        widget=UnfoldAdminTextInputWidget,
    )


class SpamForm(ReasonForm):
    """Whether to hear from its sender again."""

    blocks = forms.BooleanField(
        label="Block its sender",
        help_text="Later mails are ignored, and nothing is sent there.",
        required=False,
        widget=UnfoldBooleanSwitchWidget,
    )
    field_order = ["blocks", "reason"]


class ExpectForm(ReasonForm):
    """When engineering expects to be done."""

    expected_on = forms.DateField(
        label="Expected on",
        help_text="The customer reads it; empty: no date.",
        required=False,
        widget=UnfoldAdminTextInputWidget(attrs={"type": "date"}),
    )
    field_order = ["expected_on", "reason"]
