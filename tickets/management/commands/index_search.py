"""Writes the documents that search reads, for whoever restored a database or wants them anew."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from tickets import indexing

# A person who waits takes all there is; a worker would go on with something else.
SECONDS = 24 * 3600.0


class Command(BaseCommand):
    """Safe to repeat and to end at any time: workers go on where it stopped."""

    help = "Make the words of tickets findable anew. Nobody has to: the workers do it all the time."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which tickets, and that they may be left to the workers."""
        parser.add_argument("--first", type=int, default=1, help="The lowest number; 1 by default.")
        parser.add_argument("--last", type=int, help="The highest number; by default all.")
        parser.add_argument(
            "--mark-only", action="store_true", help="Leave the work to the workers."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Mark, and write until nothing is marked."""
        marked = indexing.mark(first=options["first"], last=options["last"])
        if options["mark_only"]:
            self.stdout.write(f"{marked} tickets are marked.")
            return
        written = indexing.write_marked(at=timezone.now(), seconds=SECONDS)
        self.stdout.write(f"{written} tickets are written.")
