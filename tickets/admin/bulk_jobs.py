"""Bulk actions that were begun: how far each has come, and what was refused and why."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from unfold.decorators import display

from tickets import bulk
from tickets.admin.paging import CappedPaginator
from tickets.admin.readonly import ReadOnlyAdmin
from tickets.models import BulkJob, BulkRow, Ticket, User
from tickets.refusals import Refused
from tickets.templatetags.desk import local_time

# Refused tickets on one page.
REFUSED = 100


@admin.register(BulkJob)
class BulkJobAdmin(ReadOnlyAdmin):
    """One's own; who may stop those of others sees them all."""

    list_display = ["what", "progress", "state", "who", "made"]
    list_select_related = ["by"]
    paginator = CappedPaginator
    show_full_result_count = False
    list_per_page = 50

    def get_queryset(self, request: HttpRequest) -> QuerySet[BulkJob]:
        jobs = BulkJob.objects.select_related("by").order_by("-pk")
        if request.user.has_perm("tickets.change_bulkjob"):
            return jobs
        return jobs.filter(by=request.user.pk)

    def get_urls(self) -> list[URLPattern]:
        """The page's news, and what can be done to a job."""
        acts = {"cancel": bulk.cancel, "again": bulk.try_again}
        own = [
            path(
                f"<int:job_id>/{name}/",
                self.admin_site.admin_view(self._act_with(verb)),
                name=f"tickets_bulkjob_{name}",
            )
            for name, verb in acts.items()
        ]
        news = path(
            "<int:job_id>/news/",
            self.admin_site.admin_view(self.news),
            name="tickets_bulkjob_news",
        )
        return [news, *own, *cast("list[URLPattern]", super().get_urls())]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """How far it has come."""
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET", "HEAD"])
        if not object_id.isdecimal() or len(object_id) > 18:
            return cast(
                "HttpResponse", self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
            )
        job = self._job(request, int(object_id))
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "media": self.media,
            "title": job.title,
            "original": job,
            **self._standing(request, job),
        }
        return TemplateResponse(request, "admin/tickets/bulkjob/change_form.html", context)

    def news(self, request: HttpRequest, job_id: int) -> HttpResponse:
        """The part of the page that moves; 204 when it is as the browser has it (`known`)."""
        job = self._job(request, job_id)
        if request.GET.get("known") == _known(job):
            return HttpResponse(status=204)
        standing = self._standing(request, job)
        return TemplateResponse(request, "admin/tickets/bulkjob/standing.html", standing)

    def _act_with(self, verb: Callable[..., BulkJob]) -> Callable[..., HttpResponse]:
        def act(request: HttpRequest, job_id: int) -> HttpResponse:
            if request.method != "POST":
                return HttpResponseNotAllowed(["POST"])
            job = self._job(request, job_id)
            try:
                verb(job=job, by=cast("User", request.user), at=timezone.now())
            except Refused as refusal:
                messages.error(request, str(refusal))
            return HttpResponseRedirect(reverse("admin:tickets_bulkjob_change", args=[job.pk]))

        return act

    def _job(self, request: HttpRequest, job_id: int) -> BulkJob:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return get_object_or_404(self.get_queryset(request), pk=job_id)

    def _standing(self, request: HttpRequest, job: BulkJob) -> dict[str, Any]:
        """The numbers, and a page of what was refused (`behind`: the last row before it)."""
        behind = request.GET.get("behind", "")
        number = int(behind) if behind.isascii() and behind.isdigit() and len(behind) <= 18 else 0
        rows = list(
            job.rows.filter(state=BulkRow.State.REFUSED, pk__gt=number).order_by("pk")[
                : REFUSED + 1
            ]
        )
        # A subject is for those who may see the ticket now.
        seen = Ticket.objects.visible_to(request.user).in_bulk([row.ticket_id for row in rows])
        lines = [(row, seen.get(row.ticket_id)) for row in rows[:REFUSED]]
        return {
            "job": job,
            "known": _known(job),
            "settled": job.done + job.refused,
            "lines": lines,
            "behind": number or "",
            "next_behind": rows[REFUSED - 1].pk if len(rows) > REFUSED else None,
            "may_change": bulk.may_change(job, cast("User", request.user)),
        }

    @display(description="What")
    def what(self, job: BulkJob) -> str:
        return job.title

    @display(description="Tickets")
    def progress(self, job: BulkJob) -> str:
        return render_to_string("admin/tickets/bulkjob/progress.html", {"job": job})

    @display(
        description="State",
        label={"done": "success", "under way": "info", "refused": "warning", "cancelled": "danger"},
    )
    def state(self, job: BulkJob) -> tuple[str, str]:
        """In a word, with a colour."""
        if job.cancelled_at is not None:
            return "cancelled", "Cancelled"
        if job.finished_at is None:
            return "under way", "Under way"
        return ("refused", f"{job.refused} refused") if job.refused else ("done", "Done")

    @display(description="By")
    def who(self, job: BulkJob) -> str:
        return str(job.by)

    @display(description="Begun")
    def made(self, job: BulkJob) -> str:
        return local_time(job.made_at)


def _known(job: BulkJob) -> str:
    """What of a job can be seen on its page."""
    return f"{job.done}.{job.refused}.{int(job.finished_at is not None)}"
