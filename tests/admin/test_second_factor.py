"""Staff sign in with a password and a code; whoever has only one of them is nobody."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from tests import factories
from tickets import factors
from tickets.models import Delivery, Ticket, User

pytestmark = pytest.mark.usefixtures("policy")

LOGIN, ASK, SET_UP = "/admin/login/", "/admin/second-factor/", "/admin/second-factor/set-up/"
QUEUE = "/admin/tickets/ticket/"


@pytest.fixture(autouse=True)
def _required(settings: Any) -> None:
    settings.STAFF_SECOND_FACTOR = True


@pytest.fixture
def ada() -> User:
    return factories.agent("ada@desk.example", group="Administrator")


def code(secret: str, *, later: int = 0) -> str:
    """What the app shows now, or so many half minutes later."""
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 + later))


def with_password(client: Client, password: str = "secret", to: str = "/admin/") -> Any:
    values = {"username": "ada@desk.example", "password": password}
    return client.post(f"{LOGIN}?next={to}", values)


def secret_on(page: Any) -> str:
    found = re.search(r'desk-secret">([A-Z2-7 ]+)<', page.content.decode())
    assert found
    return found[1].replace(" ", "")


def enrolled(user: User) -> str:
    """The secret of this person's app, whose code of the last half minute is used up."""
    secret = factors.new_secret()
    assert factors.set_up(user=user, secret=secret, code=code(secret, later=-1), at=timezone.now())
    return secret


def is_in(client: Client) -> bool:
    return client.get(QUEUE).status_code == 200


def test_who_has_no_factor_sets_one_up_before_anything_else(client: Client, ada: User) -> None:
    with_password(client)
    for address in ("/admin/", QUEUE, "/admin/password_change/", "/admin/tickets/user/"):
        response = client.get(address)
        assert response["Location"].startswith(f"{ASK}?next="), address
    page = client.get(f"{ASK}?next={QUEUE}", follow=True)
    assert page.redirect_chain == [(f"{SET_UP}?next=%2Fadmin%2Ftickets%2Fticket%2F", 302)]
    assert "<svg" in page.content.decode()
    assert "script-src 'self' 'unsafe-eval'" in page["Content-Security-Policy"]
    secret = secret_on(page)
    assert client.post(SET_UP, {"code": "000000"}).status_code == 422
    done = client.post(SET_UP, {"code": code(secret), "next": QUEUE})
    shown = re.findall(r"<li><code>(\d+)</code>", done.content.decode())
    assert len(shown) == 10
    assert is_in(client)
    assert Delivery.objects.filter(occasion="second_factor", user=ada).count() == 1
    kept = str(list(Authenticator.objects.values_list("data", flat=True)))
    assert secret not in kept
    assert secret not in str(dict(client.session))
    # The codes on paper hold once each, in a session of its own.
    for _, is_let_in in enumerate((True, False)):
        other = Client()
        with_password(other)
        other.post(ASK, {"code": shown[0]})
        assert is_in(other) is is_let_in


def test_a_password_and_a_code_lead_to_the_page_that_was_wanted(client: Client, ada: User) -> None:
    secret = enrolled(ada)
    response = with_password(client, to=QUEUE)
    response = client.get(response["Location"])
    assert response["Location"] == f"{ASK}?next=%2Fadmin%2Ftickets%2Fticket%2F"
    before = client.session.session_key
    response = client.post(ASK, {"code": code(secret), "next": QUEUE})
    assert response["Location"] == QUEUE
    assert is_in(client)
    assert client.session.session_key != before


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example/", "//evil.example/admin/", "/tickets/", LOGIN, ASK, ""]
)
def test_the_way_on_leads_to_the_desk_alone(client: Client, ada: User, elsewhere: str) -> None:
    secret = enrolled(ada)
    with_password(client)
    assert client.post(ASK, {"code": code(secret), "next": elsewhere})["Location"] == "/admin/"


