"""Bulk actions in the queue: choose tickets, say what, see how many, and begin."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, cast

from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from tickets import bulk
from tickets.admin.bulk_forms import MACRO, StepForm, form_for, offered
from tickets.models import BulkJob, Ticket, User
from tickets.models.tickets import TicketQuerySet
from tickets.refusals import Refused

# So many of the tickets are named before it begins.
NAMED = 10
# What customers read.
TELLS = {"reply", "resolve"}

type Action = tuple[Callable[..., HttpResponse | None], str, str]


class BulkActions:
    """For the queue's admin: the bar below the list, and the page that asks before it begins."""

    admin_site: Any
    opts: Any
    media: Any
    has_change_permission: Callable[..., bool]

    def get_actions(self, request: HttpRequest) -> dict[str, Action]:
        """The steps that can be done to many, for who may work on tickets."""
        if not self.has_change_permission(request):
            return {}
        return {
            f"bulk_{name}": (partial(_asked, step=name), f"bulk_{name}", label)
            for name, label in offered().items()
        }

    def bulk(self, request: HttpRequest, chosen: TicketQuerySet, name: str) -> HttpResponse:
        """Ask what and how, then begin. A few tickets are done at once."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        at, by = timezone.now(), cast("User", request.user)
        is_said = "nonce" in request.POST
        form = form_for(name, by, *([request.POST] if is_said else []))
        if not (is_said and form.is_valid()):
            return self._ask(request, chosen, name, form)
        try:
            job = bulk.begin(
                steps=form.steps(), tickets=chosen, by=by, at=at, nonce=form.cleaned_data["nonce"]
            )
        except Refused as refusal:
            form.add_error(None, str(refusal))
            return self._ask(request, chosen, name, form)
        if job.total <= bulk.FEW:
            job = bulk.finish(job, at=at)
        return self._told(request, job)

    def _told(self, request: HttpRequest, job: BulkJob) -> HttpResponse:
        """Back to the queue when all is done; else to the page that says how it goes."""
        if job.finished_at is not None and job.done == job.total:
            number = f"{job.done} ticket{'' if job.done == 1 else 's'}"
            messages.success(request, f"{job.title}: {number} done.")
            return HttpResponseRedirect(request.get_full_path())
        return HttpResponseRedirect(reverse("admin:tickets_bulkjob_change", args=[job.pk]))

    def _ask(
        self, request: HttpRequest, chosen: TicketQuerySet, name: str, form: StepForm
    ) -> HttpResponse:
        tickets = Ticket.objects.filter(pk__in=chosen.order_by().values("pk"))
        total = tickets[: bulk.MOST + 1].count()
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "media": self.media + form.media,
            "title": offered()[name],
            "form": form,
            "total": total,
            "most": bulk.MOST,
            "is_too_many": total > bulk.MOST,
            "tells": name in TELLS,
            "may_tell": name == MACRO,
            "is_small": total <= bulk.FEW,
            "named": chosen[:NAMED],
            "action": request.POST["action"],
            "across": request.POST.get("select_across", "0"),
            "checkbox": ACTION_CHECKBOX_NAME,
            "selected": _selected(request),
            "back": request.get_full_path(),
        }
        return TemplateResponse(request, "admin/tickets/bulkjob/ask.html", context)


def _selected(request: HttpRequest) -> list[str]:
    """The ticked rows; where all that the filter shows are meant, one stands for them."""
    ticked = request.POST.getlist(ACTION_CHECKBOX_NAME)
    return ticked[:1] if request.POST.get("select_across") == "1" else ticked


def _asked(
    admin: BulkActions, request: HttpRequest, chosen: TicketQuerySet, *, step: str
) -> HttpResponse:
    return admin.bulk(request, chosen, step)
