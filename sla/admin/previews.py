"""A change is looked at before it is saved: what it does to open promises, and then who gets it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import NON_FIELD_ERRORS
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from unfold.admin import ModelAdmin

from sla import recalculation
from sla.models import Recalculation
from sla.preview import Preview, preview

# Names of the buttons and fields of the page; nothing in a form of ours begins so.
DECISION, SEEN, BACK = "_decision", "_seen", "_back"
OPEN, NEW = "open", "new"
UNSAVED = "Nothing has been saved yet."


class Undecided(Exception):  # noqa: N818 - nothing went wrong: somebody has to look first
    """The change was tried, and is taken back until a person has seen what it does."""

    def __init__(self, found: Preview, *, subject: str, seen: str, offers_open: bool) -> None:
        super().__init__(subject)
        self.found, self.subject, self.seen = found, subject, seen
        self.offers_open = offers_open


def put_into_force(
    request: HttpRequest, change: Recalculation, *, before: int | None, at: datetime
) -> bool:
    """Say what a version that was just published does; raise Undecided where that must be seen.

    `before` is the number of the version before it, None for the first one. Answers whether open
    clocks are being reckoned anew.
    """
    if before is None:
        messages.info(request, f"{change} is published.")
        return False
    return decide(request, change, seen=str(before), at=at)


def decide(request: HttpRequest, change: Recalculation, *, seen: str, at: datetime) -> bool:
    """Do what the person decided about open clocks; without a decision raise Undecided.

    Answers whether they are being reckoned anew.

    To be called inside the transaction that made the change. `seen` names the state before it:
    when somebody else changed that meanwhile, the person looks again. No clock open: nothing to
    decide.
    """
    if not change.scope().exists():
        messages.info(request, f"{change} is in force. No open promise runs under an earlier one.")
        return False
    decision = request.POST.get(DECISION)
    if decision not in (OPEN, NEW) or request.POST.get(SEEN) != seen:
        if decision:
            messages.warning(request, "Somebody changed it meanwhile: this is what it does now.")
        raise Undecided(preview(change, at=at), subject=str(change), seen=seen, offers_open=True)
    if decision == NEW:
        messages.info(
            request,
            f"{change} is in force for new tickets. Promises that run keep the version that they "
            "were made on.",
        )
        return False
    asked = recalculation.request(
        at=at,
        by=request.user,
        calendar_version=change.calendar_version,
        policy_version=change.policy_version,
    )
    follow(request, asked)
    return True


def follow(request: HttpRequest, asked: Recalculation) -> None:
    """Say that open promises are being reckoned anew, and where to see how far that is."""
    address = reverse("admin:sla_recalculation_change", args=[asked.pk])
    messages.info(
        request,
        format_html(
            '{}: {} open promise{} being reckoned anew. <a class="sla-follow" href="{}">'
            "See how far that is</a>.",
            asked,
            asked.total,
            " is" if asked.total == 1 else "s are",
            address,
        ),
    )


@dataclass(frozen=True)
class Page:
    """What the page of a preview needs to know about where it came from."""

    admin: ModelAdmin
    title: str
    back: str


def show(request: HttpRequest, undecided: Undecided, page: Page) -> HttpResponse:
    """The preview, with all that was posted, to be posted again with a decision."""
    posted = [
        (name, value)
        for name, values in request.POST.lists()
        for value in values
        if name not in ("csrfmiddlewaretoken", DECISION, SEEN, BACK)
    ]
    context = {
        **page.admin.admin_site.each_context(request),
        "opts": page.admin.opts,
        "title": page.title,
        "found": undecided.found,
        "subject": undecided.subject,
        "offers_open": undecided.offers_open,
        "seen": undecided.seen,
        "posted": posted,
        "back": page.back,
        "now": timezone.now(),
    }
    request.current_app = page.admin.admin_site.name
    return TemplateResponse(request, "admin/sla/preview/preview.html", context)


class Previewed(ModelAdmin):
    """An admin whose save may raise Undecided, from `save_related`: then the preview is shown.

    Django saves in one transaction, which the exception takes back.
    """

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The form; or the preview of what was posted."""
        try:
            answer: HttpResponse = super().changeform_view(
                request, object_id, form_url, extra_context
            )
        except Undecided as undecided:
            title = f"What this change of {self.opts.verbose_name} does"
            return show(request, undecided, Page(self, title, back=request.path))
        return answer

    def get_form(self, request: HttpRequest, *args: Any, **kwargs: Any) -> type[forms.ModelForm]:  # type: ignore[type-arg]
        """The form; one that goes back to editing holds what was posted, and saves nothing."""
        form: type[forms.ModelForm] = super().get_form(request, *args, **kwargs)  # type: ignore[type-arg]
        return _reconsidered(form) if BACK in request.POST else form

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """The form; one that only goes back to editing has nothing to correct."""
        errors = context["adminform"].form.errors
        if BACK in request.POST and errors == {NON_FIELD_ERRORS: [UNSAVED]}:
            errors.clear()
            context["errors"].remove([UNSAVED])
            messages.info(request, UNSAVED)
        answer: HttpResponse = super().render_change_form(request, context, *args, **kwargs)
        return answer


def _reconsidered(form: type[forms.ModelForm]) -> type[forms.ModelForm]:  # type: ignore[type-arg]
    def clean(self: forms.ModelForm) -> dict[str, Any]:  # type: ignore[type-arg]
        cleaned: dict[str, Any] = form.clean(self) or self.cleaned_data
        self.add_error(None, UNSAVED)
        return cleaned

    methods: dict[str, Callable[..., Any]] = {"clean": clean}
    return type(form.__name__, (form,), {**methods, "__module__": form.__module__})
