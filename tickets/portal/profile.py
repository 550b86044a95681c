"""What a person may set for himself: his name, his time zone, his language, and his links' end."""

from __future__ import annotations

from functools import cache
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from tickets.models import User
from tickets.portal.fields import Line
from tickets.portal.pages import viewer_of
from tickets.portal.uploads import bounded

UNPROCESSABLE = 422


@cache
def _zones() -> list[tuple[str, str]]:
    """Every zone that this machine knows; looking is slow, and the list grows once in years."""
    return [(name, name.replace("_", " ")) for name in sorted(available_timezones())]


class ProfileForm(forms.ModelForm):  # type: ignore[type-arg]
    """A person's own settings."""

    name = Line(
        limit=150,
        label=gettext_lazy("Your name"),
        required=False,
        help_text=gettext_lazy("As our people and your colleagues read it."),
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    time_zone = forms.ChoiceField(
        label=gettext_lazy("Time zone"),
        required=False,
        choices=lambda: [("", _("As my browser says")), *_zones()],
    )
    language = forms.ChoiceField(
        label=gettext_lazy("Language"),
        required=False,
        choices=lambda: [("", _("As my browser asks")), *settings.LANGUAGES],
    )

    class Meta:
        model = User
        fields = ["name", "time_zone", "language"]


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@bounded
def profile(request: HttpRequest) -> HttpResponse:
    """The page; a button on it saves, another one makes all ticket links of this person void."""
    viewer = viewer_of(request)
    if viewer is None:
        raise Http404
    if "void_links" in request.POST:
        return _void_links(request, viewer)
    # A form changes its instance even when it is refused: not the one that the page shows.
    form = ProfileForm(request.POST or None, instance=User.objects.get(pk=viewer.pk))
    if request.method == "POST" and form.is_valid():
        return _save(request, form)
    status = UNPROCESSABLE if form.is_bound else 200
    return render(request, "portal/profile.html", {"form": form, "viewer": viewer}, status=status)


def _save(request: HttpRequest, form: ProfileForm) -> HttpResponse:
    user = form.save(commit=False)
    user.save(update_fields=form.Meta.fields)
    with translation.override(user.language or translation.get_language()):
        messages.success(request, _("Saved."))
    response = redirect("portal:profile")
    # What the browser chose once would win over what the person chooses now.
    if settings.LANGUAGE_COOKIE_NAME in request.COOKIES:
        response.delete_cookie(settings.LANGUAGE_COOKIE_NAME)
    return response


def _void_links(request: HttpRequest, viewer: User) -> HttpResponse:
    viewer.links_void_before = timezone.now()
    viewer.save(update_fields=["links_void_before"])
    messages.success(request, _("No link that we have sent you until now opens a ticket any more."))
    return redirect("portal:profile")
