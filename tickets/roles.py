"""The groups of staff, and what each may do in the desk.

Machine rows (clocks, ledger, firings, events, conversation) may be looked at, never edited.
"""

from __future__ import annotations

from django.contrib.auth.models import Group, Permission

AGENT = "Agent"
MANAGER = "Manager"
ADMINISTRATOR = "Administrator"


def _each(app: str, models: str, *actions: str) -> set[str]:
    """Permissions as Django names them: every action on every one of the models."""
    return {f"{app}.{action}_{model}" for model in models.split() for action in actions}


_AGENT = {
    *_each("tickets", "ticket", "view", "change"),
    # Acknowledging an escalation is a change of its ticket.
    *_each("tickets", "message attachment event escalation", "view"),
    *_each("tickets", "user organization team requesttype", "view"),
    # Changing a delivery is to have it sent again.
    *_each("tickets", "delivery", "view", "change"),
    # Changing a message that came in is to have it read again.
    *_each("tickets", "inboundmessage", "view", "change"),
    *_each("tickets", "follower rating availability tag ticketlink", "view"),
    # One's own are anybody's, and those of others are a manager's to stop.
    *_each("tickets", "bulkjob", "view"),
    *_each("tickets", "macro rule rulerun", "view"),
    *_each("tickets", "cannedreply", "view"),
    # Own ones, and those of teams that he leads: SavedView.is_editable_by.
    *_each("tickets", "savedview", "view", "add", "change", "delete"),
    # Deleting an undeliverable address is to write to it again.
    *_each("tickets", "undeliverableaddress", "view", "delete"),
    *_each("sla", "clock pause clockevent firing priority", "view"),
}
_MANAGER = {
    *_AGENT,
    # Of agents the setting AGENTS_SEE_ALL decides: all tickets, or those of their teams.
    "tickets.view_every_ticket",
    "sla.view_reports",
    # Own ones, and what others share may be read: SavedReport.is_editable_by.
    *_each("sla", "savedreport", "view", "add", "change", "delete"),
    # Own ones, and those of own reports: ReportSchedule.is_editable_by.
    *_each("sla", "reportschedule", "view", "add", "change", "delete"),
    *_each("sla", "sentreport", "view"),
    *_each("sla", "calendar openinghours holiday calendarversion sweep recalculation", "view"),
    *_each("sla", "policy policyversion target pauserule escalationstep", "view"),
    *_each("sla", "calendar policy", "add", "change"),
    *_each("sla", "openinghours holiday", "add", "change", "delete"),
    *_each("sla", "breachreason", "view", "add", "change", "delete"),
    # What was said about a breach stays: nobody changes or deletes it.
    *_each("sla", "breachnote", "view", "add"),
    *_each("tickets", "portalsettings", "view", "change"),
    # That of others: who is ill, is set away by somebody else.
    *_each("tickets", "availability bulkjob", "change"),
    *_each("tickets", "tag", "add", "change", "delete"),
    *_each("tickets", "macro rule cannedreply", "add", "change", "delete"),
    *_each("sla", "target pauserule escalationstep", "add", "change", "delete"),
}
_ADMINISTRATOR = {
    *_MANAGER,
    *_each("sla", "calendar policy priority", "add", "change", "delete"),
    *_each("tickets", "user organization team requesttype", "add", "change", "delete"),
    *_each("tickets", "mailbox", "view", "add", "change", "delete"),
    # Adding one is to bring in a file: people and whole tickets.
    *_each("tickets", "importjob", "view", "add"),
    *_each("auth", "group", "view", "add", "change", "delete"),
    # How often the sweeps run.
    *_each("django_celery_beat", "periodictask", "view", "change"),
    *_each("django_celery_beat", "intervalschedule", "view", "add", "change"),
}

PERMISSIONS: dict[str, frozenset[str]] = {
    AGENT: frozenset(_AGENT),
    MANAGER: frozenset(_MANAGER),
    ADMINISTRATOR: frozenset(_ADMINISTRATOR),
}


def load() -> list[str]:
    """Make the groups with exactly these permissions; their members stay. Answers the names.

    Raises LookupError for a permission that the database does not have: it was not migrated.
    """
    known = {
        f"{permission.content_type.app_label}.{permission.codename}": permission
        for permission in Permission.objects.select_related("content_type")
    }
    for name, permissions in PERMISSIONS.items():
        missing = sorted(permissions - known.keys())
        if missing:
            raise LookupError(f"Unknown permissions: {', '.join(missing)}. Run manage.py migrate.")
        group, _ = Group.objects.get_or_create(name=name)
        group.permissions.set(known[codename] for codename in permissions)
    return list(PERMISSIONS)
