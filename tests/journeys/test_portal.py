"""Customers on the running product: a phone and a desktop, without scripts, by keyboard alone."""

from __future__ import annotations

import re
from collections.abc import Iterator

import psycopg
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.journeys.product import Demonstration, Product, dsn, running_copy
from tests.journeys.visitors import DESKTOP, PHONE, Visitor, barriers, mails_to
from tests.payloads import PAYLOADS
from tests.peers import wait_until

pytestmark = pytest.mark.browser

# What htmx says of a request that a newer one, or leaving the page, cuts off.
CUT_OFF = ("htmx:afterRequest", "htmx:sendError", "htmx:sendAbort")
COMPANY = """
from tickets.models import Organization, User
agent = User.objects.staff().order_by("pk").first()
acme = Organization.objects.create(
    name="Acme", domains=["acme.example"], shares_tickets=True, spoc=agent
)
User.objects.customer("bo@acme.example", "Bo")
for name in ("mira", "nils"):
    User.objects.customer(f"{name}@acme.example", name.title())
User.objects.filter(email__endswith="@acme.example").update(organization=acme)
"""
ANSWER = """
from django.utils import timezone
from tickets import lifecycle
from tickets.models import Ticket, User
ticket = Ticket.objects.get(pk={number})
agent = User.objects.staff().order_by("pk").first()
lifecycle.{verb}(ticket=ticket, by=agent, text={text!r}, at=timezone.now())
"""
VOID = """
from django.utils import timezone
from tickets.models import Ticket
Ticket.objects.filter(pk={number}).update(links_void_before=timezone.now())
"""


@pytest.fixture(scope="module")
def product(
    demonstrated: Demonstration, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Product]:
    with running_copy(demonstrated, tmp_path_factory.mktemp("product")) as product:
        product.run(COMPANY)
        yield product


class Customer(Visitor):
    """Somebody at Acme; what stands in the way on his pages is kept in `barriers`."""

    def look(self) -> None:
        """Let axe look at the page, light and dark."""
        self.found = [*getattr(self, "found", []), *barriers(self.page, Axe())]

    def ask_for_code(self, product: Product, address: str) -> None:
        before = len(mails_to(product, address, "code"))
        self.page.goto("/sign-in/")
        self.page.get_by_label("E-mail").fill(address)
        self.page.get_by_role("button", name="Send me a code").click()
        wait_until(lambda: len(mails_to(product, address, "code")) > before, seconds=30)

    def type_code(self, product: Product, address: str) -> None:
        self.page.get_by_label("Code").fill(code_in(mails_to(product, address, "code")[-1]))
        self.page.get_by_role("main").get_by_role("button", name="Sign in").click()

    def complained(self) -> list[str]:
        """Without what was asked for: a refused form, an old link, a poll cut off by another."""
        asked_for = ("the server responded with", *CUT_OFF)
        return [said for said in self.complaints if not any(word in said for word in asked_for)]


def code_in(mail: str) -> str:
    found = re.search(r"^\s*([A-Z0-9]{3,4}-?[A-Z0-9]{3,4})\s*$", mail, re.MULTILINE)
    assert found is not None, mail
    return found.group(1)


def fill_in(page: Page, *, subject: str, address: str = "") -> None:
    page.get_by_label("System down").check()
    page.get_by_label("How many of your users").fill("40")
    page.get_by_label("Subject").fill(subject)
    page.get_by_label("Description").fill("Nobody gets past the first page since eight o'clock.")
    if address:
        page.get_by_label("Your e-mail address").fill(address)


def number_on(page: Page) -> int:
    found = re.search(r"HD-(\d+)", page.locator(".reference").first.inner_text())
    assert found is not None
    return int(found.group(1))


