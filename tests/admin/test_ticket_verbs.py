"""Each button of the ticket page is one verb; a refusal keeps what was typed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from sla.models import Policy
from tests import factories
from tickets import lifecycle
from tickets.admin.verbs import VERBS
from tickets.models import Delivery, Event, Ticket, User
from tickets.states import Status


@pytest.fixture
def ada(client: Client, policy: Policy) -> User:
    """An agent, signed in."""
    user = factories.agent(name="Ada Lovelace")
    client.force_login(user)
    return user


@pytest.fixture
def ticket(ada: User) -> Ticket:
    return factories.ticket(at=timezone.now())


def do(client: Client, ticket: Ticket, verb: str, **typed: object) -> HttpResponse:
    """Press the button of this verb."""
    return client.post(f"/admin/tickets/ticket/{ticket.pk}/{verb}/", typed)


def page_after(client: Client, ticket: Ticket, verb: str, **typed: object) -> str:
    """The page that comes back, without a redirect."""
    response = do(client, ticket, verb, **typed)
    assert response.status_code == 200
    return response.content.decode()


def resolved(ticket: Ticket, ada: User) -> None:
    lifecycle.resolve(ticket=ticket, by=ada, at=timezone.now())


def pending(ticket: Ticket, ada: User) -> None:
    lifecycle.wait_for_customer(ticket=ticket, by=ada, at=timezone.now())


def with_engineering(ticket: Ticket, ada: User) -> None:
    lifecycle.escalate_to_engineering(ticket=ticket, by=ada, at=timezone.now())


def untouched(ticket: Ticket, ada: User) -> None:
    """As it came."""


# What was done before, the button, what is typed, the event that follows, the status after.
PRESSED = [
    (untouched, "reply", {"text": "Hello."}, Event.Kind.REPLIED, Status.OPEN),
    (untouched, "note", {"text": "Hm."}, Event.Kind.NOTED, Status.NEW),
    (untouched, "reply_and_wait", {"text": "Since when?"}, Event.Kind.WAITING, Status.PENDING),
    (untouched, "resolve", {"text": "Done."}, Event.Kind.RESOLVED, Status.RESOLVED),
    (untouched, "wait", {"reason": "Asked"}, Event.Kind.WAITING, Status.PENDING),
    (pending, "resume", {"reason": "Known"}, Event.Kind.RESUMED, Status.OPEN),
    (untouched, "engineering", {"reason": "Bug"}, Event.Kind.TO_ENGINEERING, Status.OPEN),
    (with_engineering, "back", {"reason": ""}, Event.Kind.FROM_ENGINEERING, Status.OPEN),
    (resolved, "reopen", {"reason": "Again"}, Event.Kind.REOPENED, Status.OPEN),
    (resolved, "close", {"reason": ""}, Event.Kind.CLOSED, Status.CLOSED),
]


@pytest.mark.parametrize(("before", "verb", "typed", "kind", "status"), PRESSED)
def test_a_button_does_its_verb_and_leads_back_to_the_ticket(
    client: Client,
    ada: User,
    ticket: Ticket,
    before: Callable[[Ticket, User], None],
    verb: str,
    typed: dict[str, str],
    kind: str,
    status: str,
) -> None:
    before(ticket, ada)
    response = do(client, ticket, verb, **typed)
    assert response.status_code == 302
    assert response["Location"] == f"/admin/tickets/ticket/{ticket.pk}/change/"
    ticket.refresh_from_db()
    event = ticket.events.latest("pk")
    assert (event.kind, event.by, ticket.status) == (kind, ada, status)
    assert event.detail == (typed.get("reason") or event.detail)


def test_a_ticket_is_handed_to_an_agent_and_a_team(
    client: Client, ada: User, ticket: Ticket
) -> None:
    ben, team = factories.agent(), factories.team()
    do(client, ticket, "assign", assignee=ben.pk, team=team.pk)
    ticket.refresh_from_db()
    assert (ticket.assignee, ticket.team, ticket.status) == (ben, team, Status.OPEN)


def test_assign_to_me_is_one_press(client: Client, ada: User, ticket: Ticket) -> None:
    address = f"/admin/tickets/ticket/{ticket.pk}/change/"
    assert "Assign to me" in client.get(address).content.decode()
    do(client, ticket, "assign", assignee=ada.pk)
    ticket.refresh_from_db()
    assert ticket.assignee == ada
    assert "Assign to me</button>" not in client.get(address).content.decode()


def test_a_customer_cannot_be_chosen_as_the_agent(
    client: Client, ada: User, ticket: Ticket
) -> None:
    page = page_after(client, ticket, "assign", assignee=ticket.requester_id)
    assert "Select a valid choice" in page
    ticket.refresh_from_db()
    assert ticket.assignee is None


def test_the_priority_is_changed_with_a_reason(client: Client, ada: User, ticket: Ticket) -> None:
    high = factories.priority("P1")
    do(client, ticket, "priority", priority=high.pk, reason="Nobody can work")
    ticket.refresh_from_db()
    assert ticket.priority == high
    assert ticket.events.latest("pk").detail == "From P3 to P1: Nobody can work"


def test_a_reply_is_mailed_to_the_customer_with_its_files(
    client: Client, ada: User, ticket: Ticket
) -> None:
    files = [SimpleUploadedFile("a.txt", b"a"), SimpleUploadedFile("b.txt", b"b")]
    do(client, ticket, "reply", text="Since when?\r\nThank you.", attachments=files)
    message = ticket.messages.latest("pk")
    assert message.text == "Since when?\nThank you."
    assert [file.filename for file in message.attachments.all()] == ["a.txt", "b.txt"]
    mail = Delivery.objects.get(message=message)
    assert mail.recipient == ticket.requester.email
    assert "Since when?" in mail.text


def test_a_reply_that_cannot_wait_is_not_sent_either(
    client: Client, ada: User, ticket: Ticket
) -> None:
    pending(ticket, ada)
    messages, mails = ticket.messages.count(), ticket.deliveries.count()
    page_after(client, ticket, "reply_and_wait", text="Since when?")
    assert (ticket.messages.count(), ticket.deliveries.count()) == (messages, mails)


def test_a_form_with_choices_is_fetched_when_it_is_opened_and_is_a_page_of_its_own(
    client: Client, ada: User, ticket: Ticket
) -> None:
    address = f"/admin/tickets/ticket/{ticket.pk}/priority/"
    part = client.get(address, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part
    for page in (part, client.get(address).content.decode()):
        assert f'action="{address}' in page
        assert "First response moves" in page
    # Who signed in again on the way to the composer's address finds the composer.
    response = client.get(f"/admin/tickets/ticket/{ticket.pk}/reply/")
    assert response["Location"] == f"/admin/tickets/ticket/{ticket.pk}/change/"


def test_the_browser_forgets_a_draft_only_when_it_was_sent(
    client: Client, ada: User, ticket: Ticket
) -> None:
    address = f"/admin/tickets/ticket/{ticket.pk}/reply/"
    kept, sent = (
        client.post(address, {"text": text}, follow=True).content.decode()
        for text in (" ", "Hello.")
    )
    assert f'data-draft="ticket-{ticket.pk}-of-{ada.pk}"' in kept
    assert "data-draft-sent" not in kept
    assert "data-draft-sent" in sent
    assert "The reply was sent." in sent


def test_an_internal_note_is_in_no_mail_at_all(client: Client, ada: User, ticket: Ticket) -> None:
    before = Delivery.objects.count()
    do(client, ticket, "note", text="They must not read this.")
    do(client, ticket, "reply", text="All is well.")
    do(client, ticket, "resolve", text="")
    later = Delivery.objects.order_by("created_at")
    assert later.count() == before + 2
    assert not [m for m in later if "must not read" in m.subject + m.text + m.html]
    assert not ticket.messages.get(text="They must not read this.").is_public


# The composer's switch and the button contradict each other: nothing is written.
CONTRADICTIONS = [
    ("reply_and_wait", "staff", "This is an internal note."),
    ("reply", "staff", "This is an internal note."),
    ("resolve", "staff", "This is an internal note."),
    ("note", "customer", "This is a public reply."),
]


@pytest.mark.parametrize(("verb", "says", "sentence"), CONTRADICTIONS)
def test_a_note_is_not_sent_by_the_wrong_button(
    client: Client, ada: User, ticket: Ticket, verb: str, says: str, sentence: str
) -> None:
    page = page_after(client, ticket, verb, text="Careful words", says=says)
    assert sentence in page
    assert "Careful words</textarea>" in page
    assert ticket.messages.count() == 1
    assert (f'value="{says}" checked' in page) is True


REFUSALS = [
    (untouched, "reply_and_wait", {"text": " "}, "Write some text first"),
    (pending, "reply_and_wait", {"text": "Since when?"}, "You cannot wait for the customer on a"),
    (untouched, "reply", {"text": " "}, "Write some text first"),
    (resolved, "priority", {"reason": "Why not"}, "You cannot change the priority of"),
    (resolved, "wait", {"reason": "I asked"}, "You cannot wait for the customer on a ticket"),
    (untouched, "resume", {"reason": "They said"}, "You cannot resume a ticket that is New."),
    (with_engineering, "engineering", {"reason": "Bug"}, "is with engineering already"),
    (untouched, "back", {"reason": "Fixed"}, "The ticket is not with engineering."),
    (untouched, "close", {"reason": "Gone"}, "You cannot close a ticket that is New."),
    (untouched, "assign", {}, "Choose an agent or a team"),
]


@pytest.mark.parametrize(("before", "verb", "typed", "sentence"), REFUSALS)
def test_a_refused_verb_says_why_and_keeps_what_was_typed(
    client: Client,
    ada: User,
    ticket: Ticket,
    before: Callable[[Ticket, User], None],
    verb: str,
    typed: dict[str, object],
    sentence: str,
) -> None:
    before(ticket, ada)
    events = ticket.events.count()
    if verb == "priority":
        typed = {**typed, "priority": factories.priority("P1").pk}
    page = page_after(client, ticket, verb, **typed)
    assert page.count(sentence) == 2  # Above the page, and beside the form.
    for words in typed.values():
        assert f'value="{words}"' in page or f"{words}</textarea>" in page
    assert ticket.events.count() == events


def test_a_reply_to_a_ticket_that_somebody_closed_meanwhile_is_not_lost(
    client: Client, ada: User, ticket: Ticket
) -> None:
    resolved(ticket, ada)
    lifecycle.close(ticket=ticket, by=ada, at=timezone.now())
    page = page_after(client, ticket, "reply", text="An hour's work")
    assert "You cannot reply to a ticket that is Closed." in page
    assert "An hour&#x27;s work</textarea>" in page
    # Nothing on the page offers what it does not do.
    assert 'data-compose="customer"' not in page
    assert 'data-compose="staff">Internal note</a>' in page


def test_too_large_a_text_or_file_comes_back_with_a_sentence(
    client: Client, ada: User, ticket: Ticket, settings: Any
) -> None:
    settings.MAX_MESSAGE_CHARS = 10
    settings.MAX_ATTACHMENT_BYTES = 2
    settings.MAX_ATTACHMENTS = 1
    files = [SimpleUploadedFile("large.txt", b"abc"), SimpleUploadedFile("b.txt", b"b")]
    page = page_after(client, ticket, "reply", text="Eleven char", attachments=files)
    assert "This has 11 characters, and at most 10 fit" in page
    assert "“large.txt” has 3" in page
    assert "You chose 2 files, and at most 1 can be attached." in page
    assert "Attach the files again" in page
    assert ticket.messages.count() == 1


def test_ten_megabytes_of_text_come_back_with_a_sentence(
    client: Client, ada: User, ticket: Ticket
) -> None:
    page = page_after(client, ticket, "note", text="x" * 10_000_000)
    assert "This has 10,000,000 characters, and at most 100,000 fit" in page
    assert ticket.messages.count() == 1


def test_a_nul_byte_is_refused_with_a_sentence(client: Client, ada: User, ticket: Ticket) -> None:
    assert "Null characters are not allowed." in page_after(client, ticket, "note", text="a\0b")
    assert ticket.messages.count() == 1


def test_the_filters_of_the_queue_survive_a_verb(client: Client, ada: User, ticket: Ticket) -> None:
    kept = "?_changelist_filters=due%3Dlate"
    address = f"/admin/tickets/ticket/{ticket.pk}/note/{kept}"
    response = client.post(address, {"text": "Hm."})
    assert response["Location"] == f"/admin/tickets/ticket/{ticket.pk}/change/{kept}"


@pytest.mark.parametrize("verb", [verb.name for verb in VERBS])
def test_a_verb_is_done_by_post_alone_and_only_with_its_token(
    ada: User, ticket: Ticket, verb: str
) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(ada)
    address = f"/admin/tickets/ticket/{ticket.pk}/{verb}/"
    assert strict.get(address).status_code in (200, 302)
    assert strict.post(address, {"text": "Hello."}).status_code == 403
    assert ticket.events.count() == 1
