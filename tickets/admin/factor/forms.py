"""What is asked of staff who sign in."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.utils import timezone
from unfold.forms import AuthenticationForm
from unfold.widgets import UnfoldAdminTextInputWidget

from tickets.limits import Limit
from tickets.models.people import UserManager
from tickets.network import network_of

# By one network: so many for one address, and so many altogether; and for an address from all.
TRIED = Limit("password", 10, timedelta(minutes=15))
TRIED_BY_NETWORK = Limit("password-network", 60, timedelta(hours=1))
TRIED_FOR_ADDRESS = Limit("password-address", 100, timedelta(hours=1))


class PasswordForm(AuthenticationForm):
    """Address and password, which may be tried only so often."""

    def clean(self) -> Any:
        """Counts first: what comes too often is not even compared."""
        address = UserManager.clean_email(self.cleaned_data.get("username") or "")
        network, at = network_of(self.request), timezone.now()
        allowed = (
            TRIED_BY_NETWORK.take(network, at=at)
            and TRIED.take(f"{network} {address}", at=at)
            and TRIED_FOR_ADDRESS.take(address, at=at)
        )
        if not allowed:
            raise forms.ValidationError(
                "Too many passwords were tried. Wait a quarter of an hour, and try again."
            )
        return super().clean()


class CodeForm(forms.Form):
    """The code that the app shows now, or one of the recovery codes."""

    code = forms.CharField(
        max_length=40,
        label="Code",
        widget=UnfoldAdminTextInputWidget(
            attrs={
                "autocomplete": "one-time-code", "inputmode": "numeric", "spellcheck": "false",
                "autofocus": "",
            }
        ),
        error_messages={"required": "Type the code that your app shows."},
    )  # fmt: skip
