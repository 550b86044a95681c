"""The sidebar's numbers come from indexes alone, also for those who see a part of the tickets."""

from typing import Any

from django.db import migrations, models
from django.db.models import F, Q

UNSOLVED = Q(status__in=["new", "open", "pending"])
DUE = (F("next_due_at").asc(nulls_last=True), F("id").desc())
SIGHT = ["requester", "organization", "team", "assignee", "with_engineering"]


def index(name: str, condition: Q, *first: F) -> models.Index:
    held: list[Any] = [column.name for column in first]
    include = [column for column in SIGHT if column not in held]
    return models.Index(*first, *DUE, name=name, condition=condition, include=include)


INDEXES = [
    index("ticket_queue", UNSOLVED),
    index("ticket_of_assignee", UNSOLVED, F("assignee")),
    index("ticket_of_team", UNSOLVED, F("team")),
    index("ticket_unassigned", UNSOLVED & Q(assignee=None)),
    index("ticket_pending", Q(status="pending")),
    index("ticket_with_engineering", UNSOLVED & Q(with_engineering=True)),
    index("ticket_escalated", UNSOLVED & Q(escalated_at__isnull=False)),
]


class Migration(migrations.Migration):
    dependencies = [("tickets", "0050_permissions_for_imports")]
    operations = [
        operation
        for made in INDEXES
        for operation in (
            migrations.RemoveIndex("ticket", made.name),
            migrations.AddIndex("ticket", made),
        )
    ]
