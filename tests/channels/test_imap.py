"""The IMAP adapter, against Dovecot, and against a server that says what a test wants."""

from __future__ import annotations

import base64
import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.peers import closed_port
from tests.peers_imap import LOGIN, PASSWORD, Dovecot, needs_dovecot, write_certificate
from tests.scripted_imap import ScriptedImap
from tickets.channels import imap
from tickets.channels.imap import Account, ImapError, MessageError

MAIL = b"From: bob@client.example\r\nSubject: Hello\r\n\r\nThe printer burns.\r\n"
LIMIT = 10_000


@pytest.fixture(scope="module")
def running() -> Iterator[Dovecot]:
    with Dovecot() as dovecot:
        yield dovecot


@pytest.fixture
def dovecot(running: Dovecot) -> Dovecot:
    running.clear()
    return running


def at_dovecot(dovecot: Dovecot, **changes: object) -> Account:
    account = Account("127.0.0.1", dovecot.port, "plain", LOGIN, PASSWORD)
    return replace(account, **changes)  # type: ignore[arg-type]


def at_script(peer: ScriptedImap, **changes: object) -> Account:
    account = Account("127.0.0.1", peer.port, "plain", "support", "secret")
    return replace(account, **changes)  # type: ignore[arg-type]


def trouble(account: Account, **limits: float) -> ImapError:
    """What is raised when somebody looks into the folder."""
    with pytest.raises(ImapError) as caught, imap.opened(account, **limits) as folder:
        folder.unseen()
    return caught.value


# --- Dovecot ------------------------------------------------------------------------------------


@needs_dovecot
def test_a_message_is_given_byte_for_byte_and_stays_unread(dovecot: Dovecot) -> None:
    raw = bytes(range(1, 10)) + b"\x0b\x0c\x0e\xff\r\n\r\n\xc3\x28 8bit and ) {5}\r\n"
    at = datetime(2026, 11, 2, 4, 30, tzinfo=UTC)
    dovecot.put(raw, at=at)
    with imap.opened(at_dovecot(dovecot)) as folder:
        (envelope,) = folder.envelopes(folder.unseen())
        assert folder.raw(envelope, max_bytes=LIMIT) == raw
        assert (envelope.size, envelope.arrived_at) == (
            len(raw),
            datetime(2026, 11, 2, 4, 30, tzinfo=UTC),
        )
        assert folder.uid_validity > 0
    assert dovecot.unseen() == 1


@needs_dovecot
def test_what_is_marked_as_read_is_not_listed_again(dovecot: Dovecot) -> None:
    dovecot.put(MAIL, MAIL + b"2\r\n")
    with imap.opened(at_dovecot(dovecot)) as folder:
        first, second = folder.unseen()
        folder.mark_seen(first)
        assert folder.unseen() == [second]
    assert dovecot.unseen() == 1


@needs_dovecot
def test_marking_does_not_throw_away_what_a_person_marked_as_deleted(dovecot: Dovecot) -> None:
    dovecot.put(MAIL, MAIL + b"2\r\n")
    with dovecot.box() as box:
        first, second = box.uids(charset=None)
        box.client.uid("STORE", first, "+FLAGS", r"(\Deleted)")
    with imap.opened(at_dovecot(dovecot)) as folder:
        folder.mark_seen(int(second))
    with dovecot.box() as box:
        assert box.uids(charset=None) == [first, second]


@needs_dovecot
def test_of_a_message_that_is_too_large_the_headers_come_with_a_notice(dovecot: Dovecot) -> None:
    headers = (
        b"From: bob@client.example\r\nSubject: =?utf-8?q?Gr=C3=B6=C3=9Fe?=\r\n"
        b"References: <1@desk.example>\r\n <2@desk.example>\r\n"
        b"Content-Type: multipart/mixed;\r\n boundary=xyz\r\nMIME-Version: 1.0\r\n\r\n"
    )
    dovecot.put(headers + b"x" * 99 + b"\r\n" + b"y" * 60_000)
    with imap.opened(at_dovecot(dovecot)) as folder:
        (envelope,) = folder.envelopes(folder.unseen())
        stub = folder.raw(envelope, max_bytes=LIMIT)
    assert stub is not None
    head, _, body = stub.partition(b"\r\n\r\n")
    assert head.split(b"\r\n") == [
        b"From: bob@client.example",
        b"Subject: =?utf-8?q?Gr=C3=B6=C3=9Fe?=",
        b"References: <1@desk.example>",
        b" <2@desk.example>",
        b"MIME-Version: 1.0",
        b"Content-Type: text/plain; charset=utf-8",
        b"Content-Transfer-Encoding: 8bit",
    ]
    assert body.decode().startswith(
        "This message has 58.9 KB, and at most 9.8 KB are accepted here."
    )
    assert "in the folder INBOX" in body.decode()


