"""Asking for a code, and reading it in the mail."""

from __future__ import annotations

import re

from django.test import Client
from django.utils import timezone

from tickets.limits import Limit
from tickets.models import Delivery

ASK, TYPE, OUT = "/sign-in/", "/sign-in/code/", "/sign-out/"
MINE = "/tickets/"
OVER = "This code does not hold any more"
WRONG = "This is not the code in our newest mail."


def ask(client: Client, address: str = "asha@client.example", **more: str) -> int:
    """The status of asking for a code."""
    return client.post(ASK, {"email": address, **more}).status_code


def mails() -> list[Delivery]:
    return list(Delivery.objects.filter(occasion="login_code").order_by("created_at"))


def code_of(mail: Delivery) -> str:
    found = re.search(r"^\d{4}-\d{4}$", mail.text, re.MULTILINE)
    assert found
    return found[0]


def asked(client: Client, address: str = "asha@client.example", **more: str) -> str:
    """Ask, and read the code in the mail."""
    assert ask(client, address, **more) == 302
    return code_of(mails()[-1])


def is_signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def age(client: Client, seconds: int) -> None:
    """Let time pass for the code that this browser asked for."""
    session = client.session
    session["account_login"]["state"]["stages"]["login_by_code"]["data"]["at"] -= seconds
    session.save()


def use_up(limit: Limit, who: str) -> None:
    """Now, and in the next window, should it begin during the test."""
    for at in (timezone.now(), timezone.now() + limit.span):
        for _ in range(limit.times):
            limit.take(who, at=at)
