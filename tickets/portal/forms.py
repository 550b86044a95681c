"""What customers fill in: a request, and an answer on their ticket."""

from __future__ import annotations

import hashlib
import json
import secrets
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from tickets.models import RequestType, User
from tickets.portal.fields import Files, Line, Text
from tickets.portal.guards import Trap


def new_nonce() -> str:
    return secrets.token_urlsafe(16)


class WithFiles(forms.Form):
    """A form with attachments, which a browser does not send again."""

    attachments = Files(required=False, label=_("Files"))

    @property
    def lost_files(self) -> bool:
        """Whether files were chosen for a form that now comes back without them."""
        return self.is_bound and any(self.files.getlist("attachments"))


class TicketForm(WithFiles):
    """A request. The same submission again has the same `key`.

    A customer who is signed in (`viewer`) sends it with his own address.
    """

    share_of_users = forms.IntegerField(
        label=_("How many of your users are affected, in percent?"),
        required=False,
        min_value=0,
        max_value=100,
        # Not a number input: while hidden, its own check would stop the form without a word.
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
        error_messages={
            "invalid": _("Give a whole number from 0 to 100."),
            "min_value": _("Give a whole number from 0 to 100."),
            "max_value": _("Give a whole number from 0 to 100."),
        },
    )
    subject = Line(
        limit=200,
        label=_("Subject"),
        help_text=_("A few words that tell this request from others."),
        error_messages={"required": _("Give your request a subject.")},
    )
    text = Text(
        limit=settings.MAX_MESSAGE_CHARS,
        label=_("Description"),
        help_text=_("What happened, where, since when, and what you expected."),
        widget=forms.Textarea(attrs={"rows": 8}),
        error_messages={"required": _("Describe your request in a few words.")},
    )
    email = forms.EmailField(
        label=_("Your e-mail address"),
        help_text=_("Our answer goes there."),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        error_messages={
            "required": _("Give the e-mail address that our answer should go to."),
            "invalid": _("This is no e-mail address: it should look like name@example.com."),
        },
    )
    name = Line(
        limit=150,
        label=_("Your name"),
        required=False,
        help_text=_("Optional."),
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    website = Trap()
    nonce = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(
        self,
        data: Any = None,
        files: Any = None,
        *,
        viewer: User | None = None,
        initial: dict[str, Any] | None = None,
    ) -> None:
        known = {"email": viewer.email, "name": viewer.name} if viewer else {}
        self.customer = viewer if viewer and not viewer.is_staff else None
        # What is fixed beats what was typed into it, which beats what is only known.
        fixed = known if self.customer else {}
        super().__init__(data, files, initial={**known, **(initial or {}), **fixed})
        if self.customer:
            self._fix(self.customer)
        # Read once for a page; a choice is looked up in it, so no malformed one reaches a query.
        active = RequestType.objects.filter(is_active=True)
        self.kinds = {
            str(kind.pk): kind
            for kind in active.select_related("priority", "priority_below", "team")
        }
        self.fields["request_type"] = forms.TypedChoiceField(
            label=_("What is it about?"),
            choices=[(key, kind.name) for key, kind in self.kinds.items()],
            coerce=self.kinds.__getitem__,
            widget=forms.RadioSelect,
            error_messages={
                "required": _("Choose what your request is about."),
                "invalid_choice": _(
                    "This kind of request is not offered any more: choose another."
                ),
            },
        )
        # As on the page: the summary of what is wrong has the order of the fields.
        self.order_fields(["request_type", "share_of_users", "subject", "text", "attachments"])

    @property
    def kind(self) -> RequestType | None:
        """The request type that is chosen now, on a blank form as on a bad one."""
        return self.kinds.get(str(self["request_type"].value() or ""))

    @property
    def share(self) -> int | None:
        """The share of users as typed so far; None while it is missing or no percentage."""
        typed = str(self["share_of_users"].value() or "").strip()
        share = int(typed) if typed.isascii() and typed.isdecimal() and len(typed) <= 3 else None
        return share if share is not None and share <= 100 else None

    @property
    def kinds_with_share(self) -> list[RequestType]:
        return [kind for kind in self.kinds.values() if kind.asks_share]

    def _fix(self, customer: User) -> None:
        """Let nobody change what we know of the customer."""
        email, name = self.fields["email"], self.fields["name"]
        # Whatever else was sent is put right below: nobody could correct it.
        email.required, email.validators = False, []
        email.widget.attrs["readonly"] = True
        email.help_text = _("You are signed in with it. To use another one, sign out first.")
        if customer.name:
            name.widget.attrs["readonly"] = True
            name.help_text = ""

    def clean_email(self) -> str:
        address = User.objects.clean_email(self.cleaned_data["email"])
        if self.customer and address != self.customer.email:
            # The field cannot be edited, so it comes back as it should be.
            typed = {name: self.data.get(name) for name in self.data}
            self.data = {**typed, "email": self.customer.email}
            raise forms.ValidationError(
                gettext(
                    "You are signed in as %(address)s, so we put that address in. Send it again, "
                    "or sign out to use another one."
                )
                % {"address": self.customer.email}
            )
        if User.objects.filter(email=address, is_active=False).exists():
            raise forms.ValidationError(
                gettext("We cannot take requests from this address: give another one.")
            )
        return address

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        kind = values.get("request_type")
        if kind is None or not kind.asks_share:
            # The page does not show the field then, so what is left in it says nothing.
            self.errors.pop("share_of_users", None)
            values["share_of_users"] = None
        elif "share_of_users" not in self.errors and values.get("share_of_users") is None:
            sentence = gettext("Tell us what share of your users is affected.")
            self.add_error("share_of_users", sentence)
        return values

    def key(self) -> str:
        """A digest of the nonce and the content of a valid form: 64 hexadecimal digits.

        The same submission again has the same key; one that was edited has another.
        """
        values = self.cleaned_data
        said = [str(values[name]) for name in ("share_of_users", "subject", "text", "email")]
        nonce = values["nonce"] or new_nonce()
        digest = hashlib.sha256(json.dumps([nonce, values["request_type"].pk, *said]).encode())
        for file in values["attachments"]:
            digest.update(json.dumps([file.name, file.size]).encode())
            for chunk in file.chunks():
                digest.update(chunk)
        return digest.hexdigest()


class ReplyForm(WithFiles):
    """A customer's message on a ticket."""

    text = Text(
        limit=settings.MAX_MESSAGE_CHARS,
        label=_("Your message"),
        widget=forms.Textarea(attrs={"rows": 6}),
        error_messages={"required": _("Write your message first.")},
    )
