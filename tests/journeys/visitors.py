"""Somebody with a browser, and the mail that reached him."""

from __future__ import annotations

import re
from collections.abc import Container

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.journeys.product import Account, Product

DESKTOP, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}


class Visitor:
    """Somebody with a browser of his own; what it complains about is kept in `complaints`."""

    def __init__(
        self, chromium: Browser, product: Product, size: dict[str, int], *, scripts: bool = True
    ) -> None:
        context = chromium.new_context(
            viewport=size,  # type: ignore[arg-type]
            base_url=product.url,
            java_script_enabled=scripts,
            locale="en-GB",
            timezone_id="Asia/Kolkata",
        )
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


# How axe grades what it finds.
SERIOUS = ("serious", "critical")
IMPACTS = ("minor", "moderate", *SERIOUS)


def barriers(page: Page, rules: Axe, *, impacts: Container[str] = IMPACTS) -> list[str]:
    """What axe finds on the page, light and dark; and whether it scrolls sideways at 320 pixels."""
    found = []
    page.wait_for_load_state("load")
    # A scheme changes colours alone.
    for scheme, only in (("light", None), ("dark", {"runOnly": ["color-contrast"]})):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
        answer = rules.run(page, options=only).response
        found += [
            f"{page.url} {scheme} {one['id']}: {node['html'][:200]}"
            for one in answer["violations"]
            if one["impact"] in impacts
            for node in one["nodes"]
        ]
    # Axe leaves empty ones behind, which htmx would copy, and the content policy complain of.
    page.evaluate("document.querySelectorAll('[style]').forEach(it => it.removeAttribute('style'))")
    size = page.viewport_size
    page.set_viewport_size({"width": 320, "height": 640})
    if page.evaluate("document.documentElement.scrollWidth > 320"):
        found.append(f"{page.url} scrolls sideways at 320 pixels")
    if size is not None:
        page.set_viewport_size(size)
    return found


def mails_to(product: Product, address: str, about: str) -> list[str]:
    """The texts of the mails that arrived at this address with these words in the subject."""
    return [
        mail.message.get_body(("plain",)).get_content()
        for mail in list(product.mail.received)
        if address in mail.recipients and about in str(mail.message["Subject"])
    ]
