"""A list as a file: all that its filters show and no more, row by row, so that memory is bounded.

Text that a spreadsheet would take for a formula gets an apostrophe in front.
"""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied
from django.http import (
    FileResponse,
    Http404,
    HttpRequest,
    HttpResponseBase,
    HttpResponseNotAllowed,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.urls import URLPattern, path
from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from unfold.admin import ModelAdmin

type Column = tuple[str, Callable[[Any], Any]]

CSV, XLSX = "csv", "xlsx"
TYPES = {
    CSV: "text/csv; charset=utf-8",
    XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
CHUNK = 2_000


class ExportPages(ModelAdmin):
    """Gives a list the address export/csv/, and one for XLSX, that take its filters."""

    export_columns: Sequence[Column] = ()
    list_after_template = "admin/tickets/export.html"

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_export"
        view = self.admin_site.admin_view(self.export)
        return [path("export/<str:kind>/", view, name=name), *super().get_urls()]

    def has_export_permission(self, request: HttpRequest) -> bool:
        """Who sees the list may take it along, where a list does not say otherwise."""
        return bool(self.has_view_permission(request))

    def export(self, request: HttpRequest, kind: str) -> HttpResponseBase:
        """The rows that the list shows for the same address, all pages of it."""
        if request.method != "GET":
            return HttpResponseNotAllowed(["GET"])
        if not self.has_export_permission(request):
            raise PermissionDenied
        if kind not in TYPES:
            raise Http404
        try:
            found = self.get_changelist_instance(request).queryset
        except IncorrectLookupParameters:
            return HttpResponseRedirect("../../?e=1")
        rows = _rows(self.export_columns, found.prefetch_related(None).iterator(CHUNK))
        answer = _as_csv(rows) if kind == CSV else _as_xlsx(rows)
        name = f"{self.opts.verbose_name_plural}.{kind}".replace(" ", "-")
        answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
        answer.headers["X-Content-Type-Options"] = "nosniff"
        return answer


def harmless(value: Any) -> str | int | float:
    """A cell as a spreadsheet may have it. Times are ISO 8601 in UTC."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return value
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds")
    text = ILLEGAL_CHARACTERS_RE.sub("", str(value))
    is_formula = text[:1] in ("\t", "\r", "\n") or text.lstrip()[:1] in ("=", "+", "-", "@")
    return f"'{text}" if text and is_formula else text


def _rows(columns: Sequence[Column], found: Iterable[Any]) -> Iterator[list[Any]]:
    yield [title for title, _ in columns]
    for row in found:
        yield [harmless(value(row)) for _, value in columns]


def _as_csv(rows: Iterator[list[Any]]) -> HttpResponseBase:
    class Line:
        def write(self, line: str) -> str:
            return line

    writer = csv.writer(Line())
    # The mark tells Excel that it is UTF-8.
    lines = ("\ufeff" * (number == 0) + writer.writerow(row) for number, row in enumerate(rows))
    return StreamingHttpResponse(lines, content_type=TYPES[CSV])


def _as_xlsx(rows: Iterator[list[Any]]) -> HttpResponseBase:
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    for row in rows:
        sheet.append(row)
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the answer closes it
    book.save(file)
    file.seek(0)
    return FileResponse(file, content_type=TYPES[XLSX])


def _of(name: str, row: Any) -> Any:
    for part in name.split("."):
        row = getattr(row, part) if row is not None else None
    return row() if callable(row) else row


def columns(*names: tuple[str, str]) -> list[Column]:
    """Columns from titles and what they read, such as requester.email."""
    return [(title, partial(_of, name)) for title, name in names]


TICKETS = columns(
    ("reference", "reference"),
    ("external_reference", "external_reference"), ("subject", "subject"), ("status", "status"),
    ("priority", "priority.code"), ("team", "team.name"), ("assignee", "assignee.email"),
    ("requester", "requester.email"), ("requester_name", "requester.name"),
    ("organization", "organization.name"), ("channel", "channel"),
    ("with_engineering", "with_engineering"), ("submitted_at", "submitted_at"),
    ("first_responded_at", "first_responded_at"), ("resolved_at", "resolved_at"),
    ("closed_at", "closed_at"), ("next_due_at", "next_due_at"), ("updated_at", "updated_at"),
)  # fmt: skip
PEOPLE = columns(
    ("email", "email"), ("name", "name"), ("organization", "organization.name"),
    ("staff", "is_staff"), ("active", "is_active"), ("time_zone", "time_zone"),
    ("language", "language"), ("joined_at", "joined_at"), ("last_login", "last_login"),
)  # fmt: skip
