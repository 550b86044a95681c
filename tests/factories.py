"""Plain functions that make rows for tests. `at` is always given or MONDAY."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from typing import Any

from django.contrib.auth.models import Group

from sla.models import Policy, Priority
from tickets import lifecycle
from tickets.models import Organization, Team, Ticket, User

# Monday 2 November 2026, 10:00 in Kolkata: an open hour of the default calendar.
MONDAY = datetime(2026, 11, 2, 4, 30, tzinfo=UTC)

_numbers = itertools.count(1)


def customer(email: str = "", **fields: Any) -> User:
    number = next(_numbers)
    fields.setdefault("name", f"Customer {number}")
    return User.objects.create_user(email or f"customer{number}@client.example", **fields)


def agent(email: str = "", *, group: str = "Agent", **fields: Any) -> User:
    """A member of staff in the group (made by load_policy) with the password "secret"."""
    number = next(_numbers)
    fields.setdefault("name", f"Agent {number}")
    user = User(email=email or f"agent{number}@desk.example", is_staff=True, **fields)
    user.set_password("secret")
    user.save()
    user.groups.add(Group.objects.get(name=group))
    return user


def team(name: str = "", *members: User, lead: User | None = None) -> Team:
    made = Team.objects.create(name=name or f"Team {next(_numbers)}", lead=lead)
    made.members.set(members)
    return made


def organization(name: str = "", **fields: Any) -> Organization:
    return Organization.objects.create(name=name or f"Organization {next(_numbers)}", **fields)


def priority(code: str) -> Priority:
    return Priority.objects.get(code=code)


def publish() -> None:
    """Put the edited rows of the default policy into force."""
    Policy.objects.default().publish(at=MONDAY)


def ticket(code: str = "P3", *, at: datetime = MONDAY, **fields: Any) -> Ticket:
    """A ticket opened by the lifecycle's own verb, so with its clocks and its mail."""
    fields.setdefault("requester", None)
    fields["requester"] = fields["requester"] or customer()
    fields.setdefault("subject", "The report is not refreshed")
    fields.setdefault("text", "Since this morning the numbers stand still.")
    return lifecycle.open_ticket(priority=priority(code), at=at, **fields)
