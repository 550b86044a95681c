"""Somebody with a browser, and the mail that reached him."""

from __future__ import annotations

import re

from playwright.sync_api import Browser, Page, expect

from tests.journeys.product import Account, Product

DESKTOP, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}


class Visitor:
    """Somebody with a browser of his own; what it complains about is kept in `complaints`."""

    def __init__(self, chromium: Browser, product: Product, size: dict[str, int]) -> None:
        context = chromium.new_context(viewport=size, base_url=product.url)  # type: ignore[arg-type]
        self.page: Page = context.new_page()
        self.complaints: list[str] = []
        self.page.on(
            "console",
            lambda said: (
                self.complaints.append(f"{said.text} {said.location.get('url')}")
                if said.type == "error"
                else None
            ),
        )
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def sign_in(self, account: Account) -> None:
        self.page.goto("/admin/login/?next=/admin/")
        self.page.locator("[name=username]").fill(account.email)
        self.page.locator("[name=password]").fill(account.password)
        self.page.locator("[type=submit]").click()
        expect(self.page).not_to_have_url(re.compile("login"))

    def fits(self) -> bool:
        """Whether nothing makes the page scroll sideways."""
        self.page.wait_for_load_state("load")
        return bool(
            self.page.evaluate(
                "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
            )
        )


def mails_to(product: Product, address: str, about: str) -> list[str]:
    """The texts of the mails that arrived at this address with these words in the subject."""
    return [
        mail.message.get_body(("plain",)).get_content()
        for mail in list(product.mail.received)
        if address in mail.recipients and about in str(mail.message["Subject"])
    ]
