"""Put the published policy into the database as rows that the admin edits.

The rule: the policy is loaded once, into a database without a policy and priorities. Afterwards
its rows belong to the people who edit them: nothing that they changed, renamed or deleted comes
back, unless `overwrite` asks for the published rows. Public holidays may be imported at any time,
for years in which the calendar has no holiday yet.
"""

from __future__ import annotations

from datetime import datetime

from django.db import connection, transaction
from django.db.models import F

from sla import defaults
from sla.models import Calendar, EscalationStep, Firing, OpeningHours, Policy, Priority
from sla.public_holidays import PublicHolidays, add, find, remember


def is_loaded() -> bool:
    """Whether a policy, or its priorities, have been loaded or made by hand."""
    return Policy.objects.exists() or Priority.objects.exists()


def alone() -> None:
    """Let others who load wait until this transaction ends: two servers may start at once."""
    with connection.cursor() as cursor:
        cursor.execute("LOCK TABLE sla_policy IN SHARE ROW EXCLUSIVE MODE")


@transaction.atomic
def load_policy(
    *, time_zone: str, public: PublicHolidays, overwrite: bool, at: datetime
) -> list[str]:
    """Create the published rows, or with `overwrite` put them back; a sentence for each kind.

    Raises ValidationError when the calendar would never open.
    """
    calendar, said = _load_calendar(time_zone, overwrite=overwrite)
    said += import_holidays(calendar, public, overwrite=overwrite)
    calendar.publish(at=at)
    priorities = _load_priorities(overwrite=overwrite)
    policy = _load_policy_row(calendar, overwrite=overwrite, at=at)
    _load_targets(policy, priorities)
    _load_pause_rules(policy)
    policy.publish(at=at)
    _load_steps(policy, priorities)
    targets, steps = policy.targets.count(), policy.steps.filter(is_active=True).count()
    return [
        *said,
        f"Priorities: {', '.join(str(priority) for priority in priorities.values())}.",
        f"Policy “{policy}”: {targets} targets, {steps} escalation steps.",
    ]


def import_holidays(calendar: Calendar, public: PublicHolidays, *, overwrite: bool) -> list[str]:
    """Add a country's public holidays, for the years in which the calendar has no holiday yet.

    With `overwrite` the holidays of these years are replaced. The caller publishes the calendar.
    """
    if overwrite:
        calendar.holidays.filter(date__year__in=public.years).delete()
    taken = set(calendar.holidays.values_list("date__year", flat=True))
    years = [year for year in public.years if year not in taken]
    said = [
        f"The holidays of {year} were left alone: the calendar has some already."
        for year in public.years
        if year in taken
    ]
    if not public.country or not years:
        return said
    imported = PublicHolidays(public.country, years, public.subdivision)
    found, remarks = find(imported)
    added = add(calendar, found)
    remember(calendar, public.country, public.subdivision)
    return [*said, f"Holidays: {len(added)} public holidays ({imported}).", *remarks]


def _load_calendar(time_zone: str, *, overwrite: bool) -> tuple[Calendar, list[str]]:
    calendar, created = Calendar.objects.get_or_create(
        name=defaults.CALENDAR, defaults={"time_zone": time_zone}
    )
    if not (created or overwrite):
        return calendar, [f"Calendar “{calendar}” was left alone: it was there already."]
    calendar.time_zone = time_zone
    calendar.save(update_fields=["time_zone"])
    calendar.opening_hours.all().delete()
    OpeningHours.objects.bulk_create(
        OpeningHours(calendar=calendar, weekday=weekday, opens=opens, closes=closes)
        for weekday, opens, closes in defaults.WEEK
    )
    return calendar, [f"Calendar “{calendar}”: {time_zone}."]


def _load_priorities(*, overwrite: bool) -> dict[str, Priority]:
    """The published priorities by code; others that were added rank below them."""
    if overwrite:
        # Ranks and the default are unique: make room before they are given again.
        Priority.objects.update(rank=F("rank") + 1000, is_default=False)
    for rank, row in enumerate(defaults.PRIORITIES, start=1):
        values = {"examples": "", "is_default": False, **row, "rank": rank}
        Priority.objects.update_or_create(code=row["code"], defaults=values)
    codes = [row["code"] for row in defaults.PRIORITIES]
    others = Priority.objects.exclude(code__in=codes).order_by("rank")
    for rank, priority in enumerate(others, start=len(codes) + 1):
        priority.rank = rank
        priority.save(update_fields=["rank"])
    return {priority.code: priority for priority in Priority.objects.filter(code__in=codes)}


def _load_policy_row(calendar: Calendar, *, overwrite: bool, at: datetime) -> Policy:
    if overwrite:
        Policy.objects.exclude(name=defaults.POLICY).end_default(at=at)
    values = {"calendar": calendar, "is_default": True}
    return Policy.objects.update_or_create(name=defaults.POLICY, defaults=values)[0]


def _load_targets(policy: Policy, priorities: dict[str, Priority]) -> None:
    policy.targets.all().delete()
    for row in defaults.TARGETS:
        policy.targets.create(**{**row, "priority": priorities[row["priority"]]})


def _load_pause_rules(policy: Policy) -> None:
    policy.pause_rules.all().delete()
    for metric, condition in defaults.PAUSE_RULES:
        policy.pause_rules.create(metric=metric, condition=condition)


def _load_steps(policy: Policy, priorities: dict[str, Priority]) -> None:
    """The published steps; of the others, those that fired stay as history, switched off."""
    fired = Firing.objects.filter(step__policy=policy).values("step")
    policy.steps.exclude(pk__in=fired).delete()
    policy.steps.update(is_active=False)
    for row in defaults.ESCALATION_STEPS:
        EscalationStep.objects.update_or_create(
            policy=policy,
            priority=priorities.get(row.get("priority", "")),
            metric=row.get("metric", ""),
            percent=row["percent"],
            defaults={
                "roles": row["roles"],
                "marks_escalated": row.get("marks_escalated", False),
                "hand_to": None,
                "raises_to_engineering": False,
                "only_in_opening_hours": False,
                "is_active": True,
            },
        )
