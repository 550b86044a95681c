"""Bring tickets and people in from files: upload, look at each row, begin, and watch."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseNotAllowed,
    HttpResponseRedirect,
)
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from unfold.decorators import display
from unfold.widgets import UnfoldAdminRadioSelectWidget

from sla.admin.files import file_of
from sla.files import CSV, Column, Table
from tickets.admin.export import PEOPLE, TICKETS
from tickets.admin.paging import CappedPaginator
from tickets.admin.readonly import ReadOnlyAdmin
from tickets.imports import jobs, reading
from tickets.imports.columns import COLUMNS, LEFT_OUT
from tickets.models import ImportJob, ImportRow, User
from tickets.refusals import Refused
from tickets.templatetags.desk import local_time

Kind, State = ImportJob.Kind, ImportRow.State
WRONG = (State.BAD, State.REFUSED)
# Rows on one page.
SHOWN = 100
EXPORTS = {"tickets": TICKETS.columns, "people": PEOPLE.columns}


class FileForm(forms.Form):
    """What is in the file, and the file."""

    kind = forms.ChoiceField(
        label="The file has", choices=Kind, widget=UnfoldAdminRadioSelectWidget
    )
    file = forms.FileField(
        label="File",
        help_text=f"CSV in UTF-8, or XLSX; 10 MB and {reading.MOST_ROWS:,} rows at most.",
        error_messages={"required": "Choose a file.", "empty": "The file is empty."},
        widget=forms.FileInput(attrs={"accept": ".csv,.xlsx", "class": "desk-files"}),
    )

    def clean_file(self) -> UploadedFile[Any]:
        file: UploadedFile[Any] = self.cleaned_data["file"]
        if (file.size or 0) > reading.MOST_BYTES:
            raise forms.ValidationError("The file is larger than 10 MB. Split it.")
        return file


@admin.register(ImportJob)
class ImportJobAdmin(ReadOnlyAdmin):
    """Imports of everybody, for those who may import."""

    list_display = ["what", "rows", "state", "who", "made"]
    list_select_related = ["by"]
    paginator = CappedPaginator
    show_full_result_count = False
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(jobs.WORKS)

    def get_urls(self) -> list[URLPattern]:
        pages = {
            "example/<str:kind>/": (self.example, "example"),
            "<int:job_id>/begin/": (self.begin, "begin"),
            "<int:job_id>/discard/": (self.discard, "discard"),
            "<int:job_id>/news/": (self.news, "news"),
        }
        own = [
            path(route, self.admin_site.admin_view(view), name=f"tickets_importjob_{name}")
            for route, (view, name) in pages.items()
        ]
        return [*own, *cast("list[URLPattern]", super().get_urls())]

    def add_view(
        self,
        request: HttpRequest,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Choose a file; what it would do is looked at before anything is written."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = FileForm(request.POST or None, request.FILES or None, initial={"kind": "tickets"})
        if request.method == "POST" and form.is_valid():
            file = form.cleaned_data["file"]
            try:
                job = jobs.look(
                    kind=form.cleaned_data["kind"],
                    name=file.name or "file",
                    content=file.read(),
                    by=cast("User", request.user),
                    at=timezone.now(),
                )
            except Refused as refusal:
                form.add_error("file", str(refusal))
            else:
                return self._to(job)
        values = {
            **self._frame(request, "Import"),
            "form": form,
            "tables": [
                (kind, COLUMNS[kind.value], sorted(LEFT_OUT[kind.value]), EXPORTS[kind.value])
                for kind in Kind
            ],
        }
        return TemplateResponse(request, "admin/tickets/importjob/add_form.html", values)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """What each row would do, or has done."""
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET", "HEAD"])
        number = object_id if object_id.isdecimal() and len(object_id) <= 18 else "0"
        job = self._job(request, int(number))
        values = {**self._frame(request, str(job)), "original": job, **_standing(request, job)}
        return TemplateResponse(request, "admin/tickets/importjob/change_form.html", values)

    def news(self, request: HttpRequest, job_id: int) -> HttpResponse:
        """The part of the page that moves."""
        standing = _standing(request, self._job(request, job_id))
        return TemplateResponse(request, "admin/tickets/importjob/standing.html", standing)

    def begin(self, request: HttpRequest, job_id: int) -> HttpResponse:
        """Bring it in; a few rows at once, many in the background."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        job, at = self._job(request, job_id), timezone.now()
        try:
            job = jobs.begin(job=job, by=cast("User", request.user), at=at)
        except Refused as refusal:
            messages.error(request, str(refusal))
        else:
            if job.total <= jobs.FEW:
                jobs.finish(job, at=at)
        return self._to(job)

    def discard(self, request: HttpRequest, job_id: int) -> HttpResponse:
        """Forget the file."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        job = self._job(request, job_id)
        try:
            jobs.discard(job=job)
        except Refused as refusal:
            messages.error(request, str(refusal))
            return self._to(job)
        messages.success(request, "The file is forgotten, and nothing was written.")
        return HttpResponseRedirect(reverse("admin:tickets_importjob_add"))

    def example(self, request: HttpRequest, kind: str) -> HttpResponseBase:
        """A file that can be filled in."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        if kind not in COLUMNS:
            raise Http404
        columns = [Column(column.title, column.title) for column in COLUMNS[kind]]
        filled = [column.example for column in COLUMNS[kind]]
        return file_of(Table(f"{kind}-example", "Example", columns, [filled]), CSV)

    def _job(self, request: HttpRequest, job_id: int) -> ImportJob:
        if not self.has_add_permission(request):
            raise PermissionDenied
        return get_object_or_404(ImportJob.objects.select_related("by"), pk=job_id)

    def _to(self, job: ImportJob) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:tickets_importjob_change", args=[job.pk]))

    def _frame(self, request: HttpRequest, title: str) -> dict[str, Any]:
        request.current_app = self.admin_site.name
        return {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "media": self.media,
            "title": title,
        }

    @display(description="What")
    def what(self, job: ImportJob) -> str:
        return str(job)

    @display(description="Rows")
    def rows(self, job: ImportJob) -> int:
        return job.total

    @display(
        description="State",
        label={"done": "success", "under way": "info", "bad": "warning", "looked at": "info"},
    )
    def state(self, job: ImportJob) -> tuple[str, str]:
        """In a word, with a colour."""
        if job.begun_at is None:
            return ("bad", f"{job.bad} to mend") if job.bad else ("looked at", "Not begun")
        if job.finished_at is None:
            return "under way", "Under way"
        return ("bad", f"{job.refused} refused") if job.refused else ("done", "Done")

    @display(description="By")
    def who(self, job: ImportJob) -> str:
        return str(job.by)

    @display(description="Looked at")
    def made(self, job: ImportJob) -> str:
        return local_time(job.made_at)


def _standing(request: HttpRequest, job: ImportJob) -> dict[str, Any]:
    """The numbers, and a page of rows (`behind`: the number of the last row before it)."""
    given = request.GET.get("behind", "")
    behind = int(given) if given.isascii() and given.isdigit() and len(given) <= 9 else 0
    found = job.rows.select_related("ticket").order_by("number")
    wrong = list(found.filter(state__in=WRONG)[: SHOWN + 1])
    rows = list(found.filter(number__gt=behind)[: SHOWN + 1])
    return {
        "job": job,
        "wrong": wrong[:SHOWN],
        "has_more_wrong": len(wrong) > SHOWN,
        "rows": [(row, jobs.standing_of(row, job)) for row in rows[:SHOWN]],
        "behind": behind or "",
        "next_behind": rows[SHOWN - 1].number if len(rows) > SHOWN else None,
        "settled": job.done + job.same + job.refused,
        "few": jobs.FEW,
    }
