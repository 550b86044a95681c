"""My tickets: who sees which, how they are found, and what a row says."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from sla.models import Policy
from tests import factories
from tickets import correspondence, lifecycle
from tickets.acts import Mail
from tickets.models import Organization, Ticket, User
from tickets.portal import mine
from tickets.portal.unread import mark_read

NOW = factories.MONDAY
HOUR = timedelta(hours=1)
PAGE = "/tickets/"


@pytest.fixture
def acme(policy: Policy) -> Organization:
    return factories.organization("Acme", shares_tickets=True)


@pytest.fixture
def maria(acme: Organization) -> User:
    return factories.customer("maria@acme.example", name="Maria", organization=acme)


@pytest.fixture
def paul(acme: Organization) -> User:
    return factories.customer("paul@acme.example", name="Paul", organization=acme)


def opened(requester: User, subject: str = "The report stands still", **fields: Any) -> Ticket:
    return factories.ticket(requester=requester, subject=subject, **fields)


def signed_in(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def page(person: User, **asked: str) -> str:
    response = signed_in(person).get(PAGE, asked)
    assert response.status_code == 200
    return response.content.decode()


def subjects(person: User, **asked: str) -> list[str]:
    return re.findall(r'<th scope="row">\s*<a [^>]*>([^<]*)</a>', page(person, **asked))


# Who sees what.


def test_who_is_not_signed_in_is_asked_for_his_address_first(policy: Policy) -> None:
    response = Client().get(PAGE, {"q": "report"})
    assert response.status_code == 302
    address = reverse("account_request_login_code")
    assert response.headers["Location"] == f"{address}?next=/tickets/%3Fq%3Dreport"


def test_a_list_that_outlived_the_session_goes_to_sign_in_as_a_whole(policy: Policy) -> None:
    response = Client().get(PAGE, headers={"HX-Request": "true"})
    assert response.status_code == 200
    assert response.headers["HX-Redirect"].startswith(reverse("account_request_login_code"))
    assert response.content == b""


def test_who_was_switched_off_is_nobody(maria: User) -> None:
    client = signed_in(maria)
    maria.is_active = False
    maria.save()
    assert client.get(PAGE).status_code == 302


def test_staff_are_led_to_the_desk(policy: Policy) -> None:
    response = signed_in(factories.agent()).get(PAGE)
    assert response.status_code == 302
    assert response.headers["Location"] == reverse("admin:tickets_ticket_changelist")


def test_the_page_is_only_read(maria: User) -> None:
    assert signed_in(maria).post(PAGE).status_code == 405


def test_the_page_is_kept_by_no_cache(maria: User) -> None:
    assert "no-store" in signed_in(maria).get(PAGE).headers["Cache-Control"]


@pytest.fixture
def everybodys(maria: User, paul: User) -> dict[str, Ticket]:
    """A ticket of Maria, one of her colleague, and two of a stranger: she follows one of them."""
    stranger = factories.customer(organization=factories.organization(shares_tickets=True))
    rows = {
        "own": opened(maria, "own"),
        "colleague": opened(paul, "colleague"),
        "followed": opened(stranger, "followed"),
        "foreign": opened(stranger, "foreign"),
    }
    correspondence.follow(ticket=rows["followed"], user=maria, by=None, at=NOW)
    return rows


@pytest.mark.parametrize(
    ("whose", "expected"),
    [
        ("", {"own"}),
        ("mine", {"own"}),
        ("others", {"colleague", "followed"}),
        ("all", {"own", "colleague", "followed"}),
        # Nonsense counts as not chosen.
        ("everybody", {"own"}),
    ],
)
def test_where_the_organization_shares_the_reader_chooses_whose(
    everybodys: dict[str, Ticket], maria: User, whose: str, expected: set[str]
) -> None:
    assert set(subjects(maria, whose=whose)) == expected


@pytest.mark.parametrize("whose", ["", "mine", "others", "all"])
def test_where_it_does_not_there_is_no_choice(
    everybodys: dict[str, Ticket], acme: Organization, maria: User, whose: str
) -> None:
    acme.shares_tickets = False
    acme.save()
    assert set(subjects(maria, whose=whose)) == {"own", "followed"}
    assert "Whose tickets" not in page(maria)


def test_a_search_finds_no_ticket_of_others(everybodys: dict[str, Ticket], maria: User) -> None:
    foreign = everybodys["foreign"]
    assert subjects(maria, q="foreign") == []
    assert subjects(maria, q=foreign.reference) == []
    assert subjects(maria, q=str(foreign.pk)) == []


def test_the_row_names_the_requester_unless_it_is_the_reader(
    everybodys: dict[str, Ticket], maria: User
) -> None:
    text = page(maria, whose="all")
    assert "of Paul" in text
    assert "of Maria" not in text


# State, search, order.


@pytest.fixture
def of_all_states(maria: User) -> User:
    """Maria, whose tickets are called after how they stand."""
    agent = factories.agent()
    opened(maria, "new")
    lifecycle.wait_for_customer(ticket=opened(maria, "waiting"), by=agent, at=NOW + HOUR)
    lifecycle.resolve(ticket=opened(maria, "solved"), by=agent, text="Done.", at=NOW + 2 * HOUR)
    lifecycle.close(ticket=opened(maria, "closed"), by=maria, at=NOW + 3 * HOUR)
    return maria


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, {"new", "waiting"}),
        ({"state": "open"}, {"new", "waiting"}),
        ({"state": "waiting"}, {"waiting"}),
        ({"state": "solved"}, {"solved", "closed"}),
        ({"state": "all"}, {"new", "waiting", "solved", "closed"}),
        ({"state": "lost"}, {"new", "waiting"}),
        # A search looks at all, unless a state was chosen.
        ({"q": "ed"}, {"solved", "closed"}),
        ({"q": "ed", "state": "open"}, set()),
    ],
)
def test_the_state_narrows_the_list_down(
    of_all_states: User, asked: dict[str, str], expected: set[str]
) -> None:
    assert set(subjects(of_all_states, **asked)) == expected


def test_the_status_is_in_plain_words(of_all_states: User) -> None:
    text = page(of_all_states, state="all")
    for words in ("Received", "Waiting for you", "Solved", "Closed"):
        assert f'<td data-label="Status">{words}</td>' in text


@pytest.mark.parametrize("form", ["HD-{}", "hd-{}", " HD-{} ", "{}"])
def test_a_reference_finds_its_ticket(maria: User, form: str) -> None:
    opened(maria, "another")
    wanted = opened(maria, "wanted")
    assert subjects(maria, q=form.format(wanted.pk)) == ["wanted"]


def test_a_reference_is_exact(maria: User) -> None:
    row = opened(maria)
    assert subjects(maria, q=f"HD-{row.pk}0") == []
    assert subjects(maria, q="HD-999999999999999999") == []
    assert subjects(maria, q="HD-" + "9" * 30) == []


@pytest.mark.parametrize(
    ("search", "is_found"),
    [
        ("printer", True),
        ("PRINTER jams", True),
        ("jams printer", True),
        ("rint", True),
        # Of a message, the customer's or ours.
        ("third floor", True),
        ("technician", True),
        # All words have to be there.
        ("printer scanner", False),
        # Wildcards of SQL are letters like others.
        ("100%", True),
        ("1%0", False),
        ("a_b", True),
        ("a_c", False),
        ("%", True),
        ("_", True),
        ("O'Neill", True),
        ("back\\slash", True),
        ("'; DROP TABLE tickets_ticket; --", False),
        # No database keeps NUL, so it separates words.
        ("third\0printer", False),
        ("printer\0jams", True),
        ("\0", True),
    ],
)
def test_words_are_looked_for_in_subjects_and_messages(
    maria: User, search: str, is_found: bool
) -> None:
    row = opened(maria, "The printer jams", text="Third floor. 100% a_b O'Neill back\\slash")
    answer = "We send a technician."
    lifecycle.reply(ticket=row, by=factories.agent(), text=answer, at=NOW + HOUR)
    found = subjects(maria, q=search, state="open")
    assert (found == ["The printer jams"]) is is_found


def test_what_customers_may_not_read_is_not_searched(maria: User) -> None:
    row = opened(maria)
    lifecycle.add_note(ticket=row, by=factories.agent(), text="secretnote", at=NOW + HOUR)
    for is_automatic in (True, False):
        correspondence.keep_aside(
            ticket=row,
            by=factories.customer(),
            text="secretmail",
            at=NOW + HOUR,
            mail=Mail(whole_text="secretmail"),
            is_automatic=is_automatic,
        )
    assert subjects(maria, q="secretnote") == []
    assert subjects(maria, q="secretmail") == []


def test_messages_of_the_tickets_that_changed_last_are_searched(
    maria: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mine, "SEARCHED_TICKETS", 1)
    opened(maria, "older apple", text="banana")
    opened(maria, "newer apple", text="banana", at=NOW + HOUR)
    assert subjects(maria, q="banana") == ["newer apple"]
    assert subjects(maria, q="apple") == ["newer apple", "older apple"], "subjects are all searched"


@pytest.mark.parametrize("search", ["x" * 50_000, "word " * 10_000, "%" * 5_000, "9" * 5_000])
def test_a_very_long_search_is_cut_and_finds_nothing(maria: User, search: str) -> None:
    opened(maria)
    text = page(maria, q=search)
    shown = re.search(r'name="q" value="([^"]*)"', text)
    assert shown is not None
    assert 0 < len(shown[1]) <= mine.LONGEST_SEARCH
    assert "Nothing was found for" in text


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("", ["first", "third", "second"]),
        ("newest", ["first", "third", "second"]),
        ("oldest", ["first", "second", "third"]),
        # P1 is due before P3, and P4 last.
        ("promise", ["second", "third", "first"]),
        ("; DROP TABLE", ["first", "third", "second"]),
    ],
)
def test_the_list_is_sorted(maria: User, sort: str, expected: list[str]) -> None:
    first = opened(maria, "first", code="P4")
    opened(maria, "second", code="P1", at=NOW + HOUR)
    opened(maria, "third", code="P3", at=NOW + 2 * HOUR)
    lifecycle.reply(ticket=first, by=maria, text="Well?", at=NOW + 3 * HOUR)
    assert subjects(maria, sort=sort) == expected


# What a row says.


def test_the_next_promise_is_in_words_and_in_the_zone_of_the_reader(maria: User) -> None:
    maria.time_zone = "America/New_York"
    maria.save()
    opened(maria, at=timezone.now())
    text = page(maria)
    assert re.search(r"We (aim to )?answer by \w{3} \d+ \w{3}, \d\d:\d\d E[SD]T", text)
    assert re.search(r"<time [^>]*>\d+ \w{3} \d{4}, \d\d:\d\d E[SD]T</time>", text)
    assert "IST" not in text


def test_a_late_promise_and_one_that_waits_say_so(maria: User) -> None:
    opened(maria, "late", at=timezone.now() - timedelta(days=60))
    assert re.search(r'<span class="tag late">Late</span>\s*First response:', page(maria))
    row, agent = opened(maria, "waiting", at=timezone.now() - HOUR), factories.agent()
    lifecycle.reply(ticket=row, by=agent, text="Which one?", at=timezone.now() - HOUR / 2)
    lifecycle.wait_for_customer(ticket=row, by=agent, at=timezone.now() - HOUR / 2)
    text = page(maria, q="waiting")
    assert '<span class="tag waiting">Waiting for you</span>' in text
    assert "runs on when you answer" in text


def test_a_solved_ticket_says_when(of_all_states: User) -> None:
    assert "Solved 2 Nov 2026, 12:00 IST" in page(of_all_states, q="solved")


def test_what_is_unread_is_said_in_words(maria: User) -> None:
    row = opened(maria)
    assert "New answer" not in page(maria)
    lifecycle.reply(ticket=row, by=factories.agent(), text="Well.", at=NOW + HOUR)
    assert "New answer" in page(maria)
    mark_read(row, maria, at=NOW + 2 * HOUR)
    assert "New answer" not in page(maria)


def test_the_row_leads_to_the_ticket(maria: User) -> None:
    row = opened(maria)
    assert f'href="/tickets/{row.reference}/"' in page(maria)


@pytest.mark.parametrize("where", ["subject", "name", "search", "whose", "sort"])
def test_nothing_that_people_wrote_runs(maria: User, paul: User, where: str) -> None:
    evil = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>"
    if where == "name":
        paul.name = evil
        paul.save()
    opened(paul, evil if where == "subject" else "Harmless")
    asked = {"whose": "all", **({"q": evil} if where == "search" else {})}
    if where in ("whose", "sort"):
        asked[where] = evil
    text = page(maria, **asked)
    assert "<script>alert" not in text
    assert "<img" not in text


# Pages, empty lists, parts.


def fill(person: User, count: int) -> None:
    for number in range(count):
        opened(person, f"number {number}", at=NOW + timedelta(minutes=number))


def test_a_page_has_25_tickets_and_the_next_keeps_what_was_chosen(
    maria: User,
) -> None:
    fill(maria, 27)
    asked = {"whose": "mine", "state": "all", "q": "number", "sort": "oldest"}
    text = page(maria, **asked)
    assert len(re.findall('<th scope="row">', text)) == 25
    assert "Tickets 1 to 25, and there are more." in text
    assert "Previous page" not in text
    link = "/tickets/?whose=mine&amp;state=all&amp;q=number&amp;sort=oldest&amp;page=2"
    assert f'href="{link}"' in text
    assert subjects(maria, **asked, page="2") == ["number 25", "number 26"]
    second = page(maria, **asked, page="2")
    assert "Tickets 26 to 27." in second
    assert f'href="{link.removesuffix("&amp;page=2")}"' in second
    assert "Next page" not in second


@pytest.mark.parametrize("number", ["0", "-1", "x", "", "1.5", "²", "99999999999999999999"])
def test_a_page_that_is_no_number_is_the_first(maria: User, number: str) -> None:
    opened(maria, "here")
    assert subjects(maria, page=number) == ["here"]


@pytest.mark.parametrize("number", ["2", "400", "401", "999999999"])
def test_a_page_behind_the_last_one_leads_back(maria: User, number: str) -> None:
    opened(maria)
    text = page(maria, page=number)
    assert "There are no more tickets." in text
    assert "Previous page" in text


@pytest.mark.parametrize(
    ("asked", "sentence", "way"),
    [
        ({}, "You have no open tickets.", "/tickets/new/"),
        ({"state": "waiting"}, "No ticket waits for an answer of yours.", "whose=all"),
        ({"state": "all", "whose": "all"}, "You have no tickets yet.", "/tickets/new/"),
        ({"whose": "others"}, "Your colleagues have no open tickets.", "whose=all"),
        ({"q": "dog"}, "Nothing was found for “dog”.", "/tickets/new/"),
        ({"q": "dog", "state": "solved"}, "Nothing was found for “dog”.", "q=dog"),
    ],
)
def test_an_empty_list_says_so_and_leads_on(
    maria: User, asked: dict[str, str], sentence: str, way: str
) -> None:
    text = page(maria, **asked)
    after = text[text.index(sentence) :]
    assert way in after
    assert "<table" not in text
    assert 'role="status">No tickets found.</p>' in text


def test_htmx_gets_the_list_alone_and_history_gets_the_page(maria: User) -> None:
    opened(maria)
    client = signed_in(maria)
    part = client.get(PAGE, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part
    assert "<table" in part
    assert 'hx-swap-oob="innerHTML:#found">1 ticket.</p>' in part
    restored = {"HX-Request": "true", "HX-History-Restore-Request": "true"}
    whole = client.get(PAGE, headers=restored).content.decode()
    assert "<html" in whole
    assert "hx-swap-oob" not in whole


def test_after_turning_the_page_the_keyboard_goes_on_at_the_new_rows(maria: User) -> None:
    opened(maria)
    client = signed_in(maria)
    for trigger, moves in (("next", True), ("previous", True), ("search", False)):
        headers = {"HX-Request": "true", "HX-Trigger": trigger}
        assert (b" autofocus" in client.get(PAGE, headers=headers).content) is moves


def test_the_choice_is_said_to_those_who_do_not_see_it(maria: User) -> None:
    text = page(maria, state="solved")
    chosen = re.findall(r'<a id="([^"]*)"[^>]*aria-current="true"', text)
    assert chosen == ["whose-mine", "state-solved"]


@pytest.mark.parametrize(
    "asked", [{}, {"whose": "all", "q": "number"}, {"state": "all", "sort": "promise"}]
)
def test_the_page_asks_the_database_equally_often_for_many_rows(
    maria: User, paul: User, asked: dict[str, str]
) -> None:
    client = signed_in(maria)
    counts = []
    for more in (1, 9):
        fill(maria, more)
        fill(paul, more)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert client.get(PAGE, asked).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert counts[0] <= 12
