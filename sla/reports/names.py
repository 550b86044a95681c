"""What tickets and people are called in the rows of a report: names of columns, no models."""

from __future__ import annotations

from typing import Any

from django.db.models import CharField, F, Value
from django.db.models.functions import Coalesce, NullIf


def person(path: str) -> Coalesce:
    """As people are called: by name, else by address."""
    name, address = f"{path}__name", f"{path}__email"
    return Coalesce(NullIf(name, Value("")), address, output_field=CharField())


def of_tickets() -> dict[str, Any]:
    """For `values` of clocks: subject, organization, the priority's code, assignee and team."""
    return {
        "subject": F("ticket__subject"),
        "organization": F("ticket__organization__name"),
        "code": F("priority__code"),
        "assignee": person("ticket__assignee"),
        "team": F("ticket__team__name"),
    }
