"""Robots and people: what is never answered, and what comes back."""

from __future__ import annotations

import pytest

from tickets.channels.email import Bounce, parse
from tickets.channels.mail.bounces import is_hard


def headers(*lines: str, sender: str = "asha@client.example") -> bytes:
    return "\n".join([f"From: {sender}", *lines, "", "Hello"]).encode()


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("Auto-Submitted: auto-replied", "Its header Auto-Submitted says auto-replied."),
        ("Auto-Submitted: Auto-Generated; x=y", "Its header Auto-Submitted says auto-generated."),
        ("Precedence: bulk", "Its header Precedence says bulk."),
        ("Precedence: Junk", "Its header Precedence says junk."),
        ("Precedence: auto_reply", "Its header Precedence says auto_reply."),
        ("X-Autoreply: yes", "It has the header X-Autoreply."),
        ("X-Autorespond: away", "It has the header X-Autorespond."),
        ("X-Loop: desk@client.example", "It has the header X-Loop."),
        ("Return-Path: <>", "Its sender takes no answer: the Return-Path is empty."),
        ("Content-Type: multipart/report", "It is a report of a mail system."),
    ],
)  # fmt: skip
def test_a_robot_says_so_in_its_headers(line: str, reason: str) -> None:
    incoming = parse(headers(line))
    assert incoming.auto_generated == reason
    assert not incoming.only_by_list


@pytest.mark.parametrize(
    "line",
    [
        "Auto-Submitted: no",
        "Auto-Submitted: No",
        "Auto-Submitted:",
        "Precedence: normal",
        "X-Auto-Response-Suppress: DR, RN",  # Receipts only.
        "X-Autoreply: no",
        "Return-Path: <asha@client.example>",
        "Subject: Automatic reply: out of office",  # A person may write that.
        "X-Mailer: Robot",
    ],
)
def test_a_person_is_no_robot(line: str) -> None:
    assert parse(headers(line)).auto_generated == ""


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("Precedence: list", "Its header Precedence says list."),
        ("List-Id: <all.client.example>",
         "It came through a mailing list: it has the header List-Id."),
        ("List-Unsubscribe: <mailto:x@client.example>",
         "It came through a mailing list: it has the header List-Unsubscribe."),
        # Exchange and ticket systems ask for no automatic answer to what people write.
        ("X-Auto-Response-Suppress: DR, OOF, AutoReply",
         "Its header X-Auto-Response-Suppress says DR, OOF, AutoReply."),
        ("X-Auto-Response-Suppress: All", "Its header X-Auto-Response-Suppress says All."),
        ("X-Auto-Response-Suppress: OOF", "Its header X-Auto-Response-Suppress says OOF."),
    ],
)  # fmt: skip
def test_signs_that_peoples_mail_has_as_well_are_told_apart(line: str, reason: str) -> None:
    incoming = parse(headers(line))
    assert (incoming.auto_generated, incoming.only_by_list) == (reason, True)
    assert not parse(headers(line, "Auto-Submitted: auto-replied")).only_by_list


@pytest.mark.parametrize(
    ("sender", "automatic"),
    [
        ("MAILER-DAEMON@client.example", True),
        ("mailer.daemon@client.example", True),
        ("postmaster@client.example", True),
        ("MAILER-DAEMON", True),  # No domain: it is a name only.
        ("noreply@client.example", True),
        ("no-reply+77@client.example", True),
        ("No_Reply@client.example", True),
        ("do.not.reply@client.example", True),
        ("donotreply2@client.example", True),
        ("jira-noreply@client.example", True),
        ("bounces+x=y@client.example", True),
        ("nora.reply@client.example", False),
        ("bouncer@client.example", False),
        ("postmasters@client.example", False),
        ("asha@noreply.example", False),
        ("replyto@client.example", False),
    ],
)
def test_some_addresses_belong_to_nobody(sender: str, automatic: bool) -> None:
    assert bool(parse(headers(sender=sender)).auto_generated) is automatic


def report(fields: str, returned: str = "", headers: str = "") -> Bounce | None:
    part = f"--b\nContent-Type: message/rfc822\n\n{returned}\n" if returned else ""
    return parse(
        (
            f"From: MAILER-DAEMON@mx.example.com\n{headers}"
            "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n"
            "--b\nContent-Type: text/plain\n\nSorry.\n"
            "--b\nContent-Type: message/delivery-status\n\n"
            f"Reporting-MTA: dns; mx.example.com\n\n{fields}\n{part}--b--\n"
        ).encode()
    ).bounce


