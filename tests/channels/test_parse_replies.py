"""The new words of an answer: what an agent reads first. The whole is always there beside it."""

from __future__ import annotations

import threading
import time

import pytest

from tickets.channels.mail.replies import reply_text

QUOTE = "\n\nOn Tue, 3 Nov 2026 at 09:40, Support <support@example.com> wrote:\n> One.\n> Two.\n"
THANKS = (
    "Hello\n\nThanks, that helped with the first of the two reports that I sent.\n"
    "The second one is still empty."
)


@pytest.mark.parametrize(
    ("text", "new"),
    [
        ("It works." + QUOTE, "It works."),
        # Mailers break that line, in one place or two.
        ("It works.\n\nOn Tue, 3 Nov 2026 at 09:40, Support\n<support@example.com> wrote:\n> One.",
         "It works."),
        ("Es geht.\n\nAm 03.11.2026 um 09:40 schrieb Support <s@example.com>:\n> Eins.",
         "Es geht."),
        ("Ça marche.\n\nLe mar. 3 nov. 2026 à 09:40, Support <s@example.com> a écrit :\n> Un.",
         "Ça marche."),
        ("Va bene.\n\nIl giorno mar 3 nov 2026 Support ha scritto:\n> Uno.", "Va bene."),
        ("Toimii.\n\nti 3. marrask. 2026 klo 9.40 Support (s@example.com) kirjoitti:\n> Yksi.",
         "Toimii."),  # In any language.
        ("Het werkt.\n\nOp di 3 nov 2026 om 09:40 schreef Support:\n> Een.", "Het werkt."),
        (f"It works.\n\n{'_' * 32}\nFrom: Support <s@example.com>\nSent: Tuesday\nTo: Asha\n\nOne.",
         "It works."),
        ("It works.\n\n-----Original Message-----\nFrom: Support\nSent: Tuesday\nTo: Asha\n\nOne.",
         "It works."),
        ("Geht.\n\nVon: Support\nGesendet: Dienstag\nAn: Asha\nBetreff: Bericht\n\nEins.", "Geht."),
        # Indentation is kept: it may be a stack trace.
        ("Look:\n\n    at line 7\n      in loop" + QUOTE, "Look:\n\n    at line 7\n      in loop"),
        # Signatures.
        ("It works.\n\n-- \nAsha Rao\nClient Ltd." + QUOTE, "It works."),
        ("It works.\n\n--\nAsha Rao", "It works."),
        ("It works.\n\nBest regards,\nAsha\nClient Ltd.", "It works."),
        ("Es geht.\n\nMit freundlichen Grüßen\nJürgen", "Es geht."),
        ("It works.\n\nSent from my iPhone", "It works."),
        # Lists are no signatures.
        ("Three things:\n- one\n- two\n- three", "Three things:\n- one\n- two\n- three"),
        # Thanks that go on are words of the customer.
        (THANKS, THANKS),
        ("It works.\n\nThanks,\nAsha\nP.S. The other one does not.",
         "It works.\n\nThanks,\nAsha\nP.S. The other one does not."),
        # Warnings are not disclaimers.
        ("Hello\n\nWarning: our mail server is down.\nPlease help.",
         "Hello\n\nWarning: our mail server is down.\nPlease help."),
        # A footer that a gateway puts below the quote is no answer.
        ("It works." + QUOTE + "\nThis e-mail is confidential.", "It works."),
        # Commands are no quotes.
        ("Look.\nI ran these 3:\n> npm install", "Look.\nI ran these 3:\n> npm install"),
        # Nothing but thanks.
        ("Thanks,\nAsha", "Thanks,\nAsha"),
    ],
)  # fmt: skip
def test_the_new_words_stand_above_the_quote_and_the_signature(text: str, new: str) -> None:
    assert reply_text(text) == new


@pytest.mark.parametrize(
    "text",
    [
        "No quote at all.",
        "> Only a quote.\n> Nothing else.",
        QUOTE.strip(),
        # Answers below and between.
        QUOTE.strip() + "\n\nMy answer.",
        "See below." + QUOTE + "\nMy answer to both.",
        "See below.\n\nOn Tue, Support <s@example.com> wrote:\n> One?\nYes.\n> Two?\nNo.",
        "-- \nAsha",
        "On",
        "Am",
        ">",
        "-",
        "--",
        "From: a\nTo: b\nSubject: c",
    ],
)
def test_all_is_given_when_nothing_is_surely_old(text: str) -> None:
    assert reply_text(text) == text


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("Fwd: Report", "Please see.\n\nFrom: a\nSent: b\nTo: c\nSubject: d\n\nTheir words."),
        ("WG: Bericht", "Bitte.\n\nVon: a\nGesendet: b\nAn: c\nBetreff: d\n\nIhre Worte."),
        ("Report", "See.\n\n---------- Forwarded message ---------\nFrom: a\nTo: b\n\nWords."),
        ("Report", "See.\n\nBegin forwarded message:\n\n> From: a\n> To: b\n>\n> Words."),
        ("Report", "See.\n\n-------- Weitergeleitete Nachricht --------\nVon: a\nAn: b\n\nWorte."),
    ],
)
def test_a_forward_is_never_cut(subject: str, text: str) -> None:
    assert reply_text(text, subject) == text


@pytest.mark.parametrize("text", ["", " ", "\n\n", "\t\n"])
def test_no_words_have_no_new_words(text: str) -> None:
    assert reply_text(text).strip() == ""


def test_a_long_answer_is_not_shortened() -> None:
    words = "\n".join(f"Line {number} of the log." for number in range(3_000))
    assert reply_text(words + QUOTE) == reply_text(words) == words
    long_line = "word " * 2_000
    assert reply_text(long_line.strip() + QUOTE) == long_line.strip()


HOSTILE = {
    "On": ("On " + "a " * 240 + "\n") * 2_000,
    "On On": ("On " * 160 + "\n") * 50,
    "one line": "On " + "a " * 500_000,
    "Am schrieb": ("Am schrieb " + "schrieb " * 60 + "\n") * 2_000,
    "Le": ("Le " + "a écrit" * 60 + "\n") * 100,
    "Il": ("Il " + "ha scritto " * 40 + "\n") * 100,
    "From": ("From: " + " " * 480 + "x\n\n") * 500,
    "spaces": ("a" + " " * 490 + "a\n") * 500,
    "no-break spaces": ("a" + "\xa0" * 490 + "a\n") * 500,
    "lines": "a\n\n" * 100_000,
    "empty lines": "\n" * 500_000 + "a",
    "quotes": ("> " * 240 + "\n") * 2_000,
    "rules": ("_" * 490 + "\n") * 2_000,
    "rules before": "x\n\n\n" + ("-" * 31 + "\n\n") * 2_000,
    "warnings": ("Warning: " + "mail " * 98 + "\n") * 500,
    "signature": "x\n-- \n" + ("a b" * 160 + "\n") * 500,
    "sent from": ("Sent from my " + "a " * 200 + "!\n") * 500,
    "von": ("Von: " + "*" * 400 + "\n") * 500,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_takes_less_than_a_second(name: str) -> None:
    start = time.process_time()
    assert reply_text(HOSTILE[name]).strip()
    assert time.process_time() - start < 1


def test_where_no_timer_can_ring_the_caps_alone_bound_the_time() -> None:
    took: list[float] = []

    def strip() -> None:
        start = time.thread_time()
        reply_text(HOSTILE["Am schrieb"])
        took.append(time.thread_time() - start)

    thread = threading.Thread(target=strip)
    thread.start()
    thread.join()
    assert took[0] < 2
