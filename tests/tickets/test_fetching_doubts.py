"""A message that hangs or breaks the connection holds up no other, and is not forgotten."""

from __future__ import annotations

import socket
from contextlib import suppress
from datetime import datetime, timedelta

import pytest

from tests.factories import MONDAY
from tests.scripted_imap import ScriptedImap
from tickets.fetching import NotFetched, fetch
from tickets.models import InboundMessage, Mailbox

pytestmark = pytest.mark.django_db

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


class Fragile(ScriptedImap):
    """Hangs up when it is asked for one of `poison`; finds by number what is read as well."""

    def __init__(self, *uids: int, poison: set[int], sizes: set[int] | None = None) -> None:
        self.poison, self.without_size = poison, sizes or set()
        super().__init__({uid: mail(uid) for uid in uids})

    def _serve(self, connection: socket.socket) -> None:
        super()._serve(connection)
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)

    def _usual(self, name: str, arguments: str) -> list[bytes]:
        words = arguments.split()
        if name == "UID FETCH":
            asked = set(map(int, words[0].split(",")))
            if asked & (self.poison if "BODY" in arguments else self.without_size):
                raise OSError("hung up")
        if name != "UID SEARCH" or words[0] == "UNSEEN":
            return super()._usual(name, arguments)
        first = int(words[1].partition(":")[0]) if words[0] == "UID" else 0
        # The last message is named in any case (RFC 9051, 6.4.4).
        found = [uid for uid in self.messages if uid >= first] or [max(self.messages)]
        return [b" ".join([b"* SEARCH", *(b"%d" % uid for uid in found)])]


def mail(uid: int) -> bytes:
    return f"From: a{uid}@b.example\r\nSubject: {uid}\r\n\r\nThe printer burns.\r\n".encode()


def mailbox(port: int) -> Mailbox:
    return Mailbox.objects.create(
        address="support@desk.example", host="127.0.0.1", port=port, security="plain",
        login="support", secret="secret",
    )  # fmt: skip


def visit(at: datetime) -> int | None:
    """One run of a worker; None for trouble."""
    try:
        return fetch(Mailbox.objects.get(), at=at)
    except NotFetched:
        return None


def stored() -> set[int]:
    raws = InboundMessage.objects.values_list("raw", flat=True)
    return {int(bytes(raw).split(b"Subject: ")[1].split()[0]) for raw in raws}


def test_a_message_that_breaks_the_connection_holds_up_no_other_and_is_tried_each_hour() -> None:
    with Fragile(1, 2, 3, 4, poison={2}) as peer:
        mailbox(peer.port)
        assert visit(MONDAY) is None
        assert stored() == {1}
        # The others first; then the mailbox is well, but for that one.
        assert visit(MONDAY + MINUTE) == 2
        assert stored() == {1, 3, 4}
        box = Mailbox.objects.get()
        assert (box.failures, box.paused_until) == (0, None)
        assert box.last_error.startswith("Message 2: 127.0.0.1")
        assert box.last_error.endswith("It failed 2 times, and is tried each hour.")
        peer.heard.clear()
        peer.messages[5] = mail(5)
        assert visit(MONDAY + HOUR) == 1
        assert not any("FETCH 2 " in said for said in peer.heard)
        assert visit(MONDAY + 2 * HOUR) == 0
        assert "It failed 3 times" in Mailbox.objects.get().last_error
        peer.poison = set()
        assert visit(MONDAY + 2 * HOUR + MINUTE) == 0
        assert visit(MONDAY + 3 * HOUR) == 1
    box = Mailbox.objects.get()
    assert (stored(), box.doubts, box.last_error) == ({1, 2, 3, 4, 5}, {}, "")


def test_several_such_messages_hold_up_nothing_either() -> None:
    with Fragile(*range(1, 10), poison={1, 4, 5, 9}) as peer:
        mailbox(peer.port)
        for minute in range(12):
            visit(MONDAY + minute * MINUTE)
        assert stored() == {2, 3, 6, 7, 8}
        peer.messages[10] = mail(10)
        assert visit(MONDAY + 13 * MINUTE) == 1
        peer.poison = {4}
        for minute in range(4):
            visit(MONDAY + 2 * HOUR + minute * MINUTE)
    assert stored() == {1, 2, 3, 5, 6, 7, 8, 9, 10}
    assert list(Mailbox.objects.get().doubts) == ["4"]


def test_a_message_whose_size_breaks_the_connection_is_found_out() -> None:
    with Fragile(1, 2, 3, poison=set(), sizes={2}) as peer:
        mailbox(peer.port)
        assert visit(MONDAY) is None
        for minute in range(1, 5):
            visit(MONDAY + minute * MINUTE)
    assert stored() == {1, 3}
    assert list(Mailbox.objects.get().doubts) == ["2"]


def test_what_was_refused_once_and_then_read_by_a_person_is_fetched_all_the_same() -> None:
    with Fragile(1, 2, 3, poison=set()) as peer:
        mailbox(peer.port)
        peer.spoiled = {2}
        assert visit(MONDAY) == 2
        peer.spoiled, peer.seen = set(), {1, 2, 3}
        assert visit(MONDAY + MINUTE) == 1
        assert stored() == {1, 2, 3}
        # What is gone is in doubt no more.
        peer.messages[4], peer.spoiled = mail(4), {4}
        visit(MONDAY + 2 * MINUTE)
        assert list(Mailbox.objects.get().doubts) == ["4"]
        del peer.messages[4]
        assert visit(MONDAY + 3 * MINUTE) == 0
    assert Mailbox.objects.get().doubts == {}


def test_how_far_it_came_before_the_trouble_is_kept() -> None:
    with Fragile(1, 2, 3, 4, poison={3}) as peer:
        mailbox(peer.port)
        peer.seen = {1, 2, 3, 4}
        Mailbox.objects.update(uid_validity=7, last_uid=0, failures=2)
        assert visit(MONDAY) is None
        box = Mailbox.objects.get()
        assert (box.last_uid, list(box.doubts)) == (3, ["3"])
        # A server that gave something is in trouble for the first time.
        assert (box.failures, box.paused_until) == (1, MONDAY + MINUTE)
        peer.heard.clear()
        assert visit(MONDAY + MINUTE) == 1
        assert any("SEARCH UID 4:*" in said for said in peer.heard)
    assert stored() == {1, 2, 4}


def test_a_folder_that_was_made_anew_has_no_message_in_doubt() -> None:
    with Fragile(1, 2, poison={1}) as peer:
        mailbox(peer.port)
        assert visit(MONDAY) is None
        peer.uid_validity, peer.poison = 8, set()
        assert visit(MONDAY + MINUTE) == 2
    assert Mailbox.objects.get().doubts == {}


def test_what_was_read_before_the_first_time_is_left_alone_the_next_time_as_well() -> None:
    with Fragile(1, 2, 3, poison=set()) as peer:
        mailbox(peer.port)
        peer.seen = {2, 3}
        assert [visit(MONDAY), visit(MONDAY + MINUTE)] == [1, 0]
        peer.messages[4] = mail(4)
        peer.seen.add(4)
        assert visit(MONDAY + 2 * MINUTE) == 1
    assert stored() == {1, 4}
