"""A search finds what people mean, shows where it stands, and never more than they may see."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from sla.models import Policy
from tests import factories
from tickets import indexing, lifecycle, search
from tickets.models import Ticket

pytestmark = pytest.mark.django_db


def index() -> int:
    return indexing.write_marked(at=timezone.now())


def found(typed: str) -> list[str]:
    """Subjects, in the order of the answer."""
    numbers = search.find(Ticket.objects.all(), search.understood(typed)).numbers
    subjects = dict(Ticket.objects.values_list("pk", "subject"))
    return [subjects[number] for number in numbers]


@pytest.fixture
def desk(policy: Policy) -> dict[str, Ticket]:
    kestrel = factories.organization("Kestrel Retail GmbH")
    rosa = factories.customer("rosa.diaz@kestrel.example", name="Rosa Díaz", organization=kestrel)
    made = {
        "english": factories.ticket(
            subject="Reports refreshed late",
            text="They were running all the night.",
            requester=rosa,
        ),
        "german": factories.ticket(
            subject="Berichte fehlen", text="Seit gestern Übertragungen aus dem Süden langsamer."
        ),
        "third": factories.ticket(
            subject="Wrong colours", text="The user-facing chart at bi.example is red and late."
        ),
    }
    agent = factories.agent()
    lifecycle.add_note(
        ticket=made["third"], by=agent, text="It is the zebra driver.", at=factories.MONDAY
    )
    index()
    return made


ENGLISH, GERMAN, THIRD = "Reports refreshed late", "Berichte fehlen", "Wrong colours"
QUESTIONS = [
    ("report", {ENGLISH}),  # The stem of another form,
    ("reporting", {ENGLISH}),  # and of a longer one.
    ("ran", set()),  # No dictionary knows irregular verbs.
    ("RUN", {ENGLISH}),  # No case.
    ("Bericht", {GERMAN}),
    ("Übertragung", {GERMAN}),
    ("langsam", {GERMAN}),
    ("colo", {THIRD}),  # The last word may be a beginning,
    ("colo ", set()),  # until a blank ends it.
    ("co", set()),  # Two letters are too few.
    ("zebra", {THIRD}),  # Internal notes.
    ("why are the reports late", {ENGLISH}),  # Words without a meaning do no harm.
    ("late", {ENGLISH, THIRD}),
    ("late -red", {ENGLISH}),
    ('late -"all the night"', {THIRD}),
    ('"zebra driver"', {THIRD}),
    ('"driver zebra"', set()),
    ("driver zebra", {THIRD}),
    ("“zebra driver”", {THIRD}),
    ('"zebra dri', {THIRD}),  # Never closed.
    ("rosa", {ENGLISH}),
    ("rosa.diaz@kestrel.example", {ENGLISH}),
    ("kestrel.example", {ENGLISH}),
    ("@kestrel.example", {ENGLISH}),
    ("rosa.diaz@kes", {ENGLISH}),
    ("Díaz", {ENGLISH}),
    ("kestrel retail reports", {ENGLISH}),
    ("user-facing", {THIRD}),
    ("user-fac", {THIRD}),
    ("bi.example", {THIRD}),
    ("o'late", set()),
    ("late & !red | (zebra <-> x):*", set()),
]


@pytest.mark.parametrize(("typed", "subjects"), QUESTIONS)
def test_what_people_type_finds_what_they_mean(
    desk: dict[str, Ticket], typed: str, subjects: set[str]
) -> None:
    assert set(found(typed)) == subjects


@pytest.mark.parametrize("form", ["{0}", "HD-{0}", "hd-{0} "])
def test_a_reference_comes_first_and_mentions_of_it_follow(
    desk: dict[str, Ticket], form: str
) -> None:
    named = desk["english"]
    factories.ticket(subject="Another", text=f"The same as {named.reference}, {named.pk}.")
    index()
    assert found(form.format(named.pk)) == [ENGLISH, "Another"]


def test_a_reference_is_found_before_its_words_are_written(policy: Policy) -> None:
    ticket = factories.ticket(subject="Just now")
    assert found(ticket.reference) == ["Just now"]


NONSENSE = [
    ("", search.NO_WORDS),
    ("   ", search.NO_WORDS),
    ('-"" @ :* ' + "'", search.NO_WORDS),
    ("\x00\x00", search.NO_WORDS),
    ("the is of", search.TOO_COMMON),
    ("nicht ", search.TOO_COMMON),
    ("-report", search.ONLY_WITHOUT),
    ("x" * 10_000, search.TOO_LONG),
    ("many " * 30, search.TOO_MANY),
]


@pytest.mark.parametrize(("typed", "problem"), NONSENSE)
def test_what_cannot_be_looked_for_gets_a_sentence(typed: str, problem: str) -> None:
    query = search.understood(typed)
    assert query.problem == problem
    assert search.find(Ticket.objects.all(), query).numbers == []


@pytest.mark.parametrize(
    "typed",
    ["late\x00", "²³", "late \ud800", "(((", "a:*b", "\\", "late'--", "%s %(x)s {}", "--late"],
)
def test_nothing_that_is_typed_is_an_error(desk: dict[str, Ticket], typed: str) -> None:
    query = search.understood(typed)
    answer = search.find(Ticket.objects.all(), query)
    assert set(answer.numbers) <= {ticket.pk for ticket in desk.values()}
    assert set(search.excerpts(answer.numbers, query)) <= set(answer.numbers)


def test_the_newest_come_first_and_no_more_than_are_looked_at(policy: Policy) -> None:
    tickets = [factories.ticket(subject=f"Ticket {n}", text="flood") for n in range(4)]
    index()
    newest_first = [ticket.pk for ticket in reversed(tickets)]
    asked, everything = search.understood("flood"), Ticket.objects.all()
    assert search.find(everything, asked) == search.Found(newest_first)
    assert search.find(everything, asked, most=3) == search.Found(newest_first[:3], is_capped=True)


def test_old_tickets_are_found_behind_the_window_too(
    policy: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    tickets = [factories.ticket(subject=f"Ticket {n}", text="flood") for n in range(4)]
    index()
    monkeypatch.setattr(search, "WINDOW", 2)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE tickets_searchdocument")
    with CaptureQueriesContext(connection) as queries:
        answer = search.find(Ticket.objects.all(), search.understood("flood"))
    assert answer.numbers == [ticket.pk for ticket in reversed(tickets)]
    assert len(queries) == 3


def test_a_word_that_is_commoner_than_was_guessed_is_found_all_the_same(
    policy: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    tickets = [factories.ticket(subject=f"Ticket {n}", text="flood") for n in range(4)]
    index()
    monkeypatch.setattr(search, "RARE", 3)
    with CaptureQueriesContext(connection) as queries:
        answer = search.find(Ticket.objects.all(), search.understood("flood"))
    assert answer == search.Found([ticket.pk for ticket in reversed(tickets)])
    assert len(queries) == 4


def test_a_rare_word_is_asked_of_the_index_before_anything_is_joined(policy: Policy) -> None:
    ticket = factories.ticket(subject="Ticket", text="flood")
    index()
    with CaptureQueriesContext(connection) as queries:
        answer = search.find(Ticket.objects.all(), search.understood("flood"))
    assert answer == search.Found([ticket.pk])
    assert len(queries) == 3
    assert "tickets_ticket" not in queries[1]["sql"]
    assert "tickets_searchdocument" not in queries[2]["sql"]


def test_a_common_word_asks_only_for_the_newest(
    policy: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    tickets = [factories.ticket(subject=f"Ticket {n}", text="flood") for n in range(3)]
    index()
    monkeypatch.setattr(search, "WINDOW", 0)  # Any guess is more.
    with CaptureQueriesContext(connection) as queries:
        answer = search.find(Ticket.objects.all(), search.understood("flood"), most=2)
    assert answer.numbers == [tickets[2].pk, tickets[1].pk]
    assert len(queries) == 3


def test_only_visible_tickets_are_found(desk: dict[str, Ticket]) -> None:
    requester = desk["english"].requester
    visible = Ticket.objects.visible_to(requester)
    assert search.find(visible, search.understood("late")).numbers == [desk["english"].pk]
    named = search.understood(desk["german"].reference)
    assert search.find(visible, named).numbers == []


def test_marks_stand_in_subject_and_text_and_nothing_else_becomes_markup(policy: Policy) -> None:
    ticket = factories.ticket(
        subject="Reports <b>late</b>",
        text="Then <script>alert(1)</script> & reporting stopped.",
    )
    german = factories.ticket(subject="Frage", text="Die Berichte fehlen <mark>.")
    index()
    shown = search.excerpts([ticket.pk, german.pk], search.understood("report"))
    assert shown[ticket.pk].subject == "<mark>Reports</mark> &lt;b&gt;late&lt;/b&gt;"
    assert "alert(1)  &amp; <mark>reporting</mark> stopped" in shown[ticket.pk].text
    assert "<script" not in shown[ticket.pk].text
    shown = search.excerpts([ticket.pk, german.pk], search.understood("Bericht"))
    assert shown[german.pk].text == "Die <mark>Berichte</mark> fehlen"
    assert shown[ticket.pk].text == ""


def test_a_phrase_is_marked_as_it_stands_whatever_the_stems_of_its_words(policy: Policy) -> None:
    ticket = factories.ticket(subject="Numbers", text="The Daily Sales Reports are late.")
    index()
    asked = search.understood('"sales reports"')
    shown = search.excerpts([ticket.pk], asked)[ticket.pk]
    assert "Daily <mark>Sales</mark> <mark>Reports</mark> are late" in shown.text
