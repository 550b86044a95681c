"""What everybody at the desk says of himself: a signature below his replies, and a time zone."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminTextareaWidget

from tickets.admin.zones import zone_field
from tickets.models import User

LONGEST_SIGNATURE = 1_000


class OwnForm(forms.ModelForm):  # type: ignore[type-arg]
    """One's own words and zone, and nothing that gives rights."""

    signature = forms.CharField(
        label="Signature",
        required=False,
        max_length=LONGEST_SIGNATURE,
        help_text="Below what you write to customers; the composer shows it as it will be sent.",
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 5}),
    )

    class Meta:
        model = User
        fields = ["signature", "time_zone"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["time_zone"] = zone_field(User._meta.get_field("time_zone"), label="Time zone")
        self.fields["time_zone"].help_text = "Times at the desk and in your mails are shown in it."

    def clean_signature(self) -> str:
        """With line ends of one character, as messages have them."""
        text: str = self.cleaned_data["signature"]
        return text.replace("\r\n", "\n").strip()


class OwnPage(ModelAdmin):
    """The page of whoever is signed in; no address names a person."""

    def get_urls(self) -> list[URLPattern]:
        own = path("me/", self.admin_site.admin_view(self.own), name="tickets_user_me")
        return [own, *cast("list[URLPattern]", super().get_urls())]

    def own(self, request: HttpRequest) -> HttpResponse:
        """Look at it, or save it."""
        if not request.user.has_perm("tickets.view_ticket"):
            raise PermissionDenied
        user = User.objects.get(pk=cast("User", request.user).pk)
        form = OwnForm(request.POST or None, instance=user)
        if request.method == "POST" and form.is_valid():
            if form.changed_data:
                user.save(update_fields=form.changed_data)
                changed = self.construct_change_message(request, form, [])
                self.log_change(request, user, changed)
            messages.success(request, "Your signature and your time zone are saved.")
            return HttpResponseRedirect(request.path)
        request.current_app = self.admin_site.name
        values = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "media": self.media + form.media,
            "title": "My signature",
            "form": form,
        }
        return TemplateResponse(request, "admin/tickets/user/own.html", values)
