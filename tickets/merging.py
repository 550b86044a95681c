"""Two tickets about one matter become one: the source ends, and the target goes on.

Nothing that was said moves: the messages of the source stay there, and staff read both together.
So a customer sees after it what he saw before, and no more. Who joins a ticket of somebody else
sees only what is said from then on.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from sla import clocks
from sla.models import Metric
from tickets import notices
from tickets.acts import both_locked, done, move, must_be_staff, must_see
from tickets.clockwork import stand_still, stop_waiting
from tickets.models import Event, Follower, Ticket, TicketLink, User
from tickets.refusals import MergeIntoItself, NotOfOneOrganization, OtherRequester
from tickets.states import AT_HAND, Act, Status


@transaction.atomic
def merge(
    *,
    ticket: Ticket,
    by: User,
    at: datetime,
    into: Ticket,
    confirmed: bool = False,
    requester_follows: bool = False,
    followers_follow: bool = False,
    tells: bool = True,
    reason: str = "",
) -> Ticket:
    """End the ticket in favour of `into`, which keeps its promises from now on.

    `confirmed`: somebody has read that the requesters differ. `requester_follows` and
    `followers_follow` let those of the ticket follow the other one, where they are of its
    requester's organization. `tells`: they get a mail about it.
    """
    must_be_staff(by)
    if ticket.pk == into.pk:
        raise MergeIntoItself
    must_see(by, ticket)
    must_see(by, into)
    source, target, at = both_locked(ticket, into, at)
    before, status = Status(source.status), move(source, Act.MERGE)
    move(target, Act.TAKE_IN)
    if source.requester_id != target.requester_id and not confirmed:
        raise OtherRequester(str(target), str(target.requester))
    joined = _join(
        source, target, by=by, at=at, requester=requester_follows, followers=followers_follow
    )
    _hand_over(source, target, was=before, by=by, at=at)
    # What was merged into the source before is found with one step, too.
    source.merged.update(merged_into=target)
    _tie(source, target, by=by, at=at)
    source.status, source.closed_as, source.merged_into = status, Ticket.ClosedAs.MERGED, target
    source.closed_at, source.engineering_expected_on = at, None
    names = f" Follows from now on: {', '.join(user.email for user in joined)}." if joined else ""
    detail = f"{source.reference}: {source.subject}.{names}"
    done(target, Event.Kind.TOOK_IN, by=by, at=at, detail=detail)
    detail = f"Into {target.reference}. {reason}".rstrip()
    source = done(source, Event.Kind.MERGED, by=by, at=at, detail=detail)
    if tells:
        notices.merged(source, target, at=at)
    return source


def _hand_over(source: Ticket, target: Ticket, *, was: Status, by: User, at: datetime) -> None:
    """The target owes what the source owed, and is never left with a later promise."""
    if target.status == Status.PENDING and was in AT_HAND:
        why = f"{source.reference}, merged into it, waits for our answer"
        stop_waiting(target, by=by, at=at, status=Status.OPEN, reason=why)
    ended = clocks.withdraw(
        ticket_id=source.pk, metrics=Metric.values, at=at, by=by,
        reason=f"Merged into {target.reference}",
    )  # fmt: skip
    why = f"Promised to {source.reference}, which was merged into it"
    if clocks.take_over(
        ended, ticket_id=target.pk, priority=target.priority, at=at, by=by, reason=why
    ):
        stand_still(target, by=by, at=at, reason=why)


def _join(
    source: Ticket, target: Ticket, *, by: User, at: datetime, requester: bool, followers: bool
) -> Sequence[User]:
    """Who follows the target from now on; nobody from another organization ever does."""
    colleagues = Q(organization=target.organization_id, organization__isnull=False)
    wanted = Q(pk=source.requester_id) if requester else Q(pk__in=[])
    if followers:
        wanted |= Q(following__ticket=source)
    people = User.objects.filter(wanted, colleagues, is_active=True).distinct()
    joining = list(people.exclude(pk=target.requester_id).exclude(following__ticket=target))
    is_there = source.requester_id == target.requester_id
    if requester and not is_there and not people.filter(pk=source.requester_id).exists():
        raise NotOfOneOrganization
    for user in joining:
        Follower.objects.create(ticket=target, user=user, added_at=at, added_by=by, sees_from=at)
    return joining


def _tie(source: Ticket, target: Ticket, *, by: User, at: datetime) -> None:
    """The target has the tags of both, and is related to what the source was linked to."""
    target.tags.add(*source.tags.all())
    links = TicketLink.objects.filter(Q(ticket=source) | Q(other=source))
    others = {row.ticket_id + row.other_id - source.pk for row in links} - {target.pk}
    TicketLink.objects.bulk_create(
        [TicketLink(ticket=target, other_id=other, at=at, by=by) for other in sorted(others)],
        ignore_conflicts=True,
    )
