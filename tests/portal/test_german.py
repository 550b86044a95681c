"""Customers who read German read nothing but German: pages, mails and times."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from html.parser import HTMLParser
from zoneinfo import available_timezones

import pytest
from django.conf import settings
from django.template.loader import render_to_string
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone, translation

from sla.models import Clock, Holiday, Policy, Priority, Target
from tests import catalog, factories, linked
from tests.notified import mail_notifications
from tests.portal.filling import filled_in
from tickets import lifecycle, outbox
from tickets.models import Delivery, Organization, PortalSettings, RequestType, Ticket, User
from tickets.portal.locale import keep_language

HOUR = timedelta(hours=1)
# Attributes that people read or hear, beside those for our scripts (data-...).
SPOKEN = {"aria-label", "placeholder", "title", "alt"}
UNSPOKEN = {"script", "style"}
# What is the same in both languages: names of zones, references, addresses, times, units.
NEUTRAL = re.compile(
    r"[\w+-]+(/[\w+-]+)+|HD-\d+|[\w.+…-]+@[\w.…-]+|https?://\S+|\b(UTC|GMT|[A-Z]{3,5}|min)\b|[\w.]+/\S*"
)
WORD = re.compile(r"[^\W\d_]{3}")


def is_spoken(name: str, value: str, attributes: dict[str, str | None]) -> bool:
    """Whether people read this attribute; for our scripts, words and names of things differ."""
    if name == "content":
        return attributes.get("name") == "description"
    return name in SPOKEN or (name.startswith("data-") and (" " in value or value[0].isupper()))


class Reader(HTMLParser):
    """Reads a page as people do: its texts, and the attributes that are spoken."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: set[str] = set()
        self.tag = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tag = tag
        values = dict(attrs)
        for name, value in attrs:
            if value and is_spoken(name, value, values):
                self.read(value)
        if tag == "input" and values.get("type") in {"submit", "button"}:
            self.read(values.get("value") or "")

    def handle_data(self, data: str) -> None:
        if self.tag not in UNSPOKEN:
            self.read(data)

    def handle_endtag(self, tag: str) -> None:
        self.tag = ""

    def read(self, text: str) -> None:
        self.texts.add(" ".join(text.split()))


def texts_of(page: str) -> set[str]:
    reader = Reader()
    reader.feed(page)
    return reader.texts


@dataclass(frozen=True)
class Desk:
    """A ticket with something of everything, and who reads it."""

    ticket: Ticket
    maria: User

    @property
    def key(self) -> str:
        return linked.key(self.ticket, self.maria)


@pytest.fixture
def desk(policy: Policy) -> Desk:
    at = timezone.now() - 3 * HOUR
    firm = factories.organization("Client Ltd.", shares_tickets=True)
    maria = factories.customer("maria@client.example", name="Maria Silva", organization=firm)
    ticket = factories.ticket("P2", requester=maria, at=at, subject="Zahlen fehlen", text="Bitte")
    agent = factories.agent(name="Asha Rao")
    lifecycle.reply(ticket=ticket, by=agent, text="Wir sehen nach.", at=at + HOUR)
    lifecycle.wait_for_customer(ticket=ticket, by=agent, at=at + HOUR * 3 / 2)
    solved = factories.ticket("P4", requester=maria, at=at, subject="Farbe falsch", text="Bitte")
    lifecycle.resolve(ticket=solved, by=agent, text="Erledigt.", at=at + HOUR)
    PortalSettings.objects.create(
        pk=1, publishes_attainment=True, asks_for_work=True, incident="Alles steht."
    )
    return Desk(ticket, maria)


def data() -> list[str]:
    """What rows and settings say, the longest first: it is not ours to translate."""
    found: set[str] = {settings.BRAND_NAME, *dict(settings.LANGUAGES).values()}
    for kind in RequestType.objects.all():
        found |= {kind.name, kind.sentence}
    for priority in Priority.objects.all():
        found |= {priority.name, priority.definition, *priority.examples.splitlines()}
    found |= set(Target.objects.values_list("note", flat=True))
    found |= set(Holiday.objects.values_list("name", flat=True))
    found |= set(Organization.objects.values_list("name", flat=True))
    found |= set(User.objects.values_list("name", flat=True))
    found |= set(Ticket.objects.values_list("subject", flat=True))
    found |= {"Wir sehen nach.", "Bitte", "Erledigt.", "Alles steht."}
    found |= {name.replace("_", " ") for name in available_timezones()}
    return sorted(filter(None, found), key=len, reverse=True)


