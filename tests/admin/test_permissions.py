"""What staff with few rights are offered. Who may open what is in test_who_may."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from sla.models import Policy
from tests import factories
from tickets.admin.verbs import VERBS
from tickets.models import Ticket, User

STAFF = ["Agent", "Manager", "Administrator"]


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
        # The dialog of keys names them all, in words and in selectors.
        'data-verb="',
        "Assign to me</button>",
        f"/admin/tickets/user/{ticket.requester.pk}/",
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
    "cannedreply macro rule rulerun priority clock inboundmessage delivery "
    "undeliverableaddress",
    "Manager": "ticket escalation bulkjob organization user team availability requesttype tag "
    "cannedreply portalsettings macro rule rulerun report breaches customer savedreport "
    "reportschedule ahead wall what-if policy priority breachreason calendar clock "
    "inboundmessage delivery undeliverableaddress recalculation sweep",
    "Administrator": "ticket escalation bulkjob organization user team availability requesttype "
    "tag cannedreply portalsettings macro rule rulerun report breaches customer savedreport "
    "reportschedule ahead wall what-if policy priority breachreason calendar clock mailbox "
    "importjob inboundmessage delivery undeliverableaddress recalculation sweep periodictask",
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


def test_who_may_not_see_a_ticket_reads_whom_to_ask(client: Client, policy: Policy) -> None:
    ticket = factories.ticket()
    Ticket.objects.filter(pk=ticket.pk).update(team=factories.team())
    client.force_login(factories.agent())
    answer = client.get(f"/admin/tickets/ticket/{ticket.pk}/change/")
    assert answer.status_code == 403
    page = answer.content.decode()
    assert f"{ticket.reference} is with a team that you are not in. Ask that team" in page
    assert ticket.subject not in page


def test_who_hands_a_ticket_out_of_sight_is_told_so(client: Client, policy: Policy) -> None:
    ticket, team = factories.ticket(), factories.team("Second line")
    client.force_login(factories.agent())
    address = f"/admin/tickets/ticket/{ticket.pk}/assign/"
    answer = client.post(address, {"team": team.pk}, follow=True)
    assert answer.redirect_chain == [("/admin/tickets/ticket/", 302)]
    page = answer.content.decode()
    assert f"{ticket.reference} is no longer among the tickets that you see." in page
    assert Ticket.objects.get(pk=ticket.pk).team == team
