"""Read what a browser sends within bounds, before anything else looks at it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.core.exceptions import (
    BadRequest,
    RequestDataTooBig,
    TooManyFieldsSent,
    TooManyFilesSent,
)
from django.core.files.uploadhandler import MemoryFileUploadHandler, TemporaryFileUploadHandler
from django.http import HttpRequest, HttpResponse, HttpResponseBase, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt, csrf_protect

from tickets.portal import errors

type View = Callable[..., HttpResponseBase]

CHUNK = 64 * 1024
ASKS, ASKS_FOR_ADDRESS, TELLS = "X-Answer", "address", "X-Next"


class CappedUpload(TemporaryFileUploadHandler):
    """Counts the bytes of a file that is over the limit, and keeps none of the surplus.

    The form can then say how large the file is, and no disk fills up.
    """

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        if start + len(raw_data) <= settings.MAX_ATTACHMENT_BYTES:
            super().receive_data_chunk(raw_data, start)


def bounded(view: View) -> View:
    """Let a view with a form read text as UTF-8 and files within the limits.

    A script that shows how far the sending is gets the address of the next page, see `_told_where`.

    The check of the CSRF token reads the form too, so it moves inside (Django's documented way to
    choose upload handlers in a view). What is too much for the server answers 413 with a sentence.
    """
    guarded = csrf_protect(view)

    @csrf_exempt
    @wraps(view)
    def read(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        # A page in UTF-8 sends UTF-8; other names here choose codecs that no browser uses.
        request.encoding = "utf-8"
        request.upload_handlers = [MemoryFileUploadHandler(request), CappedUpload(request)]
        try:
            _ = request.POST
        except (RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent):
            _read_the_rest(request)
            return errors.too_large(request)
        except (UnreadablePostError, MultiPartParserError, BadRequest):
            return render(request, "400.html", status=400)
        return _told_where(request, guarded(request, *args, **kwargs))

    return read


def _told_where(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """For static/js/uploads.js, where to go instead of a redirection.

    A browser follows a redirection before its script learns of it, and the sentence that the next
    page shows once ("We have your request") would be gone with the page that nobody sees.
    """
    if request.headers.get(ASKS) != ASKS_FOR_ADDRESS or not response.has_header("Location"):
        return response
    told = HttpResponse(status=204, headers={TELLS: response.headers["Location"]})
    told.cookies.update(response.cookies)
    return told


def _read_the_rest(request: HttpRequest) -> None:
    """A browser shows the answer only after it has sent everything."""
    try:
        while request.read(CHUNK):
            pass
    except UnreadablePostError:
        return