def same_in_both() -> set[str]:
    """Words of ours that German has as well: "Ticket", "Status"."""
    return {str(message.id) for message in catalog.read("de") if message.id == message.string}


def left_in_english(english: str, german: str) -> set[str]:
    """Texts that did not change with the language, and are neither data nor the same in both."""
    said, same = data(), same_in_both()
    left = set()
    for text in texts_of(english) & texts_of(german):
        rest = text
        for value in said:
            rest = rest.replace(value.strip(), "")
        rest = NEUTRAL.sub("", rest)
        if WORD.search(rest) and rest.strip(" ·:,.") not in same:
            left.add(text)
    return left


PAGES: dict[str, Callable[[Desk], str]] = {
    "start": lambda desk: reverse("portal:start"),
    "form": lambda desk: reverse("portal:new"),
    "policy": lambda desk: reverse("portal:policy"),
    "sign-in": lambda desk: reverse("account_request_login_code"),
    "ticket": lambda desk: reverse("portal:ticket", args=[desk.ticket.reference, desk.key]),
    "promise": lambda desk: reverse(
        "portal:promise",
        args=[desk.ticket.reference, desk.key, Clock.objects.filter(ticket=desk.ticket).first().pk],  # type: ignore[union-attr]
    ),
    "nowhere": lambda desk: "/nowhere/",
}
SIGNED_IN: dict[str, Callable[[Desk], str]] = {
    "tickets": lambda desk: reverse("portal:tickets"),
    "a search in vain": lambda desk: reverse("portal:tickets") + "?q=Fehlanzeige",
    "own ticket": lambda desk: reverse("portal:own_ticket", args=[desk.ticket.reference]),
    "solved ticket": lambda desk: reverse(
        "portal:own_ticket", args=[Ticket.objects.get(subject="Farbe falsch").reference]
    ),
    "profile": lambda desk: reverse("portal:profile"),
    "sign-out": lambda desk: reverse("account_logout"),
    "form": lambda desk: reverse("portal:new"),
}


def in_both(client: Client, path: str) -> tuple[str, str]:
    english = client.get(path, headers={"accept-language": "en"}).content.decode()
    german = client.get(path, headers={"accept-language": "de"}).content.decode()
    assert '<html lang="de"' in german
    return english, german


def test_pages_in_german_have_no_english_left(client: Client, desk: Desk) -> None:
    for name, path in PAGES.items():
        assert (name, left_in_english(*in_both(client, path(desk)))) == (name, set())


def test_pages_for_customers_in_german_have_no_english_left(client: Client, desk: Desk) -> None:
    client.force_login(desk.maria)
    for name, path in SIGNED_IN.items():
        assert (name, left_in_english(*in_both(client, path(desk)))) == (name, set())


def test_a_link_that_is_over_is_told_in_german(client: Client, desk: Desk) -> None:
    path = PAGES["ticket"](desk)
    Ticket.objects.update(links_void_before=timezone.now())
    english, german = in_both(client, path)
    assert "Dieser Link" in german
    assert left_in_english(english, german) == set()


def test_the_code_is_asked_for_in_german(client: Client, desk: Desk) -> None:
    client.post(reverse("account_request_login_code"), {"email": desk.maria.email})
    english, german = in_both(client, reverse("account_confirm_login_code"))
    assert "Code eingeben" in german
    assert left_in_english(english, german) == set()


def test_a_form_that_comes_back_is_in_german(client: Client, kind: RequestType) -> None:
    wrong = {"email": "nobody", "subject": "", "request_type": "0", "share": "1000"}
    pages = []
    for language in ("en", "de"):
        headers = {"accept-language": language}
        data = filled_in(kind, **wrong)
        pages.append(client.post(reverse("portal:new"), data, headers=headers).content.decode())
    assert "Geben Sie Ihrer Anfrage einen Betreff." in pages[1]
    typed = {"Since Monday each order is there twice.", "Maria Silva"}
    assert left_in_english(*pages) - typed == set()