@pytest.mark.parametrize(
    ("size", "name"), [(PHONE, "mira"), (DESKTOP, "nils")], ids=["phone", "desktop"]
)
def test_a_customer_reports_signs_in_talks_and_rates(
    chromium: Browser, product: Product, size: dict[str, int], name: str
) -> None:
    address, subject = f"{name}@acme.example", f"The interface is down for {name}"
    customer = Customer(chromium, product, size)
    page = customer.page
    page.goto("/")
    expect(page.get_by_text(re.compile("Support is (open|closed) now"))).to_be_visible()
    customer.look()
    page.get_by_role("main").get_by_role("link", name=re.compile("Report a problem")).click()
    expect(page).to_have_url(re.compile("/tickets/new/"))
    expect(page.get_by_role("radio").first).to_have_accessible_name(re.compile("System down"))
    customer.look()

    page.get_by_role("button", name="Send", exact=True).click()
    page.evaluate("document.querySelector('form.request').noValidate = true")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_role("alert").first).to_be_focused()
    customer.look()
    fill_in(page, subject=subject, address=address)
    expect(page.locator("#promise")).to_contain_text("We answer by")
    page.locator("input[type=file]").set_input_files(
        {"name": "screen.txt", "mimeType": "text/plain", "buffer": b"Error 502"}
    )
    customer.look()
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(subject)
    expect(page.get_by_role("link", name="screen.txt")).to_be_visible()
    number = number_on(page)
    customer.look()
    page.get_by_role("link", name=re.compile("Why this time")).first.click()
    expect(page).to_have_url(re.compile("/promises/"))
    customer.look()
    page.goto("/policy/")
    customer.look()

    customer.ask_for_code(product, address)
    expect(page.get_by_label("Code")).to_be_visible()
    customer.look()
    customer.type_code(product, address)
    expect(page.get_by_role("heading", level=1)).to_have_text("My tickets")
    expect(page.get_by_role("link", name=subject)).to_be_visible()
    customer.look()
    page.goto("/profile/")
    customer.look()

    page.goto(f"/tickets/HD-{number}/")
    product.run(ANSWER.format(number=number, verb="reply", text="We restart the gate now."))
    expect(page.get_by_text("We restart the gate now.")).to_be_visible(timeout=40_000)
    page.get_by_label("Your message").fill("Thank you, I wait.")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_text("Thank you, I wait.")).to_be_visible()
    page.get_by_text("Add a colleague").first.click()
    page.get_by_label(re.compile("colleague|E-mail", re.IGNORECASE)).last.fill("bo@acme.example")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_role("main")).to_contain_text("Bo")
    page.get_by_text("Escalate this ticket").click()
    page.get_by_label("Why is it urgent?").fill("Our shop opens in an hour.")
    page.get_by_role("button", name="Escalate", exact=True).click()
    expect(page.get_by_role("main")).to_contain_text("You escalated this ticket")
    customer.look()
    page.get_by_role("button", name=re.compile("solved: close")).click()
    expect(page.get_by_role("main")).to_contain_text("Closed")
    page.get_by_role("radio", name=re.compile("^5")).check()
    page.get_by_label("Do you want to tell us more?").fill("Quick and kind.")
    page.get_by_role("button", name="Rate our help").click()
    expect(page.get_by_role("main")).to_contain_text("You rated our help: 5")
    customer.look()
    page.get_by_role("button", name=re.compile("take it up again")).click()
    expect(page.get_by_label("Your message")).to_be_visible()

    product.run(VOID.format(number=number))
    stranger = Customer(chromium, product, size)
    acknowledgement = mails_to(product, address, f"HD-{number}")[0]
    link = re.search(r"http\S+/tickets/HD-\S+", acknowledgement)
    assert link is not None
    stranger.page.goto(link.group())
    expect(stranger.page.get_by_role("heading", level=1)).to_contain_text("is over")
    stranger.look()
    assert customer.found + stranger.found == []
    assert customer.complained() + stranger.complained() == []


SIMILAR = """
from django.utils import timezone
from tickets import lifecycle
from tickets.models import User
nils = User.objects.get(email="nils@acme.example")
lifecycle.open_ticket(requester=nils, subject="The warehouse scanner beeps", text="All day.",
    at=timezone.now(), acknowledge=False)
"""
DROP = """(field) => {
  const files = new DataTransfer();
  files.items.add(new File(["Error 502"], "dropped.txt", { type: "text/plain" }));
  for (const kind of ["dragenter", "dragover", "drop"]) {
    const how = { dataTransfer: files, bubbles: true, cancelable: true };
    field.dispatchEvent(new DragEvent(kind, how));
  }
}"""


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_the_form_keeps_words_takes_dropped_files_and_shows_what_is_open_already(
    chromium: Browser, product: Product, size: dict[str, int]
) -> None:
    customer = Customer(chromium, product, size)
    page = customer.page
    page.goto("/tickets/new/")
    fill_in(page, subject="Kept over a crash")
    page.reload()
    expect(page.get_by_text("We kept what you had typed.")).to_be_visible()
    expect(page.get_by_label("Subject")).to_have_value("Kept over a crash")
    page.locator("[data-files]").evaluate(DROP)
    expect(page.get_by_role("button", name="Remove dropped.txt")).to_be_visible()
    customer.look()
    page.get_by_role("button", name="Deutsch").click()
    expect(page.locator("html")).to_have_attribute("lang", "de")
    customer.look()
    page.get_by_role("button", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en-gb")

    product.run(SIMILAR)
    customer.ask_for_code(product, "bo@acme.example")
    customer.type_code(product, "bo@acme.example")
    page.goto("/tickets/new/")
    page.get_by_label("Subject").fill("Our warehouse scanner is loud")
    expect(page.get_by_role("link", name=re.compile("The warehouse scanner")).first).to_be_visible()
    customer.look()
    assert customer.found == []
    assert customer.complained() == []


SWITCHED_ON = """
from tickets.models import PortalSettings
settings = PortalSettings.current()
settings.incident, settings.incident_url = "Reports are late today.", "https://status.example.com/"
settings.publishes_attainment = {is_on}
settings.asks_for_work = {is_on}
settings.incident = settings.incident if {is_on} else ""
settings.save()
"""


def test_nothing_stands_in_the_way_on_the_other_pages(chromium: Browser, product: Product) -> None:
    customer = Customer(chromium, product, PHONE)
    product.run(SWITCHED_ON.format(is_on=True))
    addresses = ["/", "/tickets/new/", "/policy/", "/sign-in/", "/no/such/page/"]
    for address in addresses:
        customer.page.goto(address)
        customer.look()
    expect(customer.page.get_by_role("heading", level=1)).to_be_visible()
    customer.page.goto("/")
    expect(customer.page.get_by_text("Reports are late today.")).to_be_visible()
    customer.page.goto("/tickets/new/")
    fill_in(customer.page, subject="Proved by work", address="work@acme.example")
    customer.page.get_by_role("button", name="Send", exact=True).click()
    expect(customer.page.get_by_role("heading", level=1)).to_have_text("Proved by work")
    product.run(SWITCHED_ON.format(is_on=False))
    customer.ask_for_code(product, "work@acme.example")
    customer.type_code(product, "work@acme.example")
    customer.page.goto("/sign-out/")
    customer.look()
    assert customer.found == []
    assert customer.complained() == []


def test_form_reply_and_sign_in_work_without_scripts(chromium: Browser, product: Product) -> None:
    customer = Customer(chromium, product, PHONE, scripts=False)
    page, address = customer.page, "olga@acme.example"
    page.goto("/tickets/new/")
    fill_in(page, subject="No scripts here", address=address)
    page.get_by_role("button", name="Show when you answer").click()
    expect(page.locator("#promise")).to_contain_text("We answer by")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("No scripts here")
    page.get_by_label("Your message").fill("One thing more.")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_text("One thing more.")).to_be_visible()
    customer.ask_for_code(product, address)
    customer.type_code(product, address)
    expect(page.get_by_role("link", name="No scripts here")).to_be_visible()
    assert customer.complained() == []