@needs_dovecot
def test_what_another_program_removed_meanwhile_is_left_out(dovecot: Dovecot) -> None:
    dovecot.put(MAIL, MAIL + b"2\r\n", MAIL + b"3\r\n")
    with imap.opened(at_dovecot(dovecot)) as folder:
        uids = folder.unseen()
        (envelope, *_) = folder.envelopes(uids)
        with dovecot.box() as box:
            box.delete([str(uid) for uid in uids[:2]])
        assert folder.raw(envelope, max_bytes=LIMIT) is None
    with imap.opened(at_dovecot(dovecot)) as folder:
        assert [one.uid for one in folder.envelopes(uids)] == uids[2:]


@needs_dovecot
def test_a_folder_with_an_exotic_name_is_read(dovecot: Dovecot) -> None:
    name = "Büro & “Post”"
    with dovecot.box(None) as box:
        if not box.folder.exists(name):
            box.folder.create(name)
    dovecot.put(MAIL, folder=name)
    with imap.opened(at_dovecot(dovecot, folder=name)) as folder:
        assert len(folder.unseen()) == 1


@needs_dovecot
@pytest.mark.parametrize(
    ("changes", "words", "is_login"),
    [
        ({"secret": "wrong"}, "does not let support@desk.example in: ", True),
        ({"login": "nobody@desk.example"}, "does not let nobody@desk.example in: ", True),
        ({"login": "", "secret": ""}, "does not let nobody in: ", True),
        ({"by_token": True}, "Unsupported authentication mechanism", True),
        ({"folder": "Missing"}, "has no folder Missing for this login: ", False),
        ({"security": "tls"}, "No TLS with 127.0.0.1:", False),
    ],
)
def test_wrong_settings_are_named(
    dovecot: Dovecot, changes: dict[str, object], words: str, is_login: bool
) -> None:
    error = trouble(at_dovecot(dovecot, **changes))
    assert words in str(error)
    assert (error.permanent, error.is_login) == (True, is_login)
    assert PASSWORD not in str(error)


@needs_dovecot
@pytest.mark.parametrize("security", ["tls", "starttls"])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_an_encrypted_connection_is_made_to_a_server_with_a_valid_certificate(
    dovecot: Dovecot, monkeypatch: pytest.MonkeyPatch, security: str, host: str
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(dovecot.certificate))
    port = dovecot.tls_port if security == "tls" else dovecot.port
    dovecot.put(MAIL)
    with imap.opened(at_dovecot(dovecot, security=security, port=port, host=host)) as folder:
        assert len(folder.unseen()) == 1


