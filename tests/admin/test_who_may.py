"""Who may open what: each address of the desk, for everybody, with a table of who may.

The tests walk the map of addresses: one that is not in the tables fails them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction
from django.http import HttpResponseBase
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from tests.admin.world import SECRET, people, world
from tickets.admin.verbs import VERBS
from tickets.models import User

pytestmark = pytest.mark.usefixtures("policy")

# An agent in the team of the ticket that every address is about, an agent of another team, a
# manager, and an administrator: the letters of the tables.
STAFF = {"a": "agent", "s": "stranger", "m": "manager", "d": "administrator"}
# Who is not signed in, a customer, and an agent who has not shown the second factor yet.
OUTSIDE = ["nobody", "customer", "half"]

ALL, SEES, LEADS = "asmd", "amd", "md"

# Model -> who may open its list, add a row, open one, delete one, and read the history of one.
MODELS: dict[str, tuple[str, str, str, str, str]] = {
    "sla.breachreason": (LEADS, LEADS, LEADS, LEADS, LEADS),
    "sla.calendar": (LEADS, LEADS, LEADS, "", LEADS),
    "sla.clock": (ALL, "", SEES, "", SEES),
    "sla.policy": (LEADS, LEADS, LEADS, "d", LEADS),
    "sla.priority": (ALL, "d", ALL, "d", ALL),
    "sla.recalculation": (LEADS, "", LEADS, "", LEADS),
    # Those of one's own, and those by which one gets mail.
    "sla.reportschedule": (LEADS, LEADS, "m", "m", "m"),
    "sla.savedreport": (LEADS, LEADS, "m", "m", "m"),
    "sla.sweep": (LEADS, "", LEADS, "", LEADS),
    "tickets.availability": (ALL, "", SEES, "", ""),
    "tickets.bulkjob": (ALL, "", SEES, "", SEES),
    "tickets.cannedreply": (ALL, LEADS, ALL, LEADS, ALL),
    "tickets.delivery": (ALL, "", SEES, "", SEES),
    "tickets.escalation": (ALL, "", SEES, "", SEES),
    "tickets.importjob": ("d", "d", "d", "", "d"),
    "tickets.inboundmessage": (ALL, "", SEES, "", SEES),
    "tickets.macro": (ALL, LEADS, ALL, LEADS, ALL),
    "tickets.mailbox": ("d", "d", "d", "d", "d"),
    "tickets.notification": (ALL, "", "", "", ""),
    "tickets.organization": (ALL, "d", ALL, "d", ALL),
    "tickets.portalsettings": (LEADS, "", LEADS, "", LEADS),
    "tickets.requesttype": (ALL, "d", ALL, "d", ALL),
    "tickets.rule": (ALL, LEADS, ALL, LEADS, ALL),
    "tickets.rulerun": (ALL, "", SEES, "", SEES),
    # Somebody's own, whoever else he is.
    "tickets.savedview": (ALL, "", "a", "a", "a"),
    "tickets.tag": (ALL, LEADS, ALL, LEADS, ALL),
    "tickets.team": (ALL, "d", ALL, "d", ALL),
    "tickets.ticket": (ALL, ALL, SEES, "", SEES),
    # To write again to an address that refused our mail is everybody's.
    "tickets.undeliverableaddress": (ALL, "", ALL, ALL, ALL),
    "tickets.user": (ALL, "d", ALL, "d", ALL),
    "auth.group": ("d", "d", "d", "d", "d"),
    "django_celery_beat.periodictask": ("d", "", "d", "", "d"),
    "django_celery_beat.intervalschedule": ("d", "d", "d", "", "d"),
    "django_celery_beat.solarschedule": ("", "", "", "", ""),
    "django_celery_beat.crontabschedule": ("", "", "", "", ""),
    "django_celery_beat.clockedschedule": ("", "", "", "", ""),
}
# The other addresses, and who may by GET; then by POST, where a form or a script posts there.
OTHERS: dict[str, tuple[str, str] | str] = {
    "": ALL,
    "search/": ALL,
    "login/": ("", ALL),
    "logout/": ("", ALL),
    "password_change/": (ALL, ALL),
    "password_change/done/": ALL,
    "autocomplete/": ALL,
    "jsi18n/": ALL,
    # Only for models with a page of their own.
    "r/<path:content_type_id>/<path:object_id>/": "",
    r"^(?P<app_label>sla|tickets|auth|django_celery_beat)/$": ALL,
    r"(?P<url>.*)$": "",
    # One's own factor; where none is asked for, and none is there, one may be set up.
    "second-factor/": ("", ""),
    "second-factor/set-up/": (ALL, ALL),
    "second-factor/change/": ("", ""),
    "second-factor/leave/": "",
    "sla/report/": LEADS,
    "sla/report/clocks/": LEADS,
    "sla/report/breakdown/": LEADS,
    "sla/report/breaches/": LEADS,
    # This one is not broken; who may see a broken one: test_sla_breaches.
    "sla/report/breaches/<int:clock>/": ("", ""),
    "sla/report/customer/": LEADS,
    # Of no customer: a sentence. Who may read which one's: test_report_exports.
    "sla/report/customer/export/<str:table>/<str:kind>/": (LEADS, ""),
    "sla/report/export/<str:table>/<str:kind>/": (LEADS, ""),
    # The names of columns are no secret.
    "export/columns/": ALL,
    "sla/report/tickets/": LEADS,
    "sla/reportschedule/<int:schedule_id>/test/": ("", "m"),
    "sla/reportschedule/<int:schedule_id>/leave/": ("", "m"),
    "sla/what-if/": LEADS,
    "sla/what-if/clocks/": LEADS,
    "sla/calendar/<int:calendar_id>/holidays/import/": (LEADS, LEADS),
    "sla/calendar/<int:calendar_id>/year/<int:year>/": LEADS,
    "tickets/macro/for/<int:ticket_id>/": (SEES, ""),
    "tickets/bulkjob/<int:job_id>/news/": SEES,
    "tickets/bulkjob/<int:job_id>/cancel/": ("", SEES),
    "tickets/bulkjob/<int:job_id>/again/": ("", SEES),
    "tickets/escalation/<int:escalation_id>/acknowledge/": ("", SEES),
    "tickets/importjob/example/<str:kind>/": "d",
    "tickets/importjob/<int:job_id>/begin/": ("", "d"),
    "tickets/importjob/<int:job_id>/discard/": ("", "d"),
    "tickets/importjob/<int:job_id>/news/": "d",
    "tickets/inboundmessage/<int:message_id>/original/": SEES,
    "tickets/inboundmessage/<int:message_id>/retry/": ("", SEES),
    "tickets/inboundmessage/<int:message_id>/adopt/": ("", SEES),
    # One's own bell.
    "tickets/notification/bell/": ALL,
    "tickets/notification/latest/": ALL,
    "tickets/notification/read/": ("", ALL),
    "tickets/notification/choices/": (ALL, ALL),
    "tickets/delivery/<uuid:delivery_id>/retry/": ("", SEES),
    "tickets/mailbox/<int:mailbox_id>/try/": ("", "d"),
    "sla/ahead/": LEADS,
    "sla/ahead/clocks/": LEADS,
    "sla/wall/": LEADS,
    "tickets/user/<int:user_id>/block/": ("", ALL),
    "tickets/user/me/": (ALL, ALL),
    "tickets/user/<int:user_id>/unblock/": ("", ALL),
    "tickets/user/<int:user_id>/second-factor/reset/": ("", "d"),
    "tickets/user/<id>/password/": ("d", "d"),
    "tickets/user/export/<str:kind>/": ("d", ""),
    # What is a person's own: keys, views, columns, and the numbers of what he sees.
    "tickets/ticket/shortcuts/": ("", ALL),
    "tickets/ticket/queues/": ALL,
    "tickets/ticket/views/": ("", ALL),
    "tickets/ticket/columns/": ("", ALL),
    "tickets/ticket/export/<str:kind>/": (ALL, ""),
    # Leads to the next ticket that one sees, and says nothing of this one.
    "tickets/ticket/<int:ticket_id>/<str:way>/of-queue/": ALL,
    "tickets/ticket/<int:ticket_id>/presence/": ("", SEES),
    "tickets/ticket/<int:ticket_id>/mentions/": SEES,
    "tickets/ticket/<int:ticket_id>/news/": SEES,
    "tickets/ticket/<int:ticket_id>/story/": SEES,
    "tickets/ticket/<int:ticket_id>/canned/": SEES,
    "tickets/ticket/<int:ticket_id>/messages/": SEES,
    "tickets/ticket/<int:ticket_id>/messages/<int:message_id>/whole/": SEES,
    "tickets/ticket/<int:ticket_id>/messages/<int:message_id>/accept/": ("", SEES),
    "tickets/ticket/<int:ticket_id>/messages/<int:message_id>/formatted/": SEES,
    **{f"tickets/ticket/<int:ticket_id>/{verb.name}/": (SEES, SEES) for verb in VERBS},
}
PAGES = ("", "add/", "<path:object_id>/change/", "<path:object_id>/delete/",
         "<path:object_id>/history/")  # fmt: skip
QUERIES: dict[str, str] = {
    "search/": f"?s={SECRET}",
    "tickets/ticket/<int:ticket_id>/messages/": "?before={message}",
    "autocomplete/": "?app_label=tickets&model_name=ticket&field_name=organization&term=x",
}
# What stands outside of the wall: where one signs in, shows a factor, or leaves.
OPEN = {
    "login/",
    "logout/",
    "second-factor/",
    "second-factor/set-up/",
    "second-factor/change/",
    "second-factor/leave/",
    "tickets/ticket/queues/",
}


def routes(resolver: URLResolver, prefix: str = "") -> Iterator[str]:
    """Every address of the admin, as it is written in the map."""
    for pattern in resolver.url_patterns:
        route = prefix + str(pattern.pattern)
        if not isinstance(pattern, URLPattern):
            yield from routes(pattern, route)
        elif route.startswith("admin/"):
            yield route.removeprefix("admin/")


def table() -> dict[str, tuple[str, str | None]]:
    """Both tables as one: an address, and who may by GET and by POST."""
    found: dict[str, tuple[str, str | None]] = {}
    for model, may in MODELS.items():
        place = model.replace(".", "/") + "/"
        found |= {f"{place}{page}": (who, None) for page, who in zip(PAGES, may, strict=True)}
        # Leads to the page of the row, and says nothing of it.
        found[f"{place}<path:object_id>/"] = (ALL, None)
    for route, who in OTHERS.items():
        found[route] = (who, None) if isinstance(who, str) else who
    return found


def test_every_address_is_in_the_tables() -> None:
    assert set(routes(get_resolver())) == table().keys()


def address(route: str, rows: dict[str, Any]) -> str:
    """The address with the numbers of the rows of this world."""
    model = ".".join(route.split("/")[:2])
    own = rows.get(model)
    number = str(own.pk) if own else "1"
    given = {
        "ticket_id": rows["tickets.ticket"].pk,
        "message_id": rows["message"].pk if model == "tickets.ticket" else number,
        "year": 2026,
        "way": "next",
        "table": "customer_promises" if "customer" in route else "attainment",
        "kind": "csv" if "export" in route else "people",
        "url": "nowhere/",
        "app_label": "tickets",
        "content_type_id": rows["people"].pk,
    }
    if route.startswith("r/"):
        number = str(rows["tickets.user"].pk)
    plain = re.sub(r"^\^(.*)\$$|\$$", r"\1", route)
    filled = re.sub(
        r"<(?:\w+:)?(\w+)>|\(\?P<(\w+)>[^)]*\)",
        lambda found: str(given.get(found[1] or found[2], number)),
        plain,
    )
    query = QUERIES.get(route, "").format(message=rows["message"].pk)
    return f"/admin/{filled}{query}"


def visitor(user: User | None) -> Client:
    client = Client()
    if user:
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def verdict(answer: HttpResponseBase) -> str:
    """What an answer comes to: yes, no, or where one has to show who he is first."""
    place = answer.headers.get("Location", "")
    for wall in ("/admin/login/", "/admin/second-factor/"):
        if place.startswith(wall):
            return wall
    # Without a row that one may see, Django leads to the front page.
    is_no = answer.status_code in (403, 404, 405) or place == "/admin/"
    return "no" if is_no else "yes"


def asked(client: Client, method: str, place: str) -> HttpResponseBase:
    """The answer; what it changed is taken back, so that the next one finds the same world."""
    kept = client.cookies["sessionid"].value if "sessionid" in client.cookies else ""
    with transaction.atomic():
        answer: HttpResponseBase = getattr(client, method)(place)
        transaction.set_rollback(True)
    if kept:
        client.cookies["sessionid"] = kept
    return answer


def body(answer: HttpResponseBase) -> str:
    parts = answer.streaming_content if answer.streaming else [answer.content]  # type: ignore[attr-defined]
    return b"".join(parts).decode(errors="replace")


def trials() -> Iterator[tuple[str, str, str]]:
    """An address, a method, and who may."""
    for route, (reads, acts) in table().items():
        yield route, "get", reads
        if acts is not None:
            yield route, "post", acts


@pytest.mark.parametrize("letter", STAFF)
def test_staff_may_what_the_tables_say(letter: str) -> None:
    them = people()
    rows = world(them)
    client, wrong = visitor(them[STAFF[letter]]), []
    for route, method, who in trials():
        place = address(route, rows)
        answer = asked(client, method, place)
        if (verdict(answer) == "yes") != (letter in who):
            wrong.append(f"{method} {place}: {answer.status_code}, not {who!r}")
        if letter == "s" and SECRET in body(answer):
            wrong.append(f"{method} {place} tells of a ticket out of sight")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("who", OUTSIDE)
def test_others_are_asked_who_they_are(who: str, settings: Any) -> None:
    settings.STAFF_SECOND_FACTOR = who == "half"
    them = people()
    rows = world(them)
    client, wrong = visitor(them.get(who)), []
    wall = "/admin/second-factor/" if who == "half" else "/admin/login/"
    for route, method, _ in trials():
        if route in OPEN:
            continue
        place = address(route, rows)
        answer = asked(client, method, place)
        if verdict(answer) != wall or SECRET in body(answer):
            wrong.append(f"{method} {place}: {answer.status_code} {answer.headers}")
    assert not wrong, "\n".join(wrong)
