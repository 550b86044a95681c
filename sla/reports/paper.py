"""What somebody supposes about past promises: other targets, other opening hours. Never a row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from sla.core.deadlines import Target
from sla.core.hours import Hours
from sla.models import CalendarVersion, hours_of

type Spans = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Terms:
    """What one promise says: a limit in its unit, and a goal in the same unit, if any."""

    amount: int
    unit: str
    goal_amount: int | None

    @property
    def target(self) -> Target:
        return Target(self.amount, self.unit)

    @property
    def goal(self) -> Target | None:
        return Target(self.goal_amount, self.unit) if self.goal_amount else None


@dataclass(frozen=True)
class OtherTerms:
    """Other terms for one priority and metric; what is None or "" stays as it was promised."""

    amount: int | None = None
    unit: str = ""
    goal_amount: int | None = None

    def instead_of(self, terms: Terms) -> Terms:
        """The terms on paper. A goal in another unit than before would mean nothing: it goes."""
        unit = self.unit or terms.unit
        goal = self.goal_amount
        if goal is None and unit == terms.unit:
            goal = terms.goal_amount
        return Terms(self.amount or terms.amount, unit, goal)


@dataclass(frozen=True)
class Paper:
    """Everything that is supposed; the empty one supposes that all was as it was.

    `calendar` holds for every promise instead of its own version; `zone` and `week` (weekday,
    Monday is 0, to spans) replace those of whichever calendar holds, `days` (a date to its spans,
    none when closed) come on top of its exceptions, or in the place of them `without_exceptions`.
    """

    terms: Mapping[tuple[int, str], OtherTerms] = field(default_factory=dict)
    calendar: CalendarVersion | None = None
    zone: str = ""
    week: Mapping[int, Spans] | None = None
    days: Mapping[date, Spans] = field(default_factory=dict)
    without_exceptions: bool = False

    @property
    def is_blank(self) -> bool:
        return not self.terms and self.keeps_hours

    @property
    def keeps_hours(self) -> bool:
        """Whether every promise runs in the hours of its own calendar, as it did."""
        edits = (self.calendar, self.zone, self.days, self.without_exceptions)
        return self.week is None and not any(edits)

    def terms_of(self, priority_id: int, metric: str, recorded: Terms) -> Terms:
        """What a promise of this priority and metric would have said."""
        other = self.terms.get((priority_id, metric))
        return other.instead_of(recorded) if other else recorded

    def hours_instead_of(self, version_id: int) -> Hours:
        """The business time in place of that of a version.

        ValueError or NeverOpen, with a sentence, for hours that contradict themselves or that
        never open.
        """
        if self.keeps_hours:
            return hours_of(version_id)
        base = self.calendar
        if base is None:
            base = CalendarVersion.objects.select_related("calendar").get(pk=version_id)
        exceptions = {} if self.without_exceptions else base.exceptions
        dated = {
            date.fromisoformat(day): [(opens, closes) for opens, closes in entry["spans"]]
            for day, entry in exceptions.items()
        }
        week = {
            int(day): [(opens, closes) for opens, closes in of] for day, of in base.week.items()
        }
        return Hours(
            self.zone or base.time_zone,
            week if self.week is None else self.week,
            {**dated, **self.days},
            name=f"{base.calendar.name}, as it stands on paper",
        )