GONE = "Final-Recipient: rfc822; gone@client.example"


@pytest.mark.parametrize(
    ("fields", "action", "status", "hard"),
    [
        (f"{GONE}\nAction: failed\nStatus: 5.1.1", "failed", "5.1.1", True),
        (f"{GONE}\nAction: Failed\nStatus: 5.1.10 (null MX)", "failed", "5.1.10", True),
        (f"{GONE}\nAction: failed\nStatus: 5.0.0", "failed", "5.0.0", False),  # For any reason.
        (f"{GONE}\nAction: failed\nStatus: 5.1.7", "failed", "5.1.7", False),  # Our address.
        (f"{GONE}\nAction: failed\nStatus: 5.1.8", "failed", "5.1.8", False),  # Our domain.
        (f"{GONE}\nAction: failed\nStatus: 5.2.1", "failed", "5.2.1", True),  # Disabled.
        (f"{GONE}\nAction: failed\nStatus: 5.2.2", "failed", "5.2.2", False),  # Full.
        (f"{GONE}\nAction: failed\nStatus: 5.3.4", "failed", "5.3.4", False),  # Too big.
        (f"{GONE}\nAction: failed\nStatus: 5.7.1", "failed", "5.7.1", False),  # Policy.
        (f"{GONE}\nAction: failed\nStatus: 4.4.7", "failed", "4.4.7", False),  # Gave up.
        (f"{GONE}\nAction: delayed\nStatus: 4.4.1", "delayed", "4.4.1", False),
        (f"{GONE}\nAction: delayed\nStatus: 5.1.1", "delayed", "5.1.1", False),
        (f"{GONE}\nAction: delivered\nStatus: 2.1.5", "delivered", "2.1.5", False),
        (f"{GONE}\nAction: relayed\nStatus: 2.0.0", "relayed", "2.0.0", False),
        (f"{GONE}\nAction: expanded\nStatus: 2.0.0", "expanded", "2.0.0", False),
        # Each of the two says what the other leaves out.
        (f"{GONE}\nStatus: 5.1.1", "failed", "5.1.1", True),
        (f"{GONE}\nStatus: 4.4.1", "delayed", "4.4.1", False),
        (f"{GONE}\nAction: failed\nDiagnostic-Code: smtp; 550 5.1.1 Gone", "failed", "5.1.1", True),
        (f"{GONE}\nAction: failed\nDiagnostic-Code: smtp; 550 Gone", "failed", "5.0.0", False),
        (f"{GONE}\nAction: failed\nDiagnostic-Code: smtp; 550 Spam", "failed", "5.0.0", False),
        (f"{GONE}\nStatus: 5.0.0\nDiagnostic-Code: smtp;550 5.1.1 No", "failed", "5.1.1", True),
        (f"{GONE}\nStatus: 5.0.0\nDiagnostic-Code: smtp;552 5.2.2 Full", "failed", "5.2.2", False),
        (f"{GONE}\nAction: failed", "failed", "", False),
        (f"{GONE}", "failed", "", False),
    ],
)
def test_a_report_says_what_happened_and_whether_the_address_is_gone(
    fields: str, action: str, status: str, hard: bool
) -> None:
    bounce = report(fields)
    assert bounce is not None
    (recipient,) = bounce.recipients
    assert recipient.address == "gone@client.example"
    assert (recipient.action, recipient.status, recipient.hard) == (action, status, hard)


@pytest.mark.parametrize(
    ("recipient", "address"),
    [
        ("Final-Recipient: rfc822;gone@client.example", "gone@client.example"),
        ("Final-Recipient: rfc822; <gone@client.example>", "gone@client.example"),
        ("Final-Recipient: utf-8; आशा@client.example", "आशा@client.example"),  # RFC 6533
        ("Final-Recipient: gone@client.example", "gone@client.example"),
        ("Final-Recipient: x400; /s=gone/\nOriginal-Recipient: rfc822; a@b.example", "a@b.example"),
        ("Original-Recipient: rfc822; a@b.example", "a@b.example"),
        ("Final-Recipient: rfc822; nobody", ""),
    ],
)
def test_the_recipient_is_found_however_it_is_written(recipient: str, address: str) -> None:
    bounce = report(f"{recipient}\nAction: failed\nStatus: 5.1.1")
    assert bounce is not None
    assert [r.address for r in bounce.recipients] == [address]


