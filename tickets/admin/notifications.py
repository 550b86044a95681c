"""One's own notifications: the bell in the header, the page of all, and how one wants to be told.

Nobody's but one's own are ever asked for: no address names a person.
"""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import render
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from unfold.widgets import INPUT_CLASSES, UnfoldAdminSelectWidget

from tickets import notifications
from tickets.admin.paging import CappedPaginator
from tickets.admin.readonly import ReadOnlyAdmin
from tickets.models import Notification, NotificationChoices, User

# The bell counts no further: "99+".
MOST_COUNTED = 99
MOST_IN_BELL = 20
A_PAGE = 50
LIST = "admin/tickets/notification/list.html"


class ChoicesForm(forms.ModelForm):  # type: ignore[type-arg]
    """How to be told of each kind, and when the mails with several come."""

    class Meta:
        model = NotificationChoices
        fields = [*Notification.Kind.values, "digest", "daily_at"]
        labels = {
            "assigned": "A ticket is assigned to me",
            "mentioned": "A colleague mentions me with @",
            "customer_replied": "A customer replies on a ticket of mine",
            "at_risk": "A promise is at risk, or a customer escalates",
            "notice": "A rule or a macro tells me of a ticket",
            "digest": "Mails with several come",
            "daily_at": "Once a day: at",
        }
        help_texts = {
            "at_risk": "Its mail belongs to the escalation, and comes at once.",
            "notice": "Its mail comes at once in any case.",
            "digest": "Never when there is nothing new. What you have read is left out.",
            "daily_at": "In your own time zone.",
        }
        widgets = {
            "daily_at": forms.TimeInput(
                {"type": "time", "class": " ".join(INPUT_CLASSES)}, format="%H:%M"
            ),
            **{name: UnfoldAdminSelectWidget() for name in (*Notification.Kind.values, "digest")},
        }


@admin.register(Notification)
class NotificationAdmin(ReadOnlyAdmin):
    """Everybody at the desk has his own; there is no page of a single one."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Only of one's own, which each page asks for by itself."""
        return obj is None and request.user.has_perm("tickets.view_ticket")

    def get_urls(self) -> list[URLPattern]:
        pages = {
            "bell": self.bell, "latest": self.latest, "read": self.read, "choices": self.choices,
        }  # fmt: skip
        own = [
            path(f"{name}/", self.admin_site.admin_view(page), name=f"tickets_notification_{name}")
            for name, page in pages.items()
        ]
        return [*own, *super().get_urls()]

    def bell(self, request: HttpRequest) -> HttpResponse:
        """How many are unread; nothing at all (204) where that is what the page shows already."""
        user = self._user(request)
        unread = Notification.objects.for_bell(user).unread()
        numbers = list(unread.values_list("pk", flat=True)[: MOST_COUNTED + 1])
        seen = f"{len(numbers)}.{numbers[0] if numbers else 0}"
        if request.GET.get("seen") == seen:
            return HttpResponse(status=204)
        is_more = len(numbers) > MOST_COUNTED
        context = {"count": min(len(numbers), MOST_COUNTED), "is_more": is_more, "seen": seen}
        return render(request, "admin/tickets/notification/count.html", context)

    def latest(self, request: HttpRequest) -> HttpResponse:
        """The last ones, for the list below the bell."""
        user = self._user(request)
        found = Notification.objects.for_bell(user).select_related("ticket", "by")
        return render(request, LIST, {"found": list(found[:MOST_IN_BELL])})

    def read(self, request: HttpRequest) -> HttpResponse:
        """Mark all as read that the sender of the form saw; what came meanwhile stays unread."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        user, given = self._user(request), request.POST.get("up_to", "")
        is_number = given.isascii() and given.isdigit() and len(given) <= 18
        up_to = int(given) if is_number else 0
        number = notifications.read_all(user=user, up_to=up_to, at=timezone.now())
        if "HX-Request" in request.headers:
            answer = self.latest(request)
            answer.headers["HX-Trigger"] = "bell-changed"
            return answer
        messages.success(request, f"{number} marked as read." if number else "All were read.")
        return HttpResponseRedirect(reverse("admin:tickets_notification_changelist"))

    def choices(self, request: HttpRequest) -> HttpResponse:
        """How the person who is signed in wants to be told."""
        user = self._user(request)
        row = NotificationChoices.objects.filter(user=user).first()
        form = ChoicesForm(request.POST or None, instance=row or NotificationChoices(user=user))
        if request.method == "POST" and form.is_valid():
            notifications.choose(form.save(commit=False), at=timezone.now())
            messages.success(request, "You are told as you chose.")
            return HttpResponseRedirect(request.path)
        context = {**self._frame(request, "My notifications"), "form": form}
        return TemplateResponse(request, "admin/tickets/notification/choices.html", context)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """All that one was told, a page at a time."""
        user = self._user(request)
        found = Notification.objects.for_bell(user).select_related("ticket", "by")
        page = CappedPaginator(found, A_PAGE).get_page(request.GET.get("page"))
        context = {
            **self._frame(request, "Notifications"),
            "page": page,
            "found": list(page.object_list),
        }
        return TemplateResponse(request, "admin/tickets/notification/history.html", context)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """There is none: a notification is read on the page of its ticket."""
        raise PermissionDenied

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        raise PermissionDenied

    def _user(self, request: HttpRequest) -> User:
        """Who is signed in. Raises PermissionDenied for who has nothing to do with tickets."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return cast("User", request.user)

    def _frame(self, request: HttpRequest, title: str) -> dict[str, Any]:
        request.current_app = self.admin_site.name
        return {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "media": self.media,
            "title": title,
        }
