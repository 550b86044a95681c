"""Fetches mail now, for whoever sets a mailbox up or looks for what is wrong."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from tickets.fetching import NotFetched, fetch
from tickets.models import Mailbox

# A person who waits takes all there is; a worker would go on with something else.
SECONDS = 3600.0


class Command(BaseCommand):
    """A line for each mailbox; fails when one could not be fetched."""

    help = "Fetch what is unread in the mailboxes, those that are left alone for a while as well."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which mailbox, and that once is enough."""
        parser.add_argument(
            "--once",
            action="store_true",
            required=True,
            help="Fetch, and end. To have it done again and again, run a worker and beat.",
        )
        parser.add_argument("--mailbox", metavar="ADDRESS", help="This one alone.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Raise `CommandError` when there is nothing to fetch, or when a mailbox is in trouble."""
        mailboxes = Mailbox.objects.fetched()
        if options["mailbox"]:
            mailboxes = mailboxes.filter(address=options["mailbox"].strip().lower())
        if not mailboxes:
            which = options["mailbox"] or "at all"
            raise CommandError(f"No active mailbox {which} that is fetched by IMAP.")
        failed = 0
        for mailbox in mailboxes:
            try:
                count = fetch(mailbox, at=timezone.now(), seconds=SECONDS)
            except NotFetched as trouble:
                failed += 1
                self.stderr.write(f"{mailbox.address}: {trouble}")
            else:
                self.stdout.write(f"{mailbox.address}: {count} fetched.")
        if failed:
            raise CommandError(f"Not fetched: {failed} of {len(mailboxes)}.")
