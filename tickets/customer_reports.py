"""What was promised to one organization in one month, and how it was kept.

The figures of promises are those of `sla.reports`. A ticket is in the month in which it was
submitted, or in which something was promised about it because its priority was raised. Spam and
tickets that were merged into others are left out; but what was missed before a ticket was merged
stays a broken promise, and is listed. Nothing here names a member of staff but the single point of
contact, and nothing comes from internal notes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Avg, Count, Exists, OuterRef, Q, Subquery
from django.utils import timezone, translation
from django.utils.dateformat import format as in_format

from sla import reports
from sla.models import Clock, Metric, Policy, PolicyVersion, Priority
from sla.reports import AttainmentRow, Filters, Period, Promised
from tickets.models import Event, Organization, Rating, Ticket, policy_for
from tickets.models.tickets import TicketQuerySet
from tickets.states import UNSOLVED
from tickets.terms import DAY, next_month, terms_of

# Tickets that a page lists, and a mail; the figures are always of all.
MOST_ON_A_PAGE = 500
MOST_IN_A_MAIL = 30


@dataclass(frozen=True)
class PromiseLine:
    """One promise of the policy. `targets` are those that held; `row` is None: never put to use."""

    priority: str
    priority_name: str
    metric: str
    targets: Sequence[Promised]
    row: AttainmentRow | None

    @property
    def attainment(self) -> float | None:
        return self.row.attainment if self.row else None


@dataclass(frozen=True)
class Outcome:
    """A promise about one ticket: when it was due, and what came of it.

    `ended_at` is when it was fulfilled, or replaced by another one after it was missed.
    """

    priority: str
    metric: str
    due_at: datetime
    ended_at: datetime | None
    is_kept: bool
    is_broken: bool
    late_by: timedelta | None


@dataclass(frozen=True)
class TicketLine:
    """One ticket with its promises, in the order in which they were made."""

    pk: int
    reference: str
    subject: str
    submitted_at: datetime
    outcomes: Sequence[Outcome]


@dataclass(frozen=True)
class Volume:
    """Tickets that came in the month, that were solved in it, and that were unsolved at its end."""

    opened: int
    solved: int
    unsolved: int


@dataclass(frozen=True)
class Satisfaction:
    """The ratings given in the month, from 1 to 5 stars; `average` is None without any."""

    ratings: int
    average: float | None


@dataclass(frozen=True)
class Report:
    """One organization's month, as it stood at `at`; times are in `zone`."""

    organization: Organization
    month: date
    at: datetime
    zone: str
    language: str
    policy: Policy
    promises: Sequence[PromiseLine]
    volume: Volume
    satisfaction: Satisfaction
    tickets: Sequence[TicketLine]
    more: int

    @property
    def last_day(self) -> date:
        return last_of(self.month)

    @property
    def month_in_words(self) -> str:
        """Such as "November 2026", in the language that is active."""
        return in_format(self.month, "F Y")

    @property
    def month_in_address(self) -> str:
        return f"{self.month:%Y-%m}"

    @property
    def is_over(self) -> bool:
        """Whether the month has ended where the organization is."""
        return self.at.astimezone(ZoneInfo(self.zone)).date() > self.last_day


def zone_of(organization: Organization) -> str:
    """The zone of the organization's next report: its own, or that of its calendar."""
    return organization.time_zone or policy_for(organization).calendar.time_zone


def last_of(month: date) -> date:
    """The last day of the month that begins on that day."""
    return next_month(month) - DAY


def month_before(day: date) -> date:
    """The month before that in which the day lies."""
    return (day.replace(day=1) - DAY).replace(day=1)


@contextmanager
def speaking(report: Report) -> Iterator[None]:
    """What is rendered meanwhile is in the organization's language and zone."""
    with translation.override(report.language), timezone.override(report.zone):
        yield


def report_on(
    *, organization: Organization, month: date, at: datetime, most: int | None = MOST_ON_A_PAGE
) -> Report:
    """The report on the month that begins on that day; a fixed number of queries.

    It lists `most` tickets; None: all of them.
    Raises Policy.DoesNotExist before a policy was loaded.
    """
    terms = terms_of(organization, month)
    policy, zone = terms.policy, terms.zone
    period = Period.of_days(month, last_of(month), zone)
    filters = Filters(organization=organization.pk)
    rows = reports.attainment(period=period, at=at, filters=filters)
    tickets, more = _tickets(organization, period, at, most)
    return Report(
        organization=organization,
        month=month,
        at=at,
        zone=zone,
        language=organization.language or settings.LANGUAGE_CODE,
        policy=policy,
        promises=list(_promises(policy, period, rows)),
        volume=_volume(organization, period),
        satisfaction=_satisfaction(organization, period),
        tickets=tickets,
        more=more,
    )


