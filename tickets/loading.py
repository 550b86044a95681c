"""Put the default teams, request types and groups into the database.

The same rule as in `sla.loading`: rows are created on the first load, and belong to those who edit
them afterwards; only `overwrite` puts the published ones back.
"""

from __future__ import annotations

from django.db import transaction

from sla.models import Priority
from tickets import defaults, roles
from tickets.models import RequestType, Team


@transaction.atomic
def load_desk() -> list[str]:
    """Create or put back teams, request types and groups; a sentence for each kind.

    Who is in a team or a group is never touched. The policy's priorities must have been loaded.
    """
    for name in defaults.TEAMS:
        is_engineering = name == defaults.ENGINEERING
        Team.objects.get_or_create(name=name, defaults={"is_engineering": is_engineering})
    priorities = {priority.code: priority for priority in Priority.objects.all()}
    support = Team.objects.get(name=defaults.SUPPORT)
    for position, row in enumerate(defaults.REQUEST_TYPES, start=1):
        below = row.get("priority_below")
        values = {
            "sentence": row["sentence"],
            "priority": priorities[row["priority"]],
            "share_threshold": row.get("share_threshold"),
            "priority_below": priorities[below] if below else None,
            "team": support,
            "position": position,
            "is_active": True,
        }
        RequestType.objects.update_or_create(name=row["name"], defaults=values)
    groups = roles.load()
    return [
        f"Teams: {', '.join(defaults.TEAMS)}.",
        f"Request types: {len(defaults.REQUEST_TYPES)}.",
        f"Groups: {', '.join(groups)}.",
    ]
