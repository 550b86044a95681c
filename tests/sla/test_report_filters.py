"""What a report is narrowed down to, and broken down by."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from sla import reports
from sla.models import Policy
from sla.reports import Dimension, Engineering, Figure, Filters
from tests import factories
from tests.sla.november import ALL_SEEING, NOVEMBER, NOW, Story, ist
from tickets import lifecycle
from tickets.models import RequestType, Tag, Ticket

pytestmark = pytest.mark.django_db


@dataclass
class Desk:
    """Four P3 tickets of Monday 2 November 10:00: answered by Tue 3 10:00, solved by Mon 9 10:00.

    - "kept": of Acme, in Reports with Asha; answered at 11:00 by her, solved at 12:00
    - "late": of Acme, in Reports with Asha until Wed 4, then with Bela in Data; never answered
    - "asked": of Bolt, with nobody; engineering on Thu 5, answered on Mon 2, solved on Tue 10
    - "alone": of nobody; answered and solved at once, by mail, tagged "vip" and "dashboard"
    """

    numbers: dict[str, int]
    names: dict[int, str]

    def found(self, **filters: Any) -> list[str]:
        """The names of the tickets whose resolution counts."""
        wanted = Filters(**{"metric": "resolution"} | filters)
        rows, _ = reports.clocks_behind(
            figure=Figure.ALL, period=NOVEMBER, at=NOW, filters=wanted, reader=ALL_SEEING
        )
        return sorted(self.names[row.ticket_id] for row in rows)


@pytest.fixture
def desk(policy: Policy) -> Desk:
    story = Story()
    asha, bela = story.agent, factories.agent(name="Bela")
    spoc = factories.agent(name="Sam")
    acme = factories.organization("Acme", spoc=spoc)
    bolt = factories.organization("Bolt")
    teams = {name: factories.team(name) for name in ("Reports", "Data")}

    def opened(name: str, **fields: Any) -> Ticket:
        organization = fields.pop("organization", None)
        story.tickets[name] = factories.ticket(
            at=ist(2, "10:00"),
            subject=name,
            requester=factories.customer(organization=organization),
            **fields,
        )
        return story.tickets[name]

    kept, late = opened("kept", organization=acme), opened("late", organization=acme)
    for ticket in (kept, late):
        lifecycle.assign(
            ticket=ticket, by=asha, assignee=asha, team=teams["Reports"], at=ist(2, "10:30")
        )
    story.reply(kept, 2, "11:00")
    story.resolve(kept, 2, "12:00")
    # After its first response was due, before its resolution is.
    lifecycle.assign(ticket=late, by=asha, assignee=bela, team=teams["Data"], at=ist(4, "10:00"))
    asked = opened("asked", organization=bolt)
    story.reply(asked, 2, "15:00")
    lifecycle.escalate_to_engineering(ticket=asked, by=asha, at=ist(5, "10:00"))
    lifecycle.return_from_engineering(ticket=asked, by=asha, at=ist(6, "10:00"))
    story.resolve(asked, 10, "10:00")
    kind = RequestType.objects.get(name="Report not refreshed on time")
    alone = opened("alone", channel="email", request_type=kind)
    alone.tags.set([Tag.objects.create(name=name) for name in ("vip", "dashboard")])
    story.resolve(alone, 2, "10:00")
    numbers = {
        "Acme": acme.pk, "Bolt": bolt.pk, "Sam": spoc.pk, "Asha": asha.pk, "Bela": bela.pk,
        "kind": kind.pk, "vip": Tag.objects.get(name="vip").pk,
    } | {name: team.pk for name, team in teams.items()}  # fmt: skip
    return Desk(numbers, {ticket.pk: name for name, ticket in story.tickets.items()})


type Asked = Callable[[dict[str, int]], dict[str, Any]]

FILTERS: list[tuple[Asked, list[str]]] = [
    (lambda n: {}, ["alone", "asked", "kept", "late"]),
    (lambda n: {"priority": "P3"}, ["alone", "asked", "kept", "late"]),
    (lambda n: {"priority": "P1"}, []),
    (lambda n: {"organization": n["Acme"]}, ["kept", "late"]),
    (lambda n: {"organization": 0}, ["alone"]),
    (lambda n: {"spoc": n["Sam"]}, ["kept", "late"]),
    # no organization, or one without a single point of contact
    (lambda n: {"spoc": 0}, ["alone", "asked"]),
    # who had it at its deadline, or when it was solved
    (lambda n: {"team": n["Reports"]}, ["kept"]),
    (lambda n: {"team": n["Data"]}, ["late"]),
    (lambda n: {"agent": n["Asha"]}, ["kept"]),
    # its first response was due before it was handed over
    (lambda n: {"agent": n["Asha"], "metric": "first_response"}, ["kept", "late"]),
    (lambda n: {"agent": 0}, ["alone", "asked"]),
    (lambda n: {"team": n["Data"], "agent": n["Asha"]}, []),
    (lambda n: {"channel": "email"}, ["alone"]),
    (lambda n: {"request_type": n["kind"]}, ["alone"]),
    (lambda n: {"tag": n["vip"]}, ["alone"]),
    (lambda n: {"engineering": Engineering.WITH}, ["asked"]),
    (lambda n: {"engineering": Engineering.WITHOUT}, ["alone", "kept", "late"]),
    # answered before engineering was asked
    (lambda n: {"engineering": Engineering.WITH, "metric": "first_response"}, []),
]


def test_each_filter_leaves_the_promises_that_fit(desk: Desk) -> None:
    for asked, names in FILTERS:
        filters = asked(desk.numbers)
        assert desk.found(**filters) == names, filters


# fmt: off
# By dimension: name -> (promises, kept, broken), for both metrics together.
BREAKDOWNS: list[tuple[Dimension, dict[str, tuple[int, int, int]]]] = [
    (Dimension.PRIORITY, {"Normal": (8, 5, 3)}),
    (Dimension.METRIC, {"resolution": (4, 2, 2), "first_response": (4, 3, 1)}),
    (Dimension.ORGANIZATION, {"Acme": (4, 2, 2), "Bolt": (2, 1, 1), "": (2, 2, 0)}),
    (Dimension.SPOC, {"Sam": (4, 2, 2), "": (4, 3, 1)}),
    (Dimension.TEAM, {
        "Reports": (3, 2, 1), "Data": (1, 0, 1), "Support": (2, 2, 0), "": (2, 1, 1),
    }),
    (Dimension.AGENT, {"Asha": (3, 2, 1), "Bela": (1, 0, 1), "": (4, 3, 1)}),
    (Dimension.CHANNEL, {"web": (6, 3, 3), "email": (2, 2, 0)}),
    (Dimension.REQUEST_TYPE, {"": (6, 3, 3), "Report not refreshed on time": (2, 2, 0)}),
    # a promise counts once for each of its tags
    (Dimension.TAG, {"": (6, 3, 3), "vip": (2, 2, 0), "dashboard": (2, 2, 0)}),
]


# fmt: on
def test_a_breakdown_adds_up_what_the_tickets_have_in_common(desk: Desk) -> None:
    for dimension, expected in BREAKDOWNS:
        rows = reports.breakdown(by=dimension, period=NOVEMBER, at=NOW)
        found = {row.name: (row.promises, row.kept, row.broken) for row in rows}
        assert found == expected, dimension


def test_each_row_of_a_breakdown_leads_to_its_promises_by_a_filter(desk: Desk) -> None:
    for dimension in Dimension:
        for row in reports.breakdown(by=dimension, period=NOVEMBER, at=NOW):
            filters = Filters(**{dimension.value: row.key})
            _, page = reports.clocks_behind(
                figure=Figure.ALL, period=NOVEMBER, at=NOW, filters=filters, reader=ALL_SEEING
            )
            assert page.paginator.count == row.promises, (dimension, row)


def test_handing_a_ticket_over_later_changes_no_past_figure(desk: Desk) -> None:
    before = reports.breakdown(by=Dimension.AGENT, period=NOVEMBER, at=NOW)
    other = factories.agent(name="Chandra")
    for ticket in Ticket.objects.exclude(subject="late"):
        lifecycle.assign(ticket=ticket, by=other, assignee=other, at=NOW - timedelta(days=1))
    assert reports.breakdown(by=Dimension.AGENT, period=NOVEMBER, at=NOW) == before
