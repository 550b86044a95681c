"""Mailboxes in the admin: a secret goes in and never comes out, and trouble has a sentence."""

from __future__ import annotations

import re
import socket
import time
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from sla.models import Policy
from tests import factories
from tests.factories import MONDAY
from tests.peers import closed_port
from tests.peers_imap import LOGIN, PASSWORD, Dovecot, needs_dovecot
from tests.scripted_imap import ScriptedImap
from tickets import fetching
from tickets.models import InboundMessage, Mailbox
from tickets.templatetags.desk import local_time

LIST = "/admin/tickets/mailbox/"
SECRET = "correct horse battery staple"


@pytest.fixture
def desk(client: Client, policy: Policy) -> Client:
    client.force_login(factories.agent(group="Administrator"))
    return client


def entered(**fields: Any) -> dict[str, Any]:
    """The form as a browser sends it."""
    return {
        "address": "support@desk.example",
        "is_active": "on",
        "host": "imap.desk.example",
        "security": "tls",
        "port": "",
        "auth": "password",
        "login": "support",
        "new_secret": SECRET,
        "folder": "INBOX",
        **fields,
    }


def mailbox(**fields: Any) -> Mailbox:
    values = {
        "address": f"box{Mailbox.objects.count()}@desk.example",
        "host": "imap.desk.example",
        "login": "support",
        "secret": SECRET,
        **fields,
    }
    return Mailbox.objects.create(**values)


def page_of(desk: Client, box: Mailbox) -> str:
    return desk.get(f"{LIST}{box.pk}/change/").content.decode()


def change(desk: Client, box: Mailbox, **fields: Any) -> str:
    """Send the form with these changes; what the next page says."""
    given = {"address": box.address, "port": str(box.port), "new_secret": "", **fields}
    answer = desk.post(f"{LIST}{box.pk}/change/", entered(**given), follow=True)
    return unescape(answer.content.decode())


def attempt(desk: Client, box: Mailbox) -> str:
    return unescape(desk.post(f"{LIST}{box.pk}/try/", follow=True).content.decode())


# --- The secret -----------------------------------------------------------------------------------


def test_a_secret_goes_in_encrypted_and_is_nowhere_to_be_read(
    desk: Client, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    page = desk.post(f"{LIST}add/", entered(address="Support@Desk.example"), follow=True)
    box = Mailbox.objects.get()
    assert (box.address, box.port, str(box.secret)) == ("support@desk.example", 993, SECRET)
    with connection.cursor() as cursor:
        cursor.execute("SELECT secret FROM tickets_mailbox")
        assert SECRET not in cursor.fetchone()[0]
    later = change(desk, box, new_secret="another secret of ours")
    places = [
        page.content.decode(),
        later,
        page_of(desk, box),
        desk.get(LIST).content.decode(),
        desk.get(f"{LIST}{box.pk}/history/").content.decode(),
        caplog.text,
    ]
    for place in places:
        assert SECRET not in place
        assert "another secret of ours" not in place
    assert str(Mailbox.objects.get().secret) == "another secret of ours"
    assert "Password or token" in LogEntry.objects.latest("pk").get_change_message()


def test_a_secret_that_was_refused_with_the_form_is_not_sent_back(desk: Client) -> None:
    page = desk.post(f"{LIST}add/", entered(folder="", host="https://x")).content.decode()
    assert "Enter only the name of the server" in page
    assert SECRET not in page
    assert not Mailbox.objects.exists()


def test_an_empty_secret_keeps_the_one_that_is_there(desk: Client) -> None:
    box = mailbox()
    assert "Leave this empty to keep it." in page_of(desk, box)
    change(desk, box, folder="Support")
    box.refresh_from_db()
    assert (box.folder, str(box.secret)) == ("Support", SECRET)
    assert LogEntry.objects.latest("pk").get_change_message() == "Changed Folder."


@pytest.mark.parametrize(
    "elsewhere",
    [{"host": "imap.evil.example"}, {"port": "9993"}, {"security": "plain"}],
)
def test_a_secret_is_not_sent_to_another_server_than_it_was_entered_for(
    desk: Client, elsewhere: dict[str, str]
) -> None:
    box = mailbox()
    words = "Enter it again: it would be sent to another server than before."
    assert words in change(desk, box, **elsewhere)
    box.refresh_from_db()
    assert (box.host, box.port, box.security) == ("imap.desk.example", 993, "tls")
    assert words not in change(desk, box, **elsewhere, new_secret="new")
    box.refresh_from_db()
    assert str(box.secret) == "new"


def test_a_secret_of_another_key_is_named_and_entered_again(desk: Client, settings: Any) -> None:
    box = mailbox()
    settings.SECRET_KEY = "another"
    desk.force_login(factories.agent(group="Administrator"))
    words = "This secret was encrypted with another SECRET_KEY: enter it again."
    assert desk.get(LIST).status_code == 200
    assert words in page_of(desk, box)
    assert words in attempt(desk, box)
    assert words in change(desk, box)
    assert "was changed successfully" in change(desk, box, new_secret="new")
    assert str(Mailbox.objects.get().secret) == "new"


def test_a_secret_of_another_key_that_nobody_needs_is_dropped(desk: Client, settings: Any) -> None:
    box = mailbox()
    settings.SECRET_KEY = "another"
    desk.force_login(factories.agent(group="Administrator"))
    assert "was changed successfully" in change(desk, box, host="")
    assert Mailbox.objects.get().secret == ""


# --- The form -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "port"),
    [
        ({"security": "tls"}, 993),
        ({"security": "starttls"}, 143),
        ({"security": "plain"}, 143),
        ({"security": "tls", "port": "10993"}, 10993),
    ],
)
def test_the_port_is_the_usual_one_unless_it_is_entered(
    desk: Client, fields: dict[str, str], port: int
) -> None:
    assert 'value="993"' not in desk.get(f"{LIST}add/").content.decode()
    desk.post(f"{LIST}add/", entered(**fields))
    assert Mailbox.objects.get().port == port