def _promises(
    policy: Policy, period: Period, rows: Sequence[AttainmentRow]
) -> Iterator[PromiseLine]:
    """Every target of the version that held last in the month, and what else was promised."""
    found = {(row.priority, row.metric): row for row in rows}
    versions = PolicyVersion.objects.filter(policy=policy, published_at__lt=period.end)
    # A policy that is younger than the month: what was promised then is in the rows.
    version = versions.order_by("-number").first()
    priorities = list(Priority.objects.all())
    targets = {
        (target.priority_id, target.metric): Promised(
            target.amount, target.unit, target.goal_amount, target.kept_by_lowering
        )
        for priority in priorities
        if version is not None
        for target in version.promised(priority_id=priority.pk, metrics=Metric.values)
    }
    for priority in priorities:
        for metric in (Metric.FIRST_RESPONSE, Metric.NEXT_RESPONSE, Metric.RESOLUTION):
            row = found.get((priority.code, metric.value))
            target = targets.get((priority.pk, metric.value))
            if row or target:
                # What was promised is what the clocks have copied, whatever holds by now.
                held = row.targets if row else [target] if target else []
                yield PromiseLine(priority.code, priority.name, metric.value, held, row)


def _own(organization: Organization) -> TicketQuerySet:
    return Ticket.objects.filter(organization=organization, closed_as="")


def _volume(organization: Organization, period: Period) -> Volume:
    events = Event.objects.filter(ticket=OuterRef("pk"))
    solved_then = events.filter(kind=Event.Kind.RESOLVED, at__gte=period.start, at__lt=period.end)
    closed_then = events.filter(kind=Event.Kind.CLOSED, at__gte=period.start, at__lt=period.end)
    solved_ever = events.filter(kind=Event.Kind.RESOLVED, at__lt=period.end)
    last = events.filter(at__lt=period.end, state__isnull=False).order_by("-at", "-pk")
    at_the_end = _own(organization).filter(submitted_at__lt=period.end)
    return Volume(
        opened=_own(organization)
        .filter(submitted_at__gte=period.start, submitted_at__lt=period.end)
        .count(),
        # Closing what was solved before is no second solution.
        solved=at_the_end.filter(updated_at__gte=period.start)
        .filter(Exists(solved_then) | (Exists(closed_then) & ~Exists(solved_ever)))
        .count(),
        unsolved=at_the_end.filter(Q(closed_at=None) | Q(closed_at__gte=period.end))
        .annotate(then=Subquery(last.values("state__status")[:1]))
        .filter(Q(then__in=UNSOLVED) | Q(then=None, status__in=UNSOLVED))
        .count(),
    )


def _satisfaction(organization: Organization, period: Period) -> Satisfaction:
    given = Rating.objects.filter(
        ticket__in=_own(organization), at__gte=period.start, at__lt=period.end
    ).aggregate(ratings=Count("pk"), average=Avg("stars"))
    return Satisfaction(given["ratings"], given["average"])


def _tickets(
    organization: Organization, period: Period, at: datetime, most: int | None
) -> tuple[list[TicketLine], int]:
    """The tickets of the month, the first `most`, and how many more there are."""
    promised = Clock.objects.counted_in_reports().filter(
        ticket__organization=organization,
        started_at__gte=period.start,
        started_at__lt=period.end,
    )
    submitted = Q(submitted_at__gte=period.start, submitted_at__lt=period.end, closed_as="")
    # A merged one as well where the figures count what it missed: no number without its row.
    tickets = Ticket.objects.filter(
        submitted | Q(pk__in=promised.values("ticket_id")), organization=organization
    )
    shown = list(tickets.order_by("submitted_at", "pk")[:most])
    total = tickets.count() if len(shown) == most else len(shown)
    outcomes: dict[int, list[Outcome]] = defaultdict(list)
    # P1 and what it was lowered to are both measured from the submission.
    in_order = ("started_at", "metric", "pk")
    clocks: Any = promised.filter(ticket__in=shown).with_end(at).order_by(*in_order)
    for row in clocks.values(
        "ticket_id", "metric", "due_at", "stopped_at", "superseded_at", "end_at", "priority__code"
    ):
        outcomes[row["ticket_id"]].append(_outcome(row))
    lines = [
        TicketLine(
            pk=ticket.pk,
            reference=ticket.reference,
            subject=ticket.subject,
            submitted_at=ticket.submitted_at,
            outcomes=outcomes[ticket.pk],
        )
        for ticket in shown
    ]
    return lines, total - len(lines)


def _outcome(row: Mapping[str, Any]) -> Outcome:
    due, end = row["due_at"], row["end_at"]
    is_broken = end > due
    return Outcome(
        priority=row["priority__code"],
        metric=row["metric"],
        due_at=due,
        ended_at=row["stopped_at"] or row["superseded_at"],
        is_kept=row["stopped_at"] is not None and not is_broken,
        is_broken=is_broken,
        late_by=end - due if is_broken else None,
    )
