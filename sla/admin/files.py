"""Answers that are files."""

from __future__ import annotations

from django.http import FileResponse, Http404, HttpResponseBase, StreamingHttpResponse

from sla.files import CSV, JSON, TYPES, XLSX, Table, as_csv, as_json, as_xlsx


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
