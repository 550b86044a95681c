"""HTML of strangers: as text, and as markup that may stand in one of our pages.

`safe_html` goes two ways round an attack. The markup is first written anew, every tag closed where
HTML closes it, because a sanitiser builds the tree that a browser would: 37 kB of tags that are
never closed become 38 MB, and 500 kB of them take it half a minute. Then nh3 cleans the result.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Set
from html import escape
from typing import Final

import nh3

from tickets.channels.mail.markup import End, Text, Token, tokens
from tickets.channels.mail.plaintext import SECTIONS as AS_DIV
from tickets.channels.mail.plaintext import Plain

MOST: Final = 1024 * 1024
CUT: Final = "<p>The rest is not shown: the message is very long.</p>"
DEEPEST: Final = 100

VOID: Final = frozenset({"br", "hr", "img", "wbr"})
INLINE: Final = frozenset(
    {"a", "abbr", "b", "bdi", "bdo", "cite", "code", "del", "dfn", "em", "i", "ins", "kbd", "mark"}
    | {"q", "s", "samp", "small", "span", "strike", "strong", "sub", "sup", "tt", "u", "var"}
)
LISTS: Final = frozenset({"ul", "ol", "dl"})
ITEMS: Final = {"li": {"li"}, "dt": {"dt", "dd"}, "dd": {"dt", "dd"}}
HEADINGS: Final = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
BLOCKS: Final = frozenset({"blockquote", "div", "p", "pre"}) | HEADINGS | LISTS
SECTIONS: Final = frozenset({"thead", "tbody", "tfoot"})
CELLS: Final = frozenset({"td", "th", "caption"})
TABLE: Final = CELLS | SECTIONS | {"table", "tr"}
ENDS_PARAGRAPH: Final = BLOCKS | frozenset(ITEMS) | {"table", "hr"}
ALLOWED: Final = VOID | INLINE | BLOCKS | TABLE | frozenset(ITEMS)
ATTRIBUTES: Final[dict[str, frozenset[str]]] = {
    "a": frozenset({"href", "title"}),
    "img": frozenset({"src", "alt", "data-remote-src"}),
    "ol": frozenset({"start"}),
    "td": frozenset({"colspan", "rowspan", "align"}),
    "th": frozenset({"colspan", "rowspan", "align"}),
    "p": frozenset({"dir"}),
    "div": frozenset({"dir"}),
}
SCHEMES: Final = frozenset({"http", "https", "mailto", "cid"})
LINK: Final = re.compile(r"(?:https?|mailto):", re.IGNORECASE)
REMOTE: Final = re.compile(r"https?:", re.IGNORECASE)
UNSEEN: Final = re.compile(r"[\x00-\x20\x7f-\xa0]+")

_cleaner = nh3.Cleaner(
    tags=set(ALLOWED),
    attributes={name: set(allowed) for name, allowed in ATTRIBUTES.items()},
    url_schemes=set(SCHEMES),
    link_rel="noopener noreferrer nofollow",
    set_tag_attribute_values={"a": {"target": "_blank"}},
)


def text_of(html: str) -> str:
    """The words of a document: a line for each block, "> " before quotes, links in full.

    Takes time linear in the length, whatever the markup.
    """
    plain = Plain()
    for token in tokens(html):
        plain.take(token)
    return plain.text()


def safe_html(
    html: str, *, inline: Mapping[str, str] | None = None, remote_images: bool = False
) -> str:
    """The document as markup for our own pages: no script, no style, no classes, no forms.

    `inline` gives our address for each content id that the message brought along (``cid:``). A
    picture from elsewhere has no source, only its alternative text, and its address in the
    attribute data-remote-src; with `remote_images` it is loaded, and its owner sees who reads when.
    """
    writer = _Writer(inline or {}, remote_images=remote_images)
    for token in tokens(html[:MOST]):
        writer.take(token)
    return _cleaner.clean(writer.document()) + (CUT if len(html) > MOST else "")


class _Writer:
    """Writes allowed tags alone, and closes each one before HTML's own rules would."""

    def __init__(self, inline: Mapping[str, str], *, remote_images: bool) -> None:
        self._inline = inline
        self._remote_images = remote_images
        self._out: list[str] = []
        self._open: list[str] = []

    def document(self) -> str:
        self._close_to(0)
        return "".join(self._out)

    def take(self, token: Token) -> None:
        if isinstance(token, Text):
            self._out.append(escape(token.text.replace("\0", "")))
            return
        name = "div" if token.name in AS_DIV else token.name
        if isinstance(token, End):
            self._close({name}, within={"table"} if name in TABLE else TABLE)
        elif name in ALLOWED:
            self._start(name, self._attributes(name, token.attributes))

    def _start(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "a" and "href" not in attributes:
            return
        if not self._make_room(name) or len(self._open) >= DEEPEST:
            return
        self._out.append(
            f"<{name}{''.join(f' {key}="{escape(value)}"' for key, value in attributes.items())}>"
        )
        if name not in VOID:
            self._open.append(name)

    def _place(self, names: Set[str], *, within: Set[str] = frozenset()) -> int | None:
        """Where the innermost of these is open, not looking beyond one of `within`."""
        if names.isdisjoint(self._open):
            return None
        for place in range(len(self._open) - 1, -1, -1):
            if self._open[place] in names:
                return place
            if self._open[place] in within:
                return None
        return None

    def _close_to(self, place: int) -> None:
        while len(self._open) > place:
            self._out.append(f"</{self._open.pop()}>")

    def _close(self, names: Set[str], *, within: Set[str]) -> None:
        place = self._place(names, within=within)
        if place is not None:
            self._close_to(place)

    def _make_room(self, name: str) -> bool:
        """Close what this tag ends without saying so; False when it may not stand here."""
        if name in TABLE and name != "table":
            return self._make_room_in_table(name)
        around = self._place(TABLE)
        if around is not None and self._open[around] not in CELLS:
            return False  # Between rows and cells HTML would move it, and copy what is around.
        if name in ITEMS:
            self._close(ITEMS[name], within=LISTS | TABLE)
        elif name == "a":
            self._close({"a"}, within=TABLE)
        if name in ENDS_PARAGRAPH:
            self._close({"p"}, within=TABLE)
        return True

    def _make_room_in_table(self, name: str) -> bool:
        """What is open in the innermost table is, in this order: a section, a row, a cell."""
        table = self._place({"table"})
        if table is None:
            return False
        kept = table + 1
        if name not in SECTIONS | {"caption"} and self._is_open(kept, SECTIONS):
            kept += 1
        is_cell = name in {"td", "th"}
        if is_cell and self._is_open(kept, {"tr"}):
            kept += 1
        self._close_to(kept)
        if is_cell and self._open[-1] != "tr":
            self._out.append("<tr>")
            self._open.append("tr")
        return True

    def _is_open(self, place: int, names: Set[str]) -> bool:
        return place < len(self._open) and self._open[place] in names

    def _attributes(self, name: str, given: Mapping[str, str]) -> dict[str, str]:
        if name == "img":
            return self._picture(given)
        allowed = ATTRIBUTES.get(name, frozenset())
        return {
            key: value
            for key, value in given.items()
            if key in allowed and (key != "href" or _is_link(value))
        }

    def _picture(self, given: Mapping[str, str]) -> dict[str, str]:
        source = UNSEEN.sub("", given.get("src", ""))
        shown = {"alt": given.get("alt", "")}
        if source[:4].lower() == "cid:":
            ours = self._inline.get(source[4:])
            return shown | ({"src": ours} if ours else {})
        if not REMOTE.match(source):
            return shown
        return shown | {"src" if self._remote_images else "data-remote-src": source}


def _is_link(address: str) -> bool:
    return bool(LINK.match(UNSEEN.sub("", address)))
