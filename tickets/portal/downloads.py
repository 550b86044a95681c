"""Attached files: only to people who may see the message that they belong to."""

from __future__ import annotations

from django.db.models import QuerySet
from django.http import FileResponse, Http404, HttpRequest
from django.utils import timezone
from django.utils.csp import CSP
from django.views.decorators.http import require_safe

from tickets import links
from tickets.models import Attachment, Message, Ticket
from tickets.portal.conversation import confidential
from tickets.portal.pages import viewer_of

# Types that a browser shows without running anything; all others are only bytes.
HARMLESS = {
    "image/png": "image/png",
    "image/jpeg": "image/jpeg",
    "image/gif": "image/gif",
    "image/webp": "image/webp",
    "application/pdf": "application/pdf",
    "text/plain": "text/plain; charset=utf-8",
}
ONLY_BYTES = "application/octet-stream"
# Shown where `?show=1` asks for it; whatever else there is, is saved to a file.
PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})


@confidential
@require_safe
def by_link(request: HttpRequest, reference: str, key: str, pk: int) -> FileResponse:
    """A file of a public message of the ticket behind a signed link."""
    found = links.holder(reference, key, at=timezone.now())
    if found is None:
        raise Http404
    ticket, person = found
    read = Message.objects.filter(ticket=ticket).shown_to(person)
    return _download(Attachment.objects.filter(message__in=read), pk)


@confidential
@require_safe
def signed_in(request: HttpRequest, pk: int) -> FileResponse:
    """A file of a ticket that the person may see; those of internal notes for staff alone."""
    viewer = viewer_of(request)
    seen = Attachment.objects.filter(message__ticket__in=Ticket.objects.visible_to(request.user))
    if viewer is None or not viewer.is_staff:
        seen = seen.filter(message__in=Message.objects.shown_to(viewer)) if viewer else seen.none()
    return _download(seen, pk, is_shown=request.GET.get("show") == "1")


def _download(visible: QuerySet[Attachment], pk: int, *, is_shown: bool = False) -> FileResponse:
    attachment = visible.filter(pk=pk).first()
    if attachment is None:
        raise Http404
    try:
        file = attachment.file.open("rb")
    except FileNotFoundError as gone:
        raise Http404 from gone
    response = FileResponse(
        file,
        as_attachment=not (is_shown and attachment.content_type in PICTURES),
        filename=attachment.filename,
        content_type=HARMLESS.get(attachment.content_type, ONLY_BYTES),
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    # The second wall: a browser that shows it all the same runs nothing of it.
    response.headers[CSP.HEADER_ENFORCE.value] = "default-src 'none'; sandbox"
    return response
