"""What is asked of whoever signs in: an address, and then the code that was sent to it."""

from __future__ import annotations

from allauth.account.forms import ConfirmLoginCodeForm
from django import forms
from django.utils.translation import gettext_lazy as _

from tickets.models import User
from tickets.portal.accounts import codes


class AddressForm(forms.Form):
    """The address that a code is sent to; `customer` is whose it is, None for nobody's."""

    email = forms.EmailField(
        label=_("Your e-mail address"),
        help_text=_("The one that you write to us from."),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        error_messages={
            "required": _("Give your e-mail address."),
            "invalid": _("This is no e-mail address: it should look like name@example.com."),
        },
    )
    customer: User | None = None

    def clean_email(self) -> str:
        address = User.objects.clean_email(self.cleaned_data["email"])
        # Not by allauth's own table of addresses: a person has one here.
        self.customer = codes.customers().filter(email=address).first()
        return address


class CodeForm(ConfirmLoginCodeForm):
    """The code, in any writing: with the dash, without, or with spaces."""

    code = forms.CharField(
        label=_("The code from our mail"),
        max_length=40,
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "spellcheck": "false"}
        ),
        error_messages={"required": _("Type the code from our mail.")},
    )
