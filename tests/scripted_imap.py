"""An IMAP server on loopback that follows a script, for what no real one does on demand."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Self


class ScriptedImap:
    """An IMAP server with one account that says what a test wants, as a context manager.

    `answers` maps a command ("LOGIN", "UID FETCH" and so on) to the lines that it gets in place of
    the usual ones; "{tag}" is the tag of the command. An answer of None hangs up, and HANG says
    nothing more. `messages` are by UID; those in `spoiled` cannot be given. What clients say is in
    `heard`.
    """

    HANG: tuple[bytes, ...] = ()

    def __init__(
        self,
        messages: Mapping[int, bytes] | None = None,
        *,
        answers: Mapping[str, tuple[bytes, ...] | None] | None = None,
        capabilities: str = "IMAP4rev1",
        uid_validity: int = 7,
    ) -> None:
        self.messages = dict(messages or {})
        self.answers = dict(answers or {})
        self.seen: set[int] = set()
        self.spoiled: set[int] = set()
        self.heard: list[str] = []
        self.uid_validity = uid_validity
        self._capabilities = capabilities
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, name="scripted-imap", daemon=True)]
        self._threads[0].start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for connection in (self._listener, *self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()
        for thread in self._threads:
            thread.join(5)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self._open.append(connection)
                thread = threading.Thread(target=self._serve, args=[connection], daemon=True)
                self._threads.append(thread)
                thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError), connection.makefile("rwb") as stream:

            def say(*lines: bytes) -> None:
                stream.write(b"".join(line + b"\r\n" for line in lines))
                stream.flush()

            say(b"* OK Ready")
            for line in stream:
                self.heard.append(line.decode("utf-8", "replace").rstrip("\r\n"))
                tag, _, rest = line.strip().partition(b" ")
                name, arguments = _command(rest.decode("utf-8", "replace"))
                if name in self.answers:
                    answer = self.answers[name]
                    if answer is None:
                        connection.shutdown(socket.SHUT_RDWR)
                        return
                    say(*(said.replace(b"{tag}", tag) for said in answer))
                    if any(said.startswith(b"+") for said in answer):
                        self._converse(stream, say, tag)
                    continue
                if name == "UID FETCH" and "BODY" in arguments and self._is_spoiled(arguments):
                    say(tag + b" NO Broken")
                    continue
                say(*self._usual(name, arguments), tag + b" OK Done")

    def _converse(self, stream: object, say: Callable[..., None], tag: bytes) -> None:
        """A SASL exchange: the words, an explanation of the refusal, and its acknowledgement."""
        lines = iter(stream)  # type: ignore[call-overload]
        self.heard.append(next(lines).decode().strip())
        explanation = self.answers.get("EXPLANATION")
        if explanation:
            say(*explanation)
            self.heard.append(next(lines).decode().strip())
            say(tag + b" NO [AUTHENTICATIONFAILED] Token expired")
            return
        say(tag + b" OK Signed in")

    def _is_spoiled(self, arguments: str) -> bool:
        return int(arguments.split()[0]) in self.spoiled

    def _usual(self, name: str, arguments: str) -> list[bytes]:
        match name:
            case "CAPABILITY":
                return [f"* CAPABILITY {self._capabilities}".encode()]
            case "SELECT":
                validity = f"* OK [UIDVALIDITY {self.uid_validity}] ok".encode()
                return [f"* {len(self.messages)} EXISTS".encode(), validity]
            case "UID SEARCH":
                unseen = sorted(self.messages.keys() - self.seen)
                return [b" ".join([b"* SEARCH", *(str(uid).encode() for uid in unseen)])]
            case "UID FETCH":
                return self._fetch(arguments)
            case "UID STORE":
                self.seen.add(int(arguments.split()[0]))
                return []
        return []

    def _fetch(self, arguments: str) -> list[bytes]:
        numbers, _, part = arguments.partition(" ")
        lines: list[bytes] = []
        for place, uid in enumerate(map(int, numbers.split(",")), start=1):
            raw = self.messages.get(uid)
            if raw is None:
                continue
            start = f"* {place} FETCH (UID {uid} ".encode()
            if "RFC822.SIZE" in part:
                date = b'INTERNALDATE "02-Nov-2026 10:00:00 +0530"'
                lines.append(start + b"RFC822.SIZE %d " % len(raw) + date + b")")
            else:
                lines.append(start + b"BODY[] {%d}\r\n" % len(raw) + raw + b")")
        return lines


def _command(rest: str) -> tuple[str, str]:
    first, _, arguments = rest.partition(" ")
    if first.upper() == "UID":
        second, _, arguments = arguments.partition(" ")
        return f"UID {second.upper()}", arguments
    return first.upper(), arguments