def test_a_password_alone_is_nobody_everywhere(client: Client, ada: User) -> None:
    enrolled(ada)
    file = SimpleUploadedFile("notes.txt", b"x", "text/plain")
    ticket = factories.ticket(attachments=[file])
    with_password(client)
    attachment = ticket.messages.get().attachments.get()
    assert client.get(f"/files/{attachment.pk}/").status_code == 404
    assert client.get(f"/tickets/{ticket.reference}/").status_code in (302, 404)
    assert client.post(f"{QUEUE}{ticket.pk}/reply/", {"text": "Hi."}).status_code == 302
    assert Ticket.objects.get(pk=ticket.pk).messages.count() == 1
    part = client.get(QUEUE, headers={"HX-Request": "true"})
    assert part["HX-Redirect"].startswith(ASK)
    # Nothing of the desk stands on the page that asks.
    page = client.get(ASK).content.decode()
    assert "/admin/tickets/" not in page
    # A second password is no second factor.
    with_password(client)
    assert not is_in(client)
    client.post("/admin/second-factor/leave/")
    assert "_auth_user_id" not in client.session


def test_the_pages_of_the_factor_lead_away_whoever_is_not_half_signed_in(ada: User) -> None:
    for client in (Client(), Client()):
        for address in (ASK, SET_UP):
            assert client.get(address)["Location"] == "/admin/"
            assert client.post(address, {"code": "123456"})["Location"] == "/admin/"
    customer = Client()
    customer.force_login(factories.customer())
    assert customer.post(SET_UP, {"code": "123456"})["Location"] == "/admin/"


def test_who_has_a_factor_cannot_set_up_another_with_a_password(client: Client, ada: User) -> None:
    enrolled(ada)
    with_password(client)
    assert client.get(SET_UP)["Location"] == "/admin/"
    other = factors.new_secret()
    assert factors.set_up(user=ada, secret=other, code=code(other), at=timezone.now()) is None
    assert not is_in(client)


def test_a_code_holds_once(client: Client, ada: User) -> None:
    secret = enrolled(ada)
    typed = code(secret)
    with_password(client)
    client.post(ASK, {"code": typed})
    assert is_in(client)
    other = Client()
    with_password(other)
    assert other.post(ASK, {"code": typed}).status_code == 422
    assert not is_in(other)


def test_so_often_a_code_may_be_tried_and_then_the_right_one_does_not_help(
    client: Client, ada: User
) -> None:
    secret = enrolled(ada)  # Which is the first try.
    with_password(client)
    answers = [client.post(ASK, {"code": "000000"}).status_code for _ in range(5)]
    assert answers == [422, 422, 422, 422, 429]
    assert client.post(ASK, {"code": code(secret)}).status_code == 429
    other = Client()
    with_password(other)
    assert other.post(ASK, {"code": code(secret)}).status_code == 429
    assert not is_in(client)


def test_so_often_a_password_may_be_tried(client: Client, ada: User) -> None:
    for _ in range(10):
        with_password(client, "wrong")
    page = with_password(client)
    assert page.status_code == 200
    assert "Too many passwords were tried." in page.content.decode()
    assert "_auth_user_id" not in client.session


def test_an_administrator_takes_a_factor_away_and_its_sessions_end(
    client: Client, ada: User
) -> None:
    secret = enrolled(ada)
    with_password(client)
    client.post(ASK, {"code": code(secret)})
    noor = factories.agent("noor@desk.example", group="Administrator")
    boss, address = Client(), f"/admin/tickets/user/{ada.pk}/second-factor/reset/"
    boss.force_login(noor)
    boss_session = boss.session
    noor.second_factor_at = timezone.now()
    noor.save()
    boss_session["second_factor"] = f"{noor.pk}:{noor.second_factor_at.isoformat()}"
    boss_session.save()
    assert address in boss.get(f"/admin/tickets/user/{ada.pk}/change/").content.decode()
    assert boss.get(address).status_code == 405
    assert boss.post(address).status_code == 302
    assert not is_in(client)
    assert not Authenticator.objects.filter(user=ada).exists()
    mail = Delivery.objects.filter(occasion="second_factor").latest("created_at")
    assert (mail.recipient, str(noor) in mail.text) == (ada.email, True)
    assert "taken away" in boss.get(f"/admin/tickets/user/{ada.pk}/history/").content.decode()
    # Nobody takes away his own: whoever found an open session could.
    boss.post(f"/admin/tickets/user/{noor.pk}/second-factor/reset/")
    assert is_in(boss)


