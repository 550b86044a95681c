"""The way into an IMAP server (RFC 9051): an account, the log-in, a folder, and what goes wrong."""

from __future__ import annotations

import imaplib
import re
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

from imap_tools import (
    BaseMailBox,
    ImapToolsError,
    MailBox,
    MailboxFolderSelectError,
    MailboxLoginError,
    MailBoxStartTls,
    MailBoxUnencrypted,
)

TLS_PORT = 993
# What a server says about itself and not about the login (RFC 9051, 7.1).
BUSY = re.compile(r"\[(UNAVAILABLE|INUSE|LIMIT|SERVERBUG)\]", re.IGNORECASE)

type Line = bytes | tuple[bytes, bytes] | None
type Answer = Sequence[Line]
type Security = Literal["tls", "starttls", "plain"]


@dataclass(frozen=True)
class Account:
    """Where to sign in, as whom, and the folder to read. With `by_token`, `secret` is a token."""

    host: str
    port: int
    security: Security
    login: str
    secret: str = field(repr=False)
    folder: str = "INBOX"
    by_token: bool = False

    @property
    def server(self) -> str:
        return f"{self.host}:{self.port}"


class ImapError(Exception):
    """One sentence about what went wrong.

    `permanent`: somebody has to change something, here or there. `is_login`: the server does not
    accept the login, and asking it often may lock the account.
    """

    def __init__(self, reason: str, *, permanent: bool, is_login: bool = False) -> None:
        super().__init__(reason)
        self.permanent = permanent
        self.is_login = is_login


class MessageError(ImapError):
    """The server does not give this one message; others may be asked for."""


class RefusalError(ImapError):
    """The server answered a command with NO."""


def connected(account: Account, seconds: float) -> BaseMailBox:
    """A connection as the account wants it; waits for so many seconds. See `speaking_to`."""
    host, port = account.host, account.port
    match account.security:
        case "plain":
            return MailBoxUnencrypted(host, port, timeout=seconds)
        case "starttls" if port == TLS_PORT:
            raise ImapError(f"Port {port} is for TLS from the start.", permanent=True)
        case "starttls":
            context = ssl.create_default_context()
            return MailBoxStartTls(host, port, timeout=seconds, ssl_context=context)
        case _:
            context = ssl.create_default_context()
            return MailBox(host, port, timeout=seconds, ssl_context=context)


def sign_in(box: BaseMailBox, account: Account) -> None:
    """Raises ImapError; its reason never has the secret in it."""
    client, login, secret = box.client, account.login, account.secret
    is_plain = (login + secret).isascii() and (login + secret).isprintable()
    with speaking_to(account):
        try:
            if account.by_token:
                said = f"user={login}\1auth=Bearer {secret}\1\1"
                client.authenticate("XOAUTH2", _Once(said.encode()))
            elif "AUTH=PLAIN" in client.capabilities or not is_plain:
                # RFC 4616; LOGIN knows ASCII alone.
                client.authenticate("PLAIN", _Once(f"\0{login}\0{secret}".encode()))
            else:
                box.login(login, secret, initial_folder=None)
        except imaplib.IMAP4.abort:
            raise
        except (imaplib.IMAP4.error, MailboxLoginError) as refused:
            said = str(refused)
            if isinstance(refused, MailboxLoginError):
                said = said_in(refused.command_result[1])
            if secret:
                said = said.replace(secret, "...")
            busy = bool(BUSY.search(said))
            reason = f"{account.server} does not let {login or 'nobody'} in: {said}"
            raise ImapError(reason, permanent=not busy, is_login=not busy) from None


def select(box: BaseMailBox, account: Account) -> int:
    """Open the account's folder; answers its UIDVALIDITY. Raises ImapError."""
    with speaking_to(account):
        try:
            box.folder.set(account.folder)
        except imaplib.IMAP4.readonly:
            reason = f"The folder {account.folder} may not be written to: mail cannot be marked."
            raise ImapError(reason, permanent=True) from None
        except MailboxFolderSelectError as refused:
            said = said_in(refused.command_result[1])
            reason = f"{account.server} has no folder {account.folder} for this login: {said}"
            raise ImapError(reason, permanent=not BUSY.search(said)) from None
        _, answer = box.client.response("UIDVALIDITY")
    validity = answer[-1] if answer else None
    return int(validity) if isinstance(validity, bytes) and validity.isdigit() else 0


@contextmanager
def speaking_to(account: Account) -> Iterator[None]:
    """Turns the many exceptions of sockets, TLS and IMAP into ours."""
    server = account.server
    try:
        yield
    except ImapError:
        raise
    except ssl.SSLCertVerificationError as error:
        reason = f"The certificate of {server} is not valid: {error.verify_message}."
        raise ImapError(reason, permanent=True) from error
    except ssl.SSLError as error:
        reason = f"No TLS with {server}: {error.reason or error}."
        broken = isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError)
        raise ImapError(reason, permanent=not broken) from error
    except TimeoutError as error:
        raise ImapError(f"{server} did not answer in time.", permanent=False) from error
    except OSError as error:
        reason = f"No connection to {server}: {error.strerror or error}."
        raise ImapError(reason, permanent=False) from error
    except (imaplib.IMAP4.error, ImapToolsError) as error:
        # An abort is a lost connection; the rest is a dialogue that went wrong.
        raise ImapError(f"{server} broke off: {error}", permanent=False) from error


class _Once:
    """Answers the first challenge; to a second one, which brings an error, it says nothing.

    A server explains a refused token that way, and waits for an empty answer (XOAUTH2).
    """

    def __init__(self, words: bytes) -> None:
        self._words = words

    def __call__(self, challenge: bytes) -> bytes:
        words, self._words = self._words, b""
        return words


def said_in(answer: Answer) -> str:
    """The words of an answer."""
    words = b" ".join(item for item in answer if isinstance(item, bytes))
    return words.decode("utf-8", "replace").strip()
