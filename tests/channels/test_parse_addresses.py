"""Who wrote, and to whom: an address is never what a decoder makes of it."""

from __future__ import annotations

import pytest

from tickets.channels.email import Incoming, parse

AGENT = "agent@victim.example"


def from_(value: str | bytes, more: str = "") -> Incoming:
    data = value if isinstance(value, bytes) else value.encode()
    return parse(b"From: " + data + b"\n" + more.encode() + b"\nHello")


@pytest.mark.parametrize(
    ("header", "sender", "name"),
    [
        ("asha@client.example", "asha@client.example", ""),
        ("<asha@client.example>", "asha@client.example", ""),
        ("Asha Rao <asha@client.example>", "asha@client.example", "Asha Rao"),
        ('"Rao, Asha" <asha@client.example>', "asha@client.example", "Rao, Asha"),
        ("Rao, Asha <asha@client.example>", "asha@client.example", "Rao, Asha"),  # No quotes.
        ("asha@client.example (Asha (the boss) Rao)", "asha@client.example", "Asha (the boss) Rao"),
        ("Asha\n Rao <asha@client.example>", "asha@client.example", "Asha Rao"),
        ("=?utf-8?q?J=C3=BCrgen?= <j@client.example>", "j@client.example", "Jürgen"),
        ('"=?utf-8?q?J=C3=BCrgen?=" <j@client.example>', "j@client.example", "Jürgen"),
        ("=?utf-8?q?Rao=2C_Asha?= <a@client.example>", "a@client.example", "Rao, Asha"),
        ("=?utf-8?q?Desk:_A,B?= <a@client.example>", "a@client.example", "Desk: A,B"),
        ("Jürgen <j@client.example>", "j@client.example", "Jürgen"),
        ('"Tom \\"T\\" Lee" <t@client.example>', "t@client.example", 'Tom "T" Lee'),
        ("'Asha' <asha@client.example>", "asha@client.example", "Asha"),
        ("Asha asha@client.example", "asha@client.example", "Asha"),
        ("asha@client.example <asha@client.example>", "asha@client.example", ""),
        ("Asha <asha@client.example", "asha@client.example", "Asha"),
        ("Asha < asha@client.example >", "asha@client.example", "Asha"),
        ('Asha "the boss <asha@client.example>', "asha@client.example", "Asha the boss"),
        ("Asha (the boss <asha@client.example>", "asha@client.example", "Asha (the boss"),
        ('"asha rao"@client.example', '"asha rao"@client.example', ""),
        ("Asha.Rao+desk@Client.Example", "Asha.Rao+desk@Client.Example", ""),
        ("आशा@client.example", "आशा@client.example", ""),  # RFC 6532
        ("asha@bücher.example", "asha@bücher.example", ""),
        ("Root", "", "Root"),
        ("", "", ""),
        ("<>", "", ""),
        ("@", "", "@"),
        ("undisclosed-recipients:;", "", ""),
        ("a@b@c.example", "", "a@b@c.example"),
        ("x" * 300 + "@client.example", "", ("x" * 300)[:200]),
    ],
)
def test_a_sender_has_an_address_and_a_name(header: str, sender: str, name: str) -> None:
    incoming = from_(header)
    assert (incoming.sender, incoming.sender_name) == (sender, name)


@pytest.mark.parametrize(
    "header",
    [
        "=?utf-8?Q?attacker?Q?agent?=@victim.example",
        "=?utf-8?q?agent=40victim.example?=",
        "<=?utf-8?q?agent=40victim.example?=>",
        "=?utf-8?q?agent=40victim.example=3E?= <evil@client.example>",
        "=?utf-8?q?=3Cagent=40victim.example=3E?= <evil@client.example>",
        '"agent@victim.example" <evil@client.example>',
        '"<agent@victim.example>" <evil@client.example>',
        "(agent@victim.example) evil@client.example",
        "agent\0@victim.example",
        "agent\u200b@victim.example",
        "agent@victim.example\u200b",
        "\u202eagent@victim.example",
        "agent@victim.example\0é",
        "agent@victim.example\x7f",
        b"agent@victim.example\xa0 <evil@client.example>",
        "agent\n @victim.example",
        "<agent@victim.example@evil.example>",
        "<agent@victim.example> <evil@client.example>",
    ],
)
def test_nobody_becomes_somebody_else(header: str | bytes) -> None:
    incoming = from_(header)
    assert incoming.sender.lower() != AGENT
    assert AGENT not in {name.lower() for name in incoming.names}


def test_of_two_senders_the_first_is_shown_and_it_is_said() -> None:
    incoming = from_(f"evil@client.example, {AGENT}")
    assert incoming.sender == "evil@client.example"
    assert incoming.remarks == ("The message names more than one sender: the first one is shown.",)
    assert from_("evil@client.example", f"From: {AGENT}\n").remarks == incoming.remarks


@pytest.mark.parametrize(
    ("headers", "sender", "where"),
    [
        ("Reply-To: a@b.example\nSender: c@d.example", "a@b.example", "Reply-To"),
        ("Sender: c@d.example\nReturn-Path: <e@f.example>", "c@d.example", "Sender"),
        ("Return-Path: <e@f.example>", "e@f.example", "Return-Path"),
        ("From: nobody\nReply-To: a@b.example", "a@b.example", "Reply-To"),
        ("From: x@y.example\nReply-To: a@b.example", "x@y.example", "From"),
        ("Subject: x", "", ""),
    ],
)
def test_without_a_sender_somebody_is_shown_and_it_is_said_where_from(
    headers: str, sender: str, where: str
) -> None:
    incoming = parse(f"{headers}\n\nHello".encode())
    assert (incoming.sender, incoming.sender_header) == (sender, where)


@pytest.mark.parametrize(
    ("headers", "to"),
    [
        ("To: a@b.example, C <c@d.example>", ("a@b.example", "c@d.example")),
        ("To: a@b.example; c@d.example", ("a@b.example", "c@d.example")),  # Outlook's own way.
        ("To: a@b.example\nTo: c@d.example", ("a@b.example", "c@d.example")),
        ("To: a@b.example, a@b.example,, ,", ("a@b.example",)),
        ("To: Team: a@b.example, c@d.example;, e@f.example",
         ("a@b.example", "c@d.example", "e@f.example")),
        ("To: undisclosed-recipients:;", ()),
        ("To: a@b.example,\n c@d.example", ("a@b.example", "c@d.example")),
    ],
)  # fmt: skip
def test_every_recipient_is_found_once(headers: str, to: tuple[str, ...]) -> None:
    assert parse(f"{headers}\n\nHello".encode()).to == to


def test_where_it_really_arrived_comes_in_the_order_of_trust() -> None:
    incoming = parse(
        b"Envelope-To: c@d.example\nX-Original-To: b@d.example\nDelivered-To: a@d.example\n"
        b"Delivered-To: A list <x@d.example>\nDelivered-To: b@d.example\n\nHello"
    )
    assert incoming.delivered_to == ("a@d.example", "b@d.example", "c@d.example")


def test_a_header_of_thousands_is_cut_and_it_is_said() -> None:
    everybody = ",\n ".join(f"{number}@client.example" for number in range(3_000))
    incoming = parse(f"To: {everybody}\n\nHello".encode())
    assert len(incoming.to) == 1_000
    assert incoming.remarks == (
        "The header To names more than 1,000 addresses: the others were left out.",
    )