def test_a_request_can_be_sent_by_keyboard_alone(chromium: Browser, product: Product) -> None:
    customer = Customer(chromium, product, DESKTOP)
    page = customer.page
    page.goto("/tickets/new/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")

    def tab_to(label: str) -> None:
        for _ in range(15):
            page.keyboard.press("Tab")
            if page.get_by_label(label).first.evaluate("it => it === document.activeElement"):
                return
        raise AssertionError(f"No Tab leads to {label}.")

    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(page.get_by_label("System down")).to_be_checked()
    for label, words in (
        ("How many of your users", "40"),
        ("Subject", "By keyboard"),
        ("Description", "No mouse is here."),
        ("Your e-mail address", "kim@acme.example"),
    ):
        tab_to(label)
        page.keyboard.type(words)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("By keyboard")
    assert customer.complained() == []


SCRIPTED = """
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from tests.payloads import PAYLOADS
from tickets import lifecycle
from tickets.models import Organization, Ticket, User
acme, at = Organization.objects.get(name="Acme"), timezone.now()
agent = User.objects.staff().order_by("pk").first()
for number, words in enumerate(PAYLOADS):
    person = User.objects.customer(f"x{number}@acme.example", words)
    User.objects.filter(pk=person.pk).update(organization=acme)
    person.refresh_from_db()
    file = SimpleUploadedFile(words.replace("/", "|"), b"x", "text/plain")
    opened = lifecycle.open_ticket(requester=person, subject=words, text=words, at=at,
        attachments=[file], acknowledge=False)
    first = opened if not number else Ticket.objects.get(pk=opened.pk - number)
    if number:
        lifecycle.reply(ticket=first, by=person, text=words, at=at, attachments=[file])
    else:
        lifecycle.reply(ticket=first, by=agent, text="\\n".join(PAYLOADS), at=at)
"""


def test_no_script_of_a_customer_runs_on_any_page(chromium: Browser, product: Product) -> None:
    product.run(SCRIPTED)
    customer, agent = Customer(chromium, product, DESKTOP), Customer(chromium, product, DESKTOP)
    customer.ask_for_code(product, "bo@acme.example")
    customer.type_code(product, "bo@acme.example")
    agent.sign_in(product.account("agent"))
    with psycopg.connect(**dsn(product.database)) as connection:
        question = "SELECT min(id), max(id) FROM tickets_ticket WHERE subject = ANY(%s)"
        first, last = connection.execute(question, [PAYLOADS]).fetchone() or (0, 0)
    assert last - first == len(PAYLOADS) - 1
    of_list = [f"/tickets/?whose=all&page={page}" for page in (1, 2, 3)]
    pages = {
        customer: [*of_list, f"/tickets/HD-{first}/", f"/tickets/HD-{last}/"],
        agent: ["/admin/tickets/ticket/", f"/admin/tickets/ticket/{first}/change/"],
    }
    for visitor, addresses in pages.items():
        for address in addresses:
            visitor.page.goto(address)
            visitor.page.wait_for_load_state("networkidle")
            assert visitor.page.title() != "pwned", address
        # Nothing was even tried: the content policy stopped no script.
        assert visitor.complained() == []
