"""Every text that customers see has its translation, and the compiled catalogue is the written one.

The catalogue is made by `make messages` (`tests.catalog`), which needs no gettext tools.
"""

import re
from collections import Counter
from io import BytesIO

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import read_mo
from django.conf import settings
from django.utils import translation
from django.utils.formats import get_format

from tests import catalog
from tickets import refusals
from tickets.states import Act, Status

LANGUAGES = [code for code, _ in settings.LANGUAGES if code != settings.LANGUAGE_CODE]
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%%|\{\w*\}")
TAG = re.compile(r"</?\w[^>]*>")
LETTERS = re.compile(r"[a-zäöüß]{2}", re.IGNORECASE)
# Words of one language that are words of the other as well, and units.
NEED_NOT_DIFFER = re.compile(r"(Desk|Status|Support|Tickets?|Website|min)")


@pytest.fixture(scope="module", params=LANGUAGES)
def written(request: pytest.FixtureRequest) -> Catalog:
    """The committed catalogue of a language."""
    return catalog.read(request.param)


def texts(found: Catalog) -> list[Message]:
    """Without the header."""
    return [message for message in found if message.id]


def key(message: Message) -> tuple[str, ...]:
    return (message.context or "", *catalog.ids_of(message))


def test_each_language_but_the_source_has_a_catalogue() -> None:
    assert catalog.languages() == sorted(LANGUAGES)


def test_every_text_of_the_sources_is_in_the_catalogue_and_no_other(written: Catalog) -> None:
    wanted = {key(message) for message in texts(catalog.extracted())}
    found = {key(message) for message in texts(written)}
    assert (wanted - found, found - wanted) == (set(), set()), "run make messages, and translate"
    assert len(wanted) > 300


def test_the_files_are_as_make_messages_writes_them(written: Catalog) -> None:
    path = catalog.po_file(str(written.locale))
    merged = catalog.merged(str(written.locale))
    assert path.read_bytes() == catalog.as_po(merged), "run make messages"


def test_the_compiled_catalogue_is_the_written_one(written: Catalog) -> None:
    path = catalog.po_file(str(written.locale)).with_suffix(".mo")
    compiled = read_mo(BytesIO(path.read_bytes()))
    expected = read_mo(BytesIO(catalog.as_mo(written)))
    assert {key(message): message.string for message in texts(compiled)} == {
        key(message): message.string for message in texts(expected)
    }


def test_nothing_is_untranslated_doubtful_or_left_over(written: Catalog) -> None:
    assert [key(message) for message in catalog.untranslated(written)] == []
    assert [key(message) for message in texts(written) if message.fuzzy] == []
    assert not written.obsolete


def test_each_plural_form_is_there(written: Catalog) -> None:
    plural = [message for message in texts(written) if message.pluralizable]
    assert plural
    assert {len(catalog.strings_of(message)) for message in plural} == {written.num_plurals}


def test_placeholders_and_tags_are_those_of_the_source(written: Catalog) -> None:
    for message in texts(written):
        # One of something may leave its number out.
        several, translated = catalog.ids_of(message)[-1], catalog.strings_of(message)[-1]
        for what in (PLACEHOLDER, TAG):
            assert Counter(what.findall(translated)) == Counter(what.findall(several)), message.id
        for one in catalog.strings_of(message):
            assert set(PLACEHOLDER.findall(one)) <= set(PLACEHOLDER.findall(several)), message.id
            assert (one[:1].isspace(), one[-1:].isspace()) == (
                several[:1] == " ",
                several[-1] == " ",
            )


def test_a_translation_is_another_text_than_its_source(written: Catalog) -> None:
    same = [
        message.id
        for message in texts(written)
        if message.id == message.string and LETTERS.search(PLACEHOLDER.sub("", message.id))
    ]
    assert [text for text in same if not NEED_NOT_DIFFER.search(text)] == []


def test_the_file_names_no_person_machine_or_date(written: Catalog) -> None:
    head = catalog.po_file(str(written.locale)).read_text().split("\n\n")[0]
    assert [line.split(":")[0].strip('"') for line in head.splitlines() if ":" in line] == [
        "Project-Id-Version",
        "Language",
        "MIME-Version",
        "Content-Type",
        "Content-Transfer-Encoding",
        "Plural-Forms",
    ]


@pytest.mark.parametrize(
    ("source", "found"),
    [
        # Python: plain, late, plural, with a context.
        ('_("One")', [("", "One")]),
        ('gettext_lazy("One " "two")', [("", "One two")]),
        ('ngettext("%(n)d day", "%(n)d days", n)', [("", "%(n)d day", "%(n)d days")]),
        ('pgettext("shop", "Open")', [("shop", "Open")]),
        # A refusal says its docstring; other classes say nothing.
        ('class TooLate(Refused):\n    """It is too late."""', [("", "It is too late.")]),
        ('class Other(Exception):\n    """Not said. Refused."""', []),
    ],
)
def test_texts_of_python_are_found(source: str, found: list[tuple[str, ...]]) -> None:
    assert [key(message) for message in texts(catalog.found_in(source))] == found


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('{% translate "It’s one" %}', [("", "It’s one")]),
        ("{% translate \"Say 'it'\" as words %}", [("", "Say 'it'")]),
        (
            "{% blocktranslate trimmed with a=b %}\n 20 % of\n {{ a }}\n{% endblocktranslate %}",
            [("", "20 %% of %(a)s")],
        ),
        (
            "{% blocktranslate count n=n %}A cat{% plural %}{{ n }} cats{% endblocktranslate %}",
            [("", "A cat", "%(n)s cats")],
        ),
        ('{{ day|date:_("D j M") }}', [("", "D j M")]),
        ('{% translate "Open" context "shop" %}', [("shop", "Open")]),
        ("gettext('Only words of a page')", []),
    ],
)
def test_texts_of_templates_are_found(source: str, found: list[tuple[str, ...]]) -> None:
    python = catalog.calls_of(source)
    assert [key(message) for message in texts(catalog.found_in(python))] == found


def test_a_refusal_speaks_the_language_of_the_reader() -> None:
    refused = refusals.NoReasonGiven()
    assert str(refused) == "Tell us why: the people who are called need to know."
    with translation.override("de"):
        assert str(refused) == "Sagen Sie uns, warum: Wer gerufen wird, muss es wissen."
        moved = refusals.MoveNotAllowed(Act.CUSTOMER_REPLY, Status.CLOSED)
        assert str(moved) == (
            "In einem Ticket mit dem Status „Geschlossen“ können Sie nicht schreiben."
        )


def test_the_desks_own_words_are_not_translated() -> None:
    assert get_format("DECIMAL_SEPARATOR") == "."
    assert str(refusals.MoveNotAllowed(Act.RESUME, Status.NEW)) == (
        "You cannot resume a ticket that is New."
    )
