"""Mail in and out, with one worker, on a desk of some thousand tickets of its own."""

from __future__ import annotations

import multiprocessing
import os
import smtplib
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from email.message import EmailMessage
from itertools import cycle, islice
from multiprocessing.connection import Connection

from tests.benchmarks import desk
from tests.benchmarks.frame import Options, Result
from tests.peers import SmtpPeer

TICKETS = 5_000
MAILS_IN, MAILS_OUT = 2_000, 1_000
# One mail every ten seconds: each gets its acknowledgement, which a flood does not.
APART = timedelta(seconds=10)
TEXT_BYTES, HTML_BYTES, FILE_BYTES = 1_500, 2_000, 6_000
WITH_FILE_EVERY = 5
TALK = "the report of yesterday shows no figures since we changed its filter and saved it"


def mail_in(options: Options) -> Result:
    """Mails that are stored become tickets, with clocks and acknowledgements; beside storing."""
    value, floor = _in_a_process_of_its_own(_read_all)
    return Result(value, "mails/s", floor, floor / value, aim=150)


def mail_out(options: Options) -> Result:
    """Agents' replies leave for a server on this machine; beside smtplib and nothing else."""
    value, floor = _in_a_process_of_its_own(_send_all)
    return Result(value, "mails/s", floor, floor / value, aim=200)


def _in_a_process_of_its_own[T](act: Callable[[desk.Environment], T]) -> T:
    """The other benches' desk is this process's for good: another needs another process."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(act, desk.fresh()).result()


def _read_all(environment: desk.Environment) -> tuple[float, float]:
    desk.enter(environment)
    desk.load(TICKETS)
    from tickets import inbound
    from tickets.models import InboundMessage, Mailbox

    mailbox = Mailbox.objects.create(address="support@example.com")
    raws = [_raw(number) for number in range(MAILS_IN + 1)]
    began = time.perf_counter()
    for number, raw in enumerate(raws):
        at = desk.MONDAY + number * APART
        inbound.receive(raw, mailbox=mailbox, key=f"bench:{number}", at=at)
    storing = len(raws) / (time.perf_counter() - began)
    # The first one fills the caches.
    waiting = InboundMessage.objects.exclude(key="bench:0")
    waiting.update(state="done", outcome="ticket")
    assert inbound.read_waiting(at=desk.MONDAY) == 1
    waiting.update(state="waiting", outcome="")
    seconds = _seconds(inbound.read_waiting, MAILS_IN)
    assert InboundMessage.objects.filter(outcome="ticket").count() == len(raws)
    return MAILS_IN / seconds, storing


def _send_all(environment: desk.Environment) -> tuple[float, float]:
    with _server() as port:
        os.environ["EMAIL_URL"] = f"smtp://127.0.0.1:{port}"
        desk.enter(environment)
        desk.load(TICKETS)
        from tickets import delivery, lifecycle
        from tickets.models import Delivery, Ticket, User

        agent = User.objects.staff().order_by("pk")[0]
        agent.signature = "Second line, available around the clock\nhttps://desk.example"
        opened = Ticket.objects.exclude(status="resolved").order_by("pk")
        at = desk.MONDAY + timedelta(hours=2)
        for ticket in opened[: MAILS_OUT + 1]:
            lifecycle.reply(ticket=ticket, by=agent, text=_words(TEXT_BYTES), at=at)
        waiting = Delivery.objects.order_by("created_at", "pk")
        delivery.send(waiting[0], at=at)
        seconds = _seconds(delivery.send_waiting, MAILS_OUT)
        assert not waiting.exclude(state="sent").exists()
        return MAILS_OUT / seconds, _bare(port)


def _seconds(work: Callable[..., int], count: int) -> float:
    """How long one worker takes for so many, in runs as beat starts them."""
    at, did = datetime.now(desk.MONDAY.tzinfo), 0
    began = time.perf_counter()
    while did < count:
        came_to = work(at=at)
        assert came_to, f"Only {did} of {count}."
        did += came_to
    return time.perf_counter() - began


def _raw(number: int) -> bytes:
    """About 4 kB; a fifth of them with a file."""
    mail = EmailMessage()
    mail["From"] = f"Person {number} <person{number * 2}@client.example>"
    mail["To"] = "support@example.com"
    mail["Subject"] = f"The report of department {number} is not refreshed"
    mail["Message-ID"] = f"<bench.{number}@client.example>"
    mail["Date"] = desk.MONDAY
    mail.set_content(f"{_words(TEXT_BYTES)}\n\n-- \nPerson {number}\nClient Ltd.\n")
    mail.add_alternative(f"<p>{_words(HTML_BYTES)}</p><p>Person {number}</p>", subtype="html")
    if number % WITH_FILE_EVERY == 0:
        content = number.to_bytes(4) * (FILE_BYTES // 4)
        mail.add_attachment(
            content, maintype="application", subtype="pdf", filename=f"report {number}.pdf"
        )
    return mail.as_bytes()


def _words(size: int) -> str:
    words = islice(cycle(TALK.split()), size // 5)
    lines: Sequence[str] = " ".join(words).split(" filter ")
    return " filter\n".join(lines)


def _bare(port: int) -> float:
    """Mails a second of a program that does nothing else."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "support@example.com", "a@b.example", "Floor"
    mail.set_content(_words(TEXT_BYTES))
    mail.add_alternative(_words(HTML_BYTES), subtype="html")
    with smtplib.SMTP("127.0.0.1", port) as server:
        began = time.perf_counter()
        for _ in range(MAILS_OUT):
            server.send_message(mail)
        return MAILS_OUT / (time.perf_counter() - began)


@contextmanager
def _server() -> Iterator[int]:
    """The port of a mail server in another process."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs,))
    process.start()
    try:
        yield ours.recv()
    finally:
        ours.send("stop")
        process.join()


def _serve(pipe: Connection) -> None:
    with SmtpPeer() as peer:
        pipe.send(peer.port)
        pipe.recv()
