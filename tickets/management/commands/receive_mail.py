"""Takes one message from a mail server that pipes it in (an entry in aliases, a transport)."""

from __future__ import annotations

import hashlib
import os
import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.template.defaultfilters import filesizeformat
from django.utils import timezone

from tickets import inbound
from tickets.models import Mailbox


class Command(BaseCommand):
    """Ends with 0 when the message is committed, and never otherwise.

    The other codes are those of sysexits.h: 65, about the message itself, makes the mail server
    tell the sender; 75, about anything else, makes it keep the message and try again. `manage.py`
    sees to that where it is not this command's to say: wrong settings, options, signals.
    """

    help = "Store the message on standard input; for mail servers that pipe."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which of our addresses it came to."""
        parser.add_argument(
            "--mailbox", metavar="ADDRESS", help="The mailbox whose mail this is; by default none."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Raise `CommandError` with the code for the mail server."""
        try:
            self._receive(sys.stdin.buffer.read(settings.MAX_MAIL_BYTES + 1), options["mailbox"])
        except CommandError:
            raise
        except Exception as error:
            # Whatever it is, the message is not lost while the mail server keeps it.
            reason = f"Not stored, try again: {type(error).__name__}: {error}"
            raise CommandError(reason, returncode=os.EX_TEMPFAIL) from error

    def _receive(self, raw: bytes, address: str | None) -> None:
        if not raw.strip():
            raise CommandError("There is no message.", returncode=os.EX_DATAERR)
        if len(raw) > settings.MAX_MAIL_BYTES:
            limit = filesizeformat(settings.MAX_MAIL_BYTES).replace("\xa0", " ")
            reason = f"The message is larger than {limit}."
            raise CommandError(reason, returncode=os.EX_DATAERR)
        mailbox = None
        if address:
            mailbox = Mailbox.objects.filter(address=address.strip().lower()).first()
            if mailbox is None:
                # A slip in the set-up, which somebody will mend.
                reason = f"There is no mailbox {address}."
                raise CommandError(reason, returncode=os.EX_TEMPFAIL)
        digest = hashlib.sha256(raw).hexdigest()
        key = f"pipe:{digest}:{mailbox.address if mailbox else ''}"
        inbound.receive(raw, mailbox=mailbox, key=key, at=timezone.now())