@needs_dovecot
@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_a_certificate_that_nobody_vouches_for_ends_it_before_the_password_is_sent(
    dovecot: Dovecot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, security: str
) -> None:
    write_certificate(tmp_path / "other.pem", tmp_path / "key.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "other.pem"))
    port = dovecot.tls_port if security == "tls" else dovecot.port
    error = trouble(at_dovecot(dovecot, security=security, port=port))
    assert str(error).startswith(f"The certificate of 127.0.0.1:{port} is not valid: ")
    assert (error.permanent, error.is_login) == (True, False)


# --- A server that follows a script --------------------------------------------------------------


def test_a_token_is_sent_as_xoauth2_wants_it() -> None:
    answers = {"AUTHENTICATE": (b"+ ",)}
    with ScriptedImap({3: MAIL}, answers=answers, capabilities="IMAP4rev1 AUTH=XOAUTH2") as peer:
        account = at_script(peer, login="help@desk.example", secret="ya29.token", by_token=True)
        with imap.opened(account) as folder:
            assert folder.unseen() == [3]
        place = next(i for i, said in enumerate(peer.heard) if "AUTHENTICATE" in said)
        assert peer.heard[place].endswith("AUTHENTICATE XOAUTH2")
        words = base64.b64decode(peer.heard[place + 1])
        assert words == b"user=help@desk.example\x01auth=Bearer ya29.token\x01\x01"


def test_a_refused_token_is_login_trouble_and_its_explanation_is_acknowledged() -> None:
    explanation = b"+ " + base64.b64encode(b'{"status":"401"}')
    answers = {"AUTHENTICATE": (b"+ ",), "EXPLANATION": (explanation,)}
    with ScriptedImap(answers=answers) as peer:
        error = trouble(at_script(peer, by_token=True))
        assert "Token expired" in str(error)
        assert (error.permanent, error.is_login) == (True, True)
        assert peer.heard[-1] == ""


@pytest.mark.parametrize(
    ("capabilities", "secret", "command"),
    [
        ("IMAP4rev1 AUTH=PLAIN", "secret", "AUTHENTICATE PLAIN"),
        ("IMAP4rev1", 'se"cret', r'LOGIN "support" "se\"cret"'),
        ("IMAP4rev1", "geheimnis-ü", "AUTHENTICATE PLAIN"),
        ("IMAP4rev1", "x\r\nA LOGOUT", "AUTHENTICATE PLAIN"),
    ],
)
def test_a_password_goes_the_way_that_takes_it(
    capabilities: str, secret: str, command: str
) -> None:
    answers = {"AUTHENTICATE": (b"+ ",)}
    with ScriptedImap(answers=answers, capabilities=capabilities) as peer:
        with imap.opened(at_script(peer, secret=secret)) as folder:
            assert folder.unseen() == []
        place = next(i for i, said in enumerate(peer.heard) if said.endswith(command))
        if "PLAIN" in command:
            words = base64.b64decode(peer.heard[place + 1])
            assert words == b"\0support\0" + secret.encode()


NO = b"{tag} NO [%s] Sorry"


@pytest.mark.parametrize(
    ("answers", "words", "permanent", "is_login"),
    [
        ({"LOGIN": (NO % b"AUTHENTICATIONFAILED",)}, "does not let support in", True, True),
        ({"LOGIN": (b"{tag} NO you said secret",)}, "in: you said ...", True, True),
        ({"LOGIN": (NO % b"UNAVAILABLE",)}, "[UNAVAILABLE] Sorry", False, False),
        ({"LOGIN": (NO % b"LIMIT",)}, "[LIMIT] Sorry", False, False),
        ({"LOGIN": (b"{tag} BAD What?",)}, "does not let support in", True, True),
        ({"LOGIN": (b"* BYE Too busy",)}, "Too busy", False, False),
        ({"LOGIN": None}, "broke off", False, False),
        ({"SELECT": (NO % b"NONEXISTENT",)}, "has no folder INBOX for this login", True, False),
        ({"SELECT": (NO % b"INUSE",)}, "[INUSE] Sorry", False, False),
        ({"SELECT": (b"* OK [READ-ONLY] x", b"{tag} OK [READ-ONLY] x")}, "may not be", True, False),
        ({"UID SEARCH": (b"{tag} NO Not today",)}, "refused SEARCH: Not today", True, False),
        ({"UID SEARCH": None}, "broke off", False, False),
        ({"UID SEARCH": (b"nonsense",)}, "unexpected response", False, False),
        ({"UID SEARCH": ()}, "did not answer in time", False, False),
    ],
)
def test_what_a_server_answers_says_who_has_to_act(
    answers: dict[str, tuple[bytes, ...] | None], words: str, permanent: bool, is_login: bool
) -> None:
    with ScriptedImap(answers=answers) as peer:
        error = trouble(at_script(peer), timeout=0.3)
    assert words in str(error)
    assert "secret" not in str(error)
    assert (error.permanent, error.is_login) == (permanent, is_login)


def test_a_server_that_is_away_or_unknown_is_temporary_trouble() -> None:
    with closed_port() as port:
        error = trouble(Account("127.0.0.1", port, "plain", "x", "y"))
    assert str(error) == f"No connection to 127.0.0.1:{port}: Connection refused."
    assert not error.permanent
    error = trouble(Account("no-such-host.invalid", 993, "tls", "x", "y"))
    assert "No connection to no-such-host.invalid:993: " in str(error)
    assert not error.permanent


def test_a_server_that_never_greets_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        account = Account("127.0.0.1", port, "plain", "x", "y")
        assert "did not answer in time" in str(trouble(account, connect_seconds=0.2))


def test_a_session_that_takes_too_long_is_ended_however_the_server_talks() -> None:
    with ScriptedImap(answers={"UID SEARCH": (b"* SEARCH 1",)}) as peer:
        error = trouble(at_script(peer), timeout=20.0, session_seconds=0.3)
    assert "broke off" in str(error)
    assert not error.permanent


def test_starttls_on_the_port_of_tls_is_a_mistake_that_is_named() -> None:
    error = trouble(Account("127.0.0.1", 993, "starttls", "x", "y"))
    assert (str(error), error.permanent) == ("Port 993 is for TLS from the start.", True)


def test_a_server_without_starttls_gets_no_password() -> None:
    with ScriptedImap() as peer:
        error = trouble(at_script(peer, security="starttls"))
        assert "TLS not supported" in str(error)
        assert not any("LOGIN" in said for said in peer.heard)


def test_the_same_uid_twice_is_one_message() -> None:
    answers = {"UID SEARCH": (b"* SEARCH 5 3 5", b"* SEARCH 3", b"{tag} OK Done")}
    with (
        ScriptedImap({3: MAIL, 5: b"x"}, answers=answers) as peer,
        imap.opened(at_script(peer)) as folder,
    ):
        assert folder.unseen() == [3, 5]


@pytest.mark.parametrize(
    "lines",
    [
        (b"* 1 FETCH (UID 3 BODY[] {2}\r\nHi)",),
        (b"* 1 FETCH (BODY[] {2}\r\nHi UID 3)",),
        (b"* 1 FETCH (FLAGS (\\Seen) UID 3 BODY[] {2}\r\nHi FLAGS ())",),
        (b"* 9 FETCH (FLAGS (\\Flagged) UID 44)", b"* 1 FETCH (UID 3 BODY[] {2}\r\nHi)"),
        (b"* 1 FETCH (UID 3 BODY[] {2}\r\nHi)", b"* 1 FETCH (UID 3 BODY[] {2}\r\nHi)"),
        (b"* 9 FETCH (UID 44 BODY[] {3}\r\nNo!)", b"* 1 FETCH (UID 3 BODY[] {2}\r\nHi)"),
    ],
)
def test_the_text_is_found_however_the_server_words_its_answer(lines: tuple[bytes, ...]) -> None:
    answers = {"UID FETCH": (*lines, b"{tag} OK Done")}
    envelope = imap.Envelope(uid=3, size=2, arrived_at=None)
    with ScriptedImap(answers=answers) as peer, imap.opened(at_script(peer)) as folder:
        assert folder.raw(envelope, max_bytes=LIMIT) == b"Hi"


@pytest.mark.parametrize(
    "answer",
    [
        (b"{tag} NO [CORRUPTION] Broken",),
        (b"{tag} NO [SERVERBUG] Internal error",),
        (b"* 1 FETCH (UID 3 BODY[] NIL)", b"{tag} OK Done"),
    ],
)
def test_a_message_that_the_server_cannot_give_does_not_end_the_session(
    answer: tuple[bytes, ...],
) -> None:
    envelope = imap.Envelope(uid=3, size=2, arrived_at=None)
    peer = ScriptedImap({4: MAIL}, answers={"UID FETCH": answer})
    with peer, imap.opened(at_script(peer)) as folder:
        with pytest.raises(MessageError, match="Message 3: "):
            folder.raw(envelope, max_bytes=LIMIT)
        assert folder.unseen() == [4]


def test_a_size_that_was_only_an_estimate_is_looked_at_again() -> None:
    raw = MAIL + b"x" * 500
    peer = ScriptedImap({3: raw})
    with peer, imap.opened(at_script(peer)) as folder:
        stub = folder.raw(imap.Envelope(3, 10, None), max_bytes=300)
    assert stub is not None
    assert b"accepted here" in stub


@pytest.mark.parametrize(
    ("line", "known"),
    [
        (b'INTERNALDATE " 2-Nov-2026 10:00:00 +0530" RFC822.SIZE 9', "2026-11-02T04:30:00+00:00"),
        (b'RFC822.SIZE 9 INTERNALDATE "02-Nov-2026 10:00:00 -0000"', "2026-11-02T10:00:00+00:00"),
        (b'RFC822.SIZE 9 INTERNALDATE "yesterday"', None),
        (b"RFC822.SIZE 9", None),
    ],
)
def test_a_date_that_cannot_be_read_is_none(line: bytes, known: str | None) -> None:
    answers = {"UID FETCH": (b"* 1 FETCH (UID 3 " + line + b")", b"{tag} OK Done")}
    with ScriptedImap(answers=answers) as peer, imap.opened(at_script(peer)) as folder:
        (envelope,) = folder.envelopes([3])
    expected = datetime.fromisoformat(known) if known else None
    assert (envelope.size, envelope.arrived_at) == (9, expected)


def test_an_account_does_not_show_its_secret() -> None:
    assert "hunter2" not in repr(Account("h", 1, "tls", "l", "hunter2"))
