"""Two agents with a browser each at one ticket, and one who works by keyboard alone."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from tests import factories
from tests.journeys.visitors import DESKTOP
from tickets import lifecycle
from tickets.models import Ticket, User
from tickets.states import Status

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("policy"),
]

SOON = 9_000  # Milliseconds: a page asks every four seconds.

type Desk = Callable[[User, str], Page]


@pytest.fixture
def desk(chromium: Browser, live_server: Any) -> Iterator[Desk]:
    """Opens an address of the desk for somebody, in a browser of his own."""
    contexts, complaints = [], []

    def open_for(user: User, address: str) -> Page:
        client = Client()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        key = client.cookies[settings.SESSION_COOKIE_NAME].value
        context = chromium.new_context(viewport=DESKTOP, base_url=live_server.url)  # type: ignore[arg-type]
        contexts.append(context)
        name = settings.SESSION_COOKIE_NAME
        context.add_cookies([{"name": name, "value": key, "url": live_server.url}])
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console", lambda said: complaints.append(said.text) if said.type == "error" else None
        )
        page.goto(address)
        return page

    yield open_for
    for context in contexts:
        context.close()
    assert complaints == []


def page_of(ticket: Ticket) -> str:
    return f"/admin/tickets/ticket/{ticket.pk}/change/"


def test_each_sees_the_other_and_what_came_in_between(desk: Desk) -> None:
    ada, ben = factories.agent(name="Ada Lovelace"), factories.agent(name="Ben Bitdiddle")
    ticket = factories.ticket(at=timezone.now())
    adas, bens = desk(ada, page_of(ticket)), desk(ben, page_of(ticket))
    expect(adas.get_by_text("Ben Bitdiddle is looking.")).to_be_visible(timeout=SOON)
    bens.locator("#composer textarea").press_sequentially("We look")
    expect(adas.get_by_text("Ben Bitdiddle is typing.")).to_be_visible(timeout=SOON)

    lifecycle.reply(ticket=ticket, by=ada, text="It is known.", at=timezone.now())
    bens.keyboard.press("Control+Enter")
    expect(bens.locator("#changes")).to_be_focused()
    expect(bens.locator("#changes")).to_contain_text("It is known.")
    expect(bens.locator("#composer textarea")).to_have_value("We look")
    assert ticket.messages.filter(author=ben).count() == 0
    bens.keyboard.press("r")
    expect(bens.locator("#composer textarea")).to_be_focused()
    bens.keyboard.press("Control+Enter")
    expect(bens.locator("#changes")).to_have_count(0)
    assert ticket.messages.get(author=ben).text == "We look"

    bens.goto("about:blank")
    expect(adas.locator("[data-presence]")).to_have_text("", timeout=SOON)


def test_what_came_by_itself_is_known_to_what_is_sent_next(desk: Desk) -> None:
    ada, ben = factories.agent(name="Ada Lovelace"), factories.agent(name="Ben Bitdiddle")
    ticket = factories.ticket(at=timezone.now())
    page = desk(ada, page_of(ticket))
    page.wait_for_load_state("load")
    lifecycle.reply(ticket=ticket, by=ben, text="It is known.", at=timezone.now())
    look_for_news(page)
    expect(page.locator("#messages")).to_contain_text("It is known.")
    # The page has taken note of it: nobody types in the same instant.
    expect(page.locator("#messages [data-unread]")).to_have_count(0)
    page.keyboard.press("r")
    page.keyboard.type("I was here too.")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#messages")).to_contain_text("I was here too.")

    # While something is written, only what has been in view for a moment is known.
    page.wait_for_load_state("load")
    page.keyboard.press("r")
    page.keyboard.type("And so.")
    lifecycle.resolve(ticket=ticket, by=ben, text="It is mended.", at=timezone.now())
    look_for_news(page)
    expect(page.locator("#messages [data-unread]")).to_have_count(1)
    expect(page.locator("#moved")).to_contain_text('The status is "Resolved" now')
    page.locator("#messages article").last.scroll_into_view_if_needed()
    expect(page.locator("#messages [data-unread]")).to_have_count(0, timeout=SOON)
    page.locator("#composer textarea").press("Control+Enter")
    expect(page.locator("#messages")).to_contain_text("And so.")
    expect(page.locator("#changes")).to_have_count(0)


def look_for_news(page: Page) -> None:
    """As the page does every ten seconds, and when it comes back into view."""
    page.evaluate("htmx.trigger('#news', 'look')")


def arrived(page: Page, address: re.Pattern[str]) -> None:
    """The page is there, with the script that reads keys."""
    expect(page).to_have_url(address)
    page.wait_for_load_state("load")


def test_a_queue_is_worked_by_keyboard(desk: Desk) -> None:
    ada = factories.agent(name="Ada Lovelace")
    for code in ("P1", "P2", "P3"):
        factories.ticket(code, at=timezone.now(), subject=f"No {code}")
    first, second, third = Ticket.objects.for_desk()
    page = desk(ada, "/admin/tickets/ticket/")
    for key in "jj":
        page.keyboard.press(key)
    page.keyboard.press("k")
    expect(page.get_by_role("link", name=re.compile("No P1"))).to_be_focused()
    page.keyboard.press("o")
    arrived(page, re.compile(page_of(first)))
    page.keyboard.press("a")
    expect(page.locator("[data-neighbour=next]")).to_be_visible()
    expect(page.get_by_text("The ticket was handed over.")).to_be_visible()
    page.wait_for_load_state("load")
    first.refresh_from_db()
    assert first.assignee == ada
    page.keyboard.press("r")
    page.keyboard.type("It is solved: j, k and ? are text here.")
    page.keyboard.press("Escape")
    page.keyboard.press("s")
    page.keyboard.press("Enter")
    expect(page.get_by_text("The ticket is resolved")).to_be_visible()
    page.wait_for_load_state("load")
    first.refresh_from_db()
    assert first.status == Status.RESOLVED
    assert first.messages.latest("pk").text == "It is solved: j, k and ? are text here."
    page.keyboard.press("j")  # The queue has lost its first: the next one took its place.
    arrived(page, re.compile(page_of(second)))
    page.keyboard.press("j")
    arrived(page, re.compile(page_of(third)))
    page.keyboard.press("k")
    arrived(page, re.compile(page_of(second)))
    page.keyboard.press("u")
    arrived(page, re.compile(r"/admin/tickets/ticket/(\?.*)?$"))
    page.keyboard.press("g")
    page.keyboard.press("m")
    arrived(page, re.compile("assignee=me"))


def test_the_keys_are_shown_and_can_be_switched_off(desk: Desk) -> None:
    ada = factories.agent(name="Ada Lovelace")
    page = desk(ada, page_of(factories.ticket(at=timezone.now())))
    dialog = page.get_by_role("dialog", name="Keyboard shortcuts")
    page.keyboard.press("?")
    expect(dialog).to_be_visible()
    expect(dialog).to_contain_text("Reply and resolve")
    page.keyboard.press("r")  # Behind the dialog, nothing happens.
    expect(page.locator("#composer textarea")).not_to_be_focused()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    page.get_by_role("button", name="Keyboard shortcuts").click()
    page.get_by_role("button", name="Switch them off for me").click()
    page.wait_for_load_state("load")
    page.keyboard.press("r")
    page.keyboard.press("?")
    expect(page.locator("#composer textarea")).not_to_be_focused()
    expect(dialog).to_be_hidden()
    ada.refresh_from_db()
    assert not ada.has_shortcuts
    page.get_by_role("button", name="Keyboard shortcuts").click()
    page.get_by_role("button", name="Switch them on for me").click()
    page.wait_for_load_state("load")
    page.keyboard.press("r")
    expect(page.locator("#composer textarea")).to_be_focused()
