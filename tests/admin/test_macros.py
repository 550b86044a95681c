"""Macros on a ticket: found, previewed and pressed; all of it happens, or none."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.utils import timezone

from tests.factories import agent, customer, priority, team, ticket
from tickets import lifecycle
from tickets.models import Event, Macro, Message, Ticket, User

pytestmark = pytest.mark.usefixtures("policy")

HELLO = {"do": "reply", "text": "Dear {{ requester }}, we look at {{ reference }}. {{agent}}"}


@pytest.fixture
def me() -> User:
    return agent(name="Ada Lovelace")


@pytest.fixture
def client(me: User) -> Client:
    client = Client()
    client.force_login(me)
    return client


@pytest.fixture
def row() -> Ticket:
    return ticket("P3", requester=customer(name="Mary {{ agent }} Smith"))


def address(row: Ticket) -> str:
    return f"/admin/tickets/macro/for/{row.pk}/"


def press(client: Client, row: Ticket, macro: Macro) -> str:
    answer = client.post(address(row), {"macro": macro.pk}, follow=True)
    return " ".join(str(message) for message in answer.context["messages"])


def test_the_list_shows_what_each_would_do_with_its_text_filled_in(
    client: Client, row: Ticket
) -> None:
    macro = Macro.objects.create(
        name="Incident", description="While it lasts",
        steps=[{"do": "priority", "priority": priority("P2").pk}, HELLO],
    )  # fmt: skip
    page = client.get(address(row))
    (preview,) = page.context["previews"]
    # What a customer calls himself is no placeholder.
    text = f"Dear Mary {{{{ agent }}}} Smith, we look at {row.reference}. Ada Lovelace"
    assert (preview.macro, preview.text) == (macro, text)
    assert preview.does == ["Change priority to P2 High", f"Reply: {text}"]
    assert "data-macro-text" in page.content.decode()


def test_one_press_does_all_of_it_and_the_history_names_the_macro(
    client: Client, me: User, row: Ticket
) -> None:
    macro = Macro.objects.create(name="Take", steps=[{"do": "assign_to_me"}, HELLO])

    assert press(client, row, macro) == "“Take” was done."

    row.refresh_from_db()
    assert row.assignee == me
    assert row.first_responded_at is not None
    said = Message.objects.get(by_staff=True)
    assert (said.text.startswith("Dear Mary"), said.is_automatic) == (True, False)
    event = row.events.get(kind=Event.Kind.MACRO)
    assert (event.by, event.detail.startswith("“Take”: Assign to me; Reply: Dear")) == (me, True)


def test_a_step_that_is_refused_changes_nothing_and_says_which(client: Client, row: Ticket) -> None:
    macro = Macro.objects.create(name="Hasty", steps=[HELLO, {"do": "close"}])

    said = press(client, row, macro)

    assert said.startswith("“Hasty” did nothing. Step 2, “Close”: You cannot close a ticket")
    assert not Message.objects.filter(by_staff=True).exists()
    assert row.events.count() == 1


def test_a_row_that_is_gone_is_said_and_what_is_so_already_is_left(
    client: Client, me: User, row: Ticket
) -> None:
    network = team("Network", me)
    macro = Macro.objects.create(name="Hand", steps=[{"do": "assign", "team": network.pk}])
    assert press(client, row, macro) == "“Hand” was done."
    assert press(client, row, macro) == ("“Hand” had nothing to do: all of it is so already.")
    network.holdings = None
    Macro.objects.update(steps=[{"do": "assign", "team": 987654}])
    assert press(client, row, macro) == (
        "“Hand” did nothing. This team does not exist, or not any more."
    )


def test_agents_press_those_of_everybody_and_of_their_teams(
    client: Client, me: User, row: Ticket
) -> None:
    steps = [{"do": "note", "text": "Hm"}]
    everybody = Macro.objects.create(name="All", steps=steps)
    mine = Macro.objects.create(name="Mine", steps=steps, team=team("A", me))
    others = Macro.objects.create(name="Others", steps=steps, team=team("B", agent()))
    off = Macro.objects.create(name="Off", steps=steps, is_active=False)

    found = client.get(address(row)).context["previews"]

    assert [preview.macro for preview in found] == [everybody, mine]
    for macro in (others, off):
        assert client.post(address(row), {"macro": macro.pk}).status_code == 404
    for wrong in ("", "x", "99999"):
        assert client.post(address(row), {"macro": wrong}).status_code == 404
    assert row.events.count() == 1


def test_who_may_not_change_tickets_presses_nothing(row: Ticket) -> None:
    macro = Macro.objects.create(name="All", steps=[{"do": "note", "text": "Hm"}])
    reader = agent()
    reader.groups.clear()
    for user, status in ((reader, 403), (customer(), 302), (None, 302)):
        client = Client()
        if user:
            client.force_login(user)
        assert client.get(address(row)).status_code == status
        assert client.post(address(row), {"macro": macro.pk}).status_code == status
    assert row.events.count() == 1


def test_the_list_takes_as_many_queries_for_many_macros_as_for_one(
    client: Client, row: Ticket, django_assert_max_num_queries: object
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client.get(address(row))
    counted = []
    for number in (1, 9):
        for index in range(number):
            Macro.objects.create(
                name=f"{number} {index}",
                steps=[{"do": "assign", "team": team().pk, "agent": agent().pk}, HELLO],
            )
        with CaptureQueriesContext(connection) as queries:
            client.get(address(row))
        counted.append(len(queries))
    assert counted[0] == counted[1] <= 12


def test_a_macro_is_not_pressed_on_what_others_have_changed_meanwhile(
    client: Client, row: Ticket
) -> None:
    macro = Macro.objects.create(name="Hello", steps=[HELLO])
    page = client.get(f"/admin/tickets/ticket/{row.pk}/change/").content.decode()
    (link,) = re.findall(r'href="([^"]+)" data-macros', page)
    lifecycle.reply(ticket=row, by=row.requester, text="Never mind.", at=timezone.now())
    (shown,) = re.findall(r'action="([^"]+)" data-macro-form', client.get(link).content.decode())

    told = client.post(shown, {"macro": macro.pk}, follow=True).content.decode()

    assert "“Hello” did nothing." in told
    assert "Mary {{ agent }} Smith: Customer replied." in told
    assert not Message.objects.filter(by_staff=True).exists()
    (again,) = re.findall(
        r'action="([^"]+)" data-macro-form', client.get(address(row)).content.decode()
    )
    client.post(again, {"macro": macro.pk})
    assert Message.objects.filter(by_staff=True).count() == 1
