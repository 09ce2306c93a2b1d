"""Decides by Unicode's confusables table which letters look alike, and what a name looks like.

The table, the scripts and the character categories come from the package `confusable-homoglyphs`:
with `unicodedata` alone, two versions of Python would judge one name differently.
"""

import json
import unicodedata
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from itertools import groupby
from typing import Any

_PACKAGE = "confusable_homoglyphs"
_MARK = "\u200e"  # the table surrounds right-to-left letters with this mark
# Pairs of letters that look like one letter; of these, Unicode's table has only `rn`.
_LETTER_PAIRS = {"vv": "w", "VV": "W"}
# Letters of living languages that the table draws as two; readers know them as letters.
_OWN = frozenset("æœÆŒ")
_NO_SCRIPT = frozenset({"COMMON", "INHERITED"})
_HAN = frozenset({"HAN", "HIRAGANA", "KATAKANA", "BOPOMOFO", "HANGUL"})
_LATIN = frozenset({"LATIN"})
_SECOND_PLANE = 0x10000  # rare letters above it were added by newer versions of Unicode


def is_word(text: str) -> bool:
    """Return whether all characters are letters, marks, digits or underscores."""
    return all(letter == "_" or _classify(letter)[1][0] in "LMN" for letter in text)


def split_words(text: str) -> list[str]:
    """Return the words of a text."""
    return ["".join(part) for inside, part in groupby(text, is_word) if inside]


@lru_cache(maxsize=8192)
def compute_skeleton(text: str) -> str:
    """Return the skeleton of a text: equal for all texts that are drawn alike."""
    drawn = "".join(
        letter
        if letter in _OWN
        else "".join(map(_find_prototype, unicodedata.normalize("NFD", letter)))
        for letter in unicodedata.normalize("NFKC", text)
    )
    for two, one in _LETTER_PAIRS.items():
        drawn = drawn.replace(two, one)
    return unicodedata.normalize("NFD", drawn)


def is_disguised(text: str) -> bool:
    """Return whether a word is not ASCII but looks like plain ASCII letters."""
    return not text.isascii() and len(text.strip("_")) > 1 and compute_skeleton(text).isascii()


def is_lookalike(text: str) -> bool:
    """Return whether a word looks like another one: wide or bold letters, or two scripts.

    Words of one script are allowed, because languages have letters of their own: Turkish has an i
    without a dot.
    """
    if text.isascii() or text[0].isdigit() or not any(map(_is_foreign, text)):
        return False
    if unicodedata.normalize("NFKC", text).isascii():
        return True
    return is_disguised(text) and len(find_scripts(text)) > 1


def find_scripts(text: str) -> frozenset[str]:
    """Return the scripts of a text's letters; digits and punctuation belong to none."""
    return frozenset(_classify(letter)[0] for letter in text) - _NO_SCRIPT


def is_mixed(text: str) -> bool:
    """Return whether the letters are of scripts that no language combines in one word.

    Chinese, Japanese and Korean may be combined with Latin letters (Unicode's "highly restrictive"
    level), except for those of their letters that look like plain characters.
    """
    scripts = find_scripts(text)
    if len(scripts) < 2:
        return False
    if not scripts <= _HAN | _LATIN:
        return True
    return "LATIN" in scripts and any(_is_drawn_plain(letter) for letter in text)


def find_identifier_fault(name: str) -> str:
    """Return why a reader would take an identifier for another one, or an empty string."""
    if name.isascii():
        return ""
    if any(_classify(letter) == ("INHERITED", "Mn") for letter in name):
        return "a name contains combining marks"
    if not is_word(name):
        return "a name contains a character that is not a letter"
    if any(map(_is_young, name)):
        return "a name contains letters that older Pythons do not know"
    if is_mixed(name):
        return f"a name mixes scripts ({', '.join(sorted(find_scripts(name))).title()})"
    if is_disguised(name):
        return f"a name only looks like {compute_skeleton(name)!a}"
    if unicodedata.normalize("NFKC", name) != name:
        return "Python reads a name differently than it is written"
    return ""


def _is_drawn_plain(letter: str) -> bool:
    """Return whether a letter of another script is drawn as a plain one, or as a mere line."""
    if find_scripts(letter) <= _LATIN:
        return False
    drawn = compute_skeleton(letter)
    return drawn.isascii() or drawn in _LINES


_LINES = frozenset(
    "\u4e28\u30fc\u4e00"
)  # one vertical and two horizontal lines, as the table writes them


def _is_foreign(letter: str) -> bool:
    return not letter.isascii() and _classify(letter)[1][0] == "L"


def _is_young(letter: str) -> bool:
    """Return whether only newer Pythons know a letter, or it is phonetic (small capitals).

    Unicode 3.2 is the measure because every version of Python includes its table.
    """
    rare = ord(letter) >= _SECOND_PLANE or _classify(letter)[0] == "LATIN"
    return rare and unicodedata.ucd_3_2_0.category(letter) == "Cn"


def _find_prototype(letter: str) -> str:
    """Return the letter or text as which the table draws a letter.

    The table lists both directions. A letter with one entry is drawn as that entry if the entry has
    several entries itself; of a mutual pair, the plainer one wins.
    """
    table = _load_table()
    others = table.get(letter, ())
    if len(others) != 1:
        return letter
    only = others[0]
    if len(table.get(only, ())) > 1:
        return only
    return min(only, letter, key=lambda text: (not text.isascii(), len(text), text))


@lru_cache(maxsize=1)
def _load_table() -> Mapping[str, Sequence[str]]:
    raw = _read("confusables.json")
    return {
        text.strip(_MARK): [other["c"].strip(_MARK) for other in others]
        for text, others in raw.items()
    }


@lru_cache(maxsize=1)
def _load_ranges() -> tuple[list[int], list[tuple[int, str, str]]]:
    """Return the first code point of each range, and its last code point, script and category."""
    raw = _read("categories.json")
    scripts, kinds = raw["iso_15924_aliases"], raw["categories"]
    found = sorted(
        (first, last, scripts[script], kinds[kind])
        for first, last, script, kind in raw["code_points_ranges"]
    )
    return [row[0] for row in found], [row[1:] for row in found]


@lru_cache(maxsize=4096)
def _classify(letter: str) -> tuple[str, str]:
    """Return a character's script and category; ("UNKNOWN", "Cn") if the table lacks it."""
    starts, ranges = _load_ranges()
    at = bisect_right(starts, ord(letter)) - 1
    if at < 0 or ord(letter) > ranges[at][0]:
        return "UNKNOWN", "Cn"
    return ranges[at][1], ranges[at][2]


def _read(name: str) -> Any:
    return json.loads((files(_PACKAGE) / name).read_text(encoding="utf-8"))
