"""Which policy an organization had, and in which zone its months are cut, at any time.

An organization's row says what holds now. What held before is on record in `PastTerms`, and which
policy was the default one in `PastDefault`: so the report on a month that is over stays as it was.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from django.db import transaction

from sla.models import Calendar, Policy
from tickets.models import Organization, PastTerms

# So long before UTC a month ends in the first place on earth where it does.
EAST = timedelta(hours=14)
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Terms:
    """By which policy promises were made, and in which zone a month is cut."""

    policy: Policy
    zone: str


@transaction.atomic
def change(organization: Organization, *, at: datetime) -> None:
    """Save the organization as it was edited; what it had until now goes on record."""
    saved = Organization.objects.select_for_update(no_key=True).filter(pk=organization.pk).first()
    organization.save()
    if saved is None:
        return
    past = PastTerms(
        organization=organization, policy_id=saved.policy_id, time_zone=saved.time_zone, until=at
    )
    if (past.policy_id, past.time_zone) != (organization.policy_id, organization.time_zone):
        past.save()


def next_month(month: date) -> date:
    """The first day of the month after."""
    return (month + 31 * DAY).replace(day=1)


def terms_of(organization: Organization, month: date) -> Terms:
    """Those of the month that begins on that day; at most five queries.

    They are those that held when the month ended first anywhere: whoever changes something later,
    wherever he is, changes no month that is over. Raises Policy.DoesNotExist before one was loaded.
    """
    end = datetime.combine(next_month(month), time(), UTC) - EAST
    past = organization.past_terms.filter(until__gt=end).order_by("until", "pk").first()
    held = past or organization
    policies = Policy.objects.in_force()
    policy = policies.get(pk=held.policy_id) if held.policy_id else policies.default_at(end)
    return Terms(policy, held.time_zone or _zone_of(policy, end))


def _zone_of(policy: Policy, at: datetime) -> str:
    """The zone of the calendar that the policy had then; before its first version, that one's."""
    versions = policy.versions.select_related("calendar")
    version = versions.filter(published_at__lte=at).first() or versions.last()
    calendar: Calendar = version.calendar if version else policy.calendar
    published = calendar.versions.filter(published_at__lte=at).first() or calendar.versions.last()
    return published.time_zone if published else calendar.time_zone
