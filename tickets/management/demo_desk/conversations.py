"""What is said about a ticket: texts from the files beside this one, with their gaps filled."""

from __future__ import annotations

import random
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

TEXTS = Path(__file__).parent / "texts"

# The default request types, the file of each, and how often customers ask for it.
FILES = {
    "System down": ("system_down", 9),
    "Campaign update request": ("campaign_update", 20),
    "Report shows incorrect data": ("incorrect_data", 18),
    "New campaign launch request": ("new_campaign", 13),
    "Report not refreshed on time": ("not_refreshed", 17),
    "Minor dashboard issue": ("minor_dashboard", 13),
    "Product enhancement or feature request": ("enhancement", 10),
}


@dataclass(frozen=True)
class Conversation:
    """One request and what may be said about it; a field that does not apply is empty."""

    subject: str
    problem: str
    question: str
    answer: str
    note: str
    resolution: str
    engineering: str = ""
    workaround: str = ""


class Words:
    """Draws conversations of a request type, each once before others come again."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._waiting: dict[str, list[dict[str, str]]] = {}
        self._common = _read("common")

    @staticmethod
    def have(part: str, *, about: str) -> bool:
        """Whether any conversation about such a request has this part."""
        return not part or any(part in talk for talk in _talks(about))

    def conversation(self, about: str, *, share: int, needs: str = "") -> Conversation:
        """The next conversation about such a request, its gaps filled in.

        It has the part that is needed, if any conversation about such a request has it.
        """
        wanted = needs if self.have(needs, about=about) else ""
        waiting = self._waiting.setdefault(about, [])
        if not any(not wanted or wanted in talk for talk in waiting):
            more = list(_talks(about))
            self._rng.shuffle(more)
            waiting += more
        talk = next(talk for talk in waiting if not wanted or wanted in talk)
        waiting.remove(talk)
        slots = {name: self._rng.choice(words) for name, words in self._common["slots"].items()}
        filled = {field: text.format(**slots, share=share) for field, text in talk.items()}
        return Conversation(**filled)

    def said(self, occasion: str) -> str:
        """Something that is said about any request, such as why an answer is late."""
        words: list[str] = self._common["said"][occasion]
        return self._rng.choice(words)


def _talks(request_type: str) -> list[dict[str, str]]:
    talks: list[dict[str, str]] = _read(FILES[request_type][0])["conversation"]
    return talks


@cache
def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((TEXTS / f"{name}.toml").read_text(encoding="utf-8"))
