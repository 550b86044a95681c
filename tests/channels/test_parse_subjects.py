"""What a subject says: without prefixes and tags, and whether it names a priority."""

from __future__ import annotations

import time

import pytest

from tickets.channels.mail.subjects import is_forward, names, plain_subject


@pytest.mark.parametrize(
    ("subject", "plain"),
    [
        ("Report is empty", "Report is empty"),
        ("Re: Report", "Report"),
        ("RE: re: Fwd: Report", "Report"),
        ("AW: WG: Störung", "Störung"),
        ("TR: Rapport", "Rapport"),
        ("SV: VS: Antw: Odp: YNT: RV: RIF: I: R: Report", "Report"),
        ("Re[2]: Report", "Report"),
        ("Re (3) : Report", "Report"),
        ("回复：报告", "报告"),
        ("Ｒｅ： Report", "Report"),  # NFKC
        ("[HD-123] Report", "Report"),
        ("Re: [HD-123] Re: Report", "Report"),
        ("Report [#77] again", "Report again"),
        ("[P1] Report", "[P1] Report"),
        ("[EXTERNAL] Report", "[EXTERNAL] Report"),
        ("Regarding: the report", "Regarding: the report"),
        ("Re the report", "Re the report"),
        ("Re:", ""),
        ("", ""),
        ("  two\tspaces\r\nand  lines ", "two spaces and lines"),
        ("ﬁle №１", "file No1"),
    ],
)
def test_prefixes_and_tags_are_taken_off(subject: str, plain: str) -> None:
    assert plain_subject(subject) == plain


@pytest.mark.parametrize(
    "subject",
    [
        "P1",
        "p1",
        "[p1]",
        "P1: the system is down",
        "System down (P1)",
        "System down, P1!",
        "Urgent/P1/now",
        "P1, not P2",
        "Re: AW: P1 down",
        "[HD-12] P1",
        "Ｐ１ down",
        "P1 – down",
        '"P1"',
        "P1’s back",
        "дP P1",
    ],
)
def test_p1_as_a_word_of_its_own_is_named(subject: str) -> None:
    assert names(subject, "P1")


@pytest.mark.parametrize(
    "subject",
    [
        "P10",
        "P11",
        "TP12",
        "MP1x",
        "HP1",
        "MP1",
        "P1-A",
        "A-P1",
        "P1‑A",  # A hyphen that does not break.
        "P1_A",
        "P 1",
        "P1st",
        "éP1",
        "P1é",
        "[P1-12] the old ticket",
        "P2",
        "",
    ],
)
def test_p1_within_another_word_is_not(subject: str) -> None:
    assert not names(subject, "P1")


def test_a_code_is_taken_to_the_letter() -> None:
    assert names("It is A.1", "A.1")
    assert not names("It is AB1", "A.1")


@pytest.mark.parametrize(
    ("subject", "forward"),
    [
        ("Fwd: Report", True),
        ("[HD-7] FW: Report", True),
        ("WG: Re: Report", True),
        ("TR : Rapport", True),
        ("Re: Fwd: Report", False),  # An answer to a forward.
        ("Forward planning", False),
        ("Fwd", False),
    ],
)
def test_the_outermost_prefix_makes_a_forward(subject: str, forward: bool) -> None:
    assert is_forward(subject) is forward


@pytest.mark.parametrize("piece", ["Re: ", "Re[2]: ", "[HD-1", "Re ", "[", "(", "P1-", "ﷺ", " "])
def test_a_long_subject_takes_no_time(piece: str) -> None:
    subject = piece * (200_000 // len(piece))
    start = time.process_time()
    plain_subject(subject)
    names(subject, "P1")
    assert time.process_time() - start < 1
