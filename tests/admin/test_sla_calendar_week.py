"""A weekday's line of opening spans: what people may write, and what is refused in which words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sla.admin.week import read_spans, written

READ = [
    ("", []),
    ("   ", []),
    ("09:00-17:00", [("09:00", "17:00")]),
    ("09:00-12:30, 13:30-17:00", [("09:00", "12:30"), ("13:30", "17:00")]),
    ("09:00-12:30,13:30-17:00", [("09:00", "12:30"), ("13:30", "17:00")]),
    ("13:30-17:00; 09:00-12:30", [("09:00", "12:30"), ("13:30", "17:00")]),  # Put in order.
    ("09:00–12:30, 13:30—17:00", [("09:00", "12:30"), ("13:30", "17:00")]),  # En and em dash.
    ("  09:00  -  17:00  ", [("09:00", "17:00")]),
    ("09:00 to 12:30 and 13:30 TO 17:00", [("09:00", "12:30"), ("13:30", "17:00")]),
    ("9:00-17:00", [("09:00", "17:00")]),
    ("00:00-24:00", [("00:00", "24:00")]),
    ("09:00-12:00, 12:00-17:00", [("09:00", "12:00"), ("12:00", "17:00")]),  # They only touch.
    ("09:00-17:00,", [("09:00", "17:00")]),
]


@pytest.mark.parametrize(("line", "spans"), READ)
def test_a_line_is_read_as_people_write_it(line: str, spans: list[tuple[str, str]]) -> None:
    assert read_spans(line, 0) == spans


REFUSED = [
    ("09:00-17:00, 12:00-18:00", "Tuesday: 09:00-17:00 overlaps 12:00-18:00."),
    ("10:00-12:00, 10:00-13:00", "Tuesday: 10:00-12:00 overlaps 10:00-13:00."),
    ("17:00-09:00", "Tuesday: closes at 09:00, not after it opens at 17:00."),
    ("09:00-09:00", "Tuesday: closes at 09:00, not after it opens at 09:00."),
    ("22:00-00:00", "Midnight at the end of a day is written 24:00."),
    ("09:00-24:01", "'24:01' is no time of day"),
    ("24:00-24:00", "'24:00' is no time of day"),
    ("9-17", "'9' is no time of day"),
    ("09.00-17.00", "'09.00' is no time of day"),
    ("09:00-9:60", "'09:60' is no time of day"),
    ("٠٩:٠٠-17:00", "is no time of day"),  # Digits, but not those of a clock here.
    ("09:00-12:00 13:00-17:00", "“09:00-12:00 13:00-17:00” is no opening span"),
    ("09:00", "“09:00” is no opening span"),
    ("open", "“open” is no opening span"),
    ("09:00-", "“09:00-” is no opening span"),
    ("09:00-12:00-17:00", "is no opening span"),
    ("09:00-17:00," * 60, "Tuesday: that is too long."),
]


@pytest.mark.parametrize(("line", "sentence"), REFUSED)
def test_a_bad_line_is_refused_with_its_weekday_and_why(line: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=r"^Tuesday: ") as refusal:
        read_spans(line, 1)
    assert sentence in str(refusal.value)


minutes = st.lists(st.integers(0, 24 * 60), unique=True, max_size=8).map(sorted)


@given(minutes)
def test_what_is_written_reads_as_it_was(ends: list[int]) -> None:
    clocks = [f"{at // 60:02}:{at % 60:02}" for at in ends]
    spans = list(zip(clocks[::2], clocks[1::2], strict=False))
    assert read_spans(written(spans), 6) == spans


@given(st.text(alphabet="0123456789:-–, to;and\n\x00é", max_size=60))
def test_whatever_is_typed_is_read_or_refused_with_a_sentence(line: str) -> None:
    said = ""
    try:
        spans = read_spans(line, 2)
    except ValueError as refusal:
        said, spans = str(refusal), []
    assert said.startswith("Wednesday: ") or (not said and read_spans(written(spans), 2) == spans)
