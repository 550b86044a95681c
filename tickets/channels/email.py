"""E-mail, outgoing: through Django's mail backend, with SMTP's answers told apart."""

from __future__ import annotations

import smtplib

from django.core.mail import EmailMultiAlternatives

from tickets.channels.base import Outgoing, SendError

TOO_BIG = 552
# The server wants another log-in, or encryption (RFC 4954, 6): no fault of the message.
WRONG_LOGIN = range(530, 540)


def send(outgoing: Outgoing) -> None:
    """Hand one message to the configured backend.

    Raises SendError: permanent for a refusal of this message or recipient (5xx, RFC 5321 4.2.1),
    not permanent for 4xx, time-outs, and trouble with the connection or the log-in, which are
    faults of the configuration and not of the message.
    """
    mail = EmailMultiAlternatives(
        subject=outgoing.subject,
        body=outgoing.text,
        to=[outgoing.recipient],
        headers={
            "Message-ID": outgoing.message_id,
            "Auto-Submitted": "auto-generated",
            "X-Auto-Response-Suppress": "All",
        },
    )
    if outgoing.html:
        mail.attach_alternative(outgoing.html, "text/html")
    try:
        sent = mail.send()
    except smtplib.SMTPRecipientsRefused as refused:
        raise _refusal(*next(iter(refused.recipients.values()))) from refused
    except smtplib.SMTPDataError as refused:
        raise _refusal(refused.smtp_code, refused.smtp_error) from refused
    except smtplib.SMTPSenderRefused as refused:
        # Our own address is refused, so every message would be; only its size is its own fault.
        too_big = refused.smtp_code == TOO_BIG
        raise _refusal(refused.smtp_code, refused.smtp_error, permanent=too_big) from refused
    except ValueError as bad_header:
        # Django refuses line breaks in headers; no later attempt can change the text.
        raise SendError(str(bad_header), permanent=True) from bad_header
    except (smtplib.SMTPException, OSError) as trouble:
        raise SendError(f"{type(trouble).__name__}: {trouble}", permanent=False) from trouble
    if not sent:
        raise SendError("It has no recipient.", permanent=True)


def _refusal(code: int, reason: bytes | str, *, permanent: bool | None = None) -> SendError:
    if permanent is None:
        permanent = code >= 500 and code not in WRONG_LOGIN
    text = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else reason
    return SendError(f"{code} {text}", permanent=permanent)
