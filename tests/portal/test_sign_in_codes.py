"""A code that lets a customer in: how long it holds, how often it is sent, who reads it."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from sla.models import Policy
from tests import factories
from tests.portal.signing_in import (
    ASK,
    OUT,
    OVER,
    TYPE,
    WRONG,
    age,
    ask,
    asked,
    code_of,
    is_signed_in,
    mails,
    use_up,
)
from tickets.models import User
from tickets.portal.accounts import codes


@pytest.fixture
def asha(db: None) -> User:
    return factories.customer("asha@client.example", name="Asha")


# --- How long a code holds ---


def test_a_code_lets_in_once(client: Client, asha: User) -> None:
    code = asked(client)
    cookie = client.cookies["sessionid"].value
    client.post(TYPE, {"code": code})
    client.post(OUT)
    assert client.post(TYPE, {"code": code}).headers["Location"] == ASK
    # Nor in the session that asked for it, should somebody have its cookie.
    client.cookies["sessionid"] = cookie
    assert client.post(TYPE, {"code": code}).headers["Location"] == ASK
    assert not is_signed_in(client)


@pytest.mark.parametrize(("seconds", "lets_in"), [(590, True), (601, False)])
def test_a_code_ends_after_ten_minutes(
    client: Client, asha: User, seconds: int, lets_in: bool
) -> None:
    code = asked(client, next=OUT)
    age(client, seconds)
    response = client.post(TYPE, {"code": code, "next": OUT}, follow=True)
    assert is_signed_in(client) is lets_in
    if not lets_in:
        assert response.redirect_chain == [(f"{ASK}?next=%2Fsign-out%2F", 302)]
        assert OVER in response.content.decode()


def test_the_fifth_wrong_try_ends_the_code(client: Client, asha: User) -> None:
    code = asked(client)
    for left in ("4 more times", "3 more times", "2 more times", "once more"):
        response = client.post(TYPE, {"code": "0000-0000"})
        text = response.content.decode()
        assert response.status_code == 422
        assert WRONG in text
        assert f"You can try {left}." in text
    response = client.post(TYPE, {"code": "0000-0000"}, follow=True)
    assert response.redirect_chain == [(ASK, 302)]
    assert OVER in response.content.decode()
    client.post(TYPE, {"code": code})
    assert not is_signed_in(client)


def test_tries_are_counted_outside_the_session_too(client: Client, asha: User) -> None:
    """Requests side by side all read the same number in their session."""
    code = asked(client)
    data = client.session["account_login"]["state"]["stages"]["login_by_code"]["data"]
    use_up(codes.GUESSED, f"{data['email']}:{data['at']}")
    assert OVER in client.post(TYPE, {"code": code}, follow=True).content.decode()
    assert not is_signed_in(client)


def test_a_new_code_makes_the_old_one_void(client: Client, asha: User) -> None:
    old, new = asked(client), asked(client)
    assert [mail.state for mail in mails()] == ["cancelled", "queued"]
    assert client.post(TYPE, {"code": old}).status_code == 422
    assert client.post(TYPE, {"code": new}).status_code == 302
    assert is_signed_in(client)


def test_a_code_that_another_browser_asks_for_makes_the_old_one_void(asha: User) -> None:
    first, second = Client(), Client()
    old, new = asked(first), asked(second)
    assert first.post(TYPE, {"code": old}).status_code == 422
    assert second.post(TYPE, {"code": new}).status_code == 302


def test_a_code_lets_in_only_the_browser_that_asked_for_it(asha: User) -> None:
    code, other = asked(Client()), Client()
    assert other.post(TYPE, {"code": code}).headers["Location"] == ASK
    ask(other, "nobody@client.example")
    assert other.post(TYPE, {"code": code}).status_code == 422
    assert not is_signed_in(other)


# --- How often ---


def test_an_address_is_sent_five_codes_an_hour(client: Client, asha: User) -> None:
    assert [ask(client) for _ in range(5)] == [302] * 5
    use_up(codes.ASKED_FOR_ADDRESS, asha.email)
    response = client.post(ASK, {"email": asha.email})
    assert response.status_code == 429
    assert "Too many codes were asked for." in response.content.decode()
    assert len(mails()) == 5
    # The last one still holds; others are not held up.
    assert client.post(TYPE, {"code": code_of(mails()[-1])}).status_code == 302
    assert ask(Client(), factories.customer().email) == 302


def test_unknown_addresses_are_counted_alike(client: Client, db: None) -> None:
    use_up(codes.ASKED_FOR_ADDRESS, "nobody@client.example")
    assert ask(client, "nobody@client.example") == 429


def test_a_network_asks_thirty_times_an_hour(asha: User) -> None:
    use_up(codes.ASKED_BY_NETWORK, "203.0.113.7")
    use_up(codes.ASKED_BY_NETWORK, "2001:db8:1:2::/64")
    for there, status in [
        ("203.0.113.7", 429),
        ("2001:db8:1:2:3:4:5:6", 429),
        ("203.0.113.8", 302),
        ("2001:db8:1:3::1", 302),
    ]:
        response = Client(REMOTE_ADDR=there).post(ASK, {"email": asha.email})
        assert response.status_code == status, there


# --- What is typed ---


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("", "Give your e-mail address."),
        ("asha", "This is no e-mail address"),
        ("asha\0@client.example", "This is no e-mail address"),
        (f"{'a' * 250}@client.example", "at most 254 characters"),
    ],
)
def test_what_is_no_address_comes_back_with_a_sentence(
    client: Client, db: None, address: str, sentence: str
) -> None:
    response = client.post(ASK, {"email": address})
    assert response.status_code == 422
    assert sentence in response.content.decode()


@pytest.mark.parametrize("code", ["１２３４-５６７８", "é", "\0", "-", "<script>", "9" * 500])
def test_a_strange_code_is_a_wrong_one(client: Client, asha: User, code: str) -> None:
    asked(client)
    response = client.post(TYPE, {"code": code})
    assert response.status_code == 422
    assert "<script>" not in response.content.decode().replace("<script src=", "")
    assert not is_signed_in(client)


def test_every_form_needs_a_token(asha: User) -> None:
    strict = Client(enforce_csrf_checks=True)
    for path, data in ((ASK, {"email": asha.email}), (TYPE, {"code": "1"}), (OUT, {})):
        assert strict.post(path, data).status_code == 403
    found = re.search(r'csrfmiddlewaretoken" value="(\w+)"', strict.get(ASK).content.decode())
    assert found
    answer = strict.post(ASK, {"email": asha.email, "csrfmiddlewaretoken": found[1]})
    assert answer.status_code == 302


@pytest.mark.parametrize("method", ["put", "patch", "delete", "options", "trace"])
@pytest.mark.parametrize("path", [ASK, OUT])
def test_pages_are_read_and_posted_to(client: Client, asha: User, method: str, path: str) -> None:
    assert getattr(client, method)(path).status_code == 405


# --- In the admin ---


@pytest.mark.parametrize("group", ["Agent", "Manager", "Administrator"])
def test_staff_read_no_code(client: Client, policy: Policy, asha: User, group: str) -> None:
    code = asked(Client())
    mail = mails()[0]
    client.force_login(factories.agent(group=group))
    page = client.get(f"/admin/tickets/delivery/{mail.pk}/change/").content.decode()
    assert "Not shown: a sign-in code." in page
    assert "Your code to sign in to Helpdesk" in page
    for shown_page in (
        page,
        client.get("/admin/tickets/delivery/").content.decode(),
        client.get("/admin/tickets/delivery/", {"q": asha.email}).content.decode(),
    ):
        assert code not in shown_page
        assert code.replace("-", "") not in shown_page


def test_staff_find_no_code_by_searching(client: Client, policy: Policy, asha: User) -> None:
    code = asked(Client())
    client.force_login(factories.agent(group="Administrator", is_superuser=True))
    found = client.get("/admin/tickets/delivery/", {"q": code}).content.decode()
    assert asha.email not in found
    for lookup in ("text__contains", "html__contains", "text", "text__regex", "key__startswith"):
        response = client.get("/admin/tickets/delivery/", {lookup: code[:4]})
        assert response.status_code == 400, lookup
