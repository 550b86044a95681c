"""Each mail about a ticket has its place in the conversation, and takes the right files along."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests import factories
from tests.factories import MONDAY
from tests.linked import holders
from tests.notified import mail_notifications
from tests.peers import SmtpPeer, mail_goes_to
from tests.times import nov
from tickets import addresses, delivery, lifecycle, links, outbox
from tickets.models import Delivery, Follower, Mailbox, Message, Ticket, User

NOON = nov(2, "12:00")
pytestmark = pytest.mark.usefixtures("policy")


@pytest.fixture
def asha() -> User:
    return factories.customer("asha@client.example", name="Asha Rao")


@pytest.fixture
def meera(asha: User) -> User:
    return factories.agent("meera@desk.example", name="Meera Nair")


@pytest.fixture
def ticket(asha: User) -> Ticket:
    return factories.ticket(requester=asha)


def wrote(ticket: Ticket, name: str, at: datetime, **fields: Any) -> Message:
    """A message of the requester that came by mail."""
    values = {"is_public": True, "by_staff": False, "text": "Hello.", **fields}
    return Message.objects.create(
        ticket=ticket, author=ticket.requester, sent_at=at, mail_message_id=name, **values
    )


def answer(ticket: Ticket, agent: User, at: datetime = NOON, **more: Any) -> Delivery:
    """What the requester gets of an agent's answer."""
    lifecycle.reply(ticket=ticket, by=agent, text="Reload it.", at=at, **more)
    return Delivery.objects.filter(occasion="reply", user=ticket.requester).latest("created_at")


def follows(ticket: Ticket, user: User) -> User:
    Follower.objects.create(ticket=ticket, user=user, added_at=MONDAY)
    return user


# --- Place in the conversation -------------------------------------------------------------------


def test_an_answer_names_the_customers_newest_mail_and_all_before(
    ticket: Ticket, meera: User
) -> None:
    (acknowledged,) = ticket.deliveries.values_list("mail_message_id", flat=True)
    wrote(ticket, "<1@client.example>", nov(2, "11:00"))
    first = answer(ticket, meera, nov(2, "11:10"))
    wrote(ticket, "<2@client.example>", nov(2, "11:20"))
    second = answer(ticket, meera, nov(2, "11:30"))
    assert first.in_reply_to == "<1@client.example>"
    assert first.references == f"{acknowledged} <1@client.example>"
    assert second.in_reply_to == "<2@client.example>"
    assert second.references.split() == [
        acknowledged, "<1@client.example>", first.mail_message_id, "<2@client.example>",
    ]  # fmt: skip


def test_the_acknowledgement_answers_the_mail_that_opened_the_ticket(ticket: Ticket) -> None:
    wrote(ticket, "<1@client.example>", MONDAY)
    Delivery.objects.all().delete()
    letter = outbox.Letter("asha@client.example", "Hello", "Hi.\n", "")
    outbox.queue([letter], occasion="acknowledgement", cause="a", ticket=ticket, at=MONDAY)
    row = Delivery.objects.get()
    assert row.in_reply_to == row.references == "<1@client.example>"


@pytest.mark.parametrize(
    "aside",
    [
        {"is_automatic": True},  # An answering machine's.
        {"is_accepted": False},  # A stranger's.
        {"is_public": False, "by_staff": True},
    ],
)
def test_what_is_kept_aside_is_not_answered(
    ticket: Ticket, meera: User, aside: dict[str, bool]
) -> None:
    wrote(ticket, "<1@client.example>", nov(2, "11:00"))
    wrote(ticket, "<2@client.example>", nov(2, "11:10"), **aside)
    row = answer(ticket, meera)
    assert row.in_reply_to == "<1@client.example>"
    assert "<2@client.example>" not in row.references


@pytest.mark.parametrize(
    "name", ["<1@a.example>\nBcc: x@y.example", "<नमस्ते@a.example>", "1@a.example", f"<{'x' * 990}>"]
)
def test_what_is_no_message_id_is_not_repeated(ticket: Ticket, meera: User, name: str) -> None:
    wrote(ticket, name, nov(2, "11:00"))
    row = answer(ticket, meera)
    assert row.in_reply_to == ""
    assert len(row.references.split()) == 1


def test_a_long_conversation_keeps_its_first_and_its_last_mails(
    ticket: Ticket, meera: User
) -> None:
    Delivery.objects.all().delete()
    names = [f"<{n}@client.example>" for n in range(30)]
    for name in names:
        wrote(ticket, name, nov(2, "11:00"))
    row = answer(ticket, meera)
    assert row.references.split() == [names[0], *names[-19:]]