@pytest.mark.parametrize(
    ("returned", "message_id"),
    [
        ("Message-ID: <hd-1@example.com>\nSubject: x\n\nHello", "<hd-1@example.com>"),
        ("Subject: x\nMessage-Id:\n <hd-1@example.com>\n\nHello", "<hd-1@example.com>"),
        ("Subject: x\n\nMessage-ID: <not-this@example.com>", ""),
        ("", ""),
    ],
)
def test_our_message_is_found_in_what_came_back(returned: str, message_id: str) -> None:
    bounce = report(f"{GONE}\nAction: failed\nStatus: 5.1.1", returned)
    assert bounce is not None
    assert bounce.original_message_id == message_id


@pytest.mark.parametrize("code", ["5.1.1", "5.1.2", "5.1.3", "5.1.4", "5.1.5", "5.1.6", "5.1.10"])
def test_a_status_about_the_address_is_hard(code: str) -> None:
    assert is_hard(code)


@pytest.mark.parametrize(
    "code",
    [
        "", "5.1.0", "5.1.7", "5.1.8", "5.1.9", "5.1.11", "5.2.0", "5.2.2", "5.2.10", "5.3.2",
        "5.4.4", "5.5.2", "5.7.1", "4.1.1", "2.1.5", "15.1.1",
    ],
)  # fmt: skip
def test_any_other_status_is_not(code: str) -> None:
    assert not is_hard(code)


OURS = "Message-ID: <hd-1@example.com>\nSubject: x\n\nHello"


@pytest.mark.parametrize(
    ("headers", "returned", "candidates"),
    [
        # Without the headers that came back, what the report answers.
        ("In-Reply-To: <hd-1@example.com>\n", "", ["<hd-1@example.com>"]),
        ("References: <hd-1@a> <hd-2@a>\n", "", ["<hd-2@a>", "<hd-1@a>"]),  # The newest first.
        (
            "References: <hd-1@a> <hd-2@a>\nIn-Reply-To: <hd-1@a>\n",
            "Subject: x\n\nHello",
            ["<hd-1@a>", "<hd-2@a>"],
        ),
        # What came back counts most; a server on the way may have changed it.
        ("In-Reply-To: <hd-2@a>\n", OURS, ["<hd-1@example.com>", "<hd-2@a>"]),
        ("In-Reply-To: <hd-1@example.com>\n", OURS, ["<hd-1@example.com>"]),
        ("In-Reply-To: yours of Tuesday\n", "", []),
        ("In-Reply-To: <störung@example.com>\n", "", []),
    ],
)
def test_a_report_names_all_ids_that_our_message_may_have(
    headers: str, returned: str, candidates: list[str]
) -> None:
    bounce = report(f"{GONE}\nAction: failed\nStatus: 5.1.1", returned, headers)
    assert bounce is not None
    assert list(bounce.candidates) == candidates
    assert bounce.original_message_id == next(iter(candidates), "")


def test_a_person_who_passes_a_report_on_is_no_bounce() -> None:
    raw = (
        "From: asha@client.example\nContent-Type: multipart/mixed; boundary=b\n\n"
        "--b\n\nWhat does this mean?\n"
        f"--b\nContent-Type: message/delivery-status\n\n{GONE}\nAction: failed\n--b--\n"
    )
    incoming = parse(raw.encode())
    assert incoming.bounce is None
    assert incoming.auto_generated == ""
    assert incoming.text == "What does this mean?"


def test_a_read_receipt_is_a_report_and_no_bounce() -> None:
    raw = (
        "From: asha@client.example\n"
        "Content-Type: multipart/report; report-type=disposition-notification; boundary=b\n\n"
        "--b\n\nRead.\n"
        "--b\nContent-Type: message/disposition-notification\n\n"
        "Disposition: manual-action/MDN-sent-manually; displayed\n--b--\n"
    )
    incoming = parse(raw.encode())
    assert incoming.bounce is None
    assert incoming.auto_generated == "It is a report of a mail system."
