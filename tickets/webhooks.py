"""What a mail provider tells us by HTTP: mail that came in, and what became of mail that went out.

The addresses are those of django-anymail, which checks who calls. A mail is stored as it came, and
only then is the call answered with 200: any other answer, and the provider calls again.
"""

from __future__ import annotations

import base64
import hashlib
import logging
import re
from collections.abc import Callable
from email.utils import getaddresses
from functools import wraps
from typing import Any
from urllib.parse import parse_qs

import anymail.urls
from anymail.signals import (
    AnymailInboundEvent,
    AnymailTrackingEvent,
    EventType,
    RejectReason,
    inbound,
    tracking,
)
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern
from django.utils import timezone

from tickets import delivery
from tickets.channels.mail.bounces import is_hard, status_in
from tickets.inbound import receive
from tickets.models import Delivery, Mailbox

logger = logging.getLogger(__name__)

Fate = Delivery.Fate
FATES = {
    EventType.DELIVERED: Fate.DELIVERED,
    EventType.DEFERRED: Fate.DELAYED,
    EventType.BOUNCED: Fate.BOUNCED,
    EventType.REJECTED: Fate.BOUNCED,
    EventType.FAILED: Fate.BOUNCED,
    EventType.COMPLAINED: Fate.COMPLAINED,
}


class NotYet(Exception):  # noqa: N818 - an answer, no error
    """The provider has to call again."""


@receiver(inbound)
def keep_mail(event: AnymailInboundEvent, esp_name: str, **_: Any) -> None:
    """Store the mail, byte for byte. Raises NotYet when the provider does not send it like that."""
    raw = _raw(esp_name, event.esp_event)
    digest = hashlib.sha256(raw).hexdigest()
    reached = event.message.envelope_recipient or ""
    receive(
        raw,
        mailbox=_mailbox(reached, event.message),
        # Not every provider names its call, and some give it another name when they call again.
        key=f"{esp_name}:{digest}:{reached}".lower(),
        at=timezone.now(),
    )


@receiver(tracking)
def note_fate(event: AnymailTrackingEvent, **_: Any) -> None:
    """Record what became of one of our messages. Raises NotYet while it is being sent."""
    fate, name = FATES.get(event.event_type), event.message_id
    if fate is None or not name:
        return
    detail = event.mta_response or event.description or event.reject_reason or ""
    found = delivery.report(
        provider_id=str(name),
        fate=fate,
        at=event.timestamp or timezone.now(),
        detail=str(detail),
        hard=_is_hard(event),
    )
    on_its_way = Delivery.objects.filter(
        recipient__iexact=event.recipient or "", state=Delivery.State.LEASED
    )
    if found is None and on_its_way.exists():
        raise NotYet(f"{name} may be a message that is being sent now.")


def _is_hard(event: AnymailTrackingEvent) -> bool:
    """Whether the address takes no mail at all: by the other server's status, as in bounce mails.

    Without one the provider's word counts where it says that the address is none. Its "bounced"
    says nothing: anymail calls a full mailbox and a message held for spam the same.
    """
    if status := status_in(str(event.mta_response or "")):
        return is_hard(status)
    fate = (event.event_type, event.reject_reason)
    return fate == (EventType.BOUNCED, RejectReason.INVALID)


def _mailbox(reached: str, message: Any) -> Mailbox | None:
    """Ours that it came to: as the provider says, else the first one that it is addressed to."""
    headers = [str(line) for name in ("To", "Cc") for line in message.get_all(name, [])]
    named = [address for _, address in getaddresses([reached]) + getaddresses(headers)]
    plain = [re.sub(r"\+[^@]*@", "@", address.strip().lower()) for address in named]
    mailboxes = {mailbox.address: mailbox for mailbox in Mailbox.objects.filter(address__in=plain)}
    return next((mailboxes[address] for address in plain if address in mailboxes), None)


# --- The bytes, as each provider has them -------------------------------------------------------


def _raw(provider: str, event: Any) -> bytes:
    """The mail itself. Raises NotYet where it is not there."""
    try:
        return RAW[provider](event)
    except KeyError as missing:
        raise NotYet(
            f"{provider} does not send mail as it came: switch its raw MIME on, or use a mailbox."
        ) from missing


def _field(name: str) -> Callable[[HttpRequest], bytes]:
    """A field of a form, without a guess at its charset."""

    def read(request: HttpRequest) -> bytes:
        if request.content_type == "application/x-www-form-urlencoded":
            return parse_qs(request.body, strict_parsing=False)[name.encode()][-1]
        return request.POST[name].encode("latin-1")

    return read


def _text(mail: str, *, is_base64: bool = False) -> bytes:
    return base64.b64decode(mail) if is_base64 else mail.encode("utf-8", "surrogatepass")


def _sparkpost(event: Any) -> bytes:
    content = event["msys"]["relay_message"]["content"]
    return _text(content["email_rfc822"], is_base64=content["email_rfc822_is_base64"])


RAW: dict[str, Callable[[Any], bytes]] = {
    "Mailgun": _field("body-mime"),
    "SendGrid": _field("email"),
    "MailerSend": lambda event: _text(event["data"]["raw"]),
    "Mandrill": lambda event: _text(event["msg"]["raw_msg"]),
    "Postal": lambda event: _text(event["message"], is_base64=event.get("base64") is True),
    "Postmark": lambda event: _text(event["RawEmail"]),
    "SparkPost": _sparkpost,
}


# --- The addresses -----------------------------------------------------------------------------

type View = Callable[..., HttpResponse]


def _patient(view: View) -> View:
    """The provider's view, which may answer that it has to call again."""

    @wraps(view)
    def called(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        # Read as a whole before anybody takes it apart, for `_field`.
        _ = request.body
        if request.content_type == "multipart/form-data":
            request.encoding = "latin-1"  # Each byte is one letter: nothing is lost.
        try:
            return view(request, *args, **kwargs)
        except NotYet as answer:
            logger.warning("A webhook has to be called again: %s", answer)
            return HttpResponse(str(answer), status=503, content_type="text/plain")

    return called


app_name = anymail.urls.app_name
urlpatterns = [
    URLPattern(route.pattern, _patient(route.callback), route.default_args, route.name)
    for route in anymail.urls.urlpatterns
]
