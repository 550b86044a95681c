"""`make bench`: how fast the product is, beside others.

    make bench                                  all of it
    make bench ARGS=business_time               the benches that are called so, or begin so
    make bench ARGS="sweep --tickets 20000"     a trial with less

Each figure is a line of `var/bench.jsonl`: a JSON object with bench, value, unit, floor and ratio.
A run of everything makes the file anew, a run of some replaces their lines. A trial, which is a run
of another size, goes to `var/bench-trial.jsonl`. The exit code is 1 when a bound is not met.

To add a bench: a function of that name that takes `Options` and gives a `Result`, and its line in
`BENCHES`. A module is imported when one of its benches runs, so that it may set up what it needs.
"""

import argparse
import os
import sys
from importlib import import_module
from pathlib import Path

from tests.benchmarks.frame import Options, read_rows, run

BENCHES = {
    "business_time_add": "business_time",
    "business_time_add_3d": "business_time",
    "business_time_between_400d": "business_time",
    "business_time_between_3d": "business_time",
    "business_time_add_days": "business_time",
    "business_time_add_days_3d": "business_time",
    "business_time_six_years": "business_time",
    "business_time_bulk_hours": "business_time",
    "business_time_bulk_business_hours": "business_time",
    "business_time_bulk_business_days": "business_time",
    "load": "sweeps",
    "sweep_idle": "sweeps",
    "sweep_due": "sweeps",
    "sweep_due_two_workers": "sweeps",
    "preview": "recalculations",
    "recalculate": "recalculations",
    "recalculate_memory": "recalculations",
    "what_if": "what_if",
    "portal_form": "portal",
    "portal_form_sizes": "portal",
    "portal_form_queries": "portal",
    "portal_ticket": "portal",
    "portal_ticket_sizes": "portal",
    "portal_ticket_queries": "portal",
    "desk_queue": "desk_pages",
    "desk_queue_all": "desk_pages",
    "desk_sidebar": "desk_pages",
    "desk_sidebar_all": "desk_pages",
    "desk_queue_middle": "desk_pages",
    "desk_queue_sizes": "desk_pages",
    "desk_ticket": "desk_pages",
    "desk_ticket_sizes": "desk_pages",
    "desk_search_rare": "desk_pages",
    "desk_search_common": "desk_pages",
    "desk_find_rare": "desk_pages",
    "desk_find_common": "desk_pages",
    "desk_search_rare_queue": "desk_pages",
    "desk_search_common_queue": "desk_pages",
    "desk_queries": "desk_pages",
    "desk_bulk": "desk_pages",
    "desk_memory": "desk_pages",
    "mail_in": "mail",
    "mail_out": "mail",
    "reports_30_days": "reports",
    "reports_all_time": "reports",
    "reports_page_30_days": "reports",
    "reports_page_all_time": "reports",
    "reports_memory": "reports",
}
"""Each bench and its module, in the order in which they run."""


def main(arguments: list[str]) -> int:
    """Run the benches that the arguments name; the exit code."""
    parser = argparse.ArgumentParser(prog="make bench ARGS=...", description="Benches.")
    parser.add_argument("names", nargs="*", help="a bench, or how several begin; else all")
    parser.add_argument("--tickets", type=int, default=Options().tickets, help="default: a million")
    given = parser.parse_args(arguments)
    for name in given.names:
        if not any(bench.startswith(name) for bench in BENCHES):
            parser.error(f"No bench begins with {name!r}. There are: {', '.join(BENCHES)}.")
    wanted = tuple(given.names) or ("",)
    chosen = [bench for bench in BENCHES if bench.startswith(wanted)]
    options = Options(tickets=given.tickets)
    var = Path(os.environ.get("VAR_DIR") or Path(__file__).parents[2] / "var")
    path = var / ("bench.jsonl" if options == Options() else "bench-trial.jsonl")
    rows = read_rows(path) if given.names else {}
    benches = (
        (name, getattr(import_module(f"tests.benchmarks.{BENCHES[name]}"), name)) for name in chosen
    )
    return 0 if run(benches, options, path, rows) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
