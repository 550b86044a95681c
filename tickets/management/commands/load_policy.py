"""Loads the published support policy, and all that a new desk starts with."""

from __future__ import annotations

import re
from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from sla import defaults
from sla.loading import alone, import_holidays, is_loaded, load_policy
from sla.models import Calendar, Policy
from sla.models.calendars import is_time_zone
from sla.public_holidays import PublicHolidays, is_country
from tickets.loading import load_desk

YEARS = re.compile(r"^(\d{4})(?:\.\.(\d{4}))?$")
FIRST_YEAR, LAST_YEAR = 1970, 2100


class Command(BaseCommand):
    """Runs at every start: what has been loaded once is left to those who edit it."""

    help = "Load the published support policy, request types and groups, once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Zone, country and years of the calendar, and whether to undo edits."""
        parser.add_argument(
            "--time-zone", help=f"Zone of the opening hours; {defaults.TIME_ZONE} by default."
        )
        parser.add_argument(
            "--country",
            help="Whose public holidays: a code such as IN or DE, or '' for none; "
            f"{defaults.COUNTRY} by default.",
        )
        parser.add_argument(
            "--years",
            help="Of the holidays, such as 2027 or 2026..2028; by default from last year to the "
            "year after next. Also adds years to a calendar that is loaded already.",
        )
        parser.add_argument(
            "--overwrite", action="store_true", help="Put the published rows back over all edits."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Raise `CommandError`, one sentence, for a bad argument."""
        zone, country, years = options["time_zone"], options["country"], options["years"]
        public = PublicHolidays(
            country=defaults.COUNTRY if country is None else _country(country),
            years=_years(years),
        )
        _check_zone(zone)
        try:
            with transaction.atomic():
                alone()
                if options["overwrite"] or not is_loaded():
                    said = self._load(zone, public, overwrite=options["overwrite"])
                else:
                    said = _left_alone(zone)
                    if years is not None or country is not None:
                        said += self._add_holidays(public)
        except ValidationError as problem:
            raise CommandError(" ".join(problem.messages)) from problem
        except LookupError as problem:
            raise CommandError(str(problem)) from problem
        if options["verbosity"] > 0:
            self.stdout.write("\n".join(said))

    def _load(self, zone: str | None, public: PublicHolidays, *, overwrite: bool) -> list[str]:
        said = load_policy(
            time_zone=zone or defaults.TIME_ZONE,
            public=public,
            overwrite=overwrite,
            at=timezone.now(),
        )
        return [*said, *load_desk()]

    def _add_holidays(self, public: PublicHolidays) -> list[str]:
        calendar = _default_calendar()
        said = import_holidays(calendar, public, overwrite=False)
        calendar.publish(at=timezone.now())
        return said


def _default_calendar() -> Calendar:
    """The calendar that the default policy runs on, whatever its name is by now."""
    try:
        return Policy.objects.default().calendar
    except Policy.DoesNotExist as problem:
        raise CommandError(
            "No policy is the default one, so it is not known which calendar gets the holidays: "
            "choose the default policy in the admin, or run load_policy --overwrite."
        ) from problem


def _left_alone(zone: str | None) -> list[str]:
    said = ["The policy was loaded before: its rows were left alone (--overwrite restores them)."]
    if zone is not None and zone != (kept := _default_calendar().time_zone):
        said.append(f"The calendar keeps its zone {kept}: change it in the admin.")
    return said


def _check_zone(zone: str | None) -> None:
    if zone is not None:
        try:
            is_time_zone(zone)
        except ValidationError as problem:
            raise CommandError(problem.messages[0]) from problem


def _country(code: str) -> str:
    code = code.strip().upper()
    if code and not is_country(code):
        raise CommandError(
            f"No public holidays are known for the country “{code}”: give a code of two letters "
            "such as IN, or '' for none."
        )
    return code


def _years(text: str | None) -> list[int]:
    if text is None:
        this_year = timezone.now().year
        return list(range(this_year - 1, this_year + 3))
    match = YEARS.match(text.strip())
    first, last = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
    if not FIRST_YEAR <= first <= last <= LAST_YEAR:
        raise CommandError(
            f"“{text}” names no years: write --years 2027 or --years 2026..2028, "
            f"from {FIRST_YEAR} to {LAST_YEAR}, the earlier one first."
        )
    return list(range(first, last + 1))
