"""What we would promise for a request, and whether support is open: words, before anything is sent.

Pure but for the rows that it is given: the instant and the zone are arguments.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from sla import promising
from sla.core.deadlines import HOURS
from sla.core.hours import Hours
from sla.models import Metric, Policy, Priority
from tickets.models import RequestType
from tickets.templatetags.desk import local_time
from tickets.templatetags.promises import promised

# Those whose clocks start when a ticket is opened.
AT_ONCE = (Metric.FIRST_RESPONSE.value, Metric.RESOLUTION.value)


@dataclass(frozen=True)
class Offer:
    """The promises for one priority; `condition` says when it is the one, "" when it is certain."""

    condition: str
    priority: Priority
    sentences: list[str]
    in_business_time: bool


def offers(
    kind: RequestType, *, share: int | None, policy: Policy, at: datetime, zone: str
) -> list[Offer]:
    """The promises for a request of this kind submitted at `at`.

    Two of them while the kind depends on the share of users and that is not known yet.
    """
    return [
        _offer(condition, priority, policy=policy, at=at, zone=zone)
        for condition, priority in _priorities(kind, share)
    ]


def opening(hours: Hours, *, at: datetime, zone: str) -> str:
    """Whether support is open, and until when: "Support is closed now and opens Mon ..."."""
    if not hours.is_open(at):
        opens = local_time(hours.next_open(at), zone)
        return _("Support is closed now and opens %(when)s.") % {"when": opens}
    closes_at = hours.next_close(at)
    if closes_at is None:
        return _("Support is always open.")
    return _("Support is open now, until %(when)s.") % {"when": local_time(closes_at, zone)}


def explanation(made: list[Offer], *, hours: Hours, at: datetime, zone: str) -> str:
    """Why the times are as late as they are: support is closed; "" where that plays no part."""
    if hours.is_open(at) or not any(offer.in_business_time for offer in made):
        return ""
    return opening(hours, at=at, zone=zone)


def _priorities(kind: RequestType, share: int | None) -> Iterator[tuple[str, Priority]]:
    threshold, below = kind.share_threshold, kind.priority_below
    if threshold is None or below is None:
        yield "", kind.priority
    elif share is not None:
        yield "", kind.priority_for(share)
    else:
        share_words = {"share": threshold}
        yield _("More than %(share)d %% of your users") % share_words, kind.priority
        yield _("%(share)d %% of your users or fewer") % share_words, below


def _offer(condition: str, priority: Priority, *, policy: Policy, at: datetime, zone: str) -> Offer:
    made = promising.promises(policy=policy, priority=priority, at=at)
    shown = sorted(
        (promise for promise in made if promise.target.metric in AT_ONCE),
        key=lambda promise: AT_ONCE.index(promise.target.metric),
    )
    return Offer(
        condition,
        priority,
        sentences=[promised(promise, zone) for promise in shown],
        in_business_time=any(promise.target.unit != HOURS for promise in shown),
    )
