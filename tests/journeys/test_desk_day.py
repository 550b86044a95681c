"""A day at the desk on the running product: by keyboard, in bulk, by macro and rule, under load."""

from __future__ import annotations

import re
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Request, expect

from tests.journeys.desk_scripts import FLOW, MANY, OVER, PREPARE, TAKEN, TEAM
from tests.journeys.product import ROOT, Demonstration, Product, running_copy
from tests.journeys.visitors import SERIOUS, Visitor, barriers

pytestmark = pytest.mark.browser

WIDE = {"width": 1440, "height": 900}
QUEUE = "/admin/tickets/ticket/"
UNASSIGNED = f"{QUEUE}?assignee=nobody"
PER_MINUTE = 200
UNDER_LOAD = 6
# Milliseconds. Bounds against hanging, and no measure: machines are busy with other things too.
SOON, LATE = 30_000, 240_000
SOLVED_BY = (
    "SELECT count(*) FROM tickets_ticket t JOIN tickets_message m ON m.ticket_id = t.id"
    " WHERE t.status = 'resolved' AND t.assignee_id = m.author_id AND m.text LIKE %s"
)


@pytest.fixture(scope="module")
def product(
    demonstrated: Demonstration, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Product]:
    with running_copy(demonstrated, tmp_path_factory.mktemp("product")) as product:
        product.run(PREPARE)
        yield product


@contextmanager
def at_the_desk(chromium: Browser, product: Product, role: str) -> Iterator[Page]:
    """A page of somebody who is signed in; whatever his browser complains of fails the test."""
    visitor = Visitor(chromium, product, WIDE)
    visitor.page.set_default_timeout(SOON)
    visitor.sign_in(product.account(role))
    try:
        yield visitor.page
    finally:
        visitor.page.context.close()
    assert visitor.complaints == []


def tell(figure: str) -> None:
    """A figure for whoever runs this by hand (pytest -s)."""
    sys.stdout.write(f"\n{figure}\n")


def work(page: Page, number: int, text: str) -> list[str]:
    """Take so many tickets of the queue, one after the other, and solve them: keys alone.

    Answers their addresses.
    """
    page.keyboard.press("j")
    page.keyboard.press("o")
    page.wait_for_url(re.compile(r"/change/"))
    done: list[str] = []
    for turn in range(number):
        page.wait_for_load_state("load")
        done.append(page.url.split("?")[0])
        page.keyboard.press("a")
        expect(page.get_by_text("The ticket was handed over.")).to_be_visible(timeout=SOON)
        page.wait_for_load_state("load")
        page.keyboard.press("r")
        page.keyboard.type(f"{text} {turn}")
        page.keyboard.press("Escape")
        page.keyboard.press("s")
        page.keyboard.press("Enter")
        expect(page.get_by_text("The ticket is resolved")).to_be_visible(timeout=SOON)
        page.wait_for_load_state("load")
        if turn < number - 1:
            page.keyboard.press("j")
            page.wait_for_url(lambda url: url.split("?")[0] not in done)
    return done


def test_twenty_tickets_are_solved_by_keyboard(chromium: Browser, product: Product) -> None:
    with at_the_desk(chromium, product, "agent") as page:
        page.goto(QUEUE)
        for key in "gu":
            page.keyboard.press(key)
        page.wait_for_url(re.compile("assignee=nobody"))
        page.wait_for_load_state("load")
        begun = time.monotonic()
        done = work(page, TAKEN, "Solved by keyboard")
        tell(f"{TAKEN} tickets by keyboard: {time.monotonic() - begun:.1f} s")
    assert len(set(done)) == TAKEN
    assert product.number(SOLVED_BY, "Solved by keyboard%") == TAKEN


def test_a_bulk_action_on_thousands_tells_which_were_refused(
    chromium: Browser, product: Product
) -> None:
    team = product.number("SELECT id FROM tickets_team WHERE name = %s", TEAM)
    with at_the_desk(chromium, product, "agent") as page:
        page.goto(f"{QUEUE}?status=all&team__id__exact={team}")
        page.locator("#action-toggle").check()
        page.get_by_role("link", name=re.compile(r"Select all")).click()
        page.locator("select[name=action]").select_option("bulk_assign_to_me")
        page.get_by_role("button", name=re.compile("Run")).click()
        expect(page.locator(".bulk-number")).to_contain_text(f"{MANY:,} tickets")
        begun = time.monotonic()
        page.get_by_role("button", name=f"{MANY:,} tickets").click()
        standing = page.locator("#bulk-standing")
        expect(standing).to_contain_text("Finished", timeout=LATE)  # The page looks by itself.
        tell(f"{MANY} tickets in bulk: {time.monotonic() - begun:.1f} s")
        expect(standing).to_contain_text(f"{MANY - OVER:,} of {MANY:,} done, {OVER} refused")
        refused = standing.locator(".bulk-refused li")
        expect(refused).to_have_count(OVER)
        expect(refused.first).to_contain_text("You cannot assign a ticket that is Closed.")
    agent = product.account("agent").email
    mine = (
        "SELECT count(*) FROM tickets_ticket t JOIN tickets_user u ON u.id = t.assignee_id"
        " WHERE t.team_id = %s AND u.email = %s"
    )
    assert product.number(mine, team, agent) == MANY - OVER


