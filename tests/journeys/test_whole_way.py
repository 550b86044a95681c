"""The main job, end to end, on the running product: form, answer, escalation, report."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.journeys.product import Product, running_product
from tests.journeys.visitors import DESKTOP, PHONE, Visitor, mails_to
from tests.peers import wait_until

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with running_product(tmp_path_factory.mktemp("product")) as product:
        yield product


def test_a_request_is_promised_answered_escalated_and_reported(
    chromium: Browser, product: Product
) -> None:
    customer = Visitor(chromium, product, DESKTOP)
    page = customer.page
    page.goto("/tickets/new/")
    page.get_by_label("Report not refreshed on time").check()
    expect(page.locator("#promise")).to_contain_text("We answer by")
    expect(page.locator("#promise")).to_contain_text("1 business day")
    page.get_by_label("Subject").fill("Yesterday's figures are missing")
    page.get_by_label("Description").fill("The sales report still shows the figures of Friday.")
    page.get_by_label("Your e-mail address").fill("mira@client.example")
    page.get_by_label("Your name").fill("Mira")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Yesterday's figures")
    reference = re.search(r"HD-\d+", page.content())
    assert reference is not None
    name = reference.group()
    ticket_page = page.url

    wait_until(lambda: bool(mails_to(product, "mira@client.example", name)), seconds=30)
    acknowledgement = mails_to(product, "mira@client.example", name)[0]
    assert ticket_page.rsplit("/", 2)[0] in acknowledgement  # By a link of its own.
    assert "figures" not in acknowledgement

    agent = Visitor(chromium, product, DESKTOP)
    agent.sign_in(product.account("agent"))
    agent.page.goto(f"/admin/tickets/ticket/?q={name}")
    agent.page.get_by_role("link", name=re.compile("Yesterday's figures")).first.click()
    agent.page.get_by_role("button", name="Assign to me").first.click()
    agent.page.locator("#composer textarea").fill("The refresh hangs; we are restarting it.")
    agent.page.get_by_role("button", name="Send to").click()
    expect(agent.page.get_by_text("The refresh hangs; we are restarting it.")).to_be_visible()

    page.goto(ticket_page)
    expect(page.get_by_text("The refresh hangs; we are restarting it.")).to_be_visible()
    wait_until(lambda: len(mails_to(product, "mira@client.example", name)) == 2, seconds=30)

    product.let_weeks_pass(3)
    wait_until(lambda: bool(mails_to(product, "escalations@example.com", name)), seconds=40)
    wait_until(
        lambda: len(mails_to(product, product.account("agent").email, name)) >= 2, seconds=30
    )
    assert "Resolution" in mails_to(product, "escalations@example.com", name)[0]

    manager = Visitor(chromium, product, DESKTOP)
    manager.sign_in(product.account("manager"))
    manager.page.goto("/admin/sla/report/")
    broken = manager.page.get_by_role("row", name=re.compile("P3 resolution")).locator(
        "[data-label=Broken] a"
    )
    broken.click()
    row = manager.page.get_by_role("row", name=re.compile(name))
    expect(row).to_contain_text("late")
    for visitor in (customer, agent, manager):
        assert visitor.complaints == []


PAGES_OF_EVERYBODY = ["/", "/policy/", "/tickets/new/", "/no/such/page/"]
PAGES_OF_STAFF = [
    "/admin/",
    "/admin/tickets/ticket/",
    "/admin/tickets/delivery/",
    "/admin/tickets/organization/",
    "/admin/tickets/user/",
    "/admin/tickets/team/",
    "/admin/tickets/requesttype/",
    "/admin/sla/calendar/",
    "/admin/sla/policy/",
    "/admin/sla/priority/",
    "/admin/sla/clock/",
    "/admin/sla/sweep/",
    "/admin/sla/report/",
]
WITH_FIRST_ROW = ["/admin/tickets/ticket/", "/admin/sla/calendar/", "/admin/sla/policy/"]


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_every_page_fits_its_screen_and_breaks_no_content_policy(
    chromium: Browser, product: Product, size: dict[str, int], tmp_path: Path
) -> None:
    visitor = Visitor(chromium, product, size)
    unfit = []
    for address in PAGES_OF_EVERYBODY:
        visitor.page.goto(address)
        if not visitor.fits():
            unfit.append(address)
    visitor.sign_in(product.account("administrator"))
    for address in PAGES_OF_STAFF:
        visitor.page.goto(address)
        if not visitor.fits():
            unfit.append(address)
    for address in WITH_FIRST_ROW:
        visitor.page.goto(address)
        first = visitor.page.locator("#result_list tbody a").first.get_attribute("href")
        visitor.page.goto(first or "")
        if not visitor.fits():
            unfit.append(visitor.page.url)
    assert unfit == []
    # The missing page is asked for on purpose.
    assert [said for said in visitor.complaints if "404" not in said] == []
