"""Follow the rules: take what was cued, one by one, and do what the rules say about it.

Each cue is one transaction: a worker that dies has done nothing, and of two workers one takes it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from datetime import datetime, timedelta

from celery.exceptions import SoftTimeLimitExceeded
from django.db import OperationalError, transaction
from django.db.models import Q

from tickets import actions, cues
from tickets.failpoints import reached
from tickets.models import Event, Rule, RuleCue, RuleRun, Ticket
from tickets.refusals import Refused
from tickets.rules import idleness
from tickets.rules.conditions import first_failing
from tickets.rules.facts import facts_now
from tickets.rules.switching import count_failure, count_success

logger = logging.getLogger(__name__)

# One run ends long before Celery's time limits; beat lets the next one go on.
LONGEST_RUN_SECONDS = 30.0
# Waiting time of a cue after a failure of the desk's own.
LADDER = [timedelta(seconds=10), timedelta(minutes=2), timedelta(minutes=30), timedelta(hours=6)]
BROKEN = "Something went wrong; the log of the worker says what."

Outcome = RuleRun.Outcome


def follow(*, at: datetime, seconds: float = LONGEST_RUN_SECONDS) -> int:
    """Follow the rules from what happened so far; answers how many cues that were.

    Begins none after so many seconds. Any number of workers may run this side by side.
    """
    idleness.cue(at=at)
    came_to, until = 0, time.monotonic() + seconds
    while time.monotonic() < until and _follow_next(at):
        came_to += 1
    return came_to


@transaction.atomic
def _follow_next(at: datetime) -> bool:
    due = RuleCue.objects.filter(Q(next_attempt_at=None) | Q(next_attempt_at__lte=at))
    waiting = due.select_for_update(skip_locked=True, of=("self",))
    cue = waiting.select_related("event", "root", "rule").order_by("pk").first()
    if cue is None:
        return False
    reached("rules.claimed")
    try:
        with transaction.atomic():
            _follow(cue, at)
    except SoftTimeLimitExceeded:
        raise  # Celery ends the task in a moment; the cue is as it was.
    except Exception:
        logger.exception("No rule could be followed from cue %s; postponed.", cue.pk)
        cue.next_attempt_at = at + LADDER[min(cue.attempts, len(LADDER) - 1)]
        cue.attempts += 1
        cue.save(update_fields=["attempts", "next_attempt_at"])
    else:
        cue.delete()
    reached("rules.followed")
    return True


def _follow(cue: RuleCue, at: datetime) -> None:
    """All rules that follow from this cue, in their order, each on what the last one left."""
    ticket = Ticket.objects.select_for_update(no_key=True).get(pk=cue.ticket_id)
    # A sweep that takes long acts after those who worked meanwhile.
    at = max(at, ticket.updated_at)
    if cue.rule is not None and cue.idle_since is not None:
        if idleness.is_idle(ticket, cue.rule, cue.idle_since):
            _follow_one(cue.rule, ticket, cue, at)
        return
    for rule in Rule.objects.active().filter(when__in=cue.whens):
        ticket = _follow_one(rule, ticket, cue, at)
        reached("rules.one")


def _follow_one(rule: Rule, ticket: Ticket, cue: RuleCue, at: datetime) -> Ticket:
    """Do what one rule says, if its conditions hold; answers the ticket as it is then."""
    happened_at = cue.event.at if cue.event else at
    facts = facts_now(ticket, event=cue.event, at=happened_at)
    if first_failing(rule.conditions, facts) is not None:
        return ticket
    if cue.event is None:
        # The ticket is locked: nobody follows the rule from this at the same time.
        if ticket.rule_runs.filter(rule=rule, idle_since=cue.idle_since).exists():
            return ticket
        detail = f"For {rule.idle_hours} business hours."
        cause = root = cues.write(ticket, Event.Kind.IDLE, by=None, at=at, detail=detail)
    else:
        cause, root = cue.event, cue.root or cue.event
    run, is_first = RuleRun.objects.get_or_create(
        rule=rule,
        root=root,
        defaults={
            "ticket": ticket,
            "cause": cause,
            "idle_since": cue.idle_since,
            "at": at,
            "outcome": Outcome.NOTHING,
        },
    )
    if not is_first:
        return ticket
    with cues.following(cues.Chain(root=root, depth=cue.depth + 1)):
        return _do(run, rule, ticket, at)


def _do(run: RuleRun, rule: Rule, ticket: Ticket, at: datetime) -> Ticket:
    """The steps, or why not; both on the run and on the ticket's history."""
    try:
        performed = actions.run(rule.steps, ticket=ticket, by=None, at=at, cause=f"rule:{run.pk}")
    except Refused as refusal:
        _keep(run, Outcome.FAILED, [str(refusal)])
    except (SoftTimeLimitExceeded, OperationalError):
        raise  # Nothing is wrong with the rule: it is followed later.
    except Exception:
        logger.exception("Rule %s failed on ticket %s.", rule.pk, ticket.pk)
        _keep(run, Outcome.FAILED, [BROKEN])
    else:
        ticket = performed.ticket
        _keep(run, Outcome.DONE if performed.did else Outcome.NOTHING, performed.did)
    if run.outcome == Outcome.FAILED:
        count_failure(run)
    else:
        count_success(rule)
    return ticket


def _keep(run: RuleRun, outcome: str, said: Iterable[str]) -> None:
    run.outcome, run.detail = outcome, "; ".join(said)
    run.save(update_fields=["outcome", "detail"])
    if outcome == Outcome.NOTHING:
        return
    failed = outcome == Outcome.FAILED
    words = f"“{run.rule}” could not be followed: {run.detail}" if failed else ""
    Event.objects.create(
        ticket=run.ticket,
        kind=Event.Kind.RULE,
        at=run.at,
        detail=words or f"“{run.rule}”: {run.detail}.",
    )
