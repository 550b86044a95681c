"""E-mail, outgoing: through Django's mail backend, with the answers of servers told apart."""

from __future__ import annotations

import smtplib
import ssl
import unicodedata
from contextlib import closing
from email.headerregistry import Address, BaseHeader, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage, MIMEPart
from email.policy import default
from email.utils import parseaddr
from typing import Any

from anymail.backends.base import AnymailBaseBackend
from anymail.exceptions import AnymailError, AnymailRecipientsRefused
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends import smtp

from tickets.channels.base import File, Outgoing, SendError
from tickets.channels.mail.incoming import Attached, Bounce, BouncedRecipient, Incoming
from tickets.channels.mail.parsing import parse

__all__ = ["Attached", "Bounce", "BouncedRecipient", "Incoming", "parse", "send"]

TOO_BIG = 552
# The server wants another log-in, or encryption (RFC 4954, 6): no fault of the message.
WRONG_LOGIN = range(530, 540)
# What a provider's interface answers when the key, the account or the address is wrong.
NOT_LET_IN = {401, 402, 403, 404}
TOO_MANY_REQUESTS = 429
# Other backends open nothing that takes time; the one that writes files would fill a single one.
KEPT_OPEN = (smtp.EmailBackend, AnymailBaseBackend)
# Servers end a session after some hundred messages.
MESSAGES_PER_CONNECTION = 100
ANY_FILE = "application/octet-stream"


class Line:
    """A connection of the configured backend, opened by the first message and after any error."""

    def __init__(self) -> None:
        self._backend: Any = None
        self._sent = 0

    def send(self, outgoing: Outgoing) -> str:
        """Hand one message to the backend; answers the provider's id, "" for SMTP.

        Raises SendError: permanent for a refusal of this message or recipient (5xx, RFC 5321
        4.2.1), not permanent for 4xx, time-outs and trouble with the connection, and blocking the
        channel when the log-in, the sender or the encryption is refused.
        """
        try:
            backend = self._opened()
            mail = _mail(outgoing, backend)
            sent = backend.send_messages([mail])
        except Exception as trouble:
            self._drop()
            if (error := _understood(trouble)) is None:
                raise
            raise error from trouble
        self._sent += 1
        if self._sent >= MESSAGES_PER_CONNECTION or not isinstance(backend, KEPT_OPEN):
            self.close()
        if not sent:
            raise SendError("It has no recipient.", permanent=True)
        name = getattr(getattr(mail, "anymail_status", None), "message_id", None)
        return "" if name is None else str(name)

    def close(self) -> None:
        """Say good-bye to the server."""
        backend, self._backend, self._sent = self._backend, None, 0
        if backend is not None:
            try:
                backend.close()
            except (OSError, smtplib.SMTPException):
                # Everything on it was answered: there is nothing left to lose.
                _hang_up(backend)

    def _opened(self) -> Any:
        if self._backend is None:
            self._backend = get_connection()
        if isinstance(self._backend, KEPT_OPEN):
            try:
                self._backend.open()
            except (smtplib.SMTPException, OSError) as trouble:
                raise _closed_door(trouble) from trouble
        return self._backend

    def _drop(self) -> None:
        """Leave without good-bye: a server that hangs would be waited for once more."""
        backend, self._backend, self._sent = self._backend, None, 0
        if backend is not None:
            _hang_up(backend)


def send(outgoing: Outgoing) -> str:
    """Hand over one message by a connection of its own, as `Line.send` does."""
    with closing(Line()) as line:
        return line.send(outgoing)


def _hang_up(backend: Any) -> None:
    for name in ("connection", "_partial_connection"):
        if isinstance(connection := getattr(backend, name, None), smtplib.SMTP):
            connection.close()
            setattr(backend, name, None)
    if not isinstance(backend, smtp.EmailBackend):
        backend.close()


# --- The message -------------------------------------------------------------------------------


class _MessageIds(UnstructuredHeader, BaseHeader):
    """One id a line: the email package would encode long ones (Outlook's) beyond recognition."""

    def fold(self, *, policy: Any) -> str:
        return f"{self.name}: {f'{policy.linesep} '.join(self.split())}{policy.linesep}"


_HEADERS = HeaderRegistry()
for _name in ("in-reply-to", "references"):
    _HEADERS.map_to_type(_name, _MessageIds)


class _Mail(EmailMultiAlternatives):
    """Django's message, with headers of ids that stay as they are, and pictures in its HTML.

    The pictures are among the attachments, where django-anymail looks for them.
    """

    def message(self, *, policy: Any = default) -> EmailMessage:
        """The files beside the words, and the pictures beside the HTML (RFC 2387)."""
        given = self.attachments
        pictures = [each for each in given if isinstance(each, MIMEPart)]
        self.attachments = [each for each in given if not isinstance(each, MIMEPart)]
        try:
            made: EmailMessage = super().message(policy=policy.clone(header_factory=_HEADERS))
        finally:
            self.attachments = given
        html = made.get_body(("html",)) if pictures else None
        if html is not None:
            html.make_related()
            for picture in pictures:
                html.attach(picture)
        return made