def test_pages_for_what_went_wrong_are_in_german(policy: Policy) -> None:
    context = {"brand": settings.BRAND_NAME, "characters": 5000, "megabytes": 2, "files": 3}
    request = RequestFactory().get("/")
    for status in ("400", "403", "403_csrf", "404", "413", "429", "500"):
        pages = []
        for language in (settings.LANGUAGE_CODE, "de"):
            with translation.override(language):
                pages.append(render_to_string(f"{status}.html", context, request=request))
        assert (status, left_in_english(*pages)) == (status, set())


def test_the_desk_is_english_for_everybody(client: Client, desk: Desk) -> None:
    agent = factories.agent(language="de")
    client.force_login(agent)
    path = reverse("admin:tickets_ticket_change", args=[desk.ticket.pk])
    page = client.get(path, headers={"accept-language": "de"}).content.decode()
    assert "First response" in page
    assert "Waiting for customer" in page
    assert "Erste Antwort" not in page


# --- Mails ----------------------------------------------------------------------------------------


def mails(recipient: User) -> dict[str, Delivery]:
    return {mail.occasion: mail for mail in Delivery.objects.filter(recipient=recipient.email)}


def test_a_mail_is_in_the_language_of_its_reader(policy: Policy) -> None:
    at = factories.MONDAY
    maria = factories.customer(name="Maria Silva", language="de")
    ticket = factories.ticket("P2", requester=maria, at=at, subject="Zahlen fehlen")
    agent = factories.agent(name="Asha Rao")
    lifecycle.reply(ticket=ticket, by=agent, text="Wir sehen nach.", at=at + HOUR)
    lifecycle.resolve(ticket=ticket, by=agent, text="Es läuft.", at=at + 2 * HOUR)
    found = mails(maria)
    assert found[outbox.ACKNOWLEDGEMENT].subject == f"[{ticket.reference}] Wir haben Ihre Anfrage"
    assert (
        "Wir antworten bis Di., 3. Nov., 10:00 Uhr IST: 8 Stunden Geschäftszeit."
        in found[outbox.ACKNOWLEDGEMENT].text
    )
    assert found["reply"].subject == f"[{ticket.reference}] Antwort auf: Zahlen fehlen"
    assert found["reply"].text.startswith("Guten Tag Maria Silva,\n\nAsha Rao hat auf Ihre Anfrage")
    assert found["resolution"].subject == f"[{ticket.reference}] Gelöst: Zahlen fehlen"
    for mail in found.values():
        assert '<html lang="de">' in mail.html


def test_a_mail_is_in_the_language_of_the_page_where_none_is_on_record(policy: Policy) -> None:
    maria = factories.customer()
    with translation.override("de"):
        ticket = factories.ticket(requester=maria)
    assert "Wir haben Ihre Anfrage" in mails(maria)[outbox.ACKNOWLEDGEMENT].subject
    at = factories.MONDAY + HOUR
    lifecycle.reply(ticket=ticket, by=factories.agent(), text="On it.", at=at)
    assert mails(maria)["reply"].text.startswith("Hello"), "agents write from a desk in English"


def test_a_mail_to_staff_is_in_english(policy: Policy) -> None:
    bo = factories.agent(language="de")
    with translation.override("de"):
        ticket = factories.ticket("P2")
        lifecycle.assign(ticket=ticket, by=None, assignee=bo, at=factories.MONDAY + HOUR)
    mail_notifications()
    found = mails(bo)["assignment"]
    assert found.subject.startswith(f"[{ticket.reference}] Assigned to you")
    assert "Tue 3 Nov, 10:00 IST" in found.text


# --- The language on record -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "is_staff", "after"),
    [
        ("", False, "de"),
        # What was chosen stays; staff work in English.
        ("en-gb", False, "en-gb"),
        ("", True, ""),
    ],
)
def test_the_language_of_the_page_is_kept_once(
    db: None, before: str, is_staff: bool, after: str
) -> None:
    user = factories.customer(language=before, is_staff=is_staff)
    with translation.override("de"):
        keep_language(user)
    user.refresh_from_db()
    assert user.language == after
