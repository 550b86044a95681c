"""Users sign in with their e-mail; administrators look after people, and nobody else does."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from sla.models import Policy
from tests import factories
from tickets.models import Organization, RequestType, Team, User


@pytest.fixture
def admin(client: Client, policy: Policy) -> Client:
    client.force_login(factories.agent("noor@desk.example", group="Administrator"))
    return client


def user_form(user: User, **changed: Any) -> dict[str, Any]:
    """The fields of the user's page as a browser sends them."""
    return {
        "email": user.email,
        "name": user.name,
        "organization": user.organization_id or "",
        "time_zone": user.time_zone,
        "is_active": "on",
        "is_staff": "on" if user.is_staff else "",
        "groups": [group.pk for group in user.groups.all()],
        **changed,
    }


@pytest.mark.parametrize("typed", ["ada@desk.example", "Ada@Desk.Example"])
def test_staff_sign_in_with_their_email_in_any_case(
    client: Client, policy: Policy, typed: str
) -> None:
    factories.agent("ada@desk.example")
    page = client.get("/admin/login/").content.decode()
    assert "E-mail" in page
    response = client.post("/admin/login/?next=/admin/", {"username": typed, "password": "secret"})
    assert response["Location"] == "/admin/"


@pytest.mark.parametrize("group", ["Agent", "Manager", "Administrator"])
def test_nobody_reads_the_hash_of_a_password_on_a_page(
    client: Client, policy: Policy, group: str
) -> None:
    client.force_login(factories.agent(group=group))
    root = factories.agent("root@desk.example", is_superuser=True)
    customer = factories.customer()
    for user in (root, customer):
        page = client.get(f"/admin/tickets/user/{user.pk}/change/")
        assert page.status_code == 200
        secret = user.password.split("$")[-1] if user is root else user.password[1:]
        assert secret
        assert secret not in page.content.decode()


def test_a_wrong_password_and_a_customer_are_not_let_in(client: Client, policy: Policy) -> None:
    factories.agent("ada@desk.example")
    factories.customer("rosa@client.example", password="secret")
    for email, password in (("ada@desk.example", "wrong"), ("rosa@client.example", "secret")):
        response = client.post("/admin/login/", {"username": email, "password": password})
        assert response.status_code == 200
        assert "Please enter the correct e-mail and password for a staff account" in (
            response.content.decode()
        )


def test_a_new_agent_is_made_with_a_password_and_a_group(admin: Client) -> None:
    form = {
        "email": "Ben@Desk.example",
        "name": "Ben Okri",
        "is_staff": "on",
        "groups": [Group.objects.get(name="Agent").pk],
        "usable_password": "true",
        "password1": "a long enough secret",
        "password2": "a long enough secret",
    }
    response = admin.post("/admin/tickets/user/add/", form)
    assert response.status_code == 302
    ben = User.objects.get(email="ben@desk.example")
    assert (ben.is_staff, str(ben)) == (True, "Ben Okri")
    assert ben.check_password("a long enough secret")
    assert ben.has_perm("tickets.change_ticket")


def test_the_same_address_in_another_case_is_refused(admin: Client) -> None:
    factories.customer("rosa@client.example")
    form = {"email": "ROSA@client.example", "usable_password": "false"}
    page = admin.post("/admin/tickets/user/add/", form).content.decode()
    assert "User with this E-mail already exists." in page


def test_a_user_gets_an_organization_and_a_time_zone(admin: Client) -> None:
    rosa, acme = factories.customer(), factories.organization()
    form = user_form(rosa, organization=acme.pk, time_zone="Europe/Madrid")
    assert admin.post(f"/admin/tickets/user/{rosa.pk}/change/", form).status_code == 302
    rosa.refresh_from_db()
    assert (rosa.organization, rosa.time_zone) == (acme, "Europe/Madrid")


def test_an_unknown_time_zone_is_refused(admin: Client) -> None:
    rosa = factories.customer()
    form = user_form(rosa, time_zone="Mars/Olympus")
    page = admin.post(f"/admin/tickets/user/{rosa.pk}/change/", form).content.decode()
    assert "Select a valid choice" in page


def test_a_password_can_be_set_anew(admin: Client) -> None:
    ben = factories.agent()
    form = {"password1": "another long secret", "password2": "another long secret"}
    assert admin.post(f"/admin/tickets/user/{ben.pk}/password/", form).status_code == 302
    ben.refresh_from_db()
    assert ben.check_password("another long secret")


def test_nobody_but_a_superuser_takes_over_a_superuser(admin: Client) -> None:
    root = User.objects.create_superuser("root@desk.example", "secret")
    address = f"/admin/tickets/user/{root.pk}"
    form = {"password1": "another long secret", "password2": "another long secret"}
    assert admin.post(f"{address}/password/", form).status_code == 403
    assert admin.post(f"{address}/change/", user_form(root, name="Mine")).status_code == 403
    assert admin.post(f"{address}/delete/", {"post": "yes"}).status_code == 403
    root.refresh_from_db()
    assert (root.name, root.check_password("secret")) == ("", True)


def test_an_administrator_cannot_make_himself_a_superuser(admin: Client) -> None:
    noor = User.objects.get(email="noor@desk.example")
    form = user_form(noor, is_superuser="on", user_permissions=["1"])
    assert admin.post(f"/admin/tickets/user/{noor.pk}/change/", form).status_code == 302
    noor.refresh_from_db()
    assert not noor.is_superuser
    assert not noor.user_permissions.exists()


