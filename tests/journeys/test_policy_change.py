"""A holiday is added while promises run: seen first, then applied, explained, and answered for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journeys.product import Demonstration, Product, running_copy
from tests.journeys.visitors import DESKTOP, PHONE, Visitor, mails_to
from tests.peers import wait_until

pytestmark = pytest.mark.browser

HOLIDAY = "Founders day"
CUSTOMER, ESCALATIONS = "mira@client.example", "escalations@example.com"


@pytest.fixture(scope="module")
def product(
    demonstrated: Demonstration, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Product]:
    with running_copy(demonstrated, tmp_path_factory.mktemp("product")) as product:
        yield product


def send_request(page: Page) -> str:
    """Fill in the form; answers the reference."""
    page.goto("/tickets/new/")
    page.get_by_label("Report not refreshed on time").check()
    page.get_by_label("Subject").fill("Yesterday's figures are missing")
    page.get_by_label("Description").fill("The sales report still shows the figures of Friday.")
    page.get_by_label("Your e-mail address").fill(CUSTOMER)
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Yesterday's figures")
    reference = re.search(r"HD-\d+", page.content())
    assert reference is not None
    return reference.group()


def end_on(page: Page) -> str:
    """When the page "Why this time?" says that the promise ends, with year and zone."""
    words = page.locator("tfoot th").inner_text()
    return words.removeprefix("It ends ")


def day_of(instant: str) -> str:
    """The ISO date of an instant in words, such as 25 Nov 2026, 09:44 IST."""
    day, _ = instant.split(", ")
    return datetime.strptime(day, "%d %b %Y").date().isoformat()  # noqa: DTZ007 - a date alone


def add_holiday(page: Page, day: str) -> None:
    """On the calendar's page; what follows is the preview."""
    page.goto("/admin/sla/calendar/")
    page.locator("#result_list tbody a").first.click()
    page.get_by_role("link", name="Holidays and half-days").click()
    page.get_by_text("Add another Holiday or half-day").click()
    for label, value in (("Date", day), ("Name", HOLIDAY)):
        page.get_by_label(label, exact=True).locator("visible=true").last.fill(value)
    page.get_by_role("button", name="Save", exact=True).click()


def test_a_holiday_is_seen_applied_explained_and_an_escalation_acknowledged(
    chromium: Browser, product: Product
) -> None:
    customer, manager, called = (
        Visitor(chromium, product, size) for size in (PHONE, DESKTOP, PHONE)
    )
    name = send_request(customer.page)
    ticket_page = customer.page.url
    customer.page.get_by_role("link", name="Why this time? Resolution").click()
    explanation, before = customer.page.url, end_on(customer.page)

    manager.sign_in(product.account("manager"))
    page = manager.page
    add_holiday(page, day_of(before))
    expect(page.get_by_text("Nothing has been saved yet.")).to_be_visible()
    move = page.get_by_role("row", name=re.compile(f"{name} .* P3 Resolution"))
    expect(move.locator("[data-label='Due now']")).to_have_text(before)
    after = move.locator("[data-label='Due then']").inner_text()
    customer.page.reload()
    assert end_on(customer.page) == before != after

    page.get_by_role("button", name="Save, and apply to open tickets").click()
    page.get_by_role("link", name="See how far that is").click()
    # The page comes again by itself until the worker is through.
    expect(page.get_by_text("done", exact=True)).to_be_visible(timeout=20_000)

    page.goto(f"/admin/tickets/ticket/?q={name}")
    page.get_by_role("link", name=re.compile("Yesterday's figures")).first.click()
    page.get_by_text("History, deadlines and mail").click()
    entry = page.get_by_role("row", name=re.compile("P3 Resolution: reckoned anew"))
    expect(entry).to_contain_text("Business hours version 2")
    page.get_by_role("link", name="Explain P3 Resolution").click()
    expect(page.get_by_role("rowheader", name=f"Due {after}")).to_be_visible()
    expect(page.get_by_role("cell", name=f"Holiday “{HOLIDAY}”")).to_be_visible()

    customer.page.goto(explanation)
    assert end_on(customer.page) == after
    expect(customer.page.get_by_text(f"Holiday “{HOLIDAY}”")).to_be_visible()
    expect(customer.page.get_by_text("The deadline moved from")).to_be_visible()

    customer.page.goto(ticket_page)
    customer.page.get_by_text("Escalate this ticket").click()
    customer.page.get_by_label("Why is it urgent?").fill("The board meets before that.")
    customer.page.get_by_role("button", name="Escalate").click()
    expect(customer.page.get_by_text("Nobody has confirmed yet")).to_be_visible()

    wait_until(lambda: bool(mails_to(product, ESCALATIONS, name)), seconds=20)
    text = mails_to(product, ESCALATIONS, name)[0]
    assert "The board meets before that." in text
    link = re.search(r"http://\S+/escalations/\S+", text)
    assert link is not None
    called.page.goto(link.group())
    called.page.get_by_role("button", name="I look after it").click()
    expect(called.page.get_by_text("Acknowledged", exact=True)).to_be_visible()
    customer.page.reload()
    expect(customer.page.get_by_text(f"It is looked after: {ESCALATIONS}")).to_be_visible()

    for visitor in (customer, manager, called):
        assert visitor.fits()
        assert visitor.complaints == []
