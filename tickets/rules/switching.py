"""Switch a rule off that fails again and again, and tell the administrators once."""

from __future__ import annotations

from django.conf import settings
from django.db.models import F
from django.urls import reverse

from tickets import notices, outbox, wording
from tickets.models import Rule, RuleRun, User

OCCASION = "rule_off"
MOST_FAILURES = 5


def count_success(rule: Rule) -> None:
    """Forget the failures before; a rule that goes well is not written to."""
    if rule.failures:
        Rule.objects.filter(pk=rule.pk).update(failures=0)


def count_failure(run: RuleRun) -> None:
    """Count it; switch the rule off when there were too many in a row."""
    rules = Rule.objects.filter(pk=run.rule_id)
    rules.update(failures=F("failures") + 1)
    off = rules.filter(is_active=True, failures__gte=MOST_FAILURES).update(
        is_active=False, switched_off_at=run.at, switched_off_because=run.detail
    )
    if off:
        _tell(run)


def _tell(run: RuleRun) -> None:
    rule = Rule.objects.get(pk=run.rule_id)
    link = f"{settings.PUBLIC_BASE_URL}{reverse('admin:tickets_rule_change', args=[rule.pk])}"
    letters = []
    for reader in notices.administrators():
        user = reader if isinstance(reader, User) else None
        words = wording.words(
            OCCASION, reader=user, zone=settings.TIME_ZONE, rule=rule, ticket=run.ticket, link=link
        )
        address = user.email if user else str(reader)
        letters.append(outbox.Letter(address, words.subject, words.text, words.html, user))
    cause = f"{OCCASION}:{run.pk}"
    outbox.queue(letters, occasion=OCCASION, cause=cause, ticket=None, at=run.at)