def test_nobody_learns_of_mails_to_somebody_else(ticket: Ticket, meera: User) -> None:
    lifecycle.assign(ticket=ticket, by=None, assignee=meera, at=nov(2, "11:00"))
    mail_notifications()
    assigned = Delivery.objects.get(occasion="assignment")
    assert assigned.mail_message_id not in answer(ticket, meera).references


def test_a_mail_that_did_not_get_there_is_not_referred_to(ticket: Ticket, meera: User) -> None:
    ticket.deliveries.update(state=Delivery.State.DEAD)
    assert answer(ticket, meera).references == ""


def test_answers_go_to_the_address_of_the_ticket(ticket: Ticket, meera: User) -> None:
    row = answer(ticket, meera)
    assert row.reply_to == addresses.reply_address(ticket)
    assert addresses.ticket_number(row.reply_to) == ticket.pk


def test_answers_go_to_the_mailbox_of_the_ticket(ticket: Ticket, meera: User) -> None:
    box = Mailbox.objects.create(address="billing@desk.example")
    Ticket.objects.filter(pk=ticket.pk).update(mailbox=box)
    assert answer(ticket, meera).reply_to.startswith(f"billing+{ticket.pk}-")


def test_many_tickets_take_as_many_queries_as_one() -> None:
    tickets = [factories.ticket() for _ in range(10)]
    letter = outbox.Letter("x@client.example", "Hello", "Hi.\n", "")

    def queries(count: int) -> int:
        rows = [
            row
            for ticket in tickets[:count]
            for row in outbox.drafts(
                [letter], occasion="x", cause=f"{count}:{ticket.pk}", ticket=ticket, at=MONDAY
            )
        ]
        with CaptureQueriesContext(connection) as asked:
            outbox.post(rows)
        return len(asked)

    assert queries(1) == queries(10)


# --- Readers -----------------------------------------------------------------------------------


def test_followers_get_the_answer_too_each_in_a_mail_of_his_own(
    ticket: Ticket, meera: User
) -> None:
    bo = follows(ticket, factories.customer("bo@client.example"))
    colleague = follows(ticket, factories.agent("lee@desk.example"))
    follows(ticket, meera)  # Who writes it has it.
    follows(ticket, factories.customer("gone@client.example", is_active=False))
    follows(ticket, ticket.requester)
    lifecycle.reply(ticket=ticket, by=meera, text="Reload it.", at=nov(2, "12:00"))
    told = {row.recipient: row for row in Delivery.objects.filter(occasion="reply")}
    assert set(told) == {"asha@client.example", bo.email, colleague.email}
    assert len({row.mail_message_id for row in told.values()}) == 3
    for row in told.values():
        others = {*told, "gone@client.example"} - {row.recipient}
        everything = f"{row.subject} {row.text} {row.html} {row.reply_to} {row.references}"
        assert not [other for other in others if other in everything]


@pytest.mark.parametrize("has_mailbox", [True, False])
def test_an_answer_by_mail_is_asked_for_where_it_is_read(
    has_mailbox: bool, ticket: Ticket, meera: User
) -> None:
    if has_mailbox:
        Mailbox.objects.create(address="support@example.com")
    follows(ticket, factories.customer("bo@client.example"))
    lifecycle.reply(ticket=ticket, by=meera, text="Reload it.", at=NOON)
    lifecycle.resolve(ticket=ticket, by=meera, text="It runs.", at=NOON)
    told = Delivery.objects.exclude(occasion="acknowledgement")
    assert told.count() == 4
    for row in told:
        for words in (row.text, row.html):
            assert ("nswer this mail" in words) == has_mailbox


def test_each_reader_gets_a_link_of_his_own(ticket: Ticket, meera: User) -> None:
    Mailbox.objects.create(address="support@example.com")
    follows(ticket, factories.customer("bo@client.example"))
    lee = follows(ticket, factories.agent("lee@desk.example"))
    lifecycle.resolve(ticket=ticket, by=meera, text="It runs.", at=nov(2, "12:00"))
    told = {row.user: row for row in Delivery.objects.filter(occasion="resolution")}
    for person, row in told.items():
        assert holders(row.html, at=NOON) == holders(row.text, at=NOON)
        assert holders(row.text, at=NOON) == (set() if person.is_staff else {(ticket, person)})
    assert links.desk_url_for(ticket) in told[lee].text