def test_organizations_teams_and_request_types_are_looked_after_here(admin: Client) -> None:
    noor, type_ = User.objects.get(email="noor@desk.example"), RequestType.objects.all()[0]
    forms = {
        "organization": {"name": "Acme", "spoc": noor.pk},
        "team": {
            "name": "Night shift",
            "lead": noor.pk,
            "members": [noor.pk],
            "assignment": "manual",
        },
        "requesttype": {"name": "Other", "priority": type_.priority_id, "position": 9},
    }
    for model, form in forms.items():
        assert admin.post(f"/admin/tickets/{model}/add/", form).status_code == 302, model
        assert form["name"] in admin.get(f"/admin/tickets/{model}/").content.decode()
    assert Organization.objects.get(name="Acme").spoc == noor
    assert list(Team.objects.get(name="Night shift").members.all()) == [noor]


def test_a_request_type_with_a_threshold_needs_the_other_priority(admin: Client) -> None:
    type_ = RequestType.objects.filter(share_threshold=None)[0]
    form = {
        "name": type_.name,
        "priority": type_.priority_id,
        "position": 1,
        "share_threshold": 20,
    }
    page = admin.post(f"/admin/tickets/requesttype/{type_.pk}/change/", form).content.decode()
    assert "Say which priority holds at or below the threshold." in page


@pytest.mark.parametrize("model", ["user", "organization", "team", "requesttype"])
def test_a_list_takes_as_many_queries_for_many_rows_as_for_few(admin: Client, model: str) -> None:
    def add(number: int) -> None:
        for _ in range(number):
            lead = factories.agent(organization=factories.organization())
            team = factories.team("", lead, lead=lead)
            priority = factories.priority("P4")
            RequestType.objects.create(name=team.name, team=team, priority=priority)
            Organization.objects.filter(users=lead).update(spoc=lead)

    add(2)
    address = f"/admin/tickets/{model}/"
    admin.get(address)
    with CaptureQueriesContext(connection) as few:
        assert admin.get(address).status_code == 200
    add(20)
    with CaptureQueriesContext(connection) as many:
        assert admin.get(address).status_code == 200
    assert len(many) == len(few)


@pytest.mark.parametrize(
    ("typed", "kept", "sentence"),
    [
        ("Acme.Example, @acme.test acme.example", ["acme.example", "acme.test"], ""),
        ("", [], ""),
        ("acme", None, "“acme” is no domain such as acme.example."),
        ("a@acme.example", None, "“a@acme.example” is no domain such as acme.example."),
        ("other.example", None, "One of them belongs to Other already."),
    ],
)
def test_an_organizations_domains_are_kept_in_one_way(
    client: Client, policy: Policy, typed: str, kept: list[str] | None, sentence: str
) -> None:
    client.force_login(factories.agent(group="Administrator"))
    factories.organization("Other", domains=["other.example"])
    acme = factories.organization("Acme")
    page = f"/admin/tickets/organization/{acme.pk}/change/"
    answer = client.post(page, {"name": "Acme", "domains": typed})
    acme.refresh_from_db()
    assert acme.domains == (kept or [])
    assert (answer.status_code == 302) is (kept is not None)
    assert sentence in answer.content.decode()


def test_an_agent_blocks_a_sender_and_hears_him_again(client: Client, policy: Policy) -> None:
    client.force_login(factories.agent(name="Ada"))
    rosa = factories.customer(name="Rosa")
    person = f"/admin/tickets/user/{rosa.pk}/"
    for verb, other, words in (
        ("block", "unblock", "Rosa: blocked as a sender of spam."),
        ("unblock", "block", "Rosa: blocked no more."),
    ):
        assert f'action="{person}{verb}/"' in client.get(f"{person}change/").content.decode()
        page = client.post(f"{person}{verb}/", follow=True).content.decode()
        assert words in page
        assert f'action="{person}{other}/"' in page
        assert "This sender is " in client.post(f"{person}{verb}/", follow=True).content.decode()
        rosa.refresh_from_db()
        assert (rosa.blocked_at is not None) is (verb == "block")
        assert client.get(f"{person}{verb}/").status_code == 405
    said = LogEntry.objects.filter(object_id=str(rosa.pk)).values_list("change_message", flat=True)
    assert sorted(said) == ["Blocked as a sender of spam.", "Blocked no more."]


def test_nobody_who_works_here_is_blocked_and_who_only_looks_blocks_nobody(
    client: Client, policy: Policy
) -> None:
    rosa, colleague, looker = factories.customer(), factories.agent(), factories.agent()
    looker.groups.clear()
    looker.user_permissions.add(Permission.objects.get(codename="view_user"))
    client.force_login(looker)
    assert "/block/" not in client.get(f"/admin/tickets/user/{rosa.pk}/change/").content.decode()
    assert client.post(f"/admin/tickets/user/{rosa.pk}/block/").status_code == 403
    client.force_login(rosa)
    assert client.post(f"/admin/tickets/user/{rosa.pk}/block/").status_code == 302
    client.force_login(factories.agent())
    page = client.post(f"/admin/tickets/user/{colleague.pk}/block/", follow=True).content.decode()
    assert "is never blocked" in page
    assert not User.objects.exclude(blocked_at=None).exists()
