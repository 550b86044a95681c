"""How django-allauth works here: its mails go by our outbox, and it leads to our pages only."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.stagekit import clear_login
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tickets.models import User
from tickets.portal.accounts import codes
from tickets.portal.locale import keep_language

CODE_MAIL = "account/email/login_code"
SIGNED_OUT = "account/messages/logged_out.txt"


class Adapter(DefaultAccountAdapter):
    """What allauth asks of a project."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "incorrect_code": gettext_lazy("This is not the code in our newest mail. Look again."),
    }

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Queue the mail with a code. Raises LookupError for any other: we have none."""
        if template_prefix != CODE_MAIL:
            raise LookupError(f"There is no mail for {template_prefix}.")
        codes.send(email, context["code"], at=timezone.now())

    def pre_login(
        self, request: HttpRequest, user: User, *, email: str | None = None, **_login: Any
    ) -> HttpResponse | None:
        """Refuse who may not sign in by a code any more: switched off, staff, or another address.

        Answers None when all is well.
        """
        if codes.customers().filter(pk=user.pk, email=email).exists():
            return None
        clear_login(request)
        return redirect("account_login")

    def login(self, request: HttpRequest, user: User) -> None:
        """Sign in; whoever read the code has proved that the address is his."""
        super().login(request, user)
        unproved = User.objects.filter(pk=user.pk, verified_at=None)
        unproved.update(verified_at=timezone.now())
        keep_language(user)

    def is_safe_url(self, url: str) -> bool:
        """Whether to lead there after signing in: to a page of this site, named by its path."""
        return url.startswith("/") and url_has_allowed_host_and_scheme(url, allowed_hosts=None)

    def is_ajax(self, request: HttpRequest) -> bool:
        """Answers are pages, whatever a browser accepts."""
        return False

    def add_message(
        self,
        request: HttpRequest,
        level: int,
        message_template: str | None = None,
        *_args: Any,
        **_options: Any,
    ) -> None:
        """Of allauth's messages, the one that no page says itself."""
        if message_template == SIGNED_OUT:
            messages.add_message(request, level, _("You are signed out."))