def test_a_macro_is_found_by_typing_and_does_all_of_it(chromium: Browser, product: Product) -> None:
    with at_the_desk(chromium, product, "agent") as page:
        page.goto(UNASSIGNED)
        page.locator("#result_list .field-ticket a").first.click()
        page.wait_for_load_state("load")
        page.keyboard.press("M")
        dialog = page.get_by_role("dialog", name=re.compile("Macros for"))
        expect(dialog.locator("[data-macro-search]")).to_be_focused()
        page.keyboard.type("known inc")
        expect(dialog).to_contain_text("we know of it.")
        for key in ("Tab", "Enter"):
            page.keyboard.press(key)
        expect(page.get_by_text("“Known incident” was done.")).to_be_visible()
        expect(page.locator("#messages, #conversation").last).to_contain_text("we know of it.")
        expect(page.locator("[data-verb=take]")).to_have_count(0)


def test_a_rule_is_tried_and_leaves_no_trace(chromium: Browser, product: Product) -> None:
    with at_the_desk(chromium, product, "manager") as page:
        page.goto("/admin/tickets/rule/add/")
        page.locator("[name=name]").fill("Days are urgent")
        page.locator("[name=when]").select_option("opened")
        page.locator("[name=conditions-0-if]").select_option("words")
        page.locator("[name=conditions-0-words]").fill("Day")
        page.locator("[name=steps-0-do]").select_option("note")
        page.locator("[name=steps-0-text]").fill("Look at it at once.")
        page.get_by_role("button", name="Try it").click()
        told = page.locator("#rehearsal")
        expect(told).to_contain_text(f"touched {TAKEN} of the last 200 tickets")
        expect(told.locator("#rehearsal-touched tbody tr")).to_have_count(TAKEN)
        expect(told).to_contain_text(f"The other {200 - TAKEN} it would have left alone")
    assert product.number("SELECT count(*) FROM tickets_rule") == 0
    assert (
        product.number("SELECT count(*) FROM tickets_message WHERE text LIKE 'Look at it%%'") == 0
    )


def test_nothing_serious_stands_in_the_way_of_agents(chromium: Browser, product: Product) -> None:
    found = []
    with at_the_desk(chromium, product, "agent") as page:
        for address in (QUEUE, f"{QUEUE}?q=report"):
            page.goto(address)
            found += barriers(page, Axe(), impacts=SERIOUS)
        ticket = page.locator("#result_list .field-ticket a").first.get_attribute("href")
        page.goto(str(ticket))
        found += barriers(page, Axe(), impacts=SERIOUS)
    assert found == []


def milliseconds_of(request: Request) -> list[float]:
    """From asking for a page until it was there, in milliseconds; of other requests nothing."""
    timing = request.timing
    is_page = request.is_navigation_request() and timing["responseEnd"] > 0
    return [timing["responseEnd"] - timing["requestStart"]] if is_page else []


@contextmanager
def incoming(product: Product) -> Iterator[list[float]]:
    """New tickets all the time; afterwards, in the list: how many there were, in what time."""
    script = FLOW.format(rate=PER_MINUTE, most=10 * PER_MINUTE)
    flow = subprocess.Popen(
        product.shell(script),
        cwd=ROOT,
        env=product.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    made: list[float] = []
    try:
        yield made
    finally:
        said, _ = flow.communicate(timeout=60)  # Closes its input.
    made += [float(number) for number in said.split()]


def test_a_day_goes_on_while_many_tickets_come_in(chromium: Browser, product: Product) -> None:
    with (
        at_the_desk(chromium, product, "agent") as page,
        incoming(product) as made,
    ):
        times: list[float] = []
        page.on("requestfinished", lambda it: times.extend(milliseconds_of(it)))
        page.goto(f"{UNASSIGNED}&sort=newest")
        # By themselves: the page is not loaded again.
        expect(page.locator("#result_list")).to_contain_text("Flow ", timeout=SOON)
        first = page.locator("#result_list tbody tr[data-ticket]").first
        number = first.get_attribute("data-ticket")
        expect(first).not_to_have_attribute("data-ticket", str(number), timeout=SOON)
        done = work(page, UNDER_LOAD, "Solved under load")
        for address in (f"{QUEUE}?q=report", QUEUE, "/admin/"):
            page.goto(address)
    assert len(set(done)) == UNDER_LOAD
    assert product.number(SOLVED_BY, "Solved under load%") == UNDER_LOAD
    count, seconds = made
    came = "SELECT count(*) FROM tickets_ticket WHERE subject LIKE %s"
    assert product.number(came, "Flow %") == count
    tell(
        f"{count:.0f} tickets came in {seconds:.0f} s; {len(times)} pages of the agent:"
        f" median {statistics.median(times):.0f} ms, longest {max(times):.0f} ms"
    )
