"""The forms of the desk. Their fields are named as the arguments of the verbs that they feed."""

from __future__ import annotations

import secrets
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.template.defaultfilters import filesizeformat
from unfold.widgets import (
    UnfoldAdminEmailInputWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from sla.models import Priority
from tickets.models import RequestType, Team, Ticket, User
from tickets.models.messages import clean_filename
from tickets.refusals import DoesNotFollow


class FilesInput(forms.ClearableFileInput):
    """The browser's own file picker, for several files at once."""

    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Files within the limits of the settings; cleans to a list."""

    widget = FilesInput(attrs={"class": "desk-files", "multiple": True})

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile[Any]]:
        most, limit = settings.MAX_ATTACHMENTS, settings.MAX_ATTACHMENT_BYTES
        files = [super(FilesField, self).clean(file, initial) for file in data or []]
        problems = [
            f"“{clean_filename(file.name)}” has {filesizeformat(file.size)}, and a file may have "
            f"at most {filesizeformat(limit)}."
            for file in files
            if file.size > limit
        ]
        if len(files) > most:
            problems.append(f"You chose {len(files)} files, and at most {most} can be attached.")
        if problems:
            raise ValidationError(problems)
        return files


class TextField(forms.CharField):
    """A message within the limit of the settings; a line end is one character.

    The limit is not told to the browser, which would cut a pasted text without a word.
    """

    def __init__(self, *, rows: int, required: bool = False) -> None:
        widget = UnfoldAdminTextareaWidget(attrs={"rows": rows})
        super().__init__(label="Text", required=required, widget=widget)

    def to_python(self, value: Any) -> str:
        text = (super().to_python(value) or "").replace("\r\n", "\n")
        limit = settings.MAX_MESSAGE_CHARS
        if len(text) > limit:
            raise ValidationError(
                f"This has {len(text):,} characters, and at most {limit:,} fit: shorten it, "
                "or attach the long part as a file."
            )
        return text


class TextForm(forms.Form):
    """The composer: a text and files. The verb refuses an empty text where it needs one.

    `says` is the composer's switch. Browsers press the first button when Enter is pressed in a
    field, so a button and a switch that contradict each other do nothing.
    """

    reader = ""
    contradiction = ""

    text = TextField(rows=6)
    attachments = FilesField(label="Attachments", required=False)
    says = forms.CharField(required=False, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.pop("says", "") not in ("", self.reader):
            raise ValidationError(self.contradiction)
        return cleaned


class ReplyForm(TextForm):
    """What the customer will read."""

    reader = "customer"
    contradiction = "This is an internal note. Switch to a public reply to send it."


class NoteForm(TextForm):
    """What only staff will read."""

    reader = "staff"
    contradiction = "This is a public reply. Send it, or switch to an internal note."


class ReasonForm(forms.Form):
    """Why: goes into the ticket's history, and is not sent to the customer."""

    reason = forms.CharField(
        max_length=500,
        required=False,
        widget=UnfoldAdminTextInputWidget(attrs={"placeholder": "Why? For the history only."}),
    )


class AssignForm(forms.Form):
    """Whom to hand the ticket to; an empty choice leaves that as it is."""

    assignee = forms.ModelChoiceField(
        User.objects.filter(is_staff=True, is_active=True).order_by("name", "email"),
        label="Agent",
        required=False,
        empty_label="Choose an agent",
        widget=UnfoldAdminSelectWidget,
    )
    team = forms.ModelChoiceField(
        Team.objects.all(),
        required=False,
        empty_label="Choose a team",
        widget=UnfoldAdminSelectWidget,
    )


class FollowForm(forms.Form):
    """Who gets the answers too; somebody unknown is made a customer."""

    email = forms.EmailField(label="E-mail", widget=UnfoldAdminEmailInputWidget)

    def clean(self) -> dict[str, Any]:
        """The person, as the verb wants it."""
        cleaned = super().clean() or self.cleaned_data
        address = cleaned.pop("email", "")
        return {"user": User.objects.customer(address)} if address else cleaned


class UnfollowForm(forms.Form):
    """Who gets the answers no more."""

    email = forms.EmailField(label="E-mail", widget=UnfoldAdminEmailInputWidget)

    def clean(self) -> dict[str, Any]:
        """The person, as the verb wants it; nobody is made a customer by a slip of the pen."""
        cleaned = super().clean() or self.cleaned_data
        if "email" not in cleaned:
            return cleaned
        user = User.objects.filter(email=User.objects.clean_email(cleaned["email"])).first()
        if user is None:
            raise ValidationError(str(DoesNotFollow()))
        return {"user": user}


class PriorityForm(ReasonForm):
    """The new priority, and why."""

    priority = forms.ModelChoiceField(
        Priority.objects.all(), empty_label="Choose a priority", widget=UnfoldAdminSelectWidget
    )
    field_order = ["priority", "reason"]


class NewTicketForm(forms.Form):
    """A request that reached an agent by telephone or another way that the desk does not read."""

    email = forms.EmailField(label="Requester's e-mail", widget=UnfoldAdminEmailInputWidget)
    name = forms.CharField(
        label="Requester's name",
        max_length=150,
        required=False,
        help_text="Only for somebody who is new here.",
        widget=UnfoldAdminTextInputWidget,
    )
    channel = forms.ChoiceField(
        label="Reached us by",
        choices=Ticket.Channel.choices,
        initial=Ticket.Channel.PHONE,
        widget=UnfoldAdminSelectWidget,
    )
    request_type = forms.ModelChoiceField(
        RequestType.objects.filter(is_active=True),
        required=False,
        empty_label="None of them",
        widget=UnfoldAdminSelectWidget,
    )
    share_of_users = forms.IntegerField(
        label="Share of users affected, in %",
        required=False,
        min_value=0,
        max_value=100,
        help_text="Needed where the request type asks for it.",
        widget=UnfoldAdminIntegerFieldWidget,
    )
    priority = forms.ModelChoiceField(
        Priority.objects.all(),
        required=False,
        empty_label="As the request type says",
        widget=UnfoldAdminSelectWidget,
    )
    subject = forms.CharField(max_length=200, widget=UnfoldAdminTextInputWidget)
    text = TextField(rows=8, required=True)
    attachments = FilesField(label="Attachments", required=False)
    nonce = forms.CharField(
        max_length=64,
        widget=forms.HiddenInput,
        error_messages={"required": "This form has no number of its own. Reload the page."},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {"nonce": secrets.token_urlsafe(24)})
        super().__init__(*args, **kwargs)

    def clean(self) -> dict[str, Any]:
        """The priority that follows from the type, where the agent gives none."""
        cleaned = super().clean() or {}
        request_type = cleaned.get("request_type")
        if request_type and not cleaned.get("priority"):
            try:
                request_type.priority_for(cleaned.get("share_of_users"))
            except ValidationError as missing:
                self.add_error("share_of_users", missing)
        return cleaned
