"""Escalations in words: who acknowledged one, and when."""

from __future__ import annotations

from django import template
from django.utils.translation import gettext as _

from tickets.models import Escalation
from tickets.templatetags.desk import local_time

register = template.Library()


@register.filter
def acknowledgement(escalation: Escalation, zone: str = "") -> str:
    """Such as "Grace Hopper, Mon 2 Nov, 10:05 IST"; "" while nobody has acknowledged it."""
    if escalation.acknowledged_at is None:
        return ""
    when = local_time(escalation.acknowledged_at, zone)
    return _("%(who)s, %(when)s") % {"who": escalation.acknowledger, "when": when}


def already_acknowledged(escalation: Escalation, zone: str = "") -> str:
    """The sentence for whoever comes second."""
    when = local_time(escalation.acknowledged_at, zone)
    return _("%(who)s has acknowledged this escalation already: %(when)s.") % {
        "who": escalation.acknowledger,
        "when": when,
    }
