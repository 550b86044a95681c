"""Tags, links, merging, splitting, spam and expected dates on the ticket's page."""

from __future__ import annotations

import pytest
from django.test import Client

from sla.models import Policy
from tests import factories
from tests.factories import MONDAY
from tickets import lifecycle
from tickets.models import Tag, Ticket, User


@pytest.fixture
def ada(client: Client, policy: Policy) -> User:
    user = factories.agent(name="Ada Lovelace")
    client.force_login(user)
    return user


def do(client: Client, ticket: Ticket, verb: str, **values: object) -> str:
    """The page that follows."""
    address = f"/admin/tickets/ticket/{ticket.pk}/{verb}/"
    return client.post(address, values, follow=True).content.decode()


def test_two_tickets_are_sorted_out_on_their_pages(client: Client, ada: User) -> None:
    one, two = factories.ticket(subject="Empty report"), factories.ticket(subject="No numbers")
    assert "The tag was added." in do(client, one, "tag", tag="Bad Data")
    assert "has this tag already" in do(client, one, "tag", tag="bad-data")
    assert "The tickets are linked." in do(client, one, "link", other=two.reference, kind="related")
    assert "No numbers" in do(client, one, "untag", tag="bad-data")
    for nowhere in ("HD-999999", "x", ""):
        page = do(client, one, "merge", into=nowhere, tells="on")
        assert "is required" in page or "There is no such ticket that you may see." in page
    page = do(client, one, "merge", into=two.pk)
    assert f"“{two}” was sent by somebody else, {two.requester}. Confirm" in page
    page = do(client, one, "merge", into=two.reference, confirmed="on")
    assert f"{two.reference} No numbers" in page
    whole = client.get(f"/admin/tickets/ticket/{two.pk}/change/").content.decode()
    assert "merged into this one" in whole


def test_a_ticked_message_leads_to_its_new_ticket(client: Client, ada: User) -> None:
    ticket = factories.ticket()
    lifecycle.reply(ticket=ticket, by=ticket.requester, text="And the logo?", at=MONDAY)
    message = ticket.messages.get(text="And the logo?")
    page = client.get(f"/admin/tickets/ticket/{ticket.pk}/change/").content.decode()
    assert f'value="{message.pk}" form="form-split"' in page
    assert "Choose at least one message" in do(client, ticket, "split", subject="The logo")
    assert "This is the new ticket." in do(
        client, ticket, "split", subject="The logo", messages=[message.pk, "x"]
    )
    assert Ticket.objects.get(subject="The logo").messages.get().text == "And the logo?"


def test_spam_dates_and_lowering_are_asked_for_as_they_should_be(client: Client, ada: User) -> None:
    ticket = factories.ticket("P2")
    low = factories.priority("P4").pk
    page = do(client, ticket, "priority", priority=low)
    assert "Say why the priority is lowered" in page
    assert "desk-consequences" in page  # What would follow is still beside the form.
    assert "was changed" in do(client, ticket, "priority", priority=low, reason="One user only.")
    past = do(client, ticket, "engineering", reason="Index", expected_on="2020-01-01")
    assert "The expected date lies in the past." in past
    assert "with engineering" in do(
        client, ticket, "engineering", reason="Index", expected_on="2126-01-01"
    )
    assert "closed as spam" in do(client, ticket, "spam", blocks="on")
    assert "is open again" in do(client, ticket, "not_spam")


def test_managers_rename_tags_and_put_two_together(client: Client, policy: Policy) -> None:
    client.force_login(factories.agent(group="Manager"))
    one, two = Tag.objects.create(name="one"), Tag.objects.create(name="two")
    ticket = factories.ticket()
    ticket.tags.add(one)
    address = f"/admin/tickets/tag/{one.pk}/change/"
    assert "already exists" in client.post(address, {"name": "Two"}).content.decode()
    client.post(address, {"name": "Uno", "merge_into": ""})
    assert [tag.name for tag in ticket.tags.all()] == ["uno"]
    assert (
        "no other tag"
        in client.post(address, {"name": "uno", "merge_into": "uno"}).content.decode()
    )
    client.post(address, {"name": "uno", "merge_into": "TWO"}, follow=True)
    assert [tag.pk for tag in ticket.tags.all()] == [two.pk]
    assert not Tag.objects.filter(name="uno").exists()
