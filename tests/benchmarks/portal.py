"""The customers' pages under gunicorn: on a thousand tickets, and on a desk of a million."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache

from tests.benchmarks.desk import loaded
from tests.benchmarks.frame import Options, Result
from tests.benchmarks.site import Site, medians, of_another_process, of_this_process

FEW = 1_000
ROUNDS = 100
PAGES = 50


@dataclass(frozen=True)
class Prepared:
    """Addresses of open tickets with their keys, the values of the form, and queries of each."""

    pages: Sequence[str]
    form: dict[str, str]
    form_queries: int
    page_queries: int


@dataclass(frozen=True)
class Measured:
    """Medians in milliseconds, and numbers of queries; `few` are those on a thousand tickets."""

    form: float
    few_form: float
    page: float
    few_page: float
    bare: float
    prepared: Prepared
    few_prepared: Prepared


def portal_form(options: Options) -> Result:
    """A request is sent; beside a bare page with one SELECT."""
    found = _measured(options)
    return Result(found.form, "ms", found.bare, found.form / found.bare)


def portal_form_sizes(options: Options) -> Result:
    """The same beside a thousand tickets."""
    found = _measured(options)
    return Result(found.form, "ms", found.few_form, found.form / found.few_form, at_most_times=1.2)


def portal_form_queries(options: Options) -> Result:
    """Its queries, beside those on a thousand tickets."""
    few, many = _measured(options).few_prepared, _measured(options).prepared
    return _same("queries", many.form_queries, few.form_queries)


def portal_ticket(options: Options) -> Result:
    """A ticket's page behind its link; beside a bare page with one SELECT."""
    found = _measured(options)
    return Result(found.page, "ms", found.bare, found.page / found.bare)


def portal_ticket_sizes(options: Options) -> Result:
    """The same beside a thousand tickets."""
    found = _measured(options)
    return Result(found.page, "ms", found.few_page, found.page / found.few_page, at_most_times=1.2)


def portal_ticket_queries(options: Options) -> Result:
    """Its queries, beside those on a thousand tickets."""
    few, many = _measured(options).few_prepared, _measured(options).prepared
    return _same("queries", many.page_queries, few.page_queries)


def _same(unit: str, many: int, few: int) -> Result:
    return Result(many, unit, few, many / few, at_most_times=1)


@cache
def _measured(options: Options) -> Measured:
    loaded(options.tickets)
    with ExitStack() as stack:
        many = stack.enter_context(of_this_process(_prepare))
        few = stack.enter_context(of_another_process(FEW, _prepare))
        took = medians(
            ROUNDS,
            {
                "form": lambda number: _send(many, number),
                "few_form": lambda number: _send(few, number),
                "page": lambda number: _open(many, number),
                "few_page": lambda number: _open(few, number),
                "bare": lambda number: many.get("/bare/"),
            },
        )
        return Measured(**took, prepared=many.prepared, few_prepared=few.prepared)


def _send(site: Site[Prepared], number: int) -> float:
    address = {"email": f"new{number}@client.example", "nonce": f"bench-{number}"}
    return site.post("/tickets/new/", site.prepared.form | address, number=number)


def _open(site: Site[Prepared], number: int) -> float:
    return site.get(site.prepared.pages[number % PAGES])


def _prepare() -> Prepared:
    from django.test import Client
    from django.urls import reverse

    from tests import linked
    from tickets.models import RequestType, Ticket

    opened = Ticket.objects.open().select_related("requester").order_by("-pk")[:PAGES]
    pages = [
        reverse("portal:ticket", args=[ticket.reference, linked.key(ticket)]) for ticket in opened
    ]
    kind = RequestType.objects.get(name="Report not refreshed on time")
    form = {
        "request_type": str(kind.pk),
        "subject": "The report of yesterday is not refreshed",
        "text": "It still shows the figures of Friday. We need it by noon.",
        "name": "Somebody",
    }
    client = Client(headers={"host": "127.0.0.1"})
    address = {"email": "first@client.example", "nonce": "bench-queries"}
    sent = _queries(lambda: client.post("/tickets/new/", form | address))
    return Prepared(pages, form, sent, _queries(lambda: client.get(pages[0])))


def _queries(act: object) -> int:
    """How many an answer takes, when caches are full."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    assert callable(act)
    with CaptureQueriesContext(connection) as asked:
        act()
    return len(asked)
