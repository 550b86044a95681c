"""The pages of the second step. They know the person by `request.half_signed_in` alone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast

from django.contrib import admin
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.safestring import mark_safe
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from tickets import factors
from tickets.admin.factor import gate
from tickets.admin.factor.forms import CodeForm
from tickets.models import User

MOVES = "second_factor_moves"  # Until when this session may set up another app.
SECRET = "second_factor_secret"  # noqa: S105 - the name of a place
WRONG = "This code does not hold. Wait for the next one in your app, and type that."
TIME_TO_MOVE = timedelta(minutes=10)
UNPROCESSABLE, TOO_MANY_REQUESTS = 422, 429

app_name = "second_factor"


@sensitive_post_parameters()
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest) -> HttpResponse:
    """Ask for a code; who has no factor yet is led to set one up."""
    person = _person(request)
    if person is None:
        return HttpResponseRedirect(_way_on(request))
    if person.second_factor_at is None:
        way = urlencode({"next": _way_on(request)})
        return HttpResponseRedirect(f"{reverse('second_factor:set_up')}?{way}")
    form, status = CodeForm(request.POST or None), 200
    if request.method == "POST":
        status = UNPROCESSABLE
        if form.is_valid():
            try:
                holds = factors.check(
                    user=person, code=form.cleaned_data["code"], at=timezone.now()
                )
            except factors.TooOften as refusal:
                form.add_error("code", str(refusal))
                status = TOO_MANY_REQUESTS
            else:
                if holds:
                    gate.pass_(request, person)
                    return HttpResponseRedirect(_way_on(request))
                form.add_error("code", WRONG)
    return _page(request, "ask", status=status, title="Your second factor", form=form)


@sensitive_post_parameters()
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def set_up(request: HttpRequest) -> HttpResponse:
    """Show the secret for an app, and keep it once the app shows its first code."""
    person = _person(request) or _signed_in(request)
    moves = _moves(request)
    if person is None or (person.second_factor_at is not None and not moves):
        return HttpResponseRedirect(_way_on(request))
    adapter = factors.Adapter()
    secret, form, status = _secret(request, adapter), CodeForm(request.POST or None), 200
    if request.method == "POST":
        status = UNPROCESSABLE
        if form.is_valid():
            code, at = form.cleaned_data["code"], timezone.now()
            try:
                codes = factors.set_up(user=person, secret=secret, code=code, at=at, replaces=moves)
            except factors.TooOften as refusal:
                form.add_error("code", str(refusal))
                status = TOO_MANY_REQUESTS
            else:
                if codes is not None:
                    del request.session[SECRET]
                    request.session.pop(MOVES, None)
                    gate.pass_(request, person)
                    return _page(request, "codes", title="Your recovery codes", codes=codes)
                form.add_error("code", WRONG)
    address = adapter.build_totp_url(person, secret)
    return _page(
        request,
        "set_up",
        status=status,
        title="Set up a second factor",
        form=form,
        secret=" ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
        # Made here, of nothing but the address: paths, no script.
        picture=mark_safe(adapter.build_totp_svg(address).partition("?>")[2]),  # noqa: S308
    )


@sensitive_post_parameters()
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def change(request: HttpRequest) -> HttpResponse:
    """New recovery codes, or another phone: for who shows the present factor once more."""
    person = _signed_in(request)
    if person is None:
        return HttpResponseRedirect(_way_on(request))
    if person.second_factor_at is None:
        return HttpResponseRedirect(reverse("second_factor:set_up"))
    form, status = CodeForm(request.POST or None), 200
    if request.method == "POST":
        status, at = UNPROCESSABLE, timezone.now()
        if form.is_valid():
            try:
                holds = factors.check(user=person, code=form.cleaned_data["code"], at=at)
            except factors.TooOften as refusal:
                form.add_error("code", str(refusal))
                status = TOO_MANY_REQUESTS
            else:
                if holds and request.POST.get("wanted") == "phone":
                    request.session.pop(SECRET, None)
                    request.session[MOVES] = (at + TIME_TO_MOVE).timestamp()
                    return HttpResponseRedirect(reverse("second_factor:set_up"))
                if holds:
                    codes = factors.renew_codes(user=person, at=at)
                    return _page(request, "codes", title="Your recovery codes", codes=codes)
                form.add_error("code", WRONG)
    return _page(request, "change", status=status, title="Your second factor", form=form)


@require_POST
def leave(request: HttpRequest) -> HttpResponse:
    """Sign out without the second step."""
    logout(request)
    return HttpResponseRedirect(reverse("admin:login"))


urlpatterns = [
    path("", ask, name="ask"),
    path("set-up/", set_up, name="set_up"),
    path("change/", change, name="change"),
    path("leave/", leave, name="leave"),
]


def _person(request: HttpRequest) -> User | None:
    return cast("User | None", getattr(request, "half_signed_in", None))


def _signed_in(request: HttpRequest) -> User | None:
    """The member of staff whose session it is, with the factor shown if he has one."""
    user = request.user
    return user if isinstance(user, User) and user.is_staff else None


def _moves(request: HttpRequest) -> bool:
    """Whether the present factor was shown just now, to set up another one."""
    until = request.session.get(MOVES)
    return until is not None and timezone.now().timestamp() < until


def _secret(request: HttpRequest, adapter: factors.Adapter) -> str:
    """The one that this session was shown, encrypted there as well."""
    if SECRET not in request.session:
        request.session[SECRET] = adapter.encrypt(factors.new_secret())
    return adapter.decrypt(request.session[SECRET])


def _way_on(request: HttpRequest) -> str:
    """A page of the desk, named by its path."""
    home: str = reverse("admin:index")
    wanted = request.POST.get("next") or request.GET.get("next") or home
    here = url_has_allowed_host_and_scheme(wanted, allowed_hosts=None)
    beyond = not wanted.startswith((reverse("admin:login"), reverse("second_factor:ask")))
    return wanted if here and beyond and wanted.startswith(home) else home


def _page(request: HttpRequest, name: str, *, status: int = 200, **values: Any) -> HttpResponse:
    context = {
        **admin.site.each_context(request), "next": _way_on(request), **values,
    }  # fmt: skip
    return TemplateResponse(request, f"admin/second_factor/{name}.html", context, status=status)
