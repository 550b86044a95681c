"""Messages are queued once, in the transaction of their cause, and the senders are woken up."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from typing import Any

import pytest
from celery import Celery, current_app
from django.db import transaction

from tests import factories
from tests.factories import MONDAY
from tests.notified import mail_notifications
from tests.peers import closed_port
from tests.times import nov
from tickets import lifecycle, outbox
from tickets.models import Delivery, Ticket
from tickets.refusals import NothingSaid


def letter(address: str) -> outbox.Letter:
    return outbox.Letter(address, "Hello", "Some words.\n", "<p>Some words.</p>")


def queue(ticket: Ticket, cause: str, *addresses: str) -> None:
    letters = [letter(address) for address in addresses]
    outbox.queue(letters, occasion="reply", cause=cause, ticket=ticket, at=MONDAY)


@pytest.mark.usefixtures("policy")
def test_a_cause_reaches_each_address_once() -> None:
    ticket = factories.ticket()
    queue(ticket, "message:1", "a@client.example", "b@client.example", "a@client.example")
    queue(ticket, "message:1", "b@client.example", "c@client.example")
    queue(ticket, "message:2", "a@client.example")
    assert sorted(Delivery.objects.filter(occasion="reply").values_list("key", flat=True)) == [
        "message:1:a@client.example",
        "message:1:b@client.example",
        "message:1:c@client.example",
        "message:2:a@client.example",
    ]


@pytest.mark.usefixtures("policy")
def test_a_new_delivery_waits_from_its_cause_on() -> None:
    ticket = factories.ticket(at=nov(2, "11:00"))
    row = Delivery.objects.get(ticket=ticket)
    assert (row.state, row.attempts, row.channel) == (Delivery.State.QUEUED, 0, "email")
    assert row.created_at == row.next_attempt_at == nov(2, "11:00")
    assert (row.sent_at, row.lease_token, row.last_error) == (None, None, "")


@pytest.mark.usefixtures("policy")
def test_message_ids_are_unique_and_of_our_domain(settings: Any) -> None:
    settings.DEFAULT_FROM_EMAIL = "Help <help@mail.acme.example>"
    ticket = factories.ticket()
    queue(ticket, "message:1", *[f"{n}@client.example" for n in range(20)])
    made = Delivery.objects.values_list("mail_message_id", flat=True)
    assert len(set(made)) == 21
    pattern = rf"<{ticket.reference.lower()}\.[0-9a-f]{{24}}@mail\.acme\.example>"
    assert all(re.fullmatch(pattern, message_id) for message_id in made)


@pytest.mark.usefixtures("policy")
def test_an_address_may_be_as_long_as_addresses_may_be() -> None:
    long = f"{'a' * 64}@{'.'.join(['b' * 59] * 3)}.example"  # RFC 5321: at most 254.
    assert 250 <= len(long) <= 254
    agent = factories.agent()
    ticket = factories.ticket(requester=factories.customer(long))
    lifecycle.reply(ticket=ticket, by=agent, text="Hello.", at=nov(2, "11:00"))
    tallest = factories.agent(long.replace("a", "c"))
    lifecycle.assign(ticket=ticket, by=agent, assignee=tallest, at=nov(2, "11:00"))
    mail_notifications()
    to = Delivery.objects.order_by("created_at", "occasion").values_list("recipient", "occasion")
    assert list(to) == [
        (long, "acknowledgement"),
        (long, "reply"),
        (tallest.email, "assignment"),
    ]


@pytest.mark.usefixtures("policy")
def test_what_is_refused_or_rolled_back_sends_nothing() -> None:
    ticket, agent = factories.ticket(), factories.agent()
    before = Delivery.objects.count()
    with pytest.raises(NothingSaid):
        lifecycle.resolve(ticket=ticket, by=agent, text=" ", at=nov(2, "11:00"))
    with transaction.atomic():
        lifecycle.reply(ticket=ticket, by=agent, text="Hello.", at=nov(2, "11:00"))
        transaction.set_rollback(True)
    assert Delivery.objects.count() == before


@pytest.mark.usefixtures("policy")
def test_one_transaction_wakes_the_senders_once(
    django_capture_on_commit_callbacks: Any,
) -> None:
    with django_capture_on_commit_callbacks() as callbacks:
        ticket = factories.ticket()
        lifecycle.reply(ticket=ticket, by=factories.agent(), text="Hello.", at=nov(2, "11:00"))
    assert len(callbacks) == 1


@pytest.fixture
def dead_broker(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Celery as it is while its broker is away."""
    alive = current_app._get_current_object()
    with closed_port() as port:
        monkeypatch.setenv("CELERY_BROKER_URL", f"redis://127.0.0.1:{port}/0")
        app = Celery("dead", set_as_current=True)
        # As the settings have it for Redis.
        app.conf.broker_transport_options = settings.CELERY_TASK_PUBLISH_RETRY_POLICY
        try:
            yield
        finally:
            alive.set_current()
            app.close()


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("policy", "dead_broker")
def test_a_dead_broker_loses_nothing(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        ticket = factories.ticket()
    assert "_send_wake_up" in caplog.text
    assert Delivery.objects.get(ticket=ticket).state == Delivery.State.QUEUED
