"""Who may open which page of the desk."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from sla.models import Policy
from tests import factories
from tickets import escalation
from tickets.admin.verbs import VERBS
from tickets.models import Escalation, Mailbox, Tag, Ticket, User

STAFF = ["Agent", "Manager", "Administrator"]

# Address, and the groups that may open it; "{ticket}" and the like are rows of the test.
PAGES = [
    ("/admin/", STAFF),
    ("/admin/tickets/ticket/", STAFF),
    ("/admin/tickets/ticket/{ticket}/change/", STAFF),
    ("/admin/tickets/ticket/add/", STAFF),
    ("/admin/tickets/cannedreply/", STAFF),
    ("/admin/tickets/cannedreply/add/", ["Manager", "Administrator"]),
    ("/admin/tickets/ticket/{ticket}/canned/", STAFF),
    ("/admin/tickets/ticket/{ticket}/news/", STAFF),
    ("/admin/tickets/ticket/{ticket}/story/", STAFF),
    ("/admin/tickets/ticket/{ticket}/priority/", STAFF),
    ("/admin/tickets/ticket/{ticket}/delete/", []),
    ("/admin/tickets/user/", STAFF),
    ("/admin/tickets/user/{customer}/change/", STAFF),
    ("/admin/tickets/user/add/", ["Administrator"]),
    ("/admin/tickets/user/{customer}/password/", ["Administrator"]),
    ("/admin/tickets/user/{customer}/delete/", ["Administrator"]),
    ("/admin/tickets/savedview/", STAFF),
    ("/admin/tickets/savedview/add/", []),
    ("/admin/tickets/organization/", STAFF),
    ("/admin/tickets/organization/add/", ["Administrator"]),
    ("/admin/tickets/team/", STAFF),
    ("/admin/tickets/team/add/", ["Administrator"]),
    ("/admin/tickets/requesttype/", STAFF),
    ("/admin/tickets/requesttype/add/", ["Administrator"]),
    ("/admin/tickets/tag/", STAFF),
    ("/admin/tickets/tag/add/", ["Manager", "Administrator"]),
    ("/admin/tickets/tag/{tag}/delete/", ["Manager", "Administrator"]),
    ("/admin/tickets/escalation/", STAFF),
    ("/admin/tickets/escalation/{escalation}/change/", STAFF),
    ("/admin/tickets/escalation/{escalation}/delete/", []),
    ("/admin/tickets/escalation/add/", []),
    ("/admin/tickets/bulkjob/", STAFF),
    ("/admin/tickets/availability/", STAFF),
    ("/admin/tickets/availability/add/", []),
    ("/admin/tickets/bulkjob/add/", []),
    ("/admin/tickets/notification/", STAFF),
    ("/admin/tickets/notification/bell/", STAFF),
    ("/admin/tickets/notification/latest/", STAFF),
    ("/admin/tickets/notification/choices/", STAFF),
    ("/admin/tickets/notification/add/", []),
    ("/admin/tickets/ticket/{ticket}/mentions/", STAFF),
    ("/admin/tickets/delivery/", STAFF),
    ("/admin/tickets/delivery/{delivery}/change/", STAFF),
    ("/admin/tickets/delivery/{delivery}/delete/", []),
    ("/admin/tickets/delivery/add/", []),
    ("/admin/tickets/undeliverableaddress/", STAFF),
    ("/admin/tickets/undeliverableaddress/add/", []),
    ("/admin/tickets/mailbox/", ["Administrator"]),
    ("/admin/tickets/mailbox/add/", ["Administrator"]),
    ("/admin/tickets/mailbox/{mailbox}/change/", ["Administrator"]),
    ("/admin/tickets/mailbox/{mailbox}/delete/", ["Administrator"]),
    ("/admin/sla/report/breaches/", ["Manager", "Administrator"]),
    ("/admin/sla/breachreason/add/", ["Manager", "Administrator"]),
    ("/admin/sla/report/customer/", ["Manager", "Administrator"]),
    ("/admin/tickets/portalsettings/", ["Manager", "Administrator"]),
    ("/admin/tickets/portalsettings/1/change/", ["Manager", "Administrator"]),
    ("/admin/tickets/portalsettings/1/delete/", []),
    ("/admin/tickets/portalsettings/add/", []),
    ("/admin/auth/group/", ["Administrator"]),
    ("/admin/django_celery_beat/periodictask/", ["Administrator"]),
    ("/admin/django_celery_beat/periodictask/add/", []),
    ("/admin/django_celery_beat/intervalschedule/", ["Administrator"]),
]


def addresses(page: str) -> str:
    """The address with the keys of rows that exist."""
    ticket = factories.ticket()
    rows = {
        "ticket": ticket.pk,
        "customer": ticket.requester_id,
        "delivery": ticket.deliveries.get(occasion="acknowledgement").pk,
        "escalation": _escalation_of(ticket).pk,
        "tag": Tag.objects.create(name="billing").pk,
        "mailbox": Mailbox.objects.create(address="support@desk.example").pk,
    }
    return page.format(**rows)


def _escalation_of(ticket: Ticket) -> Escalation:
    escalation.escalate(
        ticket=ticket, by=ticket.requester, reason="It is urgent.", at=factories.MONDAY
    )
    return ticket.escalations.get()


@pytest.mark.parametrize(("page", "groups"), PAGES)
def test_a_page_opens_for_its_groups_alone(policy: Policy, page: str, groups: list[str]) -> None:
    address = addresses(page)
    for group in STAFF:
        client = Client()
        client.force_login(factories.agent(group=group))
        expected = 200 if group in groups else 403
        assert client.get(address).status_code == expected, group


@pytest.mark.parametrize("page", [page for page, _ in PAGES])
def test_customers_and_strangers_are_asked_to_sign_in(policy: Policy, page: str) -> None:
    address = addresses(page)
    former = factories.agent()
    User.objects.filter(pk=former.pk).update(is_active=False)
    for user in (None, factories.customer(), former):
        client = Client()
        if user:
            client.force_login(user)
        response = client.get(address)
        assert response.status_code == 302
        assert response["Location"].startswith("/admin/login/?next=")


@pytest.mark.parametrize("verb", [verb.name for verb in VERBS])
def test_a_verb_needs_the_permission_to_change_tickets(policy: Policy, verb: str) -> None:
    ticket = factories.ticket()
    onlooker = User.objects.create_user("eve@desk.example", is_staff=True)
    onlooker.user_permissions.add(Permission.objects.get(codename="view_ticket"))
    visitors = [
        (onlooker, 403),
        (User.objects.create_user("new@desk.example", is_staff=True), 403),
        (ticket.requester, 302),
        (None, 302),
    ]
    for user, expected in visitors:
        client = Client()
        if user:
            client.force_login(user)
        response = client.post(f"/admin/tickets/ticket/{ticket.pk}/{verb}/", {"text": "Hello."})
        assert response.status_code == expected
        assert expected == 403 or response["Location"].startswith("/admin/login/")
    ticket.refresh_from_db()
    assert ticket.events.count() == ticket.messages.count() == 1


def test_who_may_only_look_sees_the_ticket_without_buttons(client: Client, policy: Policy) -> None:
    ticket = factories.ticket()
    onlooker = User.objects.create_user("eve@desk.example", is_staff=True)
    onlooker.user_permissions.add(Permission.objects.get(codename="view_ticket"))
    client.force_login(onlooker)
    page = client.get(f"/admin/tickets/ticket/{ticket.pk}/change/").content.decode()
    assert ticket.subject in page
    for word in (
        "Send to ",
        "Add internal note",
        "data-verb",
        "Assign to me",
        "/admin/tickets/user/",
    ):
        assert word not in page


@pytest.mark.parametrize("group", STAFF)
def test_every_group_does_the_desks_work(client: Client, policy: Policy, group: str) -> None:
    client.force_login(factories.agent(group=group))
    ticket = factories.ticket()
    address = f"/admin/tickets/ticket/{ticket.pk}/reply/"
    assert client.post(address, {"text": "Hello."}).status_code == 302
    assert Ticket.objects.get(pk=ticket.pk).status == "open"


# Group -> the links of the sidebar, from top to bottom.
SIDEBARS = {
    "Agent": "ticket escalation bulkjob organization user team availability requesttype tag "
    "cannedreply macro rule rulerun priority clock inboundmessage delivery undeliverableaddress",
    "Manager": "ticket escalation bulkjob organization user team availability requesttype tag "
    "cannedreply portalsettings macro rule rulerun report policy priority calendar clock "
    "inboundmessage delivery undeliverableaddress recalculation sweep",
    "Administrator": "ticket escalation bulkjob organization user team availability requesttype "
    "tag cannedreply portalsettings macro rule rulerun report policy priority calendar clock "
    "mailbox inboundmessage delivery undeliverableaddress recalculation sweep periodictask",
}


@pytest.mark.parametrize("group", STAFF)
def test_the_sidebar_leads_only_where_one_may_go(
    client: Client, policy: Policy, group: str
) -> None:
    client.force_login(factories.agent(group=group))
    page = client.get("/admin/")
    places = [item["link"] for part in page.context["sidebar_navigation"] for item in part["items"]]
    assert [place.strip("/").split("/")[-1] for place in places] == SIDEBARS[group].split()
    for place in places:
        assert client.get(place).status_code == 200, place


def test_staff_without_a_group_learn_what_to_do(client: Client, policy: Policy) -> None:
    client.force_login(User.objects.create_user("new@desk.example", is_staff=True))
    page = client.get("/admin/").content.decode()
    assert "Ask an administrator for a group." in page
    assert client.get("/admin/tickets/ticket/").status_code == 403
