"""Forms of the desk in a browser: what scripts do to them, on a wide page and on a phone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, FilePayload, Page, expect

from tests.journeys.desk_scripts import PREPARE
from tests.journeys.product import Product, running_product
from tests.journeys.visitors import DESKTOP, PHONE, Visitor

pytestmark = pytest.mark.browser

QUEUE = "/admin/tickets/ticket/"
SIGNATURE = "Second line, around the clock"
# A picture of one pixel.
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010804000000b51c0c02"
    "0000000b4944415478da6364f80f00010501012718e3660000000049454e44ae426082"
)
FILES: list[FilePayload] = [
    {"name": "screen.png", "mimeType": "image/png", "buffer": PIXEL},
    {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"One line"},
]


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with running_product(tmp_path_factory.mktemp("product")) as product:
        product.run(PREPARE)
        yield product


@contextmanager
def at_the_desk(
    chromium: Browser, product: Product, role: str, size: dict[str, int] = DESKTOP
) -> Iterator[Page]:
    """A page of somebody who is signed in; whatever his browser complains of fails the test."""
    visitor = Visitor(chromium, product, size)
    visitor.sign_in(product.account(role))
    try:
        yield visitor.page
        assert visitor.fits()
    finally:
        visitor.page.context.close()
    assert visitor.complaints == []


def open_a_ticket(page: Page, about: str) -> None:
    page.goto(f"{QUEUE}?q={about}")
    page.locator("#result_list .field-ticket a").first.click()
    page.wait_for_url(re.compile("/change/"))
    page.wait_for_load_state("load")


def test_a_chosen_file_of_people_is_looked_at_without_a_script_error(
    chromium: Browser, product: Product
) -> None:
    with at_the_desk(chromium, product, "administrator", PHONE) as page:
        page.goto("/admin/tickets/importjob/add/")
        page.get_by_role("radio", name="People").check()
        page.locator("[name=file]").set_input_files(
            {"name": "people.csv", "mimeType": "text/csv", "buffer": b"email\nerika@form.example\n"}
        )
        page.get_by_role("button", name="Look at the file").click()
        expect(page.get_by_text("1 row, all well.")).to_be_visible()
        expect(page.get_by_role("cell", name="Will be brought in")).to_be_visible()


def test_all_that_a_step_asks_for_stays_in_its_box_on_a_phone(
    chromium: Browser, product: Product
) -> None:
    with at_the_desk(chromium, product, "manager", PHONE) as page:
        page.goto("/admin/tickets/rule/add/")
        expect(page.locator(".field-idle_hours")).to_be_hidden()
        page.locator("[name=when]").select_option("idle")
        expect(page.locator(".field-idle_hours")).to_be_visible()
        page.locator("[name=steps-0-do]").select_option("notify")
        expect(page.get_by_label("Escalation address")).to_be_visible()
        outside = page.evaluate(
            """() => {
                const box = document.querySelector("[data-row]").getBoundingClientRect();
                return [...document.querySelectorAll("[data-row] *")]
                    .filter((part) => part.getBoundingClientRect().right > box.right)
                    .map((part) => part.outerHTML.slice(0, 80));
            }"""
        )
        assert outside == []
        cut_short = "part => part.scrollWidth > part.clientWidth"
        choices = page.locator("[data-row] .desk-row-choices span:visible")
        assert choices.count() > 0
        assert not any(choice.evaluate(cut_short) for choice in choices.all())


def test_what_is_written_outlives_a_reload_and_goes_with_files_and_signature(
    chromium: Browser, product: Product
) -> None:
    with at_the_desk(chromium, product, "agent") as page:
        page.goto("/admin/tickets/user/me/")
        page.get_by_label("Signature").fill(SIGNATURE)
        page.get_by_role("button", name="Save").click()
        open_a_ticket(page, '"Day 3"')
        expect(page.locator(".desk-signature")).to_contain_text(SIGNATURE)
        page.locator("[data-composer-text]").fill("Which browser is it?")
        page.reload()
        expect(page.locator("[data-composer-text]")).to_have_value("Which browser is it?")
        page.locator("#composer input[type=file]").set_input_files(FILES)
        page.get_by_role("button", name="Send and wait for customer").click()
        expect(page.get_by_text("the ticket waits for the customer.")).to_be_visible()
        said = page.locator("#messages .desk-message").last
        expect(said.locator(".desk-preview img")).to_be_visible()
        expect(said).to_contain_text("notes.txt")
        expect(page.locator("[data-composer-text]")).to_have_value("")


def test_the_text_of_a_macro_is_gone_on_with_in_the_composer(
    chromium: Browser, product: Product
) -> None:
    with at_the_desk(chromium, product, "agent") as page:
        open_a_ticket(page, '"Day 4"')
        page.keyboard.press("M")
        page.get_by_role("button", name=re.compile("Put its text into the composer")).click()
        expect(page.locator("[data-composer-text]")).to_be_focused()
        expect(page.locator("[data-composer-text]")).to_have_value(re.compile("we know of it"))
        # What is pressed says what it does.
        resolve = page.locator("#send-and-resolve")
        expect(resolve).to_have_text("Send and resolve", use_inner_text=True)
        page.locator("[data-composer-text]").fill("")
        expect(resolve).to_have_text("Resolve without a reply", use_inner_text=True)


def test_a_saved_view_is_in_the_sidebar_with_its_number(
    chromium: Browser, product: Product
) -> None:
    with at_the_desk(chromium, product, "agent") as page:
        page.set_viewport_size({"width": 1440, "height": 900})
        page.goto(f"{QUEUE}?assignee=nobody&sort=newest")
        page.get_by_text("Save this view").click()
        page.locator("details[open] [name=name]").fill("Nobody's newest")
        page.locator("details[open] button").click()
        expect(page.get_by_text("The view “Nobody's newest” is saved.")).to_be_visible()
        mine = page.locator("#desk-queues a", has_text="Nobody's newest")
        expect(mine).to_contain_text(re.compile(r"[1-9][0-9]* tickets"))


def test_the_page_of_a_member_of_staff_fits_a_phone(chromium: Browser, product: Product) -> None:
    number = product.number(
        "SELECT id FROM tickets_user WHERE email = %s", product.account("agent").email
    )
    with at_the_desk(chromium, product, "administrator", PHONE) as page:
        page.goto(f"/admin/tickets/user/{number}/change/")
        reset = page.get_by_role("link", name="Reset password")
        box = reset.bounding_box()
        assert box is not None
        assert box["x"] + box["width"] <= PHONE["width"]
