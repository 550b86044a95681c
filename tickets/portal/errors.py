"""Pages for what went wrong: a sentence and a way on."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseServerError
from django.shortcuts import render
from django.template.loader import render_to_string
from django.views.decorators.csrf import requires_csrf_token

MEGABYTE = 1024 * 1024


def too_large(request: HttpRequest) -> HttpResponse:
    """413: more was sent than the server reads, so the form could not come back filled in."""
    limits = {
        "megabytes": settings.DATA_UPLOAD_MAX_MEMORY_SIZE // MEGABYTE,
        "characters": settings.MAX_MESSAGE_CHARS,
        "files": settings.MAX_ATTACHMENTS,
    }
    return render(request, "413.html", limits, status=413)


@requires_csrf_token
def server_error(request: HttpRequest) -> HttpResponse:
    """500: nothing here may fail in its turn, so neither the user nor the database is asked."""
    return HttpResponseServerError(render_to_string("500.html", {"brand": settings.BRAND_NAME}))
