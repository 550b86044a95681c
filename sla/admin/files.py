"""Answers that are files, and the links that lead to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import (
    FileResponse,
    Http404,
    HttpRequest,
    HttpResponseBase,
    StreamingHttpResponse,
)
from django.urls import reverse

from sla.files import CSV, JSON, TYPES, XLSX, Layout, Table, as_csv, as_json, as_xlsx

# Fields of an address that say which part of a list a page shows: a file has all of it.
PARTS = ("page", "after")


@dataclass(frozen=True)
class Files:
    """A table of the page as files: what each is called, and its address."""

    table: str
    title: str
    links: Sequence[tuple[str, str]]


def links_to_files(
    request: HttpRequest, *layouts: Layout, view: str = "sla_report_export"
) -> dict[str, Files]:
    """By the name of the table, the files that answer the question of this page."""
    query = request.GET.copy()
    for name in PARTS:
        query.pop(name, None)
    asked = f"?{query.urlencode()}" if query else ""
    return {
        layout.name: Files(
            layout.name,
            layout.title,
            [
                (kind.upper(), reverse(f"admin:{view}", args=[layout.name, kind]) + asked)
                for kind in TYPES
            ],
        )
        for layout in layouts
    }


def file_of(table: Table, kind: str, *, name: str = "") -> HttpResponseBase:
    """The table as "csv", "xlsx" or "json", under its name or another one; 404 for other kinds.

    CSV and JSON are sent while they are read; a book is whole before it is sent.
    """
    answer: HttpResponseBase
    match kind:
        case "csv":
            answer = StreamingHttpResponse(as_csv(table), content_type=TYPES[CSV])
        case "json":
            answer = StreamingHttpResponse(as_json(table), content_type=TYPES[JSON])
        case "xlsx":
            answer = FileResponse(as_xlsx([table]), content_type=TYPES[XLSX])
        case _:
            raise Http404
    answer.headers["Content-Disposition"] = f'attachment; filename="{name or table.name}.{kind}"'
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer
