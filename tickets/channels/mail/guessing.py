"""How much a text looks like people's writing: the judge between possible character sets."""

from __future__ import annotations

import re
from typing import Final

# Lead bytes of the characters that people use most, and their weight. Beyond are rare words and
# names. Japanese has kana between its kanji; what has none is Korean or Chinese sooner.
LEADS: Final[dict[str, list[tuple[int, int, float]]]] = {
    "gb18030": [(0xA1, 0xA1, 1.0), (0xA3, 0xA3, 1.0), (0xB0, 0xD7, 1.0)],  # GB 2312, level 1
    "cp950": [(0xA1, 0xA2, 1.0), (0xA4, 0xC6, 1.0)],  # Big5, level 1
    "cp949": [(0xA1, 0xA1, 1.0), (0xB0, 0xC8, 1.0)],  # KS X 1001, Hangul
    "cp932": [(0x81, 0x81, 1.0), (0x82, 0x83, 1.2), (0x88, 0x97, 0.9)],  # kana, level 1
    "euc_jp": [(0xA1, 0xA3, 1.0), (0xA4, 0xA5, 1.2), (0xB0, 0xCF, 0.8)],
}
HALF_WIDTH: Final = 0.3  # Katakana of one byte are rare, and any bytes can be read as them.

# The letters that make up most of a text, and all the others of the script.
SCRIPTS: Final[dict[str, tuple[str, str]]] = {
    "koi8_u": ("оеаинтсрвлкмдпуяь", "зыбгчйхжшюцщэфъёіїєґ"),
    "cp1251": ("оеаинтсрвлкмдпуяь", "зыбгчйхжшюцщэфъёіїєґ"),
    "cp1253": ("αοιετνσςηρπκυμλάέήίόύώ", "γδθφχωβξζψϊϋΐΰ"),
    "cp1255": ("יוהלארתבשמנ", "גדזחטךכםןסעףפץצק"),
    "cp1256": ("اليمونرتبةعدسفهك", "ءآأؤإئثجحخذزشصضطظغقىپچژگ،؟"),
    "cp874": (
        "กขคงจชซดตถทนบปผพมยรลวสหอ่้าิีเแไใโะัุู็",
        "ฃฅฆฉฌญฎฏฐฑฒณธฝฟภศษฬฮฯำึืๆ์ํๅ",
    ),
}
OFTEN: Final = 1.0
SELDOM: Final = 0.6
ALL_CAPITALS: Final = 0.95  # People shout less often than a wrong set makes them.

_LATIN: Final = "éèêëàâäáåãæçñíìîïóòôöõøúùûüßœ"
LATIN: Final[dict[str, str]] = {
    "cp1252": _LATIN + _LATIN.upper() + "’‘“”–—…€°«»¿¡§•\xa0£©®™´·",
    "cp1250": "ąćęłńóśźżĄĆĘŁŃÓŚŹŻáčďéěíňřšťúůýžÁČĎÉĚÍŇŘŠŤÚŮÝŽöőüűÖŐÜŰ„”–’\xa0",
    "iso8859_2": "ąćęłńóśźżĄĆĘŁŃÓŚŹŻáčďéěíňřšťúůýžÁČĎÉĚÍŇŘŠŤÚŮÝŽöőüűÖŐÜŰ\xa0",
    "cp1254": "ışğçöüİŞĞÇÖÜâîû’“”–\xa0",
}
WORD: Final = re.compile(r"(?:[^\W\d_]|[\u0e30-\u0e4e])+")  # Thai's vowels are marks.
LONGEST_RUN: Final = 2  # Latin words do not have more letters with accents in a row.
RUN: Final = re.compile(r"[^\W\d_a-zA-Z]+")


def commonness(text: str, codec: str) -> float:
    """How usual the signs beyond ASCII are where this codec is used: 0 to 1, or a little more."""
    foreign = sum(c > "\x7f" for c in text)
    if not foreign:
        return 0.0
    if codec in LEADS:
        score = sum(_sign(c, codec) for c in text if c > "\x7f")
    elif codec in SCRIPTS:
        score = sum(_word(word, *SCRIPTS[codec]) for word in WORD.findall(text))
    else:
        score = _latin(text, LATIN[codec])
    return score / foreign


def _sign(sign: str, codec: str) -> float:
    data = sign.encode(codec, "replace")
    if len(data) != 2:
        return HALF_WIDTH if codec == "cp932" else 0.0
    return next((w for low, high, w in LEADS[codec] if low <= data[0] <= high), 0.0)


def _word(word: str, often: str, seldom: str) -> float:
    """A word of one script alone counts, with capitals only where they may be.

    KOI8 and Windows-1251 have small letters where the other one has capitals.
    """
    if not (word.islower() or word.isupper() or word.istitle() or word.lower() == word.upper()):
        return 0.0
    score = 0.0
    for letter in word.lower():
        if letter <= "\x7f":
            return 0.0
        score += OFTEN if letter in often else SELDOM if letter in seldom else 0.0
    return score * ALL_CAPITALS if word.isupper() else score


def _latin(text: str, common: str) -> float:
    known = sum(c in common for c in text if c > "\x7f")
    return known - sum(len(run) for run in RUN.findall(text) if len(run) > LONGEST_RUN)
