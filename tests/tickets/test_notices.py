"""Who is told about what, and in which words."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils.html import escape

from sla.models import Policy
from tests import factories
from tests.factories import MONDAY
from tests.linked import holders
from tests.notified import mail_notifications
from tests.times import nov
from tickets import lifecycle, links
from tickets.models import Delivery, Ticket, User

pytestmark = pytest.mark.usefixtures("policy")

# Whatever a stranger may type into a form.
EVIL = "Win a prize <b onclick=x>now</b> http://evil.example {{ settings.SECRET_KEY }}"

NOON = nov(2, "12:00")


@pytest.fixture
def agent(policy: Policy) -> User:
    return factories.agent("meera@desk.example", name="Meera Iyer")


@pytest.fixture
def asha() -> User:
    return factories.customer("asha@client.example", name="Asha Rao")


def only(occasion: str) -> Delivery:
    return Delivery.objects.get(occasion=occasion)


def test_the_acknowledgement_promises_times_and_links_to_the_ticket(asha: User) -> None:
    ticket = factories.ticket("P2", requester=asha)
    mail = only("acknowledgement")
    assert (mail.recipient, mail.user, mail.ticket) == ("asha@client.example", asha, ticket)
    assert ticket.reference in mail.subject
    for words in (mail.text, mail.html):
        assert (ticket, asha) in holders(words, at=NOON)
        assert "Tue 3 Nov, 10:00" in words
        assert "Thu 5 Nov, 10:00" in words
        assert "8 business hours" in words


def test_nothing_that_was_typed_is_in_the_acknowledgement() -> None:
    victim = factories.customer("victim@elsewhere.example", name=EVIL)
    file = SimpleUploadedFile("prize-http-evil.example.html", b"x")
    factories.ticket(requester=victim, subject=EVIL, text=EVIL, attachments=[file])
    mail = only("acknowledgement")
    for words in (mail.subject, mail.text, mail.html):
        assert "evil" not in words
        assert "prize" not in words
        assert "SECRET" not in words


def test_an_answer_goes_to_the_requester_with_a_link_of_his_own(asha: User, agent: User) -> None:
    ticket = factories.ticket(requester=asha)
    file = SimpleUploadedFile("steps.pdf", b"x")
    lifecycle.reply(
        ticket=ticket, by=agent, text="Reload <it> & wait.", at=nov(2, "11:00"), attachments=[file]
    )
    mail = only("reply")
    assert (mail.recipient, mail.user) == ("asha@client.example", asha)
    assert mail.message is not None
    assert mail.message.text == "Reload <it> & wait."
    assert "Reload <it> & wait." in mail.text
    assert "Reload &lt;it&gt; &amp; wait." in mail.html
    assert "Reload <it>" not in mail.html
    for words in (mail.text, mail.html):
        assert "Meera Iyer" in words
        assert "steps.pdf" in words
        assert (ticket, asha) in holders(words, at=NOON)


def test_a_resolution_says_how_to_disagree(asha: User, agent: User) -> None:
    ticket = factories.ticket(requester=asha)
    lifecycle.resolve(ticket=ticket, by=agent, text="It was the cache.", at=nov(2, "11:00"))
    mail = only("resolution")
    assert mail.recipient == "asha@client.example"
    for words in (mail.text, mail.html):
        assert "It was the cache." in words
        assert (ticket, asha) in holders(words, at=NOON)


def test_an_assignment_leads_to_the_desk(agent: User) -> None:
    ticket = factories.ticket("P3")
    lifecycle.assign(ticket=ticket, by=None, assignee=agent, at=nov(2, "11:00"))
    mail_notifications()
    mail = only("assignment")
    assert mail.recipient == "meera@desk.example"
    assert ticket.subject in mail.subject
    for words in (mail.text, mail.html):
        assert links.desk_url_for(ticket) in words
        assert "Tue 3 Nov, 10:00" in words


@pytest.mark.parametrize("occasion", ["reply", "resolution", "assignment"])
def test_what_people_typed_is_text_in_every_mail(occasion: str, agent: User) -> None:
    asha = factories.customer(name=EVIL)
    ticket = factories.ticket(requester=asha, subject=f"{EVIL}\r\nBcc: all@client.example")
    match occasion:
        case "reply":
            lifecycle.reply(ticket=ticket, by=agent, text=EVIL, at=nov(2, "11:00"))
        case "resolution":
            lifecycle.resolve(ticket=ticket, by=agent, text=EVIL, at=nov(2, "11:00"))
        case "assignment":
            lifecycle.assign(ticket=ticket, by=None, assignee=agent, at=nov(2, "11:00"))
            mail_notifications()
    mail = only(occasion)
    assert len(mail.subject.splitlines()) == 1
    assert EVIL in mail.subject  # As it was typed, not escaped for a page.
    assert EVIL in mail.text
    assert escape(EVIL) in mail.html
    assert "<b onclick" not in mail.html


def test_the_longest_subject_fits(agent: User) -> None:
    ticket = factories.ticket(subject="x" * 200)
    lifecycle.assign(ticket=ticket, by=None, assignee=agent, at=nov(2, "11:00"))
    lifecycle.reply(ticket=ticket, by=agent, text="Hello.", at=nov(2, "11:00"))
    mail_notifications()
    assert "x" * 200 in only("assignment").subject
    assert "x" * 200 in only("reply").subject


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("", "Tue 3 Nov, 10:00"),  # The calendar's own.
        ("Europe/Berlin", "Tue 3 Nov, 05:30"),
        ("America/Los_Angeles", "Mon 2 Nov, 20:30"),
    ],
)
def test_times_are_in_the_readers_zone(zone: str, expected: str) -> None:
    factories.ticket("P3", requester=factories.customer(time_zone=zone))
    assert expected in only("acknowledgement").text
    assert expected in only("acknowledgement").html


def test_staff_who_ask_for_themselves_are_answered_as_customers(agent: User) -> None:
    ticket = factories.ticket(requester=agent)
    lifecycle.reply(ticket=ticket, by=factories.agent(), text="Done.", at=nov(2, "11:00"))
    mail = only("reply")
    assert mail.recipient == agent.email
    assert (ticket, agent) in holders(mail.text, at=NOON)


def test_a_customer_hears_nothing_of_his_own_messages(asha: User) -> None:
    ticket = factories.ticket(requester=asha)
    lifecycle.reply(ticket=ticket, by=asha, text="One more thing.", at=nov(2, "11:00"))
    lifecycle.close(ticket=ticket, by=asha, at=nov(2, "12:00"))
    assert Delivery.objects.count() == 1


def test_a_desk_without_promises_still_acknowledges(policy: Policy, asha: User) -> None:
    policy.targets.all().delete()
    factories.publish()
    ticket = factories.ticket(requester=asha)
    assert (ticket, asha) in holders(only("acknowledgement").text, at=NOON)
    assert "promise" not in only("acknowledgement").text
    assert ticket.next_due_at is None


def test_a_brand_of_ones_own_signs_each_mail(settings: Any, agent: User) -> None:
    settings.BRAND_NAME = "Acme & Sons"
    ticket: Ticket = factories.ticket()
    lifecycle.reply(ticket=ticket, by=agent, text="Hello.", at=nov(2, "11:00"))
    for mail in Delivery.objects.all():
        assert "Acme & Sons" in mail.text
        assert "Acme &amp; Sons" in mail.html
    assert min(Delivery.objects.values_list("created_at", flat=True)) >= MONDAY
