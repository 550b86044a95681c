"""What tickets and people are called in the rows of a report: names of columns, no models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import CharField, F, Value
from django.db.models.functions import Coalesce, NullIf

# Columns of clocks that `named` reads as they are.
OF_CLOCKS = ("pk", "ticket_id", "metric")


@dataclass(frozen=True)
class Named:
    """Which promise a row of a list is about: `priority` is its code."""

    clock_id: int
    ticket_id: int
    subject: str
    organization: str | None
    priority: str
    metric: str


def person(path: str) -> Coalesce:
    """As people are called: by name, else by address."""
    name, address = f"{path}__name", f"{path}__email"
    return Coalesce(NullIf(name, Value("")), address, output_field=CharField())


def of_promises() -> dict[str, Any]:
    """For `values` of clocks, with OF_CLOCKS: what `named` reads."""
    return {
        "subject": F("ticket__subject"),
        "organization": F("ticket__organization__name"),
        "code": F("priority__code"),
    }


def named(row: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of Named in such a row of values."""
    return {
        "clock_id": row["pk"],
        "ticket_id": row["ticket_id"],
        "subject": row["subject"],
        "organization": row["organization"],
        "priority": row["code"],
        "metric": row["metric"],
    }


def of_tickets() -> dict[str, Any]:
    """The same, and who has the ticket now: assignee and team."""
    return {
        **of_promises(),
        "assignee": person("ticket__assignee"),
        "team": F("ticket__team__name"),
    }
