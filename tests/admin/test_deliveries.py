"""The outbox in the admin: everything can be looked at, only what is dead can be sent again."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from sla.models import Policy
from tests import factories
from tickets import delivery, lifecycle
from tickets.models import Delivery, UndeliverableAddress

LIST = "/admin/tickets/delivery/"
ADDRESSES = "/admin/tickets/undeliverableaddress/"
BOUNCED = Delivery.Fate.BOUNCED


@pytest.fixture
def desk(client: Client, policy: Policy) -> Client:
    client.force_login(factories.agent())
    return client


def dead() -> Delivery:
    """A message that could not be delivered."""
    delivery = factories.ticket().deliveries.get()
    delivery.state = Delivery.State.DEAD
    delivery.last_error = "550 No such user"
    delivery.attempts = 3
    delivery.save()
    return delivery


def test_the_list_says_what_became_of_each_message(desk: Client) -> None:
    delivery = dead()
    page = desk.get(LIST).content.decode()
    assert delivery.recipient in page
    assert "Not delivered" in page
    assert "550 No such user" in page


def test_the_page_of_a_delivery_shows_its_full_text_and_no_field_to_change(desk: Client) -> None:
    delivery = dead()
    page = desk.get(f"{LIST}{delivery.pk}/change/").content.decode()
    first_line = delivery.text.splitlines()[0]
    assert first_line in page
    assert delivery.mail_message_id.strip("<>") in page
    assert 'name="text"' not in page
    assert 'name="_save"' not in page


def test_deliveries_are_found_by_recipient_and_by_the_tickets_reference(desk: Client) -> None:
    one, other = dead(), dead()
    assert one.ticket is not None
    for term in (one.recipient, one.ticket.reference.lower()):
        page = desk.get(LIST, {"q": term}).content.decode()
        assert one.recipient in page
        assert other.recipient not in page


def test_deliveries_are_filtered_by_state_and_occasion(desk: Client) -> None:
    one, other = dead(), factories.ticket().deliveries.get()
    page = desk.get(LIST, {"state__exact": "dead"}).content.decode()
    assert (one.recipient in page, other.recipient in page) == (True, False)
    page = desk.get(LIST, {"occasion": "reply"}).content.decode()
    assert one.recipient not in page


def test_a_dead_delivery_is_queued_again_from_its_page(desk: Client) -> None:
    delivery = dead()
    page = desk.get(f"{LIST}{delivery.pk}/change/").content.decode()
    assert f'action="{LIST}{delivery.pk}/retry/"' in page
    before = timezone.now()
    response = desk.post(f"{LIST}{delivery.pk}/retry/", follow=True)
    assert "Queued again: 1." in response.content.decode()
    message_id = delivery.mail_message_id
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts) == (Delivery.State.QUEUED, 0)
    assert before <= delivery.next_attempt_at <= timezone.now()
    assert delivery.mail_message_id == message_id


def test_the_action_queues_the_dead_ones_again_and_leaves_the_others_alone(desk: Client) -> None:
    gone, sent = dead(), factories.ticket().deliveries.get()
    Delivery.objects.filter(pk=sent.pk).update(state=Delivery.State.SENT)
    chosen = [str(gone.pk), str(sent.pk)]
    form = {"action": "retry_selected", "_selected_action": chosen}
    page = desk.post(LIST, form, follow=True).content.decode()
    assert "Queued again: 1." in page
    assert "Left alone, because not dead: 1." in page
    states = dict(Delivery.objects.values_list("pk", "state"))
    assert states == {gone.pk: Delivery.State.QUEUED, sent.pk: Delivery.State.SENT}


def test_what_is_not_dead_cannot_be_sent_twice(desk: Client) -> None:
    sent = factories.ticket().deliveries.get()
    Delivery.objects.update(state=Delivery.State.SENT)
    assert "Retry</button>" not in desk.get(f"{LIST}{sent.pk}/change/").content.decode()
    desk.post(f"{LIST}{sent.pk}/retry/")
    sent.refresh_from_db()
    assert sent.state == Delivery.State.SENT


def test_a_retry_is_a_post_with_its_token(policy: Policy) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(factories.agent())
    delivery = dead()
    assert strict.get(f"{LIST}{delivery.pk}/retry/").status_code == 405
    assert strict.post(f"{LIST}{delivery.pk}/retry/").status_code == 403
    delivery.refresh_from_db()
    assert delivery.state == Delivery.State.DEAD


@pytest.mark.parametrize("group", ["Agent", "Manager", "Administrator"])
def test_nobody_adds_changes_or_deletes_a_delivery(
    client: Client, policy: Policy, group: str
) -> None:
    client.force_login(factories.agent(group=group))
    delivery = dead()
    assert client.post(f"{LIST}add/").status_code == 403
    assert client.post(f"{LIST}{delivery.pk}/delete/", {"post": "yes"}).status_code == 403
    assert client.post(f"{LIST}{delivery.pk}/change/", {"text": "Changed"}).status_code == 403
    assert Delivery.objects.get(pk=delivery.pk).text == delivery.text


def test_the_list_takes_as_many_queries_for_many_rows_as_for_few(desk: Client) -> None:
    ticket = factories.ticket()
    agent = factories.agent()
    lifecycle.reply(ticket=ticket, by=agent, text="Hello.", at=factories.MONDAY)
    desk.get(LIST)
    with CaptureQueriesContext(connection) as few:
        desk.get(LIST)
    for _ in range(30):
        lifecycle.reply(ticket=factories.ticket(), by=agent, text="Hello.", at=factories.MONDAY)
    with CaptureQueriesContext(connection) as many:
        desk.get(LIST)
    assert len(many) == len(few)


def test_a_delivery_that_came_back_says_so_and_why(desk: Client) -> None:
    row = factories.ticket().deliveries.get()
    delivery.report(delivery=row, fate=BOUNCED, at=factories.MONDAY, detail="550 <No> such user")
    for page in (LIST, f"{LIST}{row.pk}/change/"):
        shown = desk.get(page).content.decode()
        assert "Bounced" in shown
        assert "550 &lt;No&gt; such user" in shown
    assert "Mon 2 Nov, 10:00 IST" in shown


def test_deliveries_are_filtered_by_what_became_of_them(desk: Client) -> None:
    back, other = factories.ticket().deliveries.get(), factories.ticket().deliveries.get()
    delivery.report(delivery=back, fate=BOUNCED, at=factories.MONDAY)
    page = desk.get(LIST, {"fate__exact": "bounced"}).content.decode()
    assert (back.recipient in page, other.recipient in page) == (True, False)


def test_an_undeliverable_address_is_cleared_by_deleting_it(desk: Client) -> None:
    row = factories.ticket().deliveries.get()
    delivery.report(
        delivery=row, fate=BOUNCED, at=factories.MONDAY, detail="550 No such user", hard=True
    )
    marked = UndeliverableAddress.objects.get()
    listed = desk.get(ADDRESSES).content.decode()
    assert row.recipient in listed
    assert "550 No such user" in listed
    page = desk.get(f"{ADDRESSES}{marked.pk}/change/").content.decode()
    assert f"{LIST}{row.pk}/change/" in page
    assert 'name="address"' not in page
    assert (
        desk.post(f"{ADDRESSES}{marked.pk}/change/", {"address": "x@y.example"}).status_code == 403
    )
    assert desk.post(f"{ADDRESSES}{marked.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not UndeliverableAddress.objects.exists()
    assert type(row).objects.filter(pk=row.pk).exists()
