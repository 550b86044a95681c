"""Makes a believable desk, for a first look and for tests of the whole product."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any, TextIO

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from sla.models import Policy
from tickets import escalation
from tickets.management.demo_desk import NotReady, accounts, desk, people

ACCOUNTS = "demo-accounts.txt"
MOST_DAYS = 3650


class Command(BaseCommand):
    """People once, tickets anew with every run."""

    help = "Make a believable desk: organizations, teams, people, and tickets over some days."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """How many tickets over how many days, and the seed that decides about everything."""
        parser.add_argument("--tickets", type=int, default=60, help="How many; 60 by default.")
        parser.add_argument("--days", type=int, default=30, help="Up to now; 30 by default.")
        parser.add_argument("--seed", type=int, default=1, help="Same seed, same desk.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Raise `CommandError`, one sentence, when something stands in the way."""
        tickets, days, loud = options["tickets"], options["days"], options["verbosity"] > 0
        _check(tickets=tickets, days=days)
        call_command("load_policy", verbosity=0)
        at = timezone.now().replace(microsecond=0)
        # Steps that really are due are told to people before time is turned back.
        escalation.fire_due_steps(at=at)
        path = settings.VAR_DIR / ACCOUNTS
        try:
            with transaction.atomic():
                staff = people.settle()
                accounts.hand_out(staff.accounts(), path=path)
                made = desk.make(
                    staff,
                    tickets=tickets,
                    days=days,
                    seed=options["seed"],
                    at=at,
                    on_progress=Progress(sys.stderr if loud else None),
                )
        except (NotReady, Policy.DoesNotExist) as refusal:
            raise CommandError(str(refusal)) from refusal
        except OSError as error:
            raise CommandError(f"The accounts could not be written down: {error}.") from error
        if loud:
            self.stdout.write(f"{len(made)} tickets over {days} days. Accounts: {path}")


def _check(*, tickets: int, days: int) -> None:
    for name, number in (("tickets", tickets), ("days", days)):
        if number < 1:
            raise CommandError(f"--{name} is at least 1, and not {number}.")
    if days > MOST_DAYS:
        raise CommandError(f"--days is at most {MOST_DAYS}, ten years.")


class Progress:
    """A bar on a terminal; elsewhere a line at every tenth of the way."""

    WIDTH = 40

    def __init__(self, out: TextIO | None) -> None:
        self._out = out
        self._shown = -1

    def __call__(self, done: int, of: int) -> None:
        """Called after each act of the plan."""
        percent = 100 * done // of
        if self._out is None or percent == self._shown:
            return
        if self._out.isatty():
            bar = "#" * (self.WIDTH * percent // 100)
            end = "\n" if done == of else ""
            self._out.write(f"\r[{bar:<{self.WIDTH}}] {percent:3} %{end}")
        elif percent % 10 == 0:
            self._out.write(f"{percent} %\n")
        self._out.flush()
        self._shown = percent
