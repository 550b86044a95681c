"""Customers sign in by a code that is sent to them; nobody learns whose addresses we know."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import NoReverseMatch, reverse

from sla.models import Policy
from tests import factories, linked
from tests.portal.signing_in import (
    ASK,
    MINE,
    OUT,
    OVER,
    TYPE,
    ask,
    asked,
    code_of,
    is_signed_in,
    mails,
)
from tickets.models import User


@pytest.fixture
def asha(db: None) -> User:
    return factories.customer("asha@client.example", name="Asha")


# --- The way in ---


def test_a_customer_signs_in_with_the_code_from_the_mail(client: Client, asha: User) -> None:
    page = client.post(ASK, {"email": " Asha@Client.example "}, follow=True)
    assert page.redirect_chain == [(TYPE, 302)]
    assert "If we know <strong>asha@client.example</strong>" in page.content.decode()
    before = client.session.session_key
    response = client.post(TYPE, {"code": code_of(mails()[0])})
    assert (response.status_code, response.headers["Location"]) == (302, MINE)
    assert client.session["_auth_user_id"] == str(asha.pk)
    assert client.session.session_key != before


@pytest.mark.parametrize("writing", ["{0}{1}", " {0} {1} ", "{0}-{1}", "{0}.{1}"])
def test_a_code_may_be_typed_in_any_writing(client: Client, asha: User, writing: str) -> None:
    halves = asked(client).split("-")
    assert client.post(TYPE, {"code": writing.format(*halves)}).status_code == 302
    assert is_signed_in(client)


def test_signing_in_proves_the_address_once(client: Client, asha: User) -> None:
    client.post(TYPE, {"code": asked(client)})
    asha.refresh_from_db()
    first = asha.verified_at
    assert first is not None
    client.post(OUT)
    client.post(TYPE, {"code": asked(client)})
    asha.refresh_from_db()
    assert asha.verified_at == first


def test_the_mail_says_the_code_and_nothing_of_any_ticket(
    client: Client, policy: Policy, asha: User
) -> None:
    ticket = factories.ticket(requester=asha, subject="Secret launch", text="Secret words")
    code = asked(client)
    mail = mails()[0]
    assert mail.subject == "Your code to sign in to Helpdesk"
    assert (mail.ticket, mail.user, mail.recipient) == (None, asha, asha.email)
    assert code not in mail.subject + mail.key
    for part in (mail.text, mail.html):
        assert code in part
        assert "10 minutes, once" in part
        assert "Secret" not in part
        assert ticket.reference not in part
        assert "http" not in part


def test_signing_out_is_a_button(client: Client, policy: Policy, asha: User) -> None:
    client.force_login(asha)
    page = client.get(OUT).content.decode()
    assert "You are signed in as <strong>asha@client.example</strong>." in page
    assert is_signed_in(client)
    response = client.post(OUT, follow=True)
    assert response.redirect_chain == [("/", 302)]
    assert "You are signed out." in response.content.decode()
    assert not is_signed_in(client)
    assert client.get(OUT).status_code == 302


# --- The same answer for everybody ---


@pytest.fixture
def strangers(policy: Policy, asha: User) -> list[str]:
    """Addresses that no code is sent to."""
    gone = factories.customer("gone@client.example", is_active=False)
    return ["nobody@client.example", gone.email, factories.agent("agent@desk.example").email]


def shown(client: Client, address: str) -> list[tuple[int, str, str]]:
    """What a browser gets to see, but for the address and the tokens of forms."""
    answers = [
        client.post(ASK, {"email": address}),
        client.get(TYPE),
        client.post(TYPE, {"code": "0000-0000"}),
        client.post(TYPE, {"code": ""}),
    ]
    return [
        (
            answer.status_code,
            answer.headers.get("Location", ""),
            re.sub(r'value="\w{64}"', "", answer.content.decode()).replace(address, "ADDRESS"),
        )
        for answer in answers
    ]


def test_strangers_staff_and_inactive_people_see_the_same_and_get_no_mail(
    asha: User, strangers: list[str]
) -> None:
    known = shown(Client(), asha.email)
    assert [status for status, _, _ in known] == [302, 200, 422, 422]
    for address in strangers:
        assert shown(Client(), address) == known
    assert [mail.recipient for mail in mails()] == [asha.email]


def test_the_same_work_is_done_for_everybody(asha: User, strangers: list[str]) -> None:
    """No clock tells a known address from an unknown one."""

    def work(address: str) -> list[list[str]]:
        """The verbs of the queries of each request, whatever their order."""
        browser, done = Client(), []
        for path, data in ((ASK, {"email": address}), (TYPE, {"code": "0000-0000"}), (TYPE, None)):
            with CaptureQueriesContext(connection) as queries:
                browser.post(path, data) if data else browser.get(path)
            verbs = [(query["sql"] or "COUNT").split()[0] for query in queries]
            # A savepoint is released for some, and rolled back for others.
            done.append(sorted(verb for verb in verbs if verb not in {"RELEASE", "ROLLBACK"}))
        return done

    for address in (asha.email, *strangers):
        work(address)  # The first request of an hour also takes the counts of old ones away.
    known = work(asha.email)
    assert {"INSERT", "UPDATE", "SELECT"} <= set(known[0])
    for address in strangers:
        assert work(address) == known


def test_no_code_lets_a_stranger_in(client: Client, strangers: list[str]) -> None:
    for address in strangers:
        ask(client, address)
        data = client.session["account_login"]["state"]["stages"]["login_by_code"]["data"]
        assert client.post(TYPE, {"code": data["code"]}).status_code == 422
        assert not is_signed_in(client)


@pytest.mark.parametrize(
    "change",
    [{"is_active": False}, {"is_staff": True}, {"email": "other@client.example"}],
    ids=str,
)
def test_a_code_does_not_outlive_what_it_was_sent_for(
    client: Client, asha: User, change: dict[str, object]
) -> None:
    code = asked(client)
    User.objects.filter(pk=asha.pk).update(**change)
    response = client.post(TYPE, {"code": code}, follow=True)
    assert response.redirect_chain == [(ASK, 302)]
    assert OVER in response.content.decode()
    assert not is_signed_in(client)


# --- Where it leads ---


def test_whoever_came_from_a_ticket_gets_back_there(
    client: Client, policy: Policy, asha: User
) -> None:
    ticket = factories.ticket(requester=asha)
    place = reverse("portal:ticket", args=[ticket.reference, linked.key(ticket, asha)])
    assert f'name="next" value="{place}"' in client.get(ASK, {"next": place}).content.decode()
    page = client.post(ASK, {"email": asha.email, "next": place}, follow=True)
    assert page.content.decode().count(f'name="next" value="{place}"') >= 2
    response = client.post(TYPE, {"code": code_of(mails()[-1]), "next": place})
    assert response.headers["Location"] == place
    # Who is signed in already is led on at once.
    assert client.get(ASK, {"next": place}).headers["Location"] == place
    assert client.get(ASK).headers["Location"] == MINE


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/",
        "//evil.example/",
        "///evil.example/",
        "\\\\evil.example/",
        "/\\evil.example/",
        "http:evil.example",
        "javascript:alert(1)",
        "http://testserver/policy/",
        "evil",
        "",
    ],
)
def test_it_leads_nowhere_else(client: Client, asha: User, elsewhere: str) -> None:
    code = asked(client, next=elsewhere)
    response = client.post(TYPE, {"code": code, "next": elsewhere})
    assert response.headers["Location"] == MINE
    assert client.get(ASK, {"next": elsewhere}).headers["Location"] == MINE
    assert client.post(OUT, {"next": elsewhere}).headers["Location"] == "/"


def test_a_line_end_in_the_way_back_is_no_header(client: Client, asha: User) -> None:
    client.force_login(asha)
    response = client.get(ASK, {"next": "/policy/\r\nSet-Cookie: a=b"})
    assert response.headers["Location"].startswith("/policy/%0D%0A")


def test_no_page_is_kept_by_a_cache_or_told_to_another_site(client: Client, asha: User) -> None:
    answers = [client.get(ASK), client.post(ASK, {"email": asha.email}), client.get(TYPE)]
    client.force_login(asha)
    answers += [client.get(ASK), client.get(TYPE), client.get(OUT)]
    for answer in answers:
        assert "no-store" in answer.headers["Cache-Control"]
        assert answer.headers["Referrer-Policy"] == "same-origin"


def test_the_code_is_asked_for_before_it_is_typed(client: Client, db: None) -> None:
    assert client.get(TYPE).headers["Location"] == ASK
    assert client.get(TYPE, {"next": "/policy/"}).headers["Location"] == f"{ASK}?next=%2Fpolicy%2F"


@pytest.mark.parametrize(
    "name",
    [
        "account_signup",
        "account_email",
        "account_inactive",
        "account_reauthenticate",
        "account_change_password",
        "account_set_password",
        "account_reset_password",
        "account_email_verification_sent",
    ],
)
def test_allauths_other_pages_do_not_exist(name: str) -> None:
    with pytest.raises(NoReverseMatch):
        reverse(name)


@pytest.mark.parametrize(
    "path",
    [
        "/accounts/login/", "/accounts/signup/", "/accounts/email/", "/accounts/password/reset/",
        "/login/", "/signup/", "/email/", "/password/reset/", "/sign-in/email/", "/sign-in/x/",
    ],
)  # fmt: skip
def test_nor_do_their_addresses(client: Client, asha: User, path: str) -> None:
    assert client.get(path).status_code == 404
    client.force_login(asha)
    assert client.get(path).status_code == 404
