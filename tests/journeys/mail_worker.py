"""A process that works on the desk's mail until somebody ends it, which a test does with relish.

    python -m tests.journeys.mail_worker read

Each kind does what the Celery task of that name does, again and again. No broker is asked for
anything, as if it were flushed all the time: what is to be done is in the database alone.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import django
from django.db import InterfaceError, OperationalError, connection
from django.utils import timezone

# Nothing that a failed test leaves behind runs for ever; a test on a busy machine is not cut short.
LONGEST_LIFE_SECONDS = 600
BURST_SECONDS = 1.0
PAUSE_SECONDS = 0.1
# Every third ticket is answered, once.
ANSWERED_EVERY = 3
IS_AWAY = "The database is away"

logger = logging.getLogger(__name__)


def work_on(kind: str) -> None:
    """Go on until the life ends; a database that is away for a while is waited for."""
    work = KINDS[kind]
    until, pause = time.monotonic() + LONGEST_LIFE_SECONDS, threading.Event()
    while time.monotonic() < until:
        try:
            did = work()
        except (OperationalError, InterfaceError) as error:
            logger.warning("%s: %s", IS_AWAY, error)
            connection.close()
            did = 0
        if not did:
            pause.wait(PAUSE_SECONDS)


def fetch() -> int:
    """From the mailboxes."""
    from tickets import fetching

    return fetching.fetch_due(at=timezone.now(), seconds=BURST_SECONDS)


def take() -> int:
    """From the folder SPOOL, as an MTA that pipes: a message that was received is moved away."""
    from tickets import inbound
    from tickets.models import Mailbox

    mailbox, spool = Mailbox.objects.get(), Path(os.environ["SPOOL"])
    waiting = sorted((spool / "new").iterdir())
    for path in waiting:
        key = f"spool:{path.name}"
        inbound.receive(path.read_bytes(), mailbox=mailbox, key=key, at=timezone.now())
        path.rename(spool / "cur" / path.name)
    return len(waiting)


def read() -> int:
    """Make tickets of it."""
    from tickets import inbound

    return inbound.read_waiting(at=timezone.now(), seconds=BURST_SECONDS)


def send() -> int:
    """The acknowledgements and the answers."""
    from tickets import delivery

    return delivery.send_waiting(at=timezone.now(), seconds=BURST_SECONDS)


def answer() -> int:
    """As agents do who answer every third ticket."""
    from django.db.models import F

    from tickets import lifecycle
    from tickets.models import Ticket, User

    agent = User.objects.staff().get()
    theirs = Ticket.objects.alias(turn=F("pk") % ANSWERED_EVERY).filter(turn=0)
    waiting = list(theirs.exclude(messages__by_staff=True))
    for ticket in waiting:
        text = f"The answer to {ticket.subject}."
        lifecycle.reply(ticket=ticket, by=agent, text=text, at=timezone.now())
    return len(waiting)


def prepare() -> None:
    """A migrated desk with one agent, and one mailbox: at IMAP_PORT, or filled by an MTA."""
    from django.core.management import call_command

    from tests.factories import agent
    from tests.peers_imap import LOGIN, PASSWORD
    from tickets.models import Mailbox

    call_command("load_policy", country="", verbosity=0)
    agent("agent@desk.example", name="Ravi", signature="Ravi, second line")
    mailbox = Mailbox(address="support@example.com", security="plain")
    if port := os.environ.get("IMAP_PORT"):
        mailbox.host, mailbox.port = "127.0.0.1", int(port)
        mailbox.login, mailbox.secret = LOGIN, PASSWORD
    mailbox.save()


KINDS: dict[str, Callable[[], int]] = {
    act.__name__: act for act in (fetch, take, read, send, answer)
}

if __name__ == "__main__":
    django.setup()
    prepare() if sys.argv[1] == "prepare" else work_on(sys.argv[1])
