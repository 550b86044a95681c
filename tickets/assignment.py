"""Hand tickets to the agents who are at work, and take them from those who leave.

A team hands out by hand, in turn (round robin), or to who has least. Only members who are present
get something (`tickets.models.availability`), and never more than their capacity. People may give
anybody more by hand. What nobody can take stays in the pool, and is tried again.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.db import OperationalError, transaction
from django.db.models import Exists, F, OuterRef

from tickets import lifecycle, pool
from tickets.models import Availability, Team, Ticket, User
from tickets.models.availability import load, present
from tickets.refusals import BackAlready, NotYourAvailability

logger = logging.getLogger(__name__)

# One run ends long before Celery's time limits; the next one goes on.
LONGEST_RUN_SECONDS = 30.0


@dataclass(frozen=True)
class Taker:
    """A member who may get the next ticket. `load` is how many are at hand now."""

    user_id: int
    load: int


@transaction.atomic
def go_away(
    *, user: User, by: User, at: datetime, until: datetime | None = None, hands_back: bool = False
) -> Availability:
    """From now on the agent gets nothing; with `hands_back` others take what he has at hand.

    That goes on while he is away, for what his customers answer meanwhile.
    """
    if until is not None and until <= at:
        raise BackAlready
    return _set(user, by, at, is_away=True, until=until, hands_back=hands_back)


@transaction.atomic
def come_back(*, user: User, by: User, at: datetime) -> Availability:
    """The agent takes tickets again."""
    return _set(user, by, at, is_away=False, until=None, hands_back=False)


def may_set(by: User, user: User) -> bool:
    """One's own; the lead of a team for its members; who has the permission, for everybody."""
    if not (by.is_active and by.is_staff and user.is_staff):
        return False
    if by.pk == user.pk or by.has_perm("tickets.change_availability"):
        return True
    return Team.objects.filter(lead=by, members=user).exists()


def go_on(*, at: datetime, seconds: float = LONGEST_RUN_SECONDS) -> int:
    """Take back, then hand out; answers how many tickets moved.

    Workers may call this side by side. One transaction for each ticket: a run that is killed
    leaves the rest for the next one.
    """
    until = time.monotonic() + seconds
    moved = 0
    for availability in Availability.objects.handing_back(at).select_related("user"):
        moved += _repeat(partial(_take_back, availability, at), until)
    waiting = Ticket.objects.in_pool().filter(team=OuterRef("pk")).order_by()
    teams = Team.objects.exclude(assignment=Team.Assignment.MANUAL).filter(Exists(waiting))
    for team_id in teams.values_list("pk", flat=True):
        moved += _repeat(partial(_hand_out, team_id, at), until)
    return moved


def _set(user: User, by: User, at: datetime, **values: object) -> Availability:
    # The agent's row first, as `_hand_out` has it: nobody is given a ticket at this moment.
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    if not may_set(by, user):
        raise NotYourAvailability
    row, _ = Availability.objects.update_or_create(
        user=user, defaults={**values, "since": at, "set_by": by}
    )
    pool.wake()
    return row


class Stuck(Exception):  # noqa: N818 - says which ticket to leave alone
    """A ticket that could not be moved."""

    def __init__(self, ticket_id: int) -> None:
        super().__init__(ticket_id)
        self.ticket_id = ticket_id


def _repeat(step: Callable[[Collection[int]], bool], until: float) -> int:
    """Take steps until one finds nothing; a ticket that raises is left alone for this run."""
    moved, stuck = 0, set[int]()
    while time.monotonic() < until:
        try:
            if not step(stuck):
                break
        except Stuck as problem:
            stuck.add(problem.ticket_id)
        else:
            moved += 1
    return moved


@transaction.atomic
def _take_back(availability: Availability, at: datetime, stuck: Collection[int]) -> bool:
    """One ticket of somebody who is away goes back to its team; False when there is none."""
    user = availability.user
    tickets = Ticket.objects.at_hand_of(user).exclude(pk__in=stuck).order_by("pk")
    ticket = tickets.select_for_update(skip_locked=True, no_key=True).first()
    if ticket is None:
        return False
    # Read behind the lock: he may be back by now, and goes on with what he has.
    if not Availability.objects.handing_back(at).filter(user=user).exists():
        return False
    _verb(lifecycle.hand_back, ticket, at, reason=_away_words(availability))
    return True


@transaction.atomic
def _hand_out(team_id: int, at: datetime, stuck: Collection[int]) -> bool:
    """The most pressing ticket of a team finds its agent; False when there is none, or nobody.

    The team's row is the queue at the counter: whose turn it is changes behind its lock alone.
    """
    team = Team.objects.select_for_update(no_key=True).get(pk=team_id)
    if team.assignment == Team.Assignment.MANUAL:
        return False
    tickets = Ticket.objects.in_pool().filter(team=team).exclude(pk__in=stuck)
    ticket = tickets.select_for_update(skip_locked=True, no_key=True).first()
    if ticket is None:
        return False
    takers = _takers(team, at)
    if not takers:
        return False
    taker = choose(
        takers,
        by_load=team.assignment == Team.Assignment.LEAST_LOADED,
        last_id=team.last_assigned_id,
    )
    assignee = User.objects.get(pk=taker.user_id)
    _verb(lifecycle.assign, ticket, at, assignee=assignee, reason=_why(team, taker, len(takers)))
    team.last_assigned = assignee
    team.save(update_fields=["last_assigned"])
    return True


def _takers(team: Team, at: datetime) -> list[Taker]:
    """Members who are present and have room, held so that no other team fills them meanwhile."""
    members = User.objects.staff().filter(teams=team).order_by("pk")
    held = [user.pk for user in members.select_for_update(no_key=True, of=("self",))]
    # Counted behind the locks, so that what was handed out a moment ago counts.
    rows = present(at).filter(pk__in=held).annotate(load=load()).order_by("pk")
    room = rows.exclude(capacity__isnull=False, capacity__lte=F("load"))
    return [Taker(pk, number) for pk, number in room.values_list("pk", "load")]


def choose(takers: Sequence[Taker], *, by_load: bool, last_id: int | None) -> Taker:
    """Who is next behind the last one, in the order of their ids; by load, among the least busy."""
    least = min(taker.load for taker in takers)
    fit = [taker for taker in takers if taker.load == least] if by_load else takers
    return min(fit, key=lambda taker: (taker.user_id <= (last_id or 0), taker.user_id))


def _why(team: Team, taker: Taker, number: int) -> str:
    present_words = "the only one there" if number == 1 else f"one of {number} who are there"
    if team.assignment == Team.Assignment.LEAST_LOADED:
        return f"Least loaded in {team}: {taker.load} at hand, {present_words}."
    return f"Round robin in {team}: next in turn, {present_words}."


def _away_words(availability: Availability) -> str:
    until = availability.until
    return f"away until {until:%d %b %Y, %H:%M} UTC." if until else "away."


def _verb(verb: Callable[..., Ticket], ticket: Ticket, at: datetime, **arguments: object) -> None:
    """Do it as nobody in particular. Raises Stuck where it cannot be done."""
    try:
        # A run that takes long acts after those who worked meanwhile.
        verb(ticket=ticket, by=None, at=max(at, ticket.updated_at), **arguments)
    except OperationalError:
        raise  # The database's trouble, not the ticket's: the next run tries again.
    except Exception as problem:
        logger.exception("Ticket %s could not be handed on; it is tried again.", ticket.pk)
        raise Stuck(ticket.pk) from problem
