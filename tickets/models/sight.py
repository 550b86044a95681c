"""Which tickets a person may see, as a condition that PostgreSQL answers from its indexes.

Agents see the tickets of the teams that they belong to or lead, those without a team (they would
be nobody's otherwise), those that are assigned to them, and those of the organizations in their
care; who is in engineering also what is with engineering. With AGENTS_SEE_ALL, or the permission
`tickets.view_every_ticket`, staff see all. Everybody sees his own and those that he follows.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser, Permission
from django.db.models import BooleanField, CharField, F, Q, QuerySet, Value
from django.db.models.functions import Concat

from sla.models import Policy
from tickets.models.people import User

_NAME = "_tickets_reach"
# Where Django's ModelBackend keeps what it has asked for.
_PERMISSIONS = "_perm_cache"


@dataclass(frozen=True)
class Reach:
    """What a person has to do with tickets, by numbers: conditions on them need no join."""

    teams: tuple[int, ...]
    organizations: tuple[int, ...]
    followed: tuple[int, ...]
    is_engineer: bool


def sees_every_ticket(user: User) -> bool:
    """Whether nothing is hidden from this member of staff; asked once for each instance."""
    if not (user.is_active and user.is_staff):
        return False
    if settings.AGENTS_SEE_ALL and user.has_perm("tickets.view_ticket"):
        return True
    return user.has_perm("tickets.view_every_ticket")


def reach_of(user: User) -> Reach:
    """Asked in one query, once for each instance: a change holds from the next request on."""
    reach: Reach | None = user.__dict__.get(_NAME)
    if reach is None:
        reach = user.__dict__[_NAME] = _asked(user)
    return reach


def in_sight_of(user: User | AnonymousUser, prefix: str = "") -> Q | None:
    """The condition on a ticket, or on rows whose `prefix` leads to one; None: no condition.

    Without any join that would show a ticket twice, whatever it is combined with.
    """
    if not isinstance(user, User) or not user.is_active:
        return Q(**{f"{prefix}pk__in": []})
    if sees_every_ticket(user):
        return None
    reach = reach_of(user)
    seen = Q(**{f"{prefix}requester": user.pk}) | Q(**{f"{prefix}pk__in": reach.followed})
    if user.is_staff:
        return seen | _at_work(user, reach, prefix)
    if user.organization and user.organization.shares_tickets:
        seen |= Q(**{f"{prefix}organization": user.organization.pk})
    return seen


def _at_work(user: User, reach: Reach, prefix: str) -> Q:
    """What an agent sees of others' tickets; nothing for staff who are no agents."""
    if not user.has_perm("tickets.view_ticket"):
        return Q()
    seen = Q(**{f"{prefix}team__isnull": True}) | Q(**{f"{prefix}team__in": reach.teams})
    seen |= Q(**{f"{prefix}assignee": user.pk})
    if reach.organizations:
        seen |= Q(**{f"{prefix}organization__in": reach.organizations})
    if reach.is_engineer:
        seen |= Q(**{f"{prefix}with_engineering": True})
    return seen


def look_up(user: User) -> str:
    """Ask in one query what every page of the desk asks about a member of staff, and keep it.

    That is his reach and his permissions, for as long as the instance lives. Answers the zone of
    the default policy's calendar; "" while no policy has been loaded.
    """
    no, nothing = _flag(), Value("", output_field=CharField())
    zones = Policy.objects.filter(is_default=True).order_by()
    name = Concat("content_type__app_label", Value("."), "codename", output_field=CharField())
    held = Permission.objects.filter(Q(user=user.pk) | Q(group__user=user.pk)).order_by()
    rows = list(
        _of_reach(user, nothing).union(
            zones.values_list(_kind("zone"), "pk", no, "calendar__time_zone"),
            held.values_list(_kind("permission"), "pk", no, name),
        )
    )
    user.__dict__[_NAME] = _reach((kind, key, flag) for kind, key, flag, _ in rows)
    if not user.is_superuser:
        # A superuser has all of them. `user` may be the request's lazy object: no __dict__ here.
        granted = {text for kind, _, _, text in rows if kind == "permission"}
        setattr(user, _PERMISSIONS, granted if user.is_active else set())
    return next((text for kind, _, _, text in rows if kind == "zone"), "")


def _asked(user: User) -> Reach:
    return _reach(_of_reach(user))


def _of_reach(user: User, *more: Value) -> QuerySet[Any, Any]:
    """Rows of kind, number and whether it is engineering, and `more` columns."""
    no = _flag()
    rows: QuerySet[Any, Any] = user.following.order_by()
    rows = rows.values_list(_kind("followed"), "ticket_id", no, *more)
    if not user.is_staff:
        return rows
    teams = (
        related.order_by().values_list(_kind("team"), "pk", "is_engineering", *more)
        for related in (user.teams, user.teams_led)
    )
    care = user.organizations_in_care.order_by().values_list(_kind("care"), F("pk"), no, *more)
    return rows.union(*teams, care)


def _reach(rows: Iterable[tuple[str, int, bool]]) -> Reach:
    found = list(rows)

    def keys(wanted: str) -> tuple[int, ...]:
        return tuple(sorted(key for name, key, _ in found if name == wanted))

    return Reach(
        teams=keys("team"),
        organizations=keys("care"),
        followed=keys("followed"),
        is_engineer=any(flag for _, _, flag in found),
    )


def _kind(name: str) -> Value:
    return Value(name, output_field=CharField())


def _flag() -> Value:
    return Value(False, output_field=BooleanField())
