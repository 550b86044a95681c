"""Mail servers that pipe, and `fetch_mail`: the code that a command ends with is a promise."""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from tests.journeys.product import ROOT, database_url
from tests.peers import closed_port
from tests.scripted_imap import ScriptedImap
from tickets.models import InboundMessage, Mailbox

RAW = b"From: bob@client.example\r\nSubject: Hi\r\n\r\n\xff\x00 The printer burns.\r\n"
DIGEST = hashlib.sha256(RAW).hexdigest()

type Pipe = Callable[..., CommandError | None]


@pytest.fixture
def pipe(monkeypatch: pytest.MonkeyPatch) -> Pipe:
    """Pipe bytes into the command; answers with what it ends."""

    def piped(raw: bytes, *arguments: str) -> CommandError | None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(raw)))
        try:
            call_command("receive_mail", *arguments)
        except CommandError as error:
            return error
        return None

    return piped


@pytest.mark.django_db
def test_a_piped_message_is_stored_byte_for_byte_once(pipe: Pipe) -> None:
    assert pipe(RAW) is None
    assert pipe(RAW) is None
    row = InboundMessage.objects.get()
    assert (bytes(row.raw), row.mailbox, row.key) == (RAW, None, f"pipe:{DIGEST}:")


@pytest.mark.django_db
def test_a_piped_message_belongs_to_the_mailbox_that_was_named(pipe: Pipe) -> None:
    box = Mailbox.objects.create(address="support@desk.example")
    assert pipe(RAW, "--mailbox", "Support@Desk.example") is None
    assert pipe(RAW) is None
    found = InboundMessage.objects.order_by("pk").values_list("mailbox", "key")
    assert list(found) == [
        (box.pk, f"pipe:{DIGEST}:support@desk.example"),
        (None, f"pipe:{DIGEST}:"),
    ]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("raw", "arguments", "code", "words"),
    [
        (b"", [], os.EX_DATAERR, "There is no message."),
        (b"\r\n \n", [], os.EX_DATAERR, "There is no message."),
        (b"x" * 2049, [], os.EX_DATAERR, "The message is larger than 2.0 KB."),
        (RAW, ["--mailbox", "who@desk.example"], os.EX_TEMPFAIL, "no mailbox who@desk.example."),
    ],
)
def test_what_cannot_be_stored_ends_with_a_code_and_a_sentence(
    pipe: Pipe, settings: Any, raw: bytes, arguments: list[str], code: int, words: str
) -> None:
    settings.MAX_MAIL_BYTES = 2048
    error = pipe(raw, *arguments)
    assert error is not None
    assert error.returncode == code
    assert words in str(error)
    assert not InboundMessage.objects.exists()


@pytest.mark.django_db
def test_any_trouble_of_ours_makes_the_mail_server_keep_the_message(pipe: Pipe) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE tickets_inboundmessage RENAME TO elsewhere")
    error = pipe(RAW)
    assert error is not None
    assert error.returncode == os.EX_TEMPFAIL
    assert str(error).startswith("Not stored, try again: ProgrammingError: ")


def run(
    raw: bytes, url: str, *arguments: str, **environment: str
) -> subprocess.CompletedProcess[bytes]:
    """The command as a mail server runs it."""
    return subprocess.run(
        [sys.executable, "manage.py", "receive_mail", *arguments],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": url, **environment},
        input=raw,
        capture_output=True,
        timeout=60,
        check=False,
    )


@pytest.mark.django_db(transaction=True)
def test_a_process_ends_with_0_after_the_commit_and_with_75_without_a_database() -> None:
    done = run(RAW, database_url(connection.settings_dict["NAME"]))
    assert (done.returncode, done.stdout) == (0, b""), done.stderr
    assert bytes(InboundMessage.objects.get().raw) == RAW
    with closed_port() as port:
        failed = run(RAW, f"postgres://nobody@127.0.0.1:{port}/away")
    assert failed.returncode == os.EX_TEMPFAIL
    assert b"Not stored, try again: OperationalError: " in failed.stderr
    assert b"Traceback" not in failed.stderr


@pytest.mark.parametrize(
    ("url", "arguments", "environment", "words"),
    [
        # Wrong settings, a wrong option, one without its value, too many words.
        ("nonsense", [], {}, b"DATABASE_URL"),
        ("postgres://nobody@127.0.0.1:1/away", [], {"LOG_LEVEL": "LOUD"}, b"LOG_LEVEL must be"),
        ("postgres://nobody@127.0.0.1:1/away", ["--mailbx", "a@b.example"], {}, b"--mailbx"),
        ("postgres://nobody@127.0.0.1:1/away", ["--mailbox"], {}, b"expected one argument"),
        ("postgres://nobody@127.0.0.1:1/away", ["a@b.example"], {}, b"unrecognized arguments"),
        # What would start the embedded PostgreSQL, and cannot.
        ("", [], {"VAR_DIR": "/proc/nowhere"}, b"/proc/nowhere"),
        # A module of settings that is not there at all.
        ("", [], {"DJANGO_SETTINGS_MODULE": "no.settings"}, b"Not stored, try again: "),
    ],
)
def test_whatever_is_wrong_with_the_set_up_makes_the_mail_server_keep_the_message(
    url: str, arguments: list[str], environment: dict[str, str], words: bytes
) -> None:
    done = run(RAW, url, *arguments, **environment)
    assert done.returncode == os.EX_TEMPFAIL, done.stderr
    assert words in done.stderr
    assert b"Traceback" not in done.stderr


# --- fetch_mail -----------------------------------------------------------------------------------


def mailbox(address: str, port: int) -> None:
    Mailbox.objects.create(
        address=address, host="127.0.0.1", port=port, security="plain", login="x", secret="y"
    )


@pytest.mark.django_db
def test_fetching_says_a_line_for_each_mailbox_and_fails_with_one(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with ScriptedImap({3: RAW.replace(b"\x00", b"")}) as peer, closed_port() as port:
        mailbox("a@desk.example", peer.port)
        mailbox("b@desk.example", port)
        with pytest.raises(CommandError, match=r"Not fetched: 1 of 2\.") as caught:
            call_command("fetch_mail", "--once")
        assert caught.value.returncode == 1
        said = capsys.readouterr()
        assert said.out == "a@desk.example: 1 fetched.\n"
        words = f"b@desk.example: No connection to 127.0.0.1:{port}: Connection refused."
        assert words in said.err
        # A person who asks is not put off, though the mailbox is left alone by workers.
        with pytest.raises(CommandError, match="Not fetched: 1 of 1"):
            call_command("fetch_mail", "--once", mailbox="B@desk.example")
        assert Mailbox.objects.get(address="b@desk.example").failures == 2
        call_command("fetch_mail", "--once", "--mailbox", "a@desk.example")
    assert capsys.readouterr().out == "a@desk.example: 0 fetched.\n"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--once"], "No active mailbox at all that is fetched by IMAP."),
        (["--once", "--mailbox", "x@desk.example"], "No active mailbox x@desk.example that"),
        ([], "the following arguments are required: --once"),
    ],
)
def test_there_is_nothing_to_fetch_and_it_says_so(arguments: list[str], words: str) -> None:
    with pytest.raises(CommandError, match=words):
        call_command("fetch_mail", *arguments)
