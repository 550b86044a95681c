"""A hundred thousand past promises replayed under other targets and with a holiday more."""

from __future__ import annotations

import resource
import sys
import time
from datetime import date, timedelta

from tests.benchmarks.desk import MONDAY, loaded
from tests.benchmarks.frame import Options, Result

PROMISES = 100_000


def what_if(options: Options) -> Result:
    """Seconds for as many promises as there are, a hundred thousand at most."""
    loaded(options.tickets)
    from sla.models import Clock, Priority
    from sla.reports import Period
    from sla.reports.paper import OtherTerms, Paper
    from sla.reports.what_if import read_only
    from sla.reports.what_if import what_if as replay

    ids = Clock.objects.order_by("started_at", "pk").values_list("started_at", flat=True)
    begins, last = ids[0], ids[min(PROMISES, ids.count()) - 1]
    period = Period(begins, last + timedelta(microseconds=1))
    terms = {
        (priority.pk, "resolution"): OtherTerms(3, "business_days")
        for priority in Priority.objects.all()
    }
    paper = Paper(terms=terms, days={date(2026, 11, 4): []})
    before = _peak_memory()
    began = time.perf_counter()
    with read_only():
        rows = replay(paper=paper, period=period, at=MONDAY + timedelta(days=30))
    seconds = time.perf_counter() - began
    promises = sum(int(row.moves.sum()) for row in rows)
    print(f"what_if: {promises:,} promises, {_peak_memory() - before:.0f} MB more at most")
    return Result(seconds, "s", at_most=20)


def _peak_memory() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)
