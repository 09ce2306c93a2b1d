"""Which letters are drawn alike, by Unicode's own table, and what a reader takes a name for.

The table comes with the package `confusable-homoglyphs`, scripts and kinds of characters too: the
running Python's Unicode would judge one name in two ways in two versions.
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
_MARK = "\u200e"  # the table puts it around letters that are written from right to left
# Two letters that a screen draws as one; Unicode lists `rn` alone.
_LETTER_PAIRS = {"vv": "w", "VV": "W"}
# Letters of living languages that Unicode draws as two: a reader takes them for what they are.
_OWN = frozenset("æœÆŒ")
_NO_SCRIPT = frozenset({"COMMON", "INHERITED"})
_HAN = frozenset({"HAN", "HIRAGANA", "KATAKANA", "BOPOMOFO", "HANGUL"})
_LATIN = frozenset({"LATIN"})
_SECOND_PLANE = 0x10000


def is_word(text: str) -> bool:
    """Whether all characters are letters, marks, digits or an underline."""
    return all(letter == "_" or _classify(letter)[1][0] in "LMN" for letter in text)


def split_words(text: str) -> list[str]:
    """Return the words of a text."""
    return ["".join(part) for inside, part in groupby(text, is_word) if inside]


@lru_cache(maxsize=8192)
def compute_skeleton(text: str) -> str:
    """Return what a text is drawn as: the same for all texts that are drawn alike."""
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
    """Whether a word is drawn in plain letters alone, and is another one."""
    return not text.isascii() and len(text.strip("_")) > 1 and compute_skeleton(text).isascii()


def is_lookalike(text: str) -> bool:
    """Whether a word of a text is drawn like another one: wide or bold letters, or two scripts.

    Words of one script are let through: Turkish has an i without a dot.
    """
    if text.isascii() or text[0].isdigit() or not any(map(_is_foreign, text)):
        return False
    if unicodedata.normalize("NFKC", text).isascii():
        return True
    return is_disguised(text) and len(find_scripts(text)) > 1


def find_scripts(text: str) -> frozenset[str]:
    """Return the scripts of a text's letters; digits and signs belong to none."""
    return frozenset(_classify(letter)[0] for letter in text) - _NO_SCRIPT


def is_mixed(text: str) -> bool:
    """Whether letters are of scripts that no language writes in one word.

    Chinese, Japanese and Korean are written with Latin letters, by Unicode's rule, but for
    those of their letters that look like plain signs.
    """
    scripts = find_scripts(text)
    if len(scripts) < 2:
        return False
    if not scripts <= _HAN | _LATIN:
        return True
    return "LATIN" in scripts and any(_is_drawn_plain(letter) for letter in text)


def find_identifier_fault(name: str) -> str:
    """Return why an identifier, as it is written, would be taken for another one; or nothing."""
    if name.isascii():
        return ""
    if any(_classify(letter) == ("INHERITED", "Mn") for letter in name):
        return "a name holds marks that are drawn on its letters"
    if not is_word(name):
        return "a name holds a sign that is no letter"
    if any(map(_is_young, name)):
        return "a name holds letters that not every Python knows"
    if is_mixed(name):
        return f"a name mixes scripts ({', '.join(sorted(find_scripts(name))).title()})"
    if is_disguised(name):
        return f"a name only looks like {compute_skeleton(name)!a}"
    if unicodedata.normalize("NFKC", name) != name:
        return "a name is written otherwise than Python reads it"
    return ""


def _is_drawn_plain(letter: str) -> bool:
    """Whether a letter of another script is drawn as a plain one, or as a mere line."""
    if find_scripts(letter) <= _LATIN:
        return False
    drawn = compute_skeleton(letter)
    return drawn.isascii() or drawn in _LINES


_LINES = frozenset("\u4e28\u30fc\u4e00")  # an upright one and level ones, as the table has them


def _is_foreign(letter: str) -> bool:
    return not letter.isascii() and _classify(letter)[1][0] == "L"


def _is_young(letter: str) -> bool:
    """Whether only newer Pythons may know a letter, or it is one of phonetics (small capitals).

    The measure is Unicode 3.2: all versions of Python bring its table along.
    """
    rare = ord(letter) >= _SECOND_PLANE or _classify(letter)[0] == "LATIN"
    return rare and unicodedata.ucd_3_2_0.category(letter) == "Cn"


def _find_prototype(letter: str) -> str:
    """Return what the table draws a letter as.

    It lists both directions: what has one entry is drawn as that, if that one has others or, of
    a pair, is the plainer.
    """
    table = _load_table()
    others = table.get(letter, ())
    if len(others) != 1:
        return letter
    only = others[0]
    if len(table.get(only, ())) > 1:
        return only
    return min(only, letter, key=lambda each: (not each.isascii(), len(each), each))


@lru_cache(maxsize=1)
def _load_table() -> Mapping[str, Sequence[str]]:
    raw = _read("confusables.json")
    return {
        text.strip(_MARK): [other["c"].strip(_MARK) for other in others]
        for text, others in raw.items()
    }


@lru_cache(maxsize=1)
def _load_ranges() -> tuple[list[int], list[tuple[int, str, str]]]:
    """Return where each range of characters begins, and its end, script and category."""
    raw = _read("categories.json")
    scripts, kinds = raw["iso_15924_aliases"], raw["categories"]
    found = sorted(
        (first, last, scripts[script], kinds[kind])
        for first, last, script, kind in raw["code_points_ranges"]
    )
    return [each[0] for each in found], [each[1:] for each in found]


@lru_cache(maxsize=4096)
def _classify(letter: str) -> tuple[str, str]:
    """Return a character's script and category; one that the table lacks is of neither."""
    starts, ranges = _load_ranges()
    at = bisect_right(starts, ord(letter)) - 1
    if at < 0 or ord(letter) > ranges[at][0]:
        return "UNKNOWN", "Cn"
    return ranges[at][1], ranges[at][2]


def _read(name: str) -> Any:
    return json.loads((files(_PACKAGE) / name).read_text(encoding="utf-8"))
