"""A conversation by mail alone, on the running product, with Dovecot and an SMTP server."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import parseaddr
from http.cookiejar import CookieJar
from typing import Any
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, OpenerDirector, Request, build_opener

import psycopg
import pytest

from tests.journeys.product import ROOT, Account, Demonstration, Product, dsn, running_copy
from tests.peers import Received, wait_until
from tests.peers_imap import LOGIN, PASSWORD, Dovecot, needs_dovecot

pytestmark = needs_dovecot

SECONDS = 60
MIRA, SUPPORT = "mira@client.example", "support@example.com"
SECRET_WORD = "Xylophone"  # Typed by the customer: it must not come back in an acknowledgement.


@pytest.fixture(scope="module")
def dovecot() -> Iterator[Dovecot]:
    with Dovecot() as dovecot:
        yield dovecot


@pytest.fixture(scope="module")
def product(
    dovecot: Dovecot, demonstrated: Demonstration, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Product]:
    with running_copy(demonstrated, tmp_path_factory.mktemp("product")) as product:
        set_up = SET_UP.format(port=dovecot.port, login=LOGIN, password=PASSWORD)
        manage(product, "shell", "--no-imports", "-c", set_up)
        yield product


# What an administrator does once.
SET_UP = """
from tickets.models import Mailbox, User
Mailbox.objects.create(
    address="support@example.com", host="127.0.0.1", port={port}, security="plain",
    login={login!r}, secret={password!r},
)
User.objects.staff().update(signature="Second line, around the clock")
"""


def manage(product: Product, *arguments: str) -> None:
    """A command, in a process of the product."""
    subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=product.environment,
        check=True,
    )


@dataclass
class Desk:
    """What the test sees of the product: mails that leave, rows, and the agent's page."""

    product: Product
    dovecot: Dovecot

    def rows(self, question: str, *values: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(**dsn(self.product.database)) as connection:
            return connection.execute(question, values).fetchall()

    def mails_to(self, address: str) -> list[Received]:
        return [mail for mail in list(self.product.mail.received) if address in mail.recipients]

    def nth_mail_to(self, address: str, number: int) -> EmailMessage:
        """Wait for it; the first is number one."""
        wait_until(lambda: len(self.mails_to(address)) >= number, seconds=SECONDS)
        assert len(self.mails_to(address)) == number
        return self.mails_to(address)[-1].message

    def put(self, raw: bytes, *, by_beat: bool = False) -> None:
        """Mail arrives, is fetched by the sweep or at once, and is understood."""
        done = "SELECT count(*) FROM tickets_inboundmessage WHERE state = 'done'"
        ((before,),) = self.rows(done)
        self.dovecot.put(raw)
        if not by_beat:
            manage(self.product, "fetch_mail", "--once")
        wait_until(lambda: self.rows(done) == [(before + 1,)], seconds=SECONDS)

    def ticket(self, subject: str) -> int:
        ((number,),) = self.rows("SELECT id FROM tickets_ticket WHERE subject = %s", subject)
        return int(number)

    def entry(self, number: int) -> list[tuple[Any, ...]]:
        """What the ticket says of the customer's mail with this number."""
        return self.rows(
            "SELECT ticket_id, text, is_public, is_automatic FROM tickets_message"
            " WHERE mail_message_id = %s",
            f"<{number}@client.example>",
        )

    def facts(self, ticket: int) -> list[tuple[Any, ...]]:
        """Status and clocks: what a machine's mail must not touch."""
        return [
            *self.rows(
                "SELECT status, resolved_at, next_due_at FROM tickets_ticket WHERE id = %s", ticket
            ),
            *self.rows("SELECT * FROM sla_clock WHERE ticket_id = %s ORDER BY id", ticket),
        ]


class Agent:
    """Somebody who is signed in, and whose browser runs no script."""

    def __init__(self, product: Product, account: Account) -> None:
        self._url, self._cookies = product.url, CookieJar()
        self._opener: OpenerDirector = build_opener(HTTPCookieProcessor(self._cookies))
        self.get("/admin/login/")
        self.post("/admin/login/", username=account.email, password=account.password)

    def get(self, path: str) -> str:
        with self._opener.open(self._url + path, timeout=20) as answer:
            return str(answer.read().decode())

    def post(self, path: str, **fields: str) -> str:
        token = next(cookie.value or "" for cookie in self._cookies if "csrf" in cookie.name)
        data = urlencode({**fields, "csrfmiddlewaretoken": token}).encode()
        request = Request(self._url + path, data, {"Referer": self._url + path})
        with self._opener.open(request, timeout=20) as answer:
            return str(answer.read().decode())


def mail(subject: str, text: str, number: int, **headers: str) -> bytes:
    made = EmailMessage()
    made["From"], made["To"] = f"Mira <{MIRA}>", headers.pop("To", SUPPORT)
    made["Subject"], made["Message-ID"] = subject, f"<{number}@client.example>"
    for name, value in headers.items():
        made[name.replace("_", "-")] = value
    made.set_content(text)
    return made.as_bytes()


def bounce(original: bytes, recipient: str) -> bytes:
    """A report that the address takes no mail (RFC 3464)."""
    lines = [
        "From: Mail Delivery System <MAILER-DAEMON@mx.client.example>",
        f"To: {SUPPORT}",
        "Subject: Undelivered Mail Returned to Sender",
        "Message-ID: <bounce@mx.client.example>",
        "MIME-Version: 1.0",
        'Content-Type: multipart/report; report-type=delivery-status; boundary="cut"',
        "",
        "--cut",
        "",
        "I'm sorry to have to inform you that your message could not be delivered.",
        "--cut",
        "Content-Type: message/delivery-status",
        "",
        "Reporting-MTA: dns; mx.client.example",
        "",
        f"Final-Recipient: rfc822; {recipient}",
        "Action: failed",
        "Status: 5.1.1",
        "Diagnostic-Code: smtp; 550 5.1.1 Mira left the company",
        "--cut",
        "Content-Type: message/rfc822",
        "",
        "",
    ]
    return "\r\n".join(lines).encode() + original + b"\r\n--cut--\r\n"


def body(received: EmailMessage) -> str:
    part = received.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


def test_a_conversation_by_mail(product: Product, dovecot: Dovecot) -> None:
    desk, agent = Desk(product, dovecot), Agent(product, product.account("agent"))

    # A mail becomes a ticket, and is acknowledged with nothing of what it says.
    desk.put(mail("The export is empty", f"{SECRET_WORD} is missing.", 1), by_beat=True)
    ticket = desk.ticket("The export is empty")
    acknowledgement = desk.nth_mail_to(MIRA, 1)
    reply_address = parseaddr(str(acknowledgement["Reply-To"]))[1]
    assert re.fullmatch(rf"support\+{ticket}-[a-z2-7]{{20}}@example\.com", reply_address)
    assert acknowledgement["Auto-Submitted"] == "auto-replied"
    assert acknowledgement["In-Reply-To"] == "<1@client.example>"
    for words in (SECRET_WORD, "export"):
        assert words not in acknowledgement.as_string()

    # The agent answers on his page.
    page = f"/admin/tickets/ticket/{ticket}/change/"
    assert SECRET_WORD in agent.get(page)
    agent.post(f"/admin/tickets/ticket/{ticket}/reply/", text="Which export do you mean?")
    answer = desk.nth_mail_to(MIRA, 2)
    conversation = ["<1@client.example>", str(acknowledgement["Message-ID"])]
    assert str(answer["References"]).split() == conversation
    assert answer["In-Reply-To"] == "<1@client.example>"
    assert answer["Auto-Submitted"] is None
    assert parseaddr(str(answer["Reply-To"]))[1] == reply_address
    assert "Which export do you mean?" in body(answer)
    assert "Second line, around the clock" in body(answer)

    # Her answer finds the ticket by its address alone, and is shown without what it quotes.
    quoted = "The one of sales.\n\nOn Monday Ravi wrote:\n> Which export do you mean?\n"
    desk.put(mail("No subject of ours", quoted, 2, To=reply_address))
    assert desk.entry(2) == [(ticket, "The one of sales.", True, False)]
    before = desk.facts(ticket)

    # A machine's answer is kept for the agents, and nothing else happens.
    named = {"To": reply_address, "In_Reply_To": str(answer["Message-ID"])}
    desk.put(mail("Away", "Back on Monday.", 3, Auto_Submitted="auto-replied", **named))
    assert desk.entry(3) == [(ticket, "Back on Monday.", False, True)]
    assert desk.facts(ticket) == before

    # The reply comes back: the agent sees that, and why.
    assert "Mira left the company" not in agent.get(page)
    desk.put(bounce(desk.mails_to(MIRA)[-1].raw, MIRA))
    assert "550 5.1.1 Mira left the company" in agent.get(page)
    assert desk.facts(ticket) == before

    assert desk.rows("SELECT id FROM tickets_ticket WHERE mailbox_id IS NOT NULL") == [(ticket,)]
    assert len(desk.mails_to(MIRA)) == 2
    assert dovecot.unseen() == 0