def _mail(outgoing: Outgoing, backend: Any) -> EmailMultiAlternatives:
    """Raises ValueError for what cannot be a header."""
    headers = {"Message-ID": outgoing.message_id}
    if outgoing.in_reply_to:
        headers["In-Reply-To"] = outgoing.in_reply_to
    if outgoing.references:
        headers["References"] = " ".join(outgoing.references)
    if outgoing.automatic:
        headers["Auto-Submitted"] = outgoing.automatic
        headers["X-Auto-Response-Suppress"] = "All"
        headers["Precedence"] = "bulk"
    mail = _Mail(
        subject=outgoing.subject,
        body=outgoing.text,
        from_email=_sender(outgoing.from_name),
        to=[outgoing.recipient],
        reply_to=[outgoing.reply_to] if outgoing.reply_to else None,
        headers=headers,
        connection=backend,
    )
    if outgoing.html:
        mail.attach_alternative(outgoing.html, "text/html")
    for file in outgoing.attachments:
        if file.content_id:
            mail.attach(_picture(file))
        else:
            mail.attach(_one_line(file.filename), file.content, _media_type(file.content_type))
    return mail


def _picture(file: File) -> MIMEPart:
    """A part that the HTML shows."""
    kind, _, subtype = _media_type(file.content_type).partition("/")
    part = MIMEPart()
    part.set_content(
        file.content,
        maintype=kind,
        subtype=subtype,
        disposition="inline",
        filename=_one_line(file.filename),
        cid=f"<{file.content_id}>",
    )
    return part


def _sender(name: str) -> str:
    """DEFAULT_FROM_EMAIL, with the name of the agent who writes."""
    if not name:
        return str(settings.DEFAULT_FROM_EMAIL)
    address = parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
    shown = f"{_one_line(name)} ({_one_line(settings.BRAND_NAME)})"
    return str(Address(display_name=shown, addr_spec=address))


def _one_line(words: str) -> str:
    """Without line breaks and control characters of any kind: names come from people."""
    visible = "".join(" " if unicodedata.category(c) in {"Cc", "Zl", "Zp"} else c for c in words)
    return " ".join(visible.split())


def _media_type(given: str) -> str:
    """The type as the agent's browser said it, where it is one at all."""
    kind, _, subtype = given.lower().partition("/")
    plain = f"{kind}{subtype}".replace("-", "").replace("+", "").replace(".", "")
    is_one = kind.isalpha() and subtype and plain.isalnum() and plain.isascii()
    # A message or several parts cannot be packed as a plain file.
    return given.lower() if is_one and kind not in {"multipart", "message"} else ANY_FILE


# --- Answers -----------------------------------------------------------------------------------


def _understood(trouble: Exception) -> SendError | None:
    """What the exception of a backend means; None when it is no answer of a peer."""
    match trouble:
        case SendError():
            return trouble
        case smtplib.SMTPRecipientsRefused(recipients=refused):
            return _refusal(*next(iter(refused.values())))
        case smtplib.SMTPSenderRefused(smtp_code=code, smtp_error=reason):
            # Our own address is refused, so every message would be; its size alone is its own.
            return _refusal(code, reason, of_sender=code != TOO_BIG)
        case smtplib.SMTPResponseException(smtp_code=code, smtp_error=reason):
            return _refusal(code, reason)
        case AnymailError():
            return _provider(trouble)
        case ImproperlyConfigured():
            return SendError(str(trouble), blocks_channel=True)
        case ValueError():
            # Django refuses line breaks in headers; no later attempt can change the text.
            return SendError(str(trouble), permanent=True)
        case smtplib.SMTPException() | OSError():
            return SendError(_named(trouble))
    return None


def _refusal(code: int, reason: bytes | str, *, of_sender: bool = False) -> SendError:
    text = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else reason
    blocks = code in WRONG_LOGIN or (of_sender and code >= 500)
    return SendError(
        f"{code} {text}", permanent=code >= 500 and not blocks, blocks_channel=blocks, code=code
    )


def _closed_door(trouble: Exception) -> SendError:
    """Before any message was offered: for good, the configuration or the server is at fault."""
    match trouble:
        case smtplib.SMTPResponseException(smtp_code=code, smtp_error=reason):
            text = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else reason
            return SendError(f"{code} {text}", blocks_channel=code >= 500, code=code)
        case ssl.SSLEOFError() | ssl.SSLZeroReturnError():
            return SendError(_named(trouble))
        case ssl.SSLError() | smtplib.SMTPNotSupportedError():
            return SendError(_named(trouble), blocks_channel=True)
    return SendError(_named(trouble))


def _provider(trouble: AnymailError) -> SendError:
    """What the interface of a mail provider says (HTTP)."""
    code: int | None = trouble.status_code
    reason = " ".join(str(trouble).split())
    if code is None:
        never = isinstance(trouble, AnymailRecipientsRefused | ValueError)
        # Not sent at all, or not answered: its text is that of the connection.
        return SendError(reason, permanent=never and not isinstance(trouble, OSError))
    later = code >= 500 or code in {408, TOO_MANY_REQUESTS} or code < 400
    blocks = code in NOT_LET_IN
    return SendError(reason, permanent=not later and not blocks, blocks_channel=blocks, code=code)


def _named(trouble: Exception) -> str:
    return f"{type(trouble).__name__}: {trouble}"
