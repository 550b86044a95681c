"""Mail is stored first and marked as read after that: nothing is lost, and nothing comes twice."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from tests import factories
from tests.factories import MONDAY
from tests.peers import closed_port
from tests.peers_imap import LOGIN, PASSWORD, Dovecot, needs_dovecot
from tests.scripted_imap import ScriptedImap
from tests.together import at_once
from tickets import fetching
from tickets.channels import imap
from tickets.fetching import NotFetched, fetch, fetch_due
from tickets.models import Delivery, InboundMessage, Mailbox

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)
ONE, TWO, THREE = (
    f"From: bob@client.example\r\nSubject: {word}\r\n\r\nThe printer burns.\r\n".encode()
    for word in ("One", "Two", "Three")
)


@pytest.fixture(scope="module")
def running() -> Iterator[Dovecot]:
    with Dovecot() as dovecot:
        yield dovecot


@pytest.fixture
def dovecot(running: Dovecot) -> Dovecot:
    running.clear()
    return running


def at_dovecot(dovecot: Dovecot, **fields: Any) -> Mailbox:
    values = {"login": LOGIN, "secret": PASSWORD, **fields}
    return mailbox(dovecot.port, **values)


def mailbox(port: int, **fields: Any) -> Mailbox:
    """A mailbox of a server on this machine, read from the database as a worker does."""
    values: dict[str, Any] = {
        "address": f"support{Mailbox.objects.count()}@desk.example",
        "host": "127.0.0.1",
        "port": port,
        "security": "plain",
        "login": "support",
        "secret": "secret",
        **fields,
    }
    return Mailbox.objects.get(pk=Mailbox.objects.create(**values).pk)


def stored() -> list[bytes]:
    rows = InboundMessage.objects.order_by("pk").values_list("raw", flat=True)
    return [bytes(raw) for raw in rows]


def afresh(box: Mailbox) -> Mailbox:
    return Mailbox.objects.get(pk=box.pk)


# --- The way of a message -------------------------------------------------------------------------


@needs_dovecot
def test_unread_mail_is_stored_byte_for_byte_and_then_marked_as_read(dovecot: Dovecot) -> None:
    dovecot.put(ONE, TWO, at=MONDAY)
    box = at_dovecot(dovecot)
    at = MONDAY + 5 * MINUTE
    assert fetch(box, at=at) == 2
    assert stored() == [ONE, TWO]
    assert dovecot.unseen() == 0
    row = InboundMessage.objects.earliest("pk")
    assert (row.mailbox, row.received_at, row.state) == (box, MONDAY, "waiting")
    now = afresh(box)
    assert row.key.startswith(f"imap:{box.pk}:{now.uid_validity}:")
    assert (now.last_fetched_at, now.last_error, now.failures) == (at, "", 0)
    assert fetch(box, at=at) == 0


@needs_dovecot
def test_what_somebody_reads_before_us_is_fetched_all_the_same(dovecot: Dovecot) -> None:
    dovecot.put(ONE, at=MONDAY)
    box = at_dovecot(dovecot)
    assert fetch(box, at=MONDAY) == 1
    dovecot.put(TWO, THREE, at=MONDAY)
    with imap.opened(fetching._account(box)) as folder:
        for uid in folder.unseen():
            folder.mark_seen(uid)
    assert fetch(afresh(box), at=MONDAY) == 2
    assert stored() == [ONE, TWO, THREE]
    assert fetch(afresh(box), at=MONDAY) == 0


@needs_dovecot
def test_what_was_read_before_the_first_time_is_left_alone(dovecot: Dovecot) -> None:
    dovecot.put(ONE, TWO, at=MONDAY)
    box = at_dovecot(dovecot)
    with imap.opened(fetching._account(box)) as folder:
        folder.mark_seen(folder.unseen()[0])
    assert fetch(box, at=MONDAY) == 1
    assert stored() == [TWO]


@needs_dovecot
def test_a_message_from_the_future_arrived_now(dovecot: Dovecot) -> None:
    dovecot.put(ONE, at=datetime(2027, 1, 1, tzinfo=UTC))
    fetch(at_dovecot(dovecot), at=MONDAY)
    assert InboundMessage.objects.get().received_at == MONDAY


@needs_dovecot
def test_a_new_uidvalidity_brings_nothing_twice_and_loses_nothing(dovecot: Dovecot) -> None:
    dovecot.put(ONE, TWO)
    box = at_dovecot(dovecot)
    fetch(box, at=MONDAY)
    before = afresh(box).uid_validity
    dovecot.renumber()
    with dovecot.box() as person:
        # After a restore nothing is marked as read, and a number may be that of another message.
        person.client.uid("STORE", "1:*", "-FLAGS", r"(\Seen)")
    dovecot.put(THREE)
    assert fetch(afresh(box), at=MONDAY) == 3
    assert stored() == [ONE, TWO, THREE]
    assert afresh(box).uid_validity == (before or 0) + 1
    assert dovecot.unseen() == 0


def test_a_connection_lost_before_the_mark_means_that_it_is_fetched_again_and_stored_once() -> None:
    with ScriptedImap({3: ONE, 4: TWO}, answers={"UID STORE": None}) as peer:
        box = mailbox(peer.port)
        with pytest.raises(NotFetched, match="broke off"):
            fetch(box, at=MONDAY)
        assert stored() == [ONE]
        assert peer.seen == set()
        peer.answers.clear()
        assert fetch(afresh(box), at=MONDAY) == 2
        assert peer.seen == {3, 4}
    assert stored() == [ONE, TWO]


def test_nothing_is_marked_that_could_not_be_stored() -> None:
    with ScriptedImap({3: ONE}) as peer:
        box = mailbox(peer.port)
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE tickets_inboundmessage RENAME TO elsewhere")
        with pytest.raises(Exception, match="tickets_inboundmessage"):
            fetch(box, at=MONDAY)
        assert peer.seen == set()
        assert not any("STORE" in said for said in peer.heard)


def test_the_same_uid_twice_is_one_message() -> None:
    found = (b"* SEARCH 3 3", b"* SEARCH 3", b"{tag} OK Done")
    with ScriptedImap({3: ONE}, answers={"UID SEARCH": found}) as peer:
        box = mailbox(peer.port)
        assert [fetch(box, at=MONDAY), fetch(box, at=MONDAY)] == [1, 1]
    assert stored() == [ONE]


def test_another_folder_with_the_same_numbers_is_not_taken_for_the_old_one() -> None:
    with ScriptedImap({3: ONE}) as peer:
        box = mailbox(peer.port)
        fetch(box, at=MONDAY)
        peer.messages, peer.seen = {3: TWO}, set()
        fetch(afresh(box), at=MONDAY)
    assert stored() == [ONE, TWO]


def test_a_message_that_the_server_cannot_give_does_not_stop_the_others() -> None:
    with ScriptedImap({3: ONE, 4: TWO}) as peer:
        peer.spoiled = {3}
        box = mailbox(peer.port)
        assert fetch(box, at=MONDAY) == 1
        now = afresh(box)
        assert "Message 3: " in now.last_error
        assert (now.paused_until, now.failures) == (None, 0)
        peer.spoiled = set()
        assert fetch(now, at=MONDAY) == 1
    assert stored() == [TWO, ONE]
    assert afresh(box).last_error == ""


def test_a_server_that_gives_no_message_at_all_is_left_alone_for_a_while() -> None:
    messages = dict.fromkeys(range(1, 100), ONE)
    with ScriptedImap(messages) as peer:
        peer.spoiled = set(messages)
        box = mailbox(peer.port)
        with pytest.raises(NotFetched, match="Message 20: "):
            fetch(box, at=MONDAY)
    assert afresh(box).paused_until == MONDAY + MINUTE


def test_a_message_above_the_limit_is_stored_as_headers_with_a_notice(settings: Any) -> None:
    settings.MAX_MAIL_BYTES = 200
    with ScriptedImap({3: ONE + b"x" * 500}) as peer:
        assert fetch(mailbox(peer.port), at=MONDAY) == 1
        assert peer.seen == {3}
    (raw,) = stored()
    assert raw.startswith(b"From: bob@client.example\r\nSubject: One\r\n")
    assert b"at most 200 bytes are accepted here" in raw


def test_as_soon_as_the_time_is_up_no_further_message_is_begun() -> None:
    with ScriptedImap({3: ONE, 4: TWO}) as peer:
        box = mailbox(peer.port)
        assert fetch(box, at=MONDAY, seconds=0) == 0
        assert peer.seen == set()
        assert fetch(box, at=MONDAY) == 2


@needs_dovecot
@pytest.mark.django_db(transaction=True)
def test_of_those_who_fetch_one_mailbox_at_once_each_message_is_stored_once(
    dovecot: Dovecot,
) -> None:
    dovecot.put(ONE, TWO, THREE)
    box = at_dovecot(dovecot)
    counts = at_once(*[lambda: fetch(box, at=MONDAY)] * 4)
    assert all(isinstance(count, int) for count in counts), counts
    assert sorted(stored()) == sorted([ONE, TWO, THREE])
    assert dovecot.unseen() == 0


@pytest.mark.django_db(transaction=True)
def test_a_mailbox_that_another_process_reads_is_left_to_it() -> None:
    with ScriptedImap({3: ONE}) as peer:
        box = mailbox(peer.port)
        with fetching._held(box) as mine:
            assert mine
            assert at_once(lambda: fetch(box, at=MONDAY)) == [0]
            assert peer.heard == []
        assert at_once(lambda: fetch(box, at=MONDAY)) == [1]


# --- Trouble --------------------------------------------------------------------------------------


def test_one_mailbox_in_trouble_stops_no_other_and_waits_longer_each_time() -> None:
    with closed_port() as port, ScriptedImap({3: ONE}) as peer:
        broken, well = mailbox(port), mailbox(peer.port)
        assert fetch_due(at=MONDAY, seconds=60) == 1
        assert stored() == [ONE]
        assert afresh(broken).last_error == (
            f"No connection to 127.0.0.1:{port}: Connection refused."
        )
        assert afresh(well).paused_until is None
        waits, at = [], MONDAY
        for failures in range(1, 6):
            now = afresh(broken)
            assert (now.failures, now.last_fetched_at) == (failures, None)
            assert now.paused_until is not None
            waits.append((now.paused_until - at) // MINUTE)
            at = now.paused_until
            fetch_due(at=at - MINUTE / 60, seconds=60)
            assert afresh(broken).failures == failures
            fetch_due(at=at, seconds=60)
    assert waits == [1, 5, 15, 60, 60]


@needs_dovecot
def test_a_wrong_password_waits_longer_and_the_right_one_clears_it(dovecot: Dovecot) -> None:
    box = at_dovecot(dovecot, secret="wrong")
    dovecot.put(ONE)
    for wait in (15, 60, 60):
        fetch_due(at=MONDAY, seconds=60)
        now = afresh(box)
        assert now.paused_until == MONDAY + wait * MINUTE
        assert "does not let support@desk.example in: " in now.last_error
        assert "wrong" not in now.last_error
        Mailbox.objects.update(paused_until=None)
    now.secret = PASSWORD
    now.save()
    assert fetch(afresh(box), at=MONDAY) == 1
    now = afresh(box)
    assert (now.failures, now.paused_until, now.last_error) == (0, None, "")


@needs_dovecot
@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"folder": "Missing"}, "has no folder Missing for this login"),
        ({"security": "tls"}, "No TLS with 127.0.0.1"),
        ({"auth": "xoauth2"}, "does not let support@desk.example in"),
    ],
)
def test_wrong_settings_are_on_the_mailboxs_row(
    dovecot: Dovecot, fields: dict[str, str], words: str
) -> None:
    box = at_dovecot(dovecot, **fields)
    with pytest.raises(NotFetched, match=words):
        fetch(box, at=MONDAY)
    assert words in afresh(box).last_error


def test_a_secret_of_another_key_is_named_and_nobody_is_asked(settings: Any) -> None:
    with ScriptedImap() as peer:
        box = mailbox(peer.port)
        settings.SECRET_KEY = "another"
        with pytest.raises(NotFetched, match="enter it again"):
            fetch(afresh(box), at=MONDAY)
        assert peer.heard == []
    now = afresh(box)
    assert now.last_error == ("This secret was encrypted with another SECRET_KEY: enter it again.")
    assert now.paused_until == MONDAY + 15 * MINUTE


def test_only_active_mailboxes_with_a_server_are_fetched() -> None:
    with ScriptedImap({3: ONE}) as peer:
        mailbox(peer.port, is_active=False)
        mailbox(peer.port, host="")
        assert fetch_due(at=MONDAY, seconds=60) == 0
        assert peer.heard == []


def test_those_that_waited_longest_have_their_turn_first() -> None:
    with ScriptedImap({3: ONE}) as first, ScriptedImap({3: TWO}) as second:
        mailbox(second.port, last_fetched_at=MONDAY - MINUTE)
        mailbox(first.port, last_fetched_at=MONDAY - 2 * MINUTE)
        new = mailbox(first.port)
        assert fetch_due(at=MONDAY, seconds=60) == 2
        assert InboundMessage.objects.earliest("pk").mailbox == new
        assert fetch_due(at=MONDAY, seconds=0) == 0


def told() -> list[Delivery]:
    return list(Delivery.objects.filter(occasion="mailbox").order_by("created_at"))


@pytest.mark.usefixtures("policy")
def test_administrators_hear_at_once_of_a_refused_login() -> None:
    ada = factories.agent("ada@desk.example", group="Administrator", time_zone="Asia/Kolkata")
    factories.agent(group="Agent")
    with ScriptedImap(answers={"LOGIN": (b"{tag} NO <b>Go away</b>",)}) as peer:
        box = mailbox(peer.port, last_fetched_at=MONDAY - 60 * MINUTE)
        fetch_due(at=MONDAY, seconds=60)
    (mail,) = told()
    assert (mail.recipient, mail.user) == ("ada@desk.example", ada)
    assert mail.subject == f"Helpdesk: mail to {box.address} is not fetched"
    assert "does not let support in: <b>Go away</b>" in mail.text
    assert "&lt;b&gt;Go away" in mail.html
    for words in (mail.text, mail.html):
        assert "It was last fetched Mon 2 Nov, 09:00 IST." in words
        assert "The next attempt is Mon 2 Nov, 10:15 IST" in words
        assert "http://127.0.0.1:8000/admin/tickets/mailbox/" in words
        assert "secret" not in words


@pytest.mark.usefixtures("policy")
def test_administrators_hear_of_other_trouble_when_it_lasts_and_again_when_it_comes_back() -> None:
    with ScriptedImap(answers={"SELECT": None}) as peer:
        box = mailbox(peer.port)
        for round_ in range(1, 9):
            fetch_due(at=MONDAY + round_ * 60 * MINUTE, seconds=60)
            assert len(told()) == (round_ >= 3)
        assert "It has never been fetched." in told()[0].text
        peer.answers.clear()
        assert fetch(box, at=MONDAY) == 0
        peer.answers["SELECT"] = None
        for round_ in range(11, 14):
            fetch_due(at=MONDAY + round_ * 60 * MINUTE, seconds=60)
    assert len(told()) == 2


# --- A trial --------------------------------------------------------------------------------------


def test_a_trial_says_what_it_found_and_fetches_nothing() -> None:
    with ScriptedImap({3: ONE, 4: TWO}) as peer:
        box = mailbox(peer.port, paused_until=MONDAY, failures=3, last_error="Was away.")
        words = "Signed in to 127.0.0.1. Unread messages in the folder INBOX: 2."
        assert fetching.try_connection(box) == words
        assert peer.seen == set()
    assert stored() == []
    now = afresh(box)
    assert (now.failures, now.paused_until, now.last_error) == (0, None, "")


def test_a_trial_that_fails_changes_nothing() -> None:
    with ScriptedImap(answers={"LOGIN": (b"{tag} NO Go away",)}) as peer:
        box = mailbox(peer.port, failures=1, last_error="Was away.")
        with pytest.raises(NotFetched, match="Go away"):
            fetching.try_connection(box)
    assert (afresh(box).failures, afresh(box).last_error) == (1, "Was away.")
