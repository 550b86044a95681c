"""New messages appear by themselves: what the page asks for, and what it gets."""

from __future__ import annotations

import html
import re
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from sla.models import Policy
from tests import factories, linked
from tickets import correspondence, lifecycle
from tickets.acts import Mail
from tickets.models import LastRead, Message, Ticket, User

MINUTE = timedelta(minutes=1)


@pytest.fixture
def agent(policy: Policy) -> User:
    return factories.agent(name="Ada Lovelace")


@pytest.fixture
def ticket(policy: Policy) -> Ticket:
    return factories.ticket(at=timezone.now() - timedelta(hours=5))


@pytest.fixture(params=["by link", "signed in"])
def door(request: pytest.FixtureRequest, ticket: Ticket, client: Client) -> str:
    if request.param == "signed in":
        client.force_login(ticket.requester)
        return reverse("portal:own_ticket", args=[ticket.reference])
    key = linked.key(ticket)
    return reverse("portal:ticket", args=[ticket.reference, key])


def asked_by(page: str) -> str:
    """The address that the page, or the last news, asks for next."""
    found = re.search(r'id="news" hx-get="([^"]+)"', page)
    assert found, page
    return html.unescape(found[1])


def opened(client: Client, door: str) -> str:
    return asked_by(client.get(door).content.decode())


def say(ticket: Ticket, agent: User, text: str, **more: object) -> Message:
    lifecycle.reply(ticket=ticket, by=agent, text=text, at=timezone.now(), **more)  # type: ignore[arg-type]
    return ticket.messages.latest("pk")


def same_minute(client: Client, address: str) -> HttpResponse:
    """The answer within the minute in which the page was made."""
    now = int(timezone.now().timestamp() // 60)
    return client.get(re.sub(r"minute=\d+", f"minute={now}", address))


def test_nothing_new_is_nothing(client: Client, ticket: Ticket, door: str) -> None:
    address = opened(client, door)
    read_at = LastRead.objects.get().at
    with CaptureQueriesContext(connection) as asked:
        response = same_minute(client, address)
    assert (response.status_code, response.content) == (204, b"")
    assert "no-store" in response.headers["Cache-Control"]
    # The person, whom he follows, the ticket; signed in, the session too.
    assert len(asked) <= 4
    assert LastRead.objects.get().at == read_at, "a look that finds nothing reads nothing"


def test_a_new_message_is_added_with_its_file_and_the_rest_is_not_sent_again(
    client: Client, ticket: Ticket, agent: User, door: str
) -> None:
    address = opened(client, door)
    files = [SimpleUploadedFile("fix.txt", b"x", "text/plain")]
    message = say(ticket, agent, "Try it <b>now</b>.", attachments=files)
    page = same_minute(client, address).content.decode()
    assert "Try it &lt;b&gt;now&lt;/b&gt;." in page
    assert "Ada Lovelace" in page
    assert "fix.txt" in page
    assert '<ol hx-swap-oob="beforeend:#messages">' in page
    assert "numbers stand still" not in page
    assert "<form" not in page
    assert "textarea" not in page
    assert LastRead.objects.get().at >= message.sent_at
    assert same_minute(client, asked_by(page)).status_code == 204


def test_status_and_promises_are_renewed(
    client: Client, ticket: Ticket, agent: User, door: str
) -> None:
    address = opened(client, door)
    lifecycle.resolve(ticket=ticket, by=agent, at=timezone.now(), text="Mended.")
    page = same_minute(client, address).content.decode()
    assert "<strong>Solved.</strong>" in page
    assert "The status has changed: Solved." in page
    assert 'class="tag kept"' in page
    after = same_minute(client, asked_by(page))
    assert after.status_code == 204


def test_each_minute_the_promises_alone_are_renewed(
    client: Client, ticket: Ticket, door: str
) -> None:
    address = re.sub(r"minute=\d+", "minute=1", opened(client, door))
    page = client.get(address).content.decode()
    assert '<div id="promised" hx-swap-oob="innerHTML">' in page
    assert 'id="standing"' not in page
    assert "messages" not in page
    assert same_minute(client, asked_by(page)).status_code == 204


def test_notes_and_messages_kept_aside_stay_away_until_they_are_let_in(
    client: Client, ticket: Ticket, agent: User, door: str
) -> None:
    stranger = factories.customer("eve@evil.example", name="Eve")
    aside = correspondence.keep_aside(
        ticket=ticket, by=stranger, text="Me too!", at=timezone.now(), mail=Mail(),
        is_automatic=False,
    )  # fmt: skip
    say(ticket, agent, "Hello.")
    address = opened(client, door)
    lifecycle.add_note(ticket=ticket, by=agent, text="A secret.", at=timezone.now())
    page = same_minute(client, address).content.decode()
    assert "secret" not in page
    assert "Me too!" not in page
    correspondence.accept(message=aside, by=agent, at=timezone.now())
    page = same_minute(client, asked_by(page)).content.decode()
    assert '<ol hx-swap-oob="innerHTML:#messages">' in page, "it stands between older ones"
    assert page.index("numbers stand still") < page.index("Me too!") < page.index("Hello.")
    assert same_minute(client, asked_by(page)).status_code == 204


def test_times_stay_in_the_zone_of_the_page(
    client: Client, ticket: Ticket, agent: User, door: str
) -> None:
    address = opened(client, door)
    client.cookies["zone"] = "America/New_York"  # The script has told it meanwhile.
    say(ticket, agent, "Hello.")
    page = same_minute(client, address).content.decode()
    assert " IST</time>" in page
    assert " EST" not in page


@pytest.mark.parametrize(
    "query",
    [
        "?zone=../../etc/passwd",
        "?zone=%00",
        "?zone=America",
        "",
        "?last=x&count=-1&minute=²",
        "?last=" + "9" * 40,
        "?changed=%00&status=%00",
    ],
)
def test_nonsense_gets_everything(client: Client, ticket: Ticket, door: str, query: str) -> None:
    response = client.get(f"{door}news/{query}")
    assert response.status_code == 200
    assert "numbers stand still" in response.content.decode()


def test_the_page_asks_and_announces(client: Client, door: str) -> None:
    page = client.get(door).content.decode()
    assert 'hx-trigger="every 20s, look"' in page
    assert 'role="log" aria-live="polite"' in page
    assert "js/ticket.js" in page


def test_nobody_else_gets_news(client: Client, ticket: Ticket) -> None:
    own = reverse("portal:own_news", args=[ticket.reference])
    assert client.get(own).status_code == 404
    client.force_login(factories.customer())
    assert client.get(own).status_code == 404
    key = linked.key(ticket, factories.customer())
    assert client.get(reverse("portal:news", args=[ticket.reference, key])).status_code == 404
    client.force_login(ticket.requester)
    assert client.get("/tickets/HD-999999/news/").status_code == 404
    assert client.post(own).status_code == 405
    key = linked.key(ticket)
    Ticket.objects.update(links_void_before=timezone.now() + MINUTE)
    assert client.get(reverse("portal:news", args=[ticket.reference, key])).status_code == 404


def test_many_messages_ask_the_database_as_often_as_few(
    client: Client, ticket: Ticket, agent: User, door: str
) -> None:
    counts = []
    for many in (2, 20):
        address = opened(client, door)
        for number in range(many):
            say(
                ticket, agent, f"{number}", attachments=[SimpleUploadedFile("a.txt", b"x")]
            )  # fmt: skip
        with CaptureQueriesContext(connection) as asked:
            same_minute(client, address)
        counts.append(len(asked))
    assert counts[0] == counts[1]
