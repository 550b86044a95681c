"""The words of the report's numbers."""

from datetime import timedelta

import pytest

from sla.templatetags.figures import metric_name, open_time, percent

OPEN_TIMES = [
    (0, "0 min"),
    # begun minutes do not count
    (59.9, "0 min"),
    (timedelta(minutes=10), "10 min"),
    (2 * 3600, "2 h"),
    # never days: a business day is not 24 hours
    (timedelta(hours=26, minutes=10), "26 h 10 min"),
    (1234 * 3600, "1,234 h"),
    (None, ""),
]


@pytest.mark.parametrize(("span", "words"), OPEN_TIMES)
def test_business_time_is_in_hours_and_minutes(span: timedelta | float, words: str) -> None:
    assert open_time(span) == words


SHARES = [
    (100.0, "100 %"),
    (0.0, "0 %"),
    (62.5, "62.5 %"),
    (200 / 3, "66.6 %"),
    # one broken promise in 10,000 is not all of them
    (99.99, "99.9 %"),
    (0.04, "0.0 %"),
    (None, ""),
]


@pytest.mark.parametrize(("share", "words"), SHARES)
def test_percentages_are_cut_and_never_rounded_up(share: float, words: str) -> None:
    assert percent(share) == words


def test_metrics_have_names() -> None:
    assert metric_name("first_response") == "First response"