@pytest.mark.parametrize("group", ["Agent", "Manager"])
def test_others_take_no_factor_away(client: Client, ada: User, group: str, settings: Any) -> None:
    settings.STAFF_SECOND_FACTOR = False
    enrolled(ada)
    client.force_login(factories.agent(group=group))
    address = f"/admin/tickets/user/{ada.pk}/second-factor/reset/"
    assert client.post(address).status_code == 403
    root = factories.agent("root@desk.example", is_superuser=True)
    enrolled(root)
    client.force_login(factories.agent(group="Administrator"))
    assert client.post(f"/admin/tickets/user/{root.pk}/second-factor/reset/").status_code == 403
    assert Authenticator.objects.filter(user__in=[ada, root]).count() == 4


def test_a_session_by_mail_is_none_of_staff(client: Client) -> None:
    person = factories.customer()
    backend = "allauth.account.auth_backends.AuthenticationBackend"
    client.force_login(person, backend=backend)
    User.objects.filter(pk=person.pk).update(is_staff=True)
    assert client.get(QUEUE)["Location"].startswith(LOGIN)
    assert client.get(SET_UP)["Location"] == "/admin/"


def test_where_it_is_not_required_who_has_a_factor_shows_it_all_the_same(
    client: Client, ada: User, settings: Any
) -> None:
    settings.STAFF_SECOND_FACTOR = False
    with_password(client)
    assert is_in(client)
    enrolled(ada)
    assert not is_in(client)


def test_secrets_are_shown_to_nobody(ada: User) -> None:
    enrolled(ada)
    client = Client()
    client.force_login(User.objects.create_superuser("root@desk.example"))
    assert client.get("/admin/mfa/authenticator/").status_code in (302, 404)


CHANGE = f"{ASK}change/"


def signed_in(client: Client, secret: str) -> None:
    with_password(client)
    client.post(ASK, {"code": code(secret)})
    assert is_in(client)


def test_who_shows_the_factor_again_gets_new_recovery_codes(client: Client, ada: User) -> None:
    secret = enrolled(ada)
    signed_in(client, secret)
    assert "New recovery codes" in client.get(CHANGE).content.decode()
    # The code of the sign-in is used up.
    assert client.post(CHANGE, {"code": code(secret), "wanted": "codes"}).status_code == 422
    page = client.post(CHANGE, {"code": code(secret, later=1), "wanted": "codes"})
    codes = re.findall(r"<li><code>(\d+)</code>", page.content.decode())
    assert len(codes) == 10
    assert is_in(client)
    assert factors.check(user=ada, code=codes[0], at=timezone.now())
    assert Delivery.objects.filter(user=ada, subject__endswith="new recovery codes").exists()


def test_who_shows_the_factor_again_moves_to_another_phone(client: Client, ada: User) -> None:
    old = enrolled(ada)
    signed_in(client, old)
    other = Client()
    assert client.get(SET_UP).status_code == 302
    page = client.post(CHANGE, {"code": code(old, later=1), "wanted": "phone"}, follow=True)
    new = secret_on(page)
    assert new != old
    # The old phone holds until the new one has shown its first code.
    assert factors.Authenticator.objects.filter(user=ada).count() == 2
    done = client.post(SET_UP, {"code": code(new)})
    assert "Your recovery codes" in done.content.decode()
    assert is_in(client)
    assert client.get(SET_UP).status_code == 302
    with_password(other)
    assert other.post(ASK, {"code": code(old, later=1)}).status_code == 422


def test_the_factor_is_changed_by_nobody_else(client: Client, ada: User) -> None:
    enrolled(ada)
    assert client.get(CHANGE).status_code == 302
    with_password(client)
    assert client.get(CHANGE)["Location"] == "/admin/"
    assert client.post(CHANGE, {"code": "000000", "wanted": "phone"}).status_code == 302
    client.force_login(factories.customer())
    assert client.get(CHANGE).status_code == 302