@pytest.mark.parametrize(("port", "then"), [(993, 143), (1993, 1993)])
def test_the_usual_port_follows_the_security(desk: Client, port: int, then: int) -> None:
    box = mailbox(port=port)
    change(desk, box, security="starttls", new_secret="x")
    box.refresh_from_db()
    assert (box.security, box.port) == ("starttls", then)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"login": ""}, "The server will ask for it."),
        ({"new_secret": ""}, "The server will ask for it."),
        ({"security": "starttls", "port": "993"}, "Port 993 is for TLS from the start."),
        ({"host": "imap.desk.example/x"}, "such as imap.example.com."),
        ({"port": "70000"}, "less than or equal to 65535"),
    ],
)
def test_what_cannot_work_is_not_saved(desk: Client, fields: dict[str, str], words: str) -> None:
    page = desk.post(f"{LIST}add/", entered(**fields)).content.decode()
    assert words in page
    assert not Mailbox.objects.exists()


def test_a_mailbox_that_is_filled_by_others_needs_no_login(desk: Client) -> None:
    desk.post(f"{LIST}add/", entered(host="", login="", new_secret=""))
    box = Mailbox.objects.get()
    assert "Try the connection" not in page_of(desk, box)
    assert "There is no IMAP server to try" in attempt(desk, box)


def test_whoever_changes_the_settings_has_it_fetched_at_once(desk: Client) -> None:
    box = mailbox()
    trouble = {
        "failures": 3,
        "paused_until": timezone.now() + timedelta(hours=1),
        "last_error": "The server does not let support in.",
    }
    Mailbox.objects.update(**trouble)
    change(desk, box, team=str(factories.team().pk))
    box.refresh_from_db()
    assert box.failures == 3
    change(desk, box, new_secret="the right one")
    box.refresh_from_db()
    assert (box.failures, box.paused_until, box.last_error) == (0, None, "")


# --- A trial --------------------------------------------------------------------------------------


def at(port: int, **fields: Any) -> Mailbox:
    return mailbox(host="127.0.0.1", port=port, security="plain", **fields)


@needs_dovecot
def test_a_trial_signs_in_and_says_what_it_found(desk: Client) -> None:
    with Dovecot() as dovecot:
        dovecot.put(b"Subject: Hi\r\n\r\nHello.\r\n")
        box = at(dovecot.port, login=LOGIN, secret=PASSWORD)
        words = "Signed in to 127.0.0.1. Unread messages in the folder INBOX: 1."
        assert words in attempt(desk, box)
        Mailbox.objects.update(folder="Missing")
        assert "has no folder Missing for this login" in attempt(desk, box)
        wrong = at(dovecot.port, login=LOGIN, secret="wrong")
        assert f"does not let {LOGIN} in: " in attempt(desk, wrong)


def test_a_trial_at_a_server_that_is_away_says_so(desk: Client) -> None:
    with closed_port() as port:
        words = f"No connection to 127.0.0.1:{port}: Connection refused."
        assert words in attempt(desk, at(port))


def test_a_trial_at_a_server_that_says_nothing_is_given_up(
    desk: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert fetching.TRIAL["connect_seconds"] * 3 <= fetching.TRIAL["session_seconds"] < 10
    shorter = {name: seconds / 30 for name, seconds in fetching.TRIAL.items()}
    monkeypatch.setattr(fetching, "TRIAL", shorter)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        assert "did not answer in time" in attempt(desk, at(silent.getsockname()[1]))
    with ScriptedImap(answers={"SELECT": (b"* OK Wait",)}) as slow:
        assert "127.0.0.1" in attempt(desk, at(slow.port))
    assert time.monotonic() - began < 5


def test_a_trial_is_a_post_with_its_token_by_an_administrator(policy: Policy) -> None:
    box = mailbox(host="127.0.0.1")
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(factories.agent(group="Administrator"))
    assert strict.get(f"{LIST}{box.pk}/try/").status_code == 405
    assert strict.post(f"{LIST}{box.pk}/try/").status_code == 403
    for group in ("Agent", "Manager"):
        other = Client()
        other.force_login(factories.agent(group=group))
        assert other.post(f"{LIST}{box.pk}/try/").status_code == 403


# --- Standing and counts --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"is_active": False}, "off"),
        ({"host": ""}, "not fetched"),
        ({}, "not fetched yet"),
        ({"last_fetched_at": MONDAY}, "well"),
        ({"last_fetched_at": MONDAY, "last_error": "Message 3: NO"}, "not all read"),
        ({"failures": 1, "last_error": "Was away."}, "in trouble"),
    ],
)
def test_the_list_says_how_each_mailbox_stands(
    desk: Client, fields: dict[str, Any], words: str
) -> None:
    mailbox(**fields)
    page = desk.get(LIST).content.decode()
    cell = re.search(r'<td class="field-standing.*?</td>', page, re.DOTALL)
    assert cell
    assert re.sub(r"<[^>]*>|\s+", " ", cell[0]).strip() == words


