"""The terms of a text: stems of its words, with identifiers split. Pure functions."""

import re
import unicodedata
from functools import lru_cache
from itertools import pairwise

from bot.grammar import likeness

_WORD = re.compile(r"[^\W_]+")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_COMMON = """
    a an the that this these those it its is are was were be been being am on in of for to and or
    nor but not no yes by at as if so than then there here from into onto over under about with
    without within we us our you your i me my he she they them their his her one ones what which who
    whom whose when where why how do does did done doing can could may might must shall should will
    would have has had having get gets got use uses used using handle handles work works make makes
    made please tell say says said know find look need needs want wants like way ways thing things
    some any all each every more most much many also just only very too
"""
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_STOP_WORDS = frozenset(_COMMON.split())


@lru_cache(maxsize=50_000)  # a package has few different words, each many times
def stem(word: str) -> str:
    """Return the crude stem of a word."""
    return likeness.stem(word)


def list_words(text: str) -> list[str]:
    """Return the words of the text in lower case; `HTTPClient.get_me` has the parts and no dots."""
    return [word.lower() for word in _WORD.findall(_CAMEL.sub(" ", text))]


def extract_terms(text: str) -> frozenset[str]:
    """Return the stems of the words that say something."""
    return frozenset(
        stem(word) for word in list_words(text) if len(word) > 1 and word not in _STOP_WORDS
    )


def list_query_terms(text: str, limit: int = 16) -> tuple[str, ...]:
    """Return the terms of a question, and pairs of neighbours as one: `rate limit`, `ratelimit`."""
    words = [word for word in list_words(text) if len(word) > 1 and word not in _STOP_WORDS]
    stems = [stem(word) for word in words]
    pairs = [stem(first + second) for first, second in pairwise(words)]
    return tuple(dict.fromkeys((*stems, *pairs)))[:limit]


def compute_coverage(wanted: frozenset[str], found: frozenset[str]) -> float:
    """Return which share of the wanted terms was found, 0 to 1; 0 without wanted ones."""
    return len(wanted & found) / len(wanted) if wanted else 0.0


def clean_text(text: str) -> str:
    """Return the text without control, formatting and private characters; lines stay lines."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    if lines.isascii():  # nearly all source code, which is much
        return _CONTROL.sub("", lines)
    return "".join(
        each if each in "\n\t" else " " if unicodedata.category(each) in ("Zl", "Zp") else each
        for each in lines
        if each in "\n\t" or unicodedata.category(each)[0] != "C"
    )
