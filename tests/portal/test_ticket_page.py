"""The ticket page: by signed link, signed in, and closed to everybody else."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from sla.models import Policy
from tests import factories, linked
from tickets import lifecycle
from tickets.models import Attachment, Message, Ticket
from tickets.states import Status

NOW = factories.MONDAY
HOUR = timedelta(hours=1)


@pytest.fixture
def ticket(policy: Policy) -> Ticket:
    return factories.ticket("P2", requester=factories.customer("maria@client.example"))


def link(ticket: Ticket) -> str:
    key = linked.key(ticket)
    return reverse("portal:ticket", args=[ticket.reference, key])


def read(client: Client, ticket: Ticket) -> str:
    response = client.get(link(ticket))
    assert response.status_code == 200
    return response.content.decode()


def test_the_link_shows_conversation_status_and_promises(client: Client, ticket: Ticket) -> None:
    agent = factories.agent(name="Asha Rao")
    lifecycle.reply(ticket=ticket, by=agent, text="We are on it.", at=NOW + HOUR)
    text = read(client, ticket)
    assert "Since this morning the numbers stand still." in text
    assert text.index("numbers stand still") < text.index("We are on it."), "the newest is last"
    assert "Asha Rao" in text
    assert "Support</span>" in text
    assert "2 Nov 2026, 11:00 IST" in text
    assert "In progress" in text
    assert "Done Mon 2 Nov, 11:00 IST, promised by Tue 3 Nov, 10:00 IST." in text
    assert "8 business hours" in text


def test_times_are_in_the_zone_of_the_person(client: Client, ticket: Ticket) -> None:
    ticket.requester.time_zone = "America/New_York"
    ticket.requester.save()
    text = read(client, ticket)
    assert "1 Nov 2026, 23:30 EST" in text
    assert "IST" not in text


def test_internal_notes_stay_internal(client: Client, ticket: Ticket) -> None:
    agent = factories.agent()
    lifecycle.add_note(
        ticket=ticket,
        by=agent,
        text="The customer is difficult.",
        at=NOW + HOUR,
        attachments=[SimpleUploadedFile("secret.txt", b"secret")],
    )
    text = read(client, ticket)
    assert "difficult" not in text
    assert "secret.txt" not in text
    assert agent.name not in text


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path[:-2] + ("A/" if path[-2] != "A" else "B/"),  # forged
        lambda path: path.replace("/tickets/HD-", "/tickets/HD-1"),  # of another ticket
        lambda path: path.replace("/tickets/HD-", "/tickets/XX-"),  # another prefix
        lambda path: path.replace("/tickets/HD-", "/tickets/HD-0"),  # the same number, written so
        lambda path: re.sub(r"/\d+\.", "/999999.", path),  # of another person
        lambda path: re.sub(r"\.[^/]+/$", "/", path),  # half of it
        lambda path: path[:-1] + "%00/",
        lambda path: path.replace("/tickets/HD-", "/tickets/HD-" + "9" * 30),
    ],
)
def test_a_wrong_link_is_not_found(client: Client, ticket: Ticket, damage: Any) -> None:
    assert client.get(damage(link(ticket))).status_code == 404
    assert client.post(damage(link(ticket)), {"text": "Hello"}).status_code == 404
    assert ticket.messages.count() == 1


def test_a_link_made_for_another_customer_is_not_found(client: Client, ticket: Ticket) -> None:
    key = linked.key(ticket, factories.customer())
    address = reverse("portal:ticket", args=[ticket.reference, key])
    assert client.get(address).status_code == 404


def test_a_link_of_a_person_who_was_switched_off_is_not_found(
    client: Client, ticket: Ticket
) -> None:
    address = link(ticket)
    ticket.requester.is_active = False
    ticket.requester.save()
    assert client.get(address).status_code == 404


def test_the_page_is_kept_by_no_cache_and_told_to_no_other_site(
    client: Client, ticket: Ticket
) -> None:
    response = client.get(link(ticket))
    assert {"private", "no-store"} <= set(response.headers["Cache-Control"].split(", "))
    assert response.headers["Referrer-Policy"] == "same-origin"
    assert '<meta name="robots" content="noindex' in response.content.decode()


def test_nothing_that_people_wrote_runs(client: Client, policy: Policy) -> None:
    attack = "<script>alert(1)</script>"
    person = factories.customer(name=attack)
    ticket = factories.ticket(
        requester=person,
        subject=attack,
        text=attack,
        attachments=[SimpleUploadedFile(f"{attack}.txt".replace("/", ""), b"x")],
    )
    agent = factories.agent(name=attack)
    words = f"{attack} https://example.com/{attack}\njavascript:alert(1)"
    lifecycle.reply(ticket=ticket, by=agent, text=words, at=NOW + HOUR)
    text = read(client, ticket)
    assert "<script>alert" not in text
    assert 'href="javascript' not in text
    assert "&lt;script&gt;" in text


def test_links_of_staff_vouch_for_nothing(client: Client, ticket: Ticket) -> None:
    words = "See https://example.com/a?b=1&c=2 or write to help@example.com. <b>"
    lifecycle.reply(ticket=ticket, by=factories.agent(), text=words, at=NOW + HOUR)
    text = read(client, ticket)
    for address in ("https://example.com/a?b=1&amp;c=2", "mailto:help@example.com"):
        assert f'<a href="{address}" rel="noopener nofollow">' in text
    assert "&lt;b&gt;" in text


def test_each_promise_says_why_this_time(client: Client, ticket: Ticket) -> None:
    text = read(client, ticket)
    assert text.count(">Why this time?</a>") == 2
    assert 'aria-label="Why this time? First response"' in text


# --- Writing ---


def test_a_customer_answers_with_files(client: Client, ticket: Ticket) -> None:
    notes = SimpleUploadedFile("notes.txt", b"hello")
    place = link(ticket)
    response = client.post(place, {"text": "Here it is.", "attachments": [notes]}, follow=True)
    assert response.redirect_chain == [(place, 302)]
    text = response.content.decode()
    assert "Thank you. We have your message." in text
    assert "Here it is." in text
    assert "notes.txt" in text
    assert ticket.messages.latest("pk").author == ticket.requester


def test_an_answer_ends_the_waiting_for_it(client: Client, ticket: Ticket) -> None:
    lifecycle.wait_for_customer(ticket=ticket, by=factories.agent(), at=NOW + HOUR)
    assert "Waiting for you" in read(client, ticket)
    text = client.post(link(ticket), {"text": "In March."}, follow=True).content.decode()
    assert "In progress" in text
    assert "Waiting for you" not in text


def test_an_answer_opens_a_solved_ticket_again(client: Client, ticket: Ticket) -> None:
    lifecycle.resolve(ticket=ticket, by=factories.agent(), at=timezone.now() - HOUR)
    assert "Solved" in read(client, ticket)
    client.post(link(ticket), {"text": "No, it is not."})
    ticket.refresh_from_db()
    assert ticket.status == Status.OPEN


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "Write your message first."),
        (" \n ", "Write your message first."),
        ("kept\0text", "There is a character in it that cannot be stored (NUL): remove it."),
        ("kept" * 25_001, "This has 100,004 characters"),
    ],
)
def test_a_bad_answer_comes_back_with_a_sentence(
    client: Client, ticket: Ticket, text: str, sentence: str
) -> None:
    response = client.post(link(ticket), {"text": text})
    assert response.status_code == 422
    assert sentence in response.content.decode()
    assert text.strip() in response.content.decode()
    assert ticket.messages.count() == 1


def test_a_refused_answer_is_a_sentence_and_the_text_is_kept(
    client: Client, ticket: Ticket
) -> None:
    lifecycle.close(ticket=ticket, by=ticket.requester, at=NOW + HOUR)
    notes = SimpleUploadedFile("notes.txt", b"hello")
    response = client.post(link(ticket), {"text": "One more thing", "attachments": [notes]})
    text = response.content.decode()
    assert response.status_code == 422
    assert "You cannot write to a ticket that is Closed." in text
    assert "One more thing</textarea>" in text
    assert "Choose your files again" in text


def test_a_customer_closes_the_ticket_once(client: Client, ticket: Ticket) -> None:
    text = client.post(link(ticket), {"close": "1"}, follow=True).content.decode()
    assert "The ticket is closed." in text
    assert "Send a new request" in text
    assert 'name="close"' not in text
    assert ">Send</button>" not in text
    again = client.post(link(ticket), {"close": "1"})
    assert again.status_code == 422
    assert "You cannot close a ticket that is Closed." in again.content.decode()
    assert "Write your message first." not in again.content.decode()


@pytest.mark.parametrize("data", [{"text": "Hello"}, {"close": "1"}])
def test_writing_needs_a_token(ticket: Ticket, data: dict[str, str]) -> None:
    strict = Client(enforce_csrf_checks=True)
    assert strict.post(link(ticket), data).status_code == 403
    found = re.search(
        r'csrfmiddlewaretoken" value="(\w+)"', strict.get(link(ticket)).content.decode()
    )
    assert found
    answer = strict.post(link(ticket), {**data, "csrfmiddlewaretoken": found[1]})
    assert answer.status_code == 302


def test_too_much_at_once_is_answered_with_a_page(client: Client, ticket: Ticket) -> None:
    response = client.post(link(ticket), {"text": "y" * 13 * 1024 * 1024})
    assert response.status_code == 413


# --- Signed in ---


def own(ticket: Ticket) -> str:
    return reverse("portal:own_ticket", args=[ticket.reference])


def test_a_customer_who_is_signed_in_needs_no_link(client: Client, ticket: Ticket) -> None:
    client.force_login(ticket.requester)
    assert "numbers stand still" in client.get(own(ticket)).content.decode()
    response = client.post(own(ticket), {"text": "Signed in."})
    assert response.headers["Location"] == own(ticket)
    assert ticket.messages.latest("pk").text == "Signed in."


def test_staff_are_led_to_the_desk(client: Client, ticket: Ticket) -> None:
    client.force_login(factories.agent())
    response = client.get(own(ticket))
    assert response.headers["Location"] == f"/admin/tickets/ticket/{ticket.pk}/change/"


def test_everybody_else_finds_nothing(client: Client, ticket: Ticket) -> None:
    assert client.get(own(ticket)).status_code == 404
    client.force_login(factories.customer())
    assert client.get(own(ticket)).status_code == 404
    assert client.post(own(ticket), {"close": "1"}).status_code == 404
    client.force_login(ticket.requester)
    for reference in ("HD-999999", f"XX-{ticket.pk}", f"HD-0{ticket.pk}", "HD-" + "9" * 18):
        assert client.get(f"/tickets/{reference}/").status_code == 404


def test_the_page_asks_the_database_equally_often_for_many_rows(
    client: Client, ticket: Ticket, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    person = ticket.requester
    row = {"requester": person, "priority": ticket.priority, "subject": "One of many"}
    times = {"submitted_at": NOW, "updated_at": NOW}
    for count in (10, 990):
        Ticket.objects.bulk_create(Ticket(**row, **times) for _ in range(count))
        said = Message.objects.bulk_create(
            Message(
                ticket=ticket, author=person, by_staff=False, is_public=True, text="x", sent_at=NOW
            )
            for _ in range(count // 10)
        )
        Attachment.objects.bulk_create(
            Attachment(message=message, filename="a.txt", size=1, file="a") for message in said
        )
        # Person, whom he follows, ticket, policy, priority; clocks; messages and their files;
        # followers; the last escalation; what was merged into it; that it was read.
        with django_assert_num_queries(12):
            client.get(link(ticket))
