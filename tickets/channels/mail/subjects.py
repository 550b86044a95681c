"""What a subject says without what mailers put before it."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from tickets.channels.mail.words import one_line

# "Re", "Re[2]", "Fwd (1)" and their kin in German, French, Spanish, Italian, Dutch, Portuguese,
# Polish, the languages of Scandinavia, Turkish and Chinese.
ANSWER: Final = r"re|aw|sv|vs|antw|r|rif|res|odp|ynt|ref|回复|答复|回覆"
FORWARD: Final = r"fwd|fw|wg|tr|rv|i|enc|vb|doorst|vl|pd|iltp?|转发|轉寄"
COUNT: Final = r"\s{0,3}(?:\[\d{1,4}\]|\(\d{1,4}\)|\^\d{1,4})?\s{0,3}:"
PREFIX: Final = re.compile(rf"\s*(?:{ANSWER}|{FORWARD}){COUNT}\s*", re.IGNORECASE)
FORWARDED: Final = re.compile(rf"\s*(?:{FORWARD}){COUNT}", re.IGNORECASE)
# [HD-123], [#123]; not [P1] and no other word in brackets.
TAG: Final = re.compile(r"\[\s?(?:[A-Za-z]{1,10}-|#)\d{1,10}\s?\]")


def plain_subject(subject: str) -> str:
    """The subject in NFKC on one line, without Re:, Fwd:, AW:, WG:, TR: and tags such as [HD-123].

    Takes time linear in the length.
    """
    text = TAG.sub(" ", unicodedata.normalize("NFKC", one_line(subject)))
    position = 0
    while prefix := PREFIX.match(text, position):
        position = prefix.end()
    return " ".join(text[position:].split())


def names(subject: str, code: str) -> bool:
    """Whether a code such as "P1" stands in the subject as a word of its own, in any case.

    "P1", "[p1]", "P1: down" name it; "P10", "TP12", "MP1x" and "P1-A" do not. `subject` is as it
    was received, decoded.
    """
    word = rf"(?<![\w\u2010-]){re.escape(code)}(?![\w\u2010-])"
    return re.search(word, plain_subject(subject), re.IGNORECASE) is not None


def is_forward(subject: str) -> bool:
    """Whether the outermost prefix is that of a forwarded message."""
    text = TAG.sub(" ", unicodedata.normalize("NFKC", one_line(subject)))
    return FORWARDED.match(text) is not None
