"""Peers on loopback that speak the real protocol: a mail server that records and obeys."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, Self

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

# Instead of an answer: say nothing until the peer is released or stopped, or hang up at once.
HANG = "hang"
CLOSE = "close"


def wait_until(predicate: Callable[[], bool], *, seconds: float, every: float = 0.05) -> None:
    """Ask again and again until it is true. Raises TimeoutError when that takes too long."""
    never = threading.Event()
    for _ in range(max(1, int(seconds / every))):
        if predicate():
            return
        never.wait(every)
    if not predicate():
        raise TimeoutError(f"Still not true after {seconds} seconds.")


@dataclass(frozen=True)
class Received:
    """One message as the peer took it, byte for byte."""

    sender: str
    recipients: tuple[str, ...]
    raw: bytes

    @property
    def message(self) -> EmailMessage:
        parsed = message_from_bytes(self.raw, policy=policy.default)
        assert isinstance(parsed, EmailMessage)
        return parsed

    @property
    def message_id(self) -> str:
        return str(self.message["Message-ID"])


class SmtpPeer:
    """A mail server in a thread of its own, as a context manager.

    `answers` maps a stage of the dialogue (GREETING, MAIL, RCPT, DATA) to what it says there
    instead of taking the message: "550 5.1.1 Unknown", HANG or CLOSE. "RCPT a@b.example" is for
    this recipient alone, TAKEN for the answer to a message that it took. With `refuse_login` the
    server wants a log-in and refuses each one; with `certificate` it offers TLS (STARTTLS).
    """

    def __init__(
        self,
        answers: dict[str, str] | None = None,
        *,
        refuse_login: bool = False,
        certificate: ssl.SSLContext | None = None,
    ) -> None:
        self.answers = dict(answers or {})
        self.connections = 0
        self._certificate = certificate
        self.received: list[Received] = []
        self.held = 0
        self.port = 0
        self._refuse_login = refuse_login
        self._hold_data = False
        self._loop = asyncio.new_event_loop()
        self._open = asyncio.Event()
        self._transports: set[asyncio.BaseTransport] = set()
        self._thread = threading.Thread(target=self._serve, name="smtp-peer")
        self._ready = threading.Event()

    @property
    def url(self) -> str:
        """As EMAIL_URL takes it."""
        return f"smtp://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def copies(self) -> Counter[tuple[str, str]]:
        """How often each (Message-ID, recipient) arrived."""
        return Counter(
            (mail.message_id, recipient)
            for mail in list(self.received)
            for recipient in mail.recipients
        )

    def hold(self) -> None:
        """From now on take messages without answering: their senders are in the middle of it."""
        self._hold_data = True
        self._loop.call_soon_threadsafe(self._open.clear)

    def release(self) -> None:
        """Answer those that are held, and every message from now on."""
        self._hold_data = False
        self._loop.call_soon_threadsafe(self._open.set)

    # What aiosmtpd calls.

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if answer := await self._scripted("MAIL", server):
            return answer
        envelope.mail_from = address
        return "250 2.1.0 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        stage = f"RCPT {address}" if f"RCPT {address}" in self.answers else "RCPT"
        if answer := await self._scripted(stage, server):
            return answer
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        if answer := await self._scripted("DATA", server):
            return answer
        raw = envelope.original_content or b""
        self.received.append(Received(envelope.mail_from or "", (*envelope.rcpt_tos,), raw))
        if self._hold_data:
            self.held += 1
            try:
                await self._open.wait()
            finally:
                self.held -= 1
        return await self._scripted("TAKEN", server) or "250 2.0.0 Taken"

    async def _scripted(self, stage: str, server: SMTP) -> str | None:
        answer = self.answers.get(stage)
        if answer == HANG:
            await asyncio.get_running_loop().create_future()
        if answer == CLOSE and server.transport is not None:
            server.transport.close()
        return answer

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(
            self._loop.create_server(self._protocol, "127.0.0.1", 0)
        )
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        server.close()
        for transport in self._transports:
            transport.close()
        left = asyncio.all_tasks(self._loop)
        for task in left:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        self._loop.close()

    def _protocol(self) -> asyncio.Protocol:
        self.connections += 1
        greeting = self.answers.get("GREETING")
        if greeting is not None:
            return _Turnstile(greeting, self._transports)
        options = {"authenticator": _refuse, "auth_require_tls": False}
        return _Tracked(
            self._transports,
            self,
            hostname="peer.example",
            loop=self._loop,
            tls_context=self._certificate,
            **(options if self._refuse_login else {}),
        )


class _Tracked(SMTP):
    """A session of the server that its peer can end."""

    def __init__(self, transports: set[asyncio.BaseTransport], *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._known = transports

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._known.add(transport)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        if self.transport is not None:
            self._known.discard(self.transport)
        super().connection_lost(error)


class _Turnstile(asyncio.Protocol):
    """Greets and lets nobody in."""

    def __init__(self, greeting: str, transports: set[asyncio.BaseTransport]) -> None:
        self._greeting = greeting
        self._known = transports

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._known.add(transport)
        assert isinstance(transport, asyncio.Transport)
        if self._greeting != HANG:
            transport.write(self._greeting.encode() + b"\r\n")
            transport.close()


def _refuse(
    server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object
) -> AuthResult:
    return AuthResult(success=False, handled=False, message="535 5.7.8 Wrong user or password")


@contextmanager
def closed_port() -> Iterator[int]:
    """A port of this machine at which nobody listens, and nobody will meanwhile."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield int(holder.getsockname()[1])


def mail_goes_to(port: int, settings: Any, *, timeout: float = 5.0) -> None:
    """Let Django send to this port, with pytest-django's `settings`; `timeout` in seconds."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
    settings.EMAIL_TIMEOUT = timeout
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
