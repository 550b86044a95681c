"""The new words of a reply: above the quotes, without the signature."""

from __future__ import annotations

import re
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from mailparser_reply.parser import EmailMessage

from tickets.channels.mail.subjects import is_forward

LANGUAGES: Final = ("en", "de", "fr", "es", "it", "nl")
# mail-parser-reply takes time by a power of the length of lines: 2.4 s for 50 lines of 500
# characters that begin "Am schrieb", less than half a second for twice as many of 200.
MOST_CHARACTERS: Final = 25_000
LONGEST_LINE: Final = 200
MOST_SECONDS: Final = 0.5  # Of processor time.

RULE: Final = re.compile(r"[_\-=*]{20,}")
FORWARDED: Final = re.compile(
    r"^[ >*]{0,9}(?:-{2,20} ?(?:Forwarded|Weitergeleitet|Doorgestuurd|Mensaje reenviado|"
    r"Message transf|Messaggio inoltrato)|Begin forwarded message:|"
    r"Anfang der weitergeleiteten Nachricht:|D[ée]but du message (?:r[ée]exp[ée]di[ée]|"
    r"transf[ée]r[ée]) ?:)",
    re.IGNORECASE | re.MULTILINE,
)
QUOTED: Final = re.compile(r"\s{0,9}>")
# An address, a year or a time of day: "Op 3 nov 2026 om 09:40 schreef Asha:"; not "I ran these 3:".
INTRODUCTION: Final = re.compile(r"(?:@|\b20\d\d\b|\d[:.h]\d\d).{0,150}:\Z")
DASHES: Final = frozenset({"--", "__"})
POSTSCRIPT: Final = re.compile(r"p\.? ?s\.?\b", re.IGNORECASE)
FOOTER: Final = re.compile(
    r"confidential|vertraulich|disclaimer|unsubscribe|mailing list|sent from|gesendet von|intended "
    r"(?:solely|only) for|virus",
    re.IGNORECASE,
)
# A greeting at the end: few short lines. What is longer is likely to be the customer's words.
MOST_LINES_OF_A_GREETING: Final = 8
MOST_LINES_LOOKED_AT: Final = 30
LONGEST_GREETING: Final = 40
LONGEST_LINE_OF_A_GREETING: Final = 80


def reply_text(text: str, subject: str = "") -> str:
    """The new words of a message; all of it for a forward, and when nothing new is found.

    Answers between the lines of a quote are new words, too: then all of it is given. Never empty
    when `text` is not.
    """
    whole = text.strip("\n")
    if not whole.strip() or is_forward(subject) or FORWARDED.search(whole):
        return whole
    lines = whole.split("\n")
    try:
        with _within(MOST_SECONDS):
            end = min(_old_header(lines), _introduced_quote(lines))
            if end < len(lines) and _answers_within(lines[end:]):
                return whole
            signed = _signature(lines[:end])
    except _TooSlowError:
        return whole
    return "\n".join(lines[: end - signed]).strip("\n") or whole


def _old_header(lines: list[str]) -> int:
    """Where the older message begins, as mail-parser-reply finds it; the end when it does not."""
    numbers, sample = _sample(lines)
    replies = _read(sample).replies
    if len(replies) == 1 or replies[0].headers:
        return len(lines)
    kept = _count(replies[0].content)
    return numbers[kept - 1] + 1 if kept else len(lines)


def _introduced_quote(lines: list[str]) -> int:
    """Where a quote begins whose first line says when or by whom, in any language."""
    quoted = next((number for number, line in enumerate(lines) if QUOTED.match(line)), 0)
    above = [number for number in range(max(quoted - 4, 0), quoted) if lines[number].strip()]
    if not above or not INTRODUCTION.search(lines[above[-1]].rstrip()[-LONGEST_LINE:]):
        return len(lines)
    return above[-1] or len(lines)


def _read(sample: str) -> EmailMessage:
    message = EmailMessage(text=sample, languages=list(LANGUAGES), keep_hyphen_lists=True)
    return message.read()


def _sample(lines: list[str]) -> tuple[list[int], str]:
    """The numbers of the lines that have words, and a text of those lines short enough to look at.

    Rules across the page are left out: they stand between the parts, and say nothing.
    """
    numbers: list[int] = []
    sample: list[str] = []
    room = MOST_CHARACTERS
    for number, line in enumerate(lines):
        words = _words(line)
        room -= len(words) + 1
        if room < 0:
            break
        if words:
            numbers.append(number)
            sample.append(words)
        elif sample and sample[-1]:
            sample.append("")
    return numbers, "\n".join(sample)


def _words(line: str) -> str:
    words = " ".join(line[: LONGEST_LINE * 4].split())[:LONGEST_LINE]
    return "" if RULE.fullmatch(words) else words


def _count(text: str) -> int:
    return sum(1 for line in text.split("\n") if line.strip())


def _answers_within(lines: list[str]) -> bool:
    """Whether somebody wrote below or between what is quoted."""
    quoted = [number for number, line in enumerate(lines) if QUOTED.match(line)]
    if not quoted:
        return False
    between = lines[quoted[0] : quoted[-1]]
    if any(line.strip() and not QUOTED.match(line) for line in between):
        return True
    below = []
    for line in lines[quoted[-1] + 1 :]:
        if line.strip() in DASHES or RULE.fullmatch(line.strip()):
            break
        below.append(line)
    text = " ".join(below)
    return bool(text.strip()) and not FOOTER.search(text[:MOST_CHARACTERS])


def _signature(lines: list[str]) -> int:
    """How many of the last lines are a signature."""
    for number, line in enumerate(lines):
        if number and line.strip() in DASHES:
            return len(lines) - number
    tail = lines[-MOST_LINES_LOOKED_AT:]
    numbers, sample = _sample(tail)
    first = _read(sample).replies[0]
    found = first.signatures or ""
    words = _count(found)
    if not 0 < words < len(numbers) or not first.content.endswith(found) or not _is_greeting(found):
        return 0
    return len(tail) - numbers[-words]


def _is_greeting(text: str) -> bool:
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    return (
        len(lines) <= MOST_LINES_OF_A_GREETING
        and len(lines[0]) <= LONGEST_GREETING
        and all(len(line) <= LONGEST_LINE_OF_A_GREETING for line in lines)
        and not any(POSTSCRIPT.match(line) for line in lines)
    )


class _TooSlowError(Exception):
    """The pattern takes more time than the text is worth."""


@contextmanager
def _within(seconds: float) -> Iterator[None]:
    """Raise _TooSlowError after this much processor time, where Python lets us: in the main thread.

    Elsewhere the caps alone bound the time. The virtual timer is nobody else's here: Celery and
    gunicorn use others.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(_signal: int, _frame: object) -> None:
        raise _TooSlowError

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before or signal.SIG_DFL)
