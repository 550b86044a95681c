"""The texts that customers see, collected from the sources, and their translations.

`make messages` writes the texts into the catalogue of each language and compiles it; the gettext
tools are not needed. Texts that are still to be translated are named, and `tests/helpdesk/
test_translations.py` refuses them.
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileParser, write_po
from django.utils.translation.template import templatize

ROOT = Path(__file__).parent.parent
LOCALES = ROOT / "helpdesk" / "locale"
# Pages and mails of customers; the desk and the mails to staff are in English.
PYTHON = ("helpdesk", "sla", "tickets")
TEMPLATES = ROOT / "templates"
KEYWORDS = {
    **DEFAULT_KEYWORDS,
    **{f"{name}_lazy": DEFAULT_KEYWORDS[name] for name in ("gettext", "ngettext", "pgettext")},
    "npgettext_lazy": DEFAULT_KEYWORDS["npgettext"],
    "gettext_noop": None,
}
# What `templatize` leaves of a template: calls between blanked text.
CALL = re.compile(
    r"""\b(?:n?p?gettext|_)\((?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[^'"()])*\)""", re.DOTALL
)
COMMENT = "Translators:"
# A refusal's docstring is its sentence (`tickets.refusals`).
REFUSAL = "Refused"


class Texts(Catalog):
    """A catalogue whose header says what is needed to read it, and nothing that changes."""

    @property
    def mime_headers(self) -> list[tuple[str, str]]:
        return [
            ("Project-Id-Version", "helpdesk"),
            ("Language", str(self.locale)),
            ("MIME-Version", "1.0"),
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Transfer-Encoding", "8bit"),
            ("Plural-Forms", self.plural_forms),
        ]

    @mime_headers.setter
    def mime_headers(self, headers: list[tuple[str, str]]) -> None:
        """What a file says there is always the same."""


def languages() -> list[str]:
    """Those that are not the source."""
    return sorted(folder.name for folder in LOCALES.iterdir() if folder.is_dir())


def po_file(language: str) -> Path:
    return LOCALES / language / "LC_MESSAGES" / "django.po"


def extracted() -> Texts:
    """Every text of the sources that is to be translated."""
    found = Texts()
    for path, source in sorted([*_python(), *_templates()]):
        for message in found_in(source):
            if message.id:
                found.add(
                    message.id,
                    locations=[(path, 1)],
                    auto_comments=message.auto_comments,
                    context=message.context,
                )
    return found


def found_in(source: str) -> Texts:
    """The texts of a piece of Python, with the sentences of its refusals."""
    found = Texts()
    whole = BytesIO((source + _refusals(source)).encode())
    for _, text, comments, context in extract("python", whole, KEYWORDS, [COMMENT]):
        found.add(text, auto_comments=comments, context=context)
    return found


def calls_of(template: str) -> str:
    """The texts of a template as calls in Python."""
    return "\n".join(CALL.findall(templatize(template)))


def read(language: str) -> Texts:
    """The catalogue as it is committed; an empty one for a new language."""
    catalog = Texts(locale=language, fuzzy=False)
    path = po_file(language)
    if path.exists():
        PoFileParser(catalog, abort_invalid=True).parse(path.read_text().splitlines(keepends=True))
    catalog.header_comment = "# Written by make messages; the translations are written by hand."
    return catalog


def merged(language: str) -> Texts:
    """The catalogue with the texts of today: new ones untranslated, and without old ones."""
    catalog = read(language)
    catalog.update(extracted(), no_fuzzy_matching=True, update_header_comment=False)
    catalog.obsolete.clear()
    return catalog


def as_po(catalog: Catalog) -> bytes:
    written = BytesIO()
    write_po(written, catalog, width=100, sort_by_file=True, include_lineno=False)
    return written.getvalue()


def as_mo(catalog: Catalog) -> bytes:
    written = BytesIO()
    write_mo(written, catalog)
    return written.getvalue()


def untranslated(catalog: Catalog) -> list[Message]:
    return [message for message in catalog if message.id and not all(strings_of(message))]


def ids_of(message: Message) -> list[str]:
    """The text, or its singular and plural."""
    return [message.id] if isinstance(message.id, str) else list(message.id)


def strings_of(message: Message) -> list[str]:
    """The translation, or its plural forms."""
    strings = message.string or ""
    return [strings] if isinstance(strings, str) else list(strings)


def _python() -> Iterator[tuple[str, str]]:
    for folder in PYTHON:
        for path in (ROOT / folder).rglob("*.py"):
            yield str(path.relative_to(ROOT)), path.read_text()


def _refusals(source: str) -> str:
    """The docstrings of refusals as calls that are extracted like others."""
    if REFUSAL not in source:
        return ""
    found = [
        inspect.cleandoc(ast.get_docstring(node) or "")
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.ClassDef)
        and REFUSAL in {node.name, *(base.id for base in node.bases if isinstance(base, ast.Name))}
    ]
    return "".join(f"\ngettext({words!r})" for words in found)


def _templates() -> Iterator[tuple[str, str]]:
    for path in [*TEMPLATES.rglob("*.html"), *TEMPLATES.rglob("*.txt")]:
        if "admin" not in path.relative_to(TEMPLATES).parts:
            yield str(path.relative_to(ROOT)), calls_of(path.read_text())


def main() -> int:
    missing = 0
    for language in languages():
        catalog = merged(language)
        po_file(language).write_bytes(as_po(catalog))
        po_file(language).with_suffix(".mo").write_bytes(as_mo(catalog))
        for message in untranslated(catalog):
            missing += 1
            sys.stdout.write(f"{language}: to be translated: {ids_of(message)[0]!r}\n")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
