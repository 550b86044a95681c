"""A mail that goes out, and what its being refused means."""

from __future__ import annotations

from dataclasses import replace

from tickets.channels.base import File, Outgoing, SendError

MAIL = Outgoing(
    recipient="asha@client.example",
    subject="We have your request",
    text="You hear from us by Tue 3 Nov, 10:00 IST.\n",
    html="<p>You hear from us by <b>Tue 3 Nov, 10:00 IST</b>.</p>",
    message_id="<hd-1.0123456789abcdef@example.com>",
)
PICTURE = File("chart.png", "image/png", b"\x89PNG\r\n\x1a\n and more", "chart@report")
SHOWING = replace(MAIL, html='<p><img src="cid:chart@report" alt="A chart"></p>')


def outcome_of(error: SendError) -> str:
    """In a word; nothing is two of them."""
    assert not (error.permanent and error.blocks_channel)
    return "for good" if error.permanent else "blocked" if error.blocks_channel else "later"
