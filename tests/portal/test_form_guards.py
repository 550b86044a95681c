"""What keeps the form from being misused, and that nobody loses what he typed by it."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.test import Client
from django.urls import reverse

from sla.models import Policy
from tests import factories
from tests.portal.filling import NEW, error_of, file, filled_in, refused
from tests.together import at_once
from tickets.models import Delivery, PortalSettings, RequestType, Ticket, User
from tickets.portal import guards

AT = factories.MONDAY
KILOBYTE = 1000


def letters() -> list[str]:
    """Whom an acknowledgement went to, once for each."""
    found = Delivery.objects.filter(occasion="acknowledgement").order_by("pk")
    return list(found.values_list("recipient", flat=True))


def full(limit: Any, who: str) -> None:
    """Use a limit up in this hour and the next: a test may begin just before a full hour."""
    now = datetime.now(UTC)
    for at in (now, now + limit.span):
        for _ in range(limit.times):
            limit.take(who, at=at)


# --- Limits


@pytest.mark.parametrize(
    ("who", "times"),
    [
        # Strangers from everywhere who name one address.
        ({"viewer": None, "address": "a@x.example"}, 10),
        # Strangers from one network, each with an address of his own.
        ({"viewer": None, "network": "192.0.2.1"}, 30),
        # A customer who is signed in, wherever he is.
        ({"viewer": "customer"}, 10),
        # An agent writes for many people.
        ({"viewer": "staff"}, None),
    ],
)
def test_a_limit_holds_for_the_address_and_for_the_network(
    policy: Policy, who: dict[str, Any], times: int | None
) -> None:
    people = {"customer": factories.customer(), "staff": factories.agent(), None: None}
    viewer = people[who["viewer"]]

    def one_more(number: int) -> None:
        other = {"address": f"{number}@x.example", "network": f"198.51.100.{number}"}
        guards.count(**{**other, **who, "viewer": viewer}, at=AT)

    for number in range(times or 50):
        one_more(number)
    if times:
        with pytest.raises(guards.TooMany) as refusal:
            one_more(times)
        assert refusal.value.again_at == AT.replace(minute=0) + guards.HOUR
        guards.count(
            **{"address": "b", "network": "n", **who, "viewer": viewer}, at=AT + guards.HOUR
        )


def test_who_names_an_address_too_often_does_not_lock_its_owner_out(
    client: Client, kind: RequestType
) -> None:
    maria = factories.customer("maria@client.example")
    full(guards.ADDRESS, maria.email)
    assert client.post(NEW, filled_in(kind, email=maria.email)).status_code == 429
    client.force_login(maria, backend="django.contrib.auth.backends.ModelBackend")
    assert client.post(NEW, filled_in(kind, email=maria.email)).status_code == 302
    assert Ticket.objects.get().requester == maria


@pytest.mark.parametrize(
    ("limit", "who"), [(guards.ADDRESS, "maria@client.example"), (guards.NETWORK, "127.0.0.1")]
)
def test_beyond_a_limit_the_form_comes_back_filled_in_and_says_what_to_do(
    client: Client, kind: RequestType, settings: Any, limit: Any, who: str
) -> None:
    settings.SUPPORT_PHONE = "+49 30 1234567"
    full(limit, who)
    data = filled_in(kind, attachments=[file()])
    response = client.post(NEW, data)
    assert response.status_code == 429
    assert 0 < int(response.headers["Retry-After"]) <= 3601
    text = " ".join(response.content.decode().split())
    assert re.search(r"Please send it again \w{3} \d+ \w{3}, \d\d:[03]0 \w+ or later", text)
    assert "+49 30 1234567" in text
    assert "/policy/#reach" in text
    assert "Choose your files again" in text
    for name in ("subject", "text", "email", "name", "nonce"):
        assert data[name] in text, f"{name} is still there"
    assert f'value="{kind.pk}" required checked' in text
    assert not Ticket.objects.exists()


def test_a_form_that_was_refused_does_not_count(client: Client, kind: RequestType) -> None:
    for _ in range(12):
        assert client.post(NEW, filled_in(kind, subject="")).status_code == 422
    assert client.post(NEW, filled_in(kind)).status_code == 302


def test_the_same_submission_again_is_shown_however_many_there_were(
    client: Client, kind: RequestType
) -> None:
    client.post(NEW, filled_in(kind))
    full(guards.NETWORK, "127.0.0.1")
    assert client.post(NEW, filled_in(kind)).status_code == 302
    assert Ticket.objects.count() == 1


# --- The field for robots


def test_people_neither_see_nor_reach_the_field_for_robots(
    client: Client, kind: RequestType
) -> None:
    text = client.get(NEW).content.decode()
    place = re.search(r'<div class="field trap" aria-hidden="true">.*?</div>', text, re.DOTALL)
    assert place
    assert 'name="website"' in place[0]
    assert 'tabindex="-1"' in place[0]
    assert 'autocomplete="off"' in place[0]


def test_who_fills_it_in_gets_the_form_back_with_the_field_to_be_seen(
    client: Client, kind: RequestType
) -> None:
    data = filled_in(kind, website="https://buy.example")
    text = refused(client, data)
    assert "Leave the field “Website” empty" in error_of(text, "website")
    assert 'class="field trap"' not in text
    assert 'tabindex="-1"' not in text[text.index('id="id_website"') - 200 :][:400]
    assert "buy.example" not in text, "sending it again is enough"
    for name in ("subject", "text", "email", "name", "nonce"):
        assert data[name] in text, f"{name} is still there"
    assert client.post(NEW, {**data, "website": ""}).status_code == 302


# --- One acknowledgement for an address that nobody has proved


def proved(user: User) -> None:
    user.verified_at = AT
    user.save()


def nothing(user: User) -> None:
    """The address stays as it is."""


@pytest.mark.parametrize(
    ("before", "signs_in", "mails"),
    [
        (nothing, False, 1),
        (proved, False, 3),
        # Who signed in has proved it, whatever the row says yet.
        (nothing, True, 3),
    ],
)
def test_an_address_that_nobody_has_proved_gets_one_acknowledgement(
    client: Client,
    kind: RequestType,
    before: Callable[[User], None],
    signs_in: bool,
    mails: int,
) -> None:
    maria = factories.customer("maria@client.example")
    before(maria)
    if signs_in:
        client.force_login(maria)
    for nonce in "abc":
        assert client.post(NEW, filled_in(kind, nonce=nonce)).status_code == 302
    assert Ticket.objects.count() == 3
    assert letters() == [maria.email] * mails


def test_the_one_who_is_signed_in_proves_no_address_but_his_own(
    client: Client, kind: RequestType
) -> None:
    client.force_login(factories.agent())
    for nonce in "ab":
        client.post(NEW, filled_in(kind, nonce=nonce))
    assert letters() == ["maria@client.example"]


def test_the_page_says_that_no_mail_was_sent_and_how_to_get_them(
    client: Client, kind: RequestType
) -> None:
    sentence = "We have not sent you a mail about it"
    first = client.post(NEW, filled_in(kind), follow=True).content.decode()
    second = client.post(NEW, filled_in(kind, nonce="b"), follow=True).content.decode()
    again = client.post(NEW, filled_in(kind, nonce="b"), follow=True).content.decode()
    assert sentence not in first
    for text in (second, again):
        assert sentence in text
        assert f'<a href="{reverse("account_request_login_code")}">sign in with a code</a>' in text


@pytest.mark.django_db(transaction=True)
def test_of_requests_at_the_same_moment_one_is_acknowledged(kind: RequestType) -> None:
    def send(nonce: str) -> Callable[[], int]:
        return lambda: Client().post(NEW, filled_in(kind, nonce=nonce)).status_code

    assert at_once(*(send(nonce) for nonce in "abcdef")) == [302] * 6
    assert Ticket.objects.count() == 6
    assert letters() == ["maria@client.example"]


def test_the_acknowledgement_holds_nothing_that_was_typed(
    client: Client, kind: RequestType
) -> None:
    typed = {
        "subject": "Cheap watches",
        "text": "Buy at evil.example",
        "name": "Click evil.example",
    }
    client.post(NEW, filled_in(kind, **typed))
    mail = Delivery.objects.get()
    for part in (mail.subject, mail.text, mail.html, mail.from_name):
        for words in ("watches", "evil", "Click"):
            assert words not in part


# --- What a page weighs, and how a script sends it


@pytest.mark.parametrize("asks_for_work", [False, True])
def test_scripts_and_styles_of_the_form_are_small(
    client: Client, policy: Policy, asks_for_work: bool
) -> None:
    PortalSettings.objects.create(pk=1, asks_for_work=asks_for_work)
    text = client.get(NEW).content.decode()
    linked = re.findall(r'(?:src|href|data-finder)="/static/([^"]+\.(?:js|css))"', text)
    assert {"css/portal.css", "js/forms.js", "js/uploads.js", "js/drafts.js"} <= set(linked)
    assert ("js/work.js" in linked) == ("js/finder.js" in linked) == asks_for_work
    weights = [len(gzip.compress(Path(str(finders.find(name))).read_bytes())) for name in linked]
    assert sum(weights) < 60 * KILOBYTE


def test_a_script_learns_the_address_of_the_next_page(client: Client, kind: RequestType) -> None:
    asks = {"X-Answer": "address"}
    response = client.post(NEW, filled_in(kind), headers=asks)
    reference = Ticket.objects.get().reference
    assert response.status_code == 204
    assert response.headers["X-Next"].startswith(f"/tickets/{reference}/")
    assert reference in client.get(response.headers["X-Next"]).content.decode()
    assert client.post(NEW, filled_in(kind, subject=""), headers=asks).status_code == 422
    thanks = client.post(NEW, filled_in(kind), headers=asks).headers["X-Next"]
    assert "Thank you. We have your request" in client.get(thanks).content.decode()


@pytest.mark.parametrize("is_signed_in", [False, True])
def test_what_is_typed_is_kept_in_the_browser_for_each_person_apart(
    client: Client, policy: Policy, is_signed_in: bool
) -> None:
    person = factories.customer()
    if is_signed_in:
        client.force_login(person)
    name = f"request-{person.pk}" if is_signed_in else "request"
    text = client.get(NEW).content.decode()
    assert f'data-draft="{name}"' in text
    assert ('data-draft-before="request"' in text) == is_signed_in
    assert "data-discard" in text
    for secret in ("nonce", "csrfmiddlewaretoken"):
        assert re.search(rf'type="hidden" name="{secret}"', text), "hidden fields are never kept"


def test_a_blocked_sender_is_told_and_makes_no_ticket(client: Client, policy: Policy) -> None:
    kind = RequestType.objects.last()
    assert kind
    maria = factories.customer("maria@client.example", blocked_at=AT)
    assert "We accept nothing from this address" in refused(client, filled_in(kind))
    client.force_login(maria)
    assert "We accept nothing from this address" in refused(client, filled_in(kind))
    german = client.post(NEW, filled_in(kind), HTTP_ACCEPT_LANGUAGE="de").content.decode()
    assert "Von dieser Adresse nehmen wir zurzeit nichts an." in german
    assert not Delivery.objects.exists()
    ticket = factories.ticket(requester=maria)
    address = f"/tickets/{ticket.reference}/"
    assert "We accept nothing" in client.post(address, {"text": "And?"}).content.decode()
    assert ticket.messages.count() == 1
    client.post(address, {"close": ""})
    ticket.refresh_from_db()
    assert ticket.status == "closed"
