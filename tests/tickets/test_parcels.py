"""Files that the desk sends by itself wait in the outbox with their mails, and go when these have.

Who reads which mails of the desk that belong to no ticket is here as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import transaction
from django.db.models.functions import Now

from tests import factories
from tests.factories import MONDAY
from tests.peers import SmtpPeer, mail_goes_to
from tickets import delivery, outbox
from tickets.channels.base import File
from tickets.models import Delivery, Enclosure, Parcel, User
from tickets.models.mail import CUSTOMER_REPORT, DIGEST, SAVED_REPORT

pytestmark = pytest.mark.usefixtures("policy")

FILES = [
    File("chart.png", "image/png", b"\x89PNG\r\n\x1a\n\0", "chart@report"),
    File("table.csv", "text/csv", b"a,b\r\n"),
]
LATER = MONDAY + outbox.KEPT_FOR_RETRIES + timedelta(seconds=1)


@pytest.fixture
def peer(settings: Any) -> Iterator[SmtpPeer]:
    with SmtpPeer() as running:
        mail_goes_to(running.port, settings)
        yield running


def send_to(*readers: User, occasion: str = SAVED_REPORT, cause: str = "one") -> Parcel:
    parcel = outbox.pack(FILES, at=MONDAY)
    html = '<img src="cid:chart@report" alt="A chart">'
    letters = [outbox.Letter(one.email, "Report", "Text.\n", html, one, parcel) for one in readers]
    outbox.queue(letters, occasion=occasion, cause=cause, ticket=None, at=MONDAY)
    return parcel


def test_all_recipients_get_the_files_that_are_kept_once(peer: SmtpPeer) -> None:
    send_to(factories.agent(), factories.agent())
    assert Enclosure.objects.count() == 2
    assert delivery.send_waiting(at=MONDAY) == 2
    for received in peer.received:
        contents = {
            part.get_filename(): part.get_payload(decode=True)
            for part in received.message.walk()
            if part.get_filename()
        }
        assert contents == {file.filename: file.content for file in FILES}


def test_a_second_attempt_sends_the_same_bytes(peer: SmtpPeer) -> None:
    send_to(factories.agent())
    peer.answers["TAKEN"] = "451 4.3.0 Try again later"
    delivery.send_waiting(at=MONDAY)
    assert outbox.empty_parcels(at=MONDAY) == 0
    peer.answers.clear()
    Delivery.objects.update(next_attempt_at=Now())
    delivery.send_waiting(at=MONDAY)
    first, second = (
        [part.get_payload(decode=True) for part in each.message.walk()] for each in peer.received
    )
    assert first == second
    assert peer.received[0].message_id == peer.received[1].message_id


def test_files_go_when_every_mail_with_them_has_gone(peer: SmtpPeer) -> None:
    first, second = factories.agent(), factories.agent()
    parcel = send_to(first, second)
    peer.answers[f"RCPT {second.email}"] = "450 4.2.0 Later"
    delivery.send_waiting(at=MONDAY)
    assert outbox.empty_parcels(at=MONDAY) == 0
    peer.answers.clear()
    Delivery.objects.update(next_attempt_at=Now())
    delivery.send_waiting(at=MONDAY)
    assert outbox.empty_parcels(at=MONDAY) == 1
    assert outbox.empty_parcels(at=MONDAY) == 0
    parcel.refresh_from_db()
    assert parcel.emptied_at == MONDAY
    assert not Enclosure.objects.exists()


def test_what_was_not_delivered_may_be_sent_again_for_a_month(peer: SmtpPeer) -> None:
    send_to(factories.agent())
    peer.answers["RCPT"] = "550 5.1.1 No such user"
    delivery.send_waiting(at=MONDAY)
    row = Delivery.objects.get()
    assert row.state == Delivery.State.DEAD
    assert outbox.empty_parcels(at=LATER - timedelta(days=1)) == 0
    assert outbox.empty_parcels(at=LATER) == 1
    peer.answers.clear()
    delivery.retry(row, at=MONDAY)
    delivery.send_waiting(at=LATER)
    row.refresh_from_db()
    # Never without its pictures, as if they had not been there.
    assert (row.state, peer.received) == (Delivery.State.DEAD, [])
    assert "files are kept no more" in row.last_error


def test_what_is_rolled_back_leaves_no_files() -> None:
    with transaction.atomic():
        send_to(factories.agent())
        transaction.set_rollback(True)
    assert not Enclosure.objects.exists()
    assert not Parcel.objects.exists()


def seen_by(user: User, occasion: str) -> bool:
    visible = Delivery.objects.visible_to(User.objects.get(pk=user.pk))
    return visible.filter(occasion=occasion).exists()


# Occasion -> whether its mail to somebody else is read by an agent (of a desk where agents see all,
# and of another), by a manager, and by a superuser.
OF_OTHERS: list[tuple[str, bool, bool, bool, bool]] = [
    (SAVED_REPORT, False, False, False, True),
    # Managers open the same report of any customer.
    (CUSTOMER_REPORT, False, False, True, True),
    # Names tickets, which who sees them all may read.
    (DIGEST, False, True, True, True),
    # About the desk itself.
    ("watchdog", True, True, True, True),
]


@pytest.mark.parametrize(("occasion", "agents", "all_seeing", "managers", "superusers"), OF_OTHERS)
def test_mails_without_a_ticket_are_read_by_whom_they_concern(
    occasion: str, agents: bool, all_seeing: bool, managers: bool, superusers: bool, settings: Any
) -> None:
    reader, agent = factories.agent(group="Manager"), factories.agent()
    send_to(reader, occasion=occasion)
    assert seen_by(reader, occasion)
    assert seen_by(agent, occasion) is agents
    settings.AGENTS_SEE_ALL = True
    assert seen_by(agent, occasion) is all_seeing
    assert seen_by(factories.agent(group="Manager"), occasion) is managers
    assert seen_by(factories.agent(is_superuser=True), occasion) is superusers
    assert not seen_by(factories.customer(), occasion)
    # Every ticket is no report.
    agent.user_permissions.add(Permission.objects.get(codename="view_every_ticket"))
    assert seen_by(agent, occasion) is all_seeing
    User.objects.filter(pk=reader.pk).update(is_active=False)
    assert not seen_by(reader, occasion)


def test_the_list_of_deliveries_says_nothing_of_the_reports_of_others(client: Any) -> None:
    manager = factories.agent(group="Manager")
    send_to(manager)
    row = Delivery.objects.get()
    client.force_login(factories.agent())
    assert manager.email not in client.get("/admin/tickets/delivery/").content.decode()
    assert client.get(f"/admin/tickets/delivery/{row.pk}/change/").status_code == 302
    client.force_login(manager)
    assert manager.email in client.get("/admin/tickets/delivery/").content.decode()