def test_an_internal_note_never_leaves(ticket: Ticket, meera: User) -> None:
    follows(ticket, factories.customer("bo@client.example"))
    before = Delivery.objects.count()
    file = SimpleUploadedFile("secret.txt", b"secret")
    lifecycle.add_note(
        ticket=ticket, by=meera, text="secret", at=nov(2, "11:00"), attachments=[file]
    )
    assert Delivery.objects.count() == before
    note = ticket.messages.get(is_public=False)
    assert outbox.enclosed(note.pk) == []
    with pytest.raises(ValueError, match="never leaves"):
        outbox.drafts([], occasion="reply", cause="x", ticket=ticket, at=MONDAY, message=note)
    answer(ticket, meera)
    for row in Delivery.objects.all():
        assert "secret" not in f"{row.subject} {row.text} {row.html}"


def test_what_a_customer_wrote_is_no_message_of_ours(ticket: Ticket) -> None:
    first = ticket.messages.get()
    with pytest.raises(ValueError, match="never leaves"):
        outbox.drafts([], occasion="reply", cause="x", ticket=ticket, at=MONDAY, message=first)


# --- What it looks like on the wire --------------------------------------------------------------


@pytest.fixture
def stored(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


def on_the_wire(settings: Any) -> dict[str, Any]:
    """All that waits, as a mail server gets it; by subject, or the part of it before the colon."""
    with SmtpPeer() as peer:
        mail_goes_to(peer.port, settings)
        delivery.send_waiting(at=MONDAY)
        assert all(len(mail.recipients) == 1 for mail in peer.received)
        return {str(mail.message["Subject"]).split("] ")[1]: mail.message for mail in peer.received}


@pytest.mark.usefixtures("stored")
def test_an_agents_answer_is_a_persons_mail_with_files_and_signature(
    settings: Any, ticket: Ticket, meera: User
) -> None:
    settings.BRAND_NAME = "Helpdesk"
    meera.signature = "Meera Nair\nSecond line <support>\n+91 22 1234"
    meera.save()
    wrote(ticket, "<1@client.example>", nov(2, "11:00"))
    files = [SimpleUploadedFile("steps.pdf", b"%PDF", "application/pdf")]
    row = answer(ticket, meera, attachments=files)
    mail = on_the_wire(settings)[row.subject.split("] ")[1]]
    assert mail["From"].addresses[0].display_name == "Meera Nair (Helpdesk)"
    assert mail["Reply-To"] == addresses.reply_address(ticket)
    assert mail["In-Reply-To"] == "<1@client.example>"
    assert mail["References"].split() == row.references.split()
    assert "Auto-Submitted" not in mail
    text = mail.get_body(("plain",)).get_content().replace("\r\n", "\n")
    assert "Reload it.\n\nMeera Nair\nSecond line <support>\n+91 22 1234\n" in text
    assert "With it come these files: steps.pdf." in text
    assert "Second line &lt;support&gt;" in row.html
    (file,) = mail.iter_attachments()
    assert (file.get_filename(), file.get_content_type()) == ("steps.pdf", "application/pdf")
    assert file.get_payload(decode=True) == b"%PDF"


def test_notices_and_acknowledgements_are_automatic(
    settings: Any, ticket: Ticket, meera: User
) -> None:
    lifecycle.assign(ticket=ticket, by=None, assignee=meera, at=nov(2, "11:00"))
    mail_notifications()
    mails = on_the_wire(settings)
    marks = {subject: mail["Auto-Submitted"] for subject, mail in mails.items()}
    assert marks == {
        "We have your request": "auto-replied",
        f"Assigned to you: {ticket.subject}": "auto-generated",
    }


@pytest.mark.usefixtures("stored")
def test_files_that_are_too_large_stay_on_the_page(
    settings: Any, ticket: Ticket, meera: User
) -> None:
    settings.MAX_MAIL_ATTACHMENT_BYTES = 10
    bo = follows(ticket, factories.customer("bo@client.example"))
    files = [SimpleUploadedFile(f"{n}.log", b"x" * 6, "text/plain") for n in range(2)]
    row = answer(ticket, meera, attachments=files)
    theirs = Delivery.objects.get(occasion="reply", user=bo)
    for told in (row, theirs):
        assert "too large for a mail: 0.log, 1.log. You find them on your" in told.text
    mail = on_the_wire(settings)[row.subject.split("] ")[1]]
    assert list(mail.iter_attachments()) == []
