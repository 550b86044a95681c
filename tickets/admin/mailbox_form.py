"""The form of a mailbox, with a secret that can be written and never be read."""

from __future__ import annotations

import re
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminPasswordWidget

from tickets.models import Mailbox
from tickets.models.secrets import SecretUnreadable

TLS_PORT, PLAIN_PORT = 993, 143
# A name or an address, not a link.
_HOST = re.compile(r"[^\s/@]+")
# Changing one of them would send the secret somewhere else, or in clear.
_WHERE = {"host", "port", "security"}


class MailboxForm(forms.ModelForm):  # type: ignore[type-arg]
    """An empty secret keeps the one that is there; an empty port is the usual one."""

    port = Mailbox._meta.get_field("port").formfield(
        required=False,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text=f"Empty: {TLS_PORT} for TLS from the start, else {PLAIN_PORT}.",
    )
    new_secret = forms.CharField(
        label="Password or token",
        required=False,
        strip=False,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}),
    )

    class Meta:
        model = Mailbox
        fields = [
            "address",
            "team",
            "request_type",
            "is_active",
            "host",
            "security",
            "port",
            "auth",
            "login",
            "folder",
        ]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # A form for those who may only look has no fields.
        if "port" in self.fields and self.instance.pk is None:
            self.initial["port"] = None
        if "new_secret" in self.fields:
            self.fields["new_secret"].help_text = self._about_the_secret()

    def reached_differently(self) -> bool:
        """Whether something was entered that decides about success when it is fetched."""
        ours = {"is_active", "auth", "login", "folder", "new_secret", *_WHERE}
        return bool(ours.intersection(self.changed_data))

    def clean_address(self) -> str:
        """In lower case, as mail is compared."""
        return str(self.cleaned_data["address"]).lower()

    def clean_host(self) -> str:
        host = str(self.cleaned_data["host"]).strip()
        if host and not _HOST.fullmatch(host):
            raise ValidationError("Enter only the name of the server, such as imap.example.com.")
        return host

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        cleaned["port"] = self._port(cleaned)
        starttls = cleaned.get("security") == Mailbox.Security.STARTTLS
        if starttls and cleaned["port"] == TLS_PORT:
            self.add_error("port", f"Port {TLS_PORT} is for TLS from the start.")
        if cleaned.get("host"):
            if not cleaned.get("login"):
                self.add_error("login", "The server will ask for it.")
            if problem := self._what_is_wrong_with_the_secret(cleaned):
                self.add_error("new_secret", problem)
        elif self._is_unreadable():
            # Nobody needs it any more, and it could not be saved.
            self.instance.secret = ""
        return cleaned

    def save(self, commit: bool = True) -> Mailbox:
        if self.cleaned_data.get("new_secret"):
            self.instance.secret = self.cleaned_data["new_secret"]
        if {"host", "login", "folder"}.intersection(self.changed_data):
            # The numbers of messages in another folder say nothing about this one.
            self.instance.uid_validity = self.instance.last_uid = None
        return cast("Mailbox", super().save(commit))

    def _port(self, cleaned: dict[str, Any]) -> int | None:
        """The usual port of the chosen security, unless somebody chose another one."""
        port: int | None = cleaned.get("port")
        if "port" in self.errors:
            return port
        usual = _usual_port(cleaned.get("security", ""))
        was_usual = port == _usual_port(str(self.initial.get("security", "")))
        follows = "security" in self.changed_data and "port" not in self.changed_data and was_usual
        return usual if port is None or follows else port

    def _what_is_wrong_with_the_secret(self, cleaned: dict[str, Any]) -> str:
        if cleaned.get("new_secret"):
            return ""
        if self._is_unreadable():
            return str(SecretUnreadable.__doc__)
        if not self.instance.secret:
            return "The server will ask for it."
        if _WHERE.intersection(self.changed_data):
            return "Enter it again: it would be sent to another server than before."
        return ""

    def _about_the_secret(self) -> str:
        if self._is_unreadable():
            return str(SecretUnreadable.__doc__)
        if self.instance.secret:
            return "There is one, which nobody can read here. Leave this empty to keep it."
        return "Kept encrypted, and never shown again."

    def _is_unreadable(self) -> bool:
        try:
            str(self.instance.secret)
        except SecretUnreadable:
            return True
        return False


def _usual_port(security: str) -> int:
    return TLS_PORT if security == Mailbox.Security.TLS else PLAIN_PORT