def test_the_page_of_a_mailbox_in_trouble_says_why_and_until_when(desk: Client) -> None:
    until = timezone.now() + timedelta(minutes=15)
    box = mailbox(failures=2, paused_until=until, last_error="The certificate is not valid.")
    page = page_of(desk, box)
    assert "Mail is not fetched: The certificate is not valid." in page
    assert local_time(until, "Asia/Kolkata") in page
    box.paused_until = timezone.now() - timedelta(minutes=1)
    box.save()
    assert "Does not wait" in page_of(desk, box)


def arrived(box: Mailbox | None, state: str, outcome: str, count: int) -> None:
    for number in range(count):
        name = f"{box}{state}{outcome}{number}"
        InboundMessage.objects.create(
            mailbox=box,
            key=name,
            digest=name,
            raw=b"x",
            size=1,
            received_at=MONDAY,
            next_attempt_at=MONDAY,
            state=state,
            outcome=outcome,
        )


KINDS = [
    ("done", "ticket"),
    ("done", "reply"),
    ("done", "ignored"),
    ("quarantined", ""),
    ("waiting", ""),
    ("leased", ""),
]


def test_what_came_is_counted_by_what_became_of_it_and_adds_up(desk: Client) -> None:
    box, empty = mailbox(), mailbox()
    for count, (state, outcome) in enumerate(KINDS, start=1):
        arrived(box, state, outcome, count)
    names = ["seen", "tickets", "replies", "ignored", "quarantined", "waiting"]
    rows = {row.pk: row for row in desk.get(LIST).context["cl"].result_list}
    assert [vars(rows[box.pk])[f"{name}_count"] for name in names] == [21, 1, 2, 3, 4, 11]
    assert [vars(rows[empty.pk])[f"{name}_count"] for name in names] == [0] * 6
    page = page_of(desk, box)
    assert "21 messages</a>: 1 tickets, 2 replies, 3 ignored, 4 quarantined, 11 waiting" in page
    link = f"/admin/tickets/inboundmessage/?mailbox__id__exact={box.pk}"
    assert link in page
    assert desk.get(link).status_code == 200
    assert "Nothing yet" in page_of(desk, empty)


def test_what_came_without_a_mailbox_is_counted_as_well(desk: Client) -> None:
    arrived(mailbox(), "done", "ticket", 7)
    assert "Without a mailbox" not in desk.get(LIST).content.decode()
    for count, (state, outcome) in enumerate(KINDS, start=1):
        arrived(None, state, outcome, count)
    link = "/admin/tickets/inboundmessage/?mailbox__isnull=True"
    assert (
        f'Without a mailbox: <a class="desk-link" href="{link}">21 messages</a>: '
        "1 tickets, 2 replies, 3 ignored, 4 quarantined, 11 waiting"
    ) in desk.get(LIST).content.decode()
    shown = desk.get(link).context["cl"].result_list
    assert (len(shown), {row.mailbox for row in shown}) == (21, {None})


def test_every_state_and_outcome_has_its_place_in_the_counts(desk: Client) -> None:
    known = {state for state, _ in KINDS}, {outcome for _, outcome in KINDS} - {""}
    assert known == (set(InboundMessage.State.values), set(InboundMessage.Outcome.values))


def test_a_mailbox_that_has_mail_is_not_deleted(desk: Client) -> None:
    box = mailbox()
    arrived(box, "waiting", "", 1)
    desk.post(f"{LIST}{box.pk}/delete/", {"post": "yes"})
    form = {"action": "delete_selected", "_selected_action": [str(box.pk)], "post": "yes"}
    desk.post(LIST, form)
    assert Mailbox.objects.filter(pk=box.pk).exists()


def test_the_list_takes_as_many_queries_for_many_rows_as_for_few(desk: Client) -> None:
    arrived(mailbox(), "waiting", "", 1)
    desk.get(LIST)
    with CaptureQueriesContext(connection) as few:
        desk.get(LIST)
    for _ in range(20):
        arrived(mailbox(), "waiting", "", 1)
    with CaptureQueriesContext(connection) as many:
        desk.get(LIST)
    assert len(many) == len(few)
