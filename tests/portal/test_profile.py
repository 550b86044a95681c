"""A person's own settings, and the end of his ticket links."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from sla.models import Policy
from tests import factories, linked
from tickets import links
from tickets.models import Ticket, User

PROFILE = "/profile/"
COOKIE = settings.LANGUAGE_COOKIE_NAME


@pytest.fixture
def asha(db: None) -> User:
    organization = factories.organization("Acme Beverages")
    return factories.customer("asha@client.example", name="Asha", organization=organization)


@pytest.fixture
def own(client: Client, asha: User) -> Client:
    client.force_login(asha)
    return client


def settings_of(user: User) -> tuple[str, str, str]:
    user.refresh_from_db()
    return user.name, user.time_zone, user.language


def holder(ticket: Ticket, key: str) -> tuple[Ticket, User] | None:
    return links.holder(ticket.reference, key, at=timezone.now())


def test_the_page_is_for_whoever_is_signed_in(client: Client, asha: User) -> None:
    for response in (client.get(PROFILE), client.post(PROFILE, {"void_links": "1"})):
        assert response.headers["Location"] == "/sign-in/?next=/profile/"
    asha.refresh_from_db()
    assert asha.links_void_before is None


def test_the_page_shows_who_one_is(own: Client) -> None:
    response = own.get(PROFILE)
    text = response.content.decode()
    assert "asha@client.example" in text
    assert "Acme Beverages" in text
    assert 'value="Asha"' in text
    assert 'name="email"' not in text
    assert "no-store" in response.headers["Cache-Control"]


def test_a_person_sets_name_zone_and_language(own: Client, asha: User) -> None:
    data = {"name": " Asha  Rao ", "time_zone": "America/Sao_Paulo", "language": "de"}
    response = own.post(PROFILE, data, follow=True)
    assert response.redirect_chain == [(PROFILE, 302)]
    assert settings_of(asha) == ("Asha Rao", "America/Sao_Paulo", "de")
    assert response.headers["Content-Language"] == "de"


def test_empty_settings_are_those_of_the_browser(own: Client, asha: User) -> None:
    User.objects.filter(pk=asha.pk).update(time_zone="Asia/Kolkata", language="de")
    own.post(PROFILE, {"name": "", "time_zone": "", "language": ""})
    assert settings_of(asha) == ("", "", "")


def test_the_language_of_the_account_replaces_what_the_browser_kept(
    own: Client, asha: User
) -> None:
    own.post("/language/", {"language": "en-gb", "next": PROFILE})
    assert own.get(PROFILE).headers["Content-Language"] == "en-gb"
    kept = own.post(PROFILE, {"name": "Asha", "language": "de"}).cookies[COOKIE]
    assert (kept.value, kept["max-age"]) == ("", 0)
    # As a browser does, and the test client does not.
    del own.cookies[COOKIE]
    assert own.get(PROFILE).headers["Content-Language"] == "de"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("time_zone", "Mars/Olympus"),
        ("time_zone", "../../etc/passwd"),
        ("language", "tlh"),
        ("name", "kept\0name"),
        ("name", "n" * 151),
    ],
)
def test_what_cannot_be_set_is_refused_and_nothing_is_saved(
    own: Client, asha: User, field: str, value: str
) -> None:
    response = own.post(PROFILE, {"name": "Asha", field: value})
    assert response.status_code == 422
    assert 'class="summary"' in response.content.decode()
    assert settings_of(asha) == ("Asha", "", "")


def test_nobody_changes_what_is_not_on_the_form(own: Client, asha: User) -> None:
    forbidden = {"email": "root@client.example", "is_staff": "on", "organization": ""}
    own.post(PROFILE, {"name": "Asha", **forbidden, "is_superuser": "on", "verified_at": "now"})
    changed = User.objects.get(pk=asha.pk)
    assert (changed.email, changed.is_staff, changed.is_superuser) == (asha.email, False, False)
    assert (changed.organization_id, changed.verified_at) == (asha.organization_id, None)


def test_a_name_does_not_run(own: Client, asha: User) -> None:
    attack = '"><script>alert(1)</script>'
    text = own.post(PROFILE, {"name": attack}, follow=True).content.decode()
    assert "<script>alert" not in text
    assert "&lt;script&gt;" in text


def test_a_person_makes_his_ticket_links_void_and_nobody_elses(
    own: Client, policy: Policy, asha: User
) -> None:
    ticket, other = factories.ticket(requester=asha), factories.ticket()
    mine, theirs = linked.key(ticket), linked.key(other)
    response = own.post(PROFILE, {"void_links": "1"}, follow=True)
    assert response.redirect_chain == [(PROFILE, 302)]
    assert "No link that we have sent you until now" in response.content.decode()
    assert holder(ticket, mine) is None
    assert holder(other, theirs) is not None
    # A new one works again, and so does signing in.
    asha.refresh_from_db()
    assert holder(ticket, linked.key(ticket)) == (ticket, asha)
    assert own.get(f"/tickets/{ticket.reference}/").status_code == 200


def test_staff_set_their_zone_here_too(client: Client, policy: Policy) -> None:
    agent = factories.agent(name="Ravi")
    client.force_login(agent)
    assert "at the desk, and new mails" in client.get(PROFILE).content.decode()
    client.post(PROFILE, {"name": "Ravi", "time_zone": "Europe/Berlin"})
    assert settings_of(agent) == ("Ravi", "Europe/Berlin", "")


def test_saving_needs_a_token(asha: User) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(asha)
    for data in ({"name": "Eve"}, {"void_links": "1"}):
        assert strict.post(PROFILE, data).status_code == 403
    assert settings_of(asha)[0] == "Asha"
