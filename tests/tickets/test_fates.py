"""What became of a message after it was sent: reports come twice, late and in any order."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest

from tests import factories
from tests.factories import MONDAY
from tests.peers import SmtpPeer, mail_goes_to
from tickets import delivery
from tickets.channels.mail.incoming import Action, Bounce, BouncedRecipient
from tickets.models import Delivery, Event, Ticket, UndeliverableAddress

pytestmark = pytest.mark.usefixtures("policy")

Fate = Delivery.Fate
HOUR = timedelta(hours=1)


@pytest.fixture
def sent() -> Delivery:
    row: Delivery = factories.ticket().deliveries.get()
    row.state, row.provider_id = Delivery.State.SENT, "abc-1"
    row.recipient = "Asha@client.example"
    row.save()
    return row


def again(row: Delivery) -> Delivery:
    return Delivery.objects.get(pk=row.pk)


def undelivered() -> list[str]:
    events = Event.objects.filter(kind=Event.Kind.UNDELIVERED)
    return list(events.values_list("detail", flat=True))


def bounce(*recipients: tuple[str, Action, bool]) -> Bounce:
    return Bounce(
        "delivery",
        "<1@example.com>",
        tuple(
            BouncedRecipient(address, action, "5.1.1", "550 No such user", hard)
            for address, action, hard in recipients
        ),
    )


REPORTS: list[tuple[Delivery.Fate, timedelta, str]] = [
    (Fate.DELAYED, HOUR, "451 Later"),
    (Fate.DELAYED, 2 * HOUR, "451 Later still"),
    (Fate.DELIVERED, 3 * HOUR, "250 OK"),
    (Fate.COMPLAINED, 4 * HOUR, ""),
]


@pytest.mark.parametrize("order", list(permutations(range(len(REPORTS)))))
def test_in_any_order_the_last_word_is_the_same(sent: Delivery, order: tuple[int, ...]) -> None:
    for n in (*order, *order):  # And each of them twice.
        fate, after, detail = REPORTS[n]
        delivery.report(provider_id="abc-1", fate=fate, at=MONDAY + after, detail=detail)
    assert (again(sent).fate, again(sent).fate_at) == (Fate.COMPLAINED, MONDAY + 4 * HOUR)
    assert undelivered() == []


@pytest.mark.parametrize("first", [Fate.DELAYED, Fate.DELIVERED])
def test_what_came_back_stays_so(sent: Delivery, first: Delivery.Fate) -> None:
    delivery.report(delivery=sent, fate=first, at=MONDAY)
    delivery.report(delivery=sent, fate=Fate.BOUNCED, at=MONDAY + HOUR, detail="550 No", hard=True)
    delivery.report(delivery=sent, fate=first, at=MONDAY + 2 * HOUR)
    row = again(sent)
    assert (row.fate, row.fate_at, row.fate_detail) == (Fate.BOUNCED, MONDAY + HOUR, "550 No")
    assert row.state == Delivery.State.SENT
    assert len(undelivered()) == 1


def test_of_two_reports_of_one_fate_the_earlier_one_counts(sent: Delivery) -> None:
    delivery.report(delivery=sent, fate=Fate.DELIVERED, at=MONDAY + HOUR)
    delivery.report(delivery=sent, fate=Fate.DELIVERED, at=MONDAY)
    assert again(sent).fate_at == MONDAY


def test_a_report_about_nothing_of_ours_changes_nothing(sent: Delivery) -> None:
    assert delivery.report(provider_id="unknown", fate=Fate.BOUNCED, at=MONDAY) is None
    assert delivery.report(provider_id="", fate=Fate.BOUNCED, at=MONDAY) is None
    assert not Delivery.objects.exclude(fate="").exists()


def test_a_detail_of_any_length_and_with_any_byte_is_kept(sent: Delivery) -> None:
    delivery.report(delivery=sent, fate=Fate.BOUNCED, at=MONDAY, detail="550 \0" * 9999)
    assert 0 < len(again(sent).fate_detail) <= delivery.LONGEST_REASON


@pytest.mark.parametrize(
    ("action", "fate"),
    [
        ("failed", Fate.BOUNCED),
        ("delayed", Fate.DELAYED),
        ("delivered", Fate.DELIVERED),
        ("relayed", Fate.DELIVERED),
        ("expanded", Fate.DELIVERED),
        ("", ""),
    ],
)
def test_the_action_of_a_report_decides(sent: Delivery, action: Action, fate: str) -> None:
    report = bounce((sent.recipient, action, False))
    delivery.report_bounce(sent, report, at=MONDAY)
    assert again(sent).fate == fate


def test_a_hard_bounce_marks_the_address_and_tells_the_agents(sent: Delivery) -> None:
    report = bounce((sent.recipient, "failed", True))
    for _ in range(2):
        delivery.report_bounce(sent, report, at=MONDAY + HOUR)
    marked = UndeliverableAddress.objects.get()
    assert (marked.address, marked.at, marked.delivery) == (
        "asha@client.example", MONDAY + HOUR, sent,
    )  # fmt: skip
    assert marked.reason == "5.1.1 550 No such user"
    assert undelivered() == [
        f"{sent.subject} to Asha@client.example: came back. 5.1.1 550 No such user"
    ]


def test_a_soft_bounce_tells_the_agents_and_marks_nothing(sent: Delivery) -> None:
    delivery.report_bounce(sent, bounce((sent.recipient, "failed", False)), at=MONDAY)
    assert not UndeliverableAddress.objects.exists()
    assert len(undelivered()) == 1


def test_a_hard_bounce_after_a_soft_one_marks_the_address_too(sent: Delivery) -> None:
    delivery.report(delivery=sent, fate=Fate.BOUNCED, at=MONDAY, detail="452 Later")
    for _ in range(2):
        delivery.report(
            delivery=sent, fate=Fate.BOUNCED, at=MONDAY + HOUR, detail="550 Never", hard=True
        )
    marked = UndeliverableAddress.objects.get()
    assert (marked.address, marked.at, marked.reason) == (
        "asha@client.example", MONDAY + HOUR, "550 Never",
    )  # fmt: skip
    assert (again(sent).fate_at, again(sent).fate_detail) == (MONDAY, "452 Later")
    assert [detail.rpartition(": ")[2] for detail in undelivered()] == [
        "came back. 452 Later", "came back. 550 Never",
    ]  # fmt: skip


def test_a_hard_bounce_that_is_reported_again_does_not_mark_a_cleared_address(
    sent: Delivery,
) -> None:
    for _ in range(2):
        delivery.report(delivery=sent, fate=Fate.BOUNCED, at=MONDAY, detail="550 No", hard=True)
        UndeliverableAddress.objects.all().delete()
    assert len(undelivered()) == 1


def test_a_report_marks_nobody_but_the_recipient(sent: Delivery) -> None:
    """Whoever gets a mail of ours can write a report about it, with any address in it."""
    report = bounce(("victim@client.example", "failed", True))
    delivery.report_bounce(sent, report, at=MONDAY)
    marked = UndeliverableAddress.objects.get()
    assert marked.address == "asha@client.example"


def test_a_complaint_is_no_bounce(sent: Delivery) -> None:
    delivery.report_bounce(sent, Bounce("complaint", "<1@example.com>"), at=MONDAY)
    assert again(sent).fate == Fate.COMPLAINED
    assert undelivered() == []


def test_nothing_is_sent_to_an_undeliverable_address_until_it_is_cleared(
    settings: Any, sent: Delivery
) -> None:
    delivery.report_bounce(sent, bounce((sent.recipient, "failed", True)), at=MONDAY)
    Event.objects.all().delete()
    ticket: Ticket = factories.ticket(requester=factories.customer("asha@client.example"))
    row = ticket.deliveries.get()
    with SmtpPeer() as peer:
        mail_goes_to(peer.port, settings)
        delivery.send_waiting(at=MONDAY)
        assert peer.received == []
        assert again(row).state == Delivery.State.DEAD
        assert "Nothing is sent to asha@client.example" in undelivered()[0]
        UndeliverableAddress.objects.all().delete()
        delivery.retry(again(row), at=MONDAY)
        delivery.send_waiting(at=MONDAY)
        assert [mail.message_id for mail in peer.received] == [row.mail_message_id]


def test_a_report_that_overtakes_the_end_of_sending_is_kept(settings: Any) -> None:
    row = factories.ticket().deliveries.get()
    leased = delivery.lease_next()
    assert leased is not None
    delivery.report(delivery=row, fate=Fate.DELIVERED, at=MONDAY)
    with SmtpPeer() as peer:
        mail_goes_to(peer.port, settings)
        delivery.send(leased, at=MONDAY)
    assert (again(row).state, again(row).fate) == (Delivery.State.SENT, Fate.DELIVERED)
