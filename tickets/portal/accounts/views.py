"""The pages: ask for a code, type it, and sign out again."""

from __future__ import annotations

from typing import Any

from allauth.account.internal.flows.login_by_code import LoginCodeVerificationProcess
from allauth.account.views import ConfirmLoginCodeView, LogoutView, RequestLoginCodeView
from django import forms
from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from tickets.network import network_of
from tickets.portal.accounts import codes
from tickets.portal.accounts.forms import AddressForm, CodeForm
from tickets.portal.uploads import bounded

UNPROCESSABLE = 422
TOO_MANY_REQUESTS = 429
METHODS = ["get", "head", "post"]


class AskForCode(RequestLoginCodeView):
    """Takes an address, and answers alike for every address."""

    http_method_names = METHODS
    form_class = AddressForm

    def _redirect_to_pending_stage(self, *_args: Any) -> None:
        """Whoever waits for a code may ask for another, or for another address."""

    def form_valid(self, form: AddressForm) -> HttpResponse:
        """Send the code, all in one transaction: what is kept for nobody takes as long."""
        address, at = form.cleaned_data["email"], timezone.now()
        with transaction.atomic():
            if not codes.may_ask(address, network_of(self.request), at=at):
                form.add_error(None, _too_often())
                return self._again(form, TOO_MANY_REQUESTS)
            # The adapter sends it.
            process = LoginCodeVerificationProcess.initiate(
                request=self.request, user=form.customer, email=address
            )
            if form.customer is None:
                codes.send(address, process.generate_code(), at=at)
        return HttpResponseRedirect(self.get_success_url())

    def form_invalid(self, form: AddressForm) -> HttpResponse:
        return self._again(form, UNPROCESSABLE)

    def _again(self, form: AddressForm, status: int) -> HttpResponse:
        page: HttpResponse = self.render_to_response(
            self.get_context_data(form=form), status=status
        )
        return page


class TypeCode(ConfirmLoginCodeView):
    """Takes the code that this browser asked for."""

    http_method_names = METHODS
    form_class = CodeForm

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """As allauth answers; when the code is over, back to the beginning with a sentence."""
        response: HttpResponseBase = super().dispatch(request, *args, **kwargs)
        if not isinstance(response, HttpResponseRedirect) or request.user.is_authenticated:
            return response
        if request.method == "POST":
            messages.error(request, _over())
        return HttpResponseRedirect(self.passthrough_next_url(reverse("account_login")))

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        state = self._process.state
        if not codes.may_guess(state["email"], state["at"], at=timezone.now()):
            self._process.abort()
            return HttpResponseRedirect(reverse("account_login"))
        answer: HttpResponse = super().post(request, *args, **kwargs)
        return answer

    def get_form_kwargs(self) -> dict[str, Any]:
        """With the code that is right; "", which nothing equals, when it is void or nobody's."""
        values: dict[str, Any] = super().get_form_kwargs()
        process = self._process
        if process.user is None:
            # Of a known address, the person was looked up in the database by now.
            codes.customers().filter(pk=0).first()
        if self.request.method == "POST":
            is_newest = codes.is_newest(process.user, process.state["email"], process.code)
            values["code"] = process.code if is_newest else ""
        return values

    def form_invalid(self, form: forms.Form) -> HttpResponse:
        answer: HttpResponse = super().form_invalid(form)
        if not isinstance(answer, HttpResponseRedirect):
            answer.status_code = UNPROCESSABLE
        return answer

    def get_context_data(self, **values: Any) -> dict[str, Any]:
        failed = self._process.state["failed_attempts"]
        limits = {
            "minutes": settings.ACCOUNT_LOGIN_BY_CODE_TIMEOUT // 60,
            "left": settings.ACCOUNT_LOGIN_BY_CODE_MAX_ATTEMPTS - failed if failed else None,
        }
        return {**super().get_context_data(**values), **limits}


class SignOut(LogoutView):
    """Signs out by a button: a link elsewhere must not do it."""

    http_method_names = METHODS


ask_for_code = never_cache(bounded(AskForCode.as_view()))
type_code = never_cache(bounded(TypeCode.as_view()))
sign_out = never_cache(bounded(SignOut.as_view()))


def _too_often() -> str:
    return _(
        "Too many codes were asked for. The last one still holds for its time; "
        "for another, wait an hour."
    )


def _over() -> str:
    return _(
        "This code does not hold any more: it is too old, or was mistyped too often. "
        "Ask for a new one."
    )
