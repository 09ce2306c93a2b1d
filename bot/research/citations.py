"""Checks claims against the passages they quote: what is not supported there is dropped.

A program cannot prove that a quote means what a claim says. It holds a claim to what can be
checked: the quote is in the source word for word, speaks about the same, has the same numbers, and
denies only where the claim denies. Doubt counts against the claim.
"""

import re
import unicodedata
from collections.abc import Sequence

from bot.domain.research import (
    LONGEST_CLAIM,
    Citation,
    DraftClaim,
    Passage,
    SupportedClaim,
    UnsupportedClaim,
)
from bot.research.passages import cite
from bot.research.terms import clean_text, extract_terms

_LEAST_WORDS = 3
_SHARE = 0.5  # of the claim's terms that its quotes have to contain
_LEAST_TERMS = 2
_WORD = re.compile(r"\w+")
_NUMBER = re.compile(r"(?<![\w.])\d+(?:[.,]\d+)*(?![\w])")
_NAME = re.compile(
    r"`([^`\n]{2,80})`|\b(\w+(?:\.\w+)*\(\))|\b([A-Za-z]\w*_\w+|\w+(?:\.\w+)+)\b"
    r"|\b([A-Z]?[a-z0-9]+[A-Z]\w*)\b|(\bhttps?://\S+|\bwww\.\S+)"
)
"""What stands for exactly one object: code, dotted and joined names, addresses."""
_DENIALS = re.compile(
    r"\b(?:not|no|never|none|neither|nor|without|cannot|except|unless|instead of)\b|n't\b",
    re.IGNORECASE,
)
_SIGNS = str.maketrans(
    {"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u2013": "-", "\u2014": "-"}
)


def normalise(text: str) -> str:
    """Return the text as quotes are compared: one space, lower case, plain quotes, no markup."""
    plain = unicodedata.normalize("NFKC", clean_text(text)).translate(_SIGNS)
    return " ".join(re.sub(r"[`*]", "", plain).split()).casefold()


def check_claim(
    claim: DraftClaim, passages: Sequence[Passage]
) -> SupportedClaim | UnsupportedClaim:
    """Return the claim with its citations, or why it is dropped."""
    text = " ".join(clean_text(claim.text).split())[:LONGEST_CLAIM]
    if not extract_terms(text):
        return UnsupportedClaim(text=text, reason="it says nothing that could be checked")
    citations: list[Citation] = []
    cited: list[Passage] = []
    reason = "it names no source"
    for quote in claim.quotes:
        if not 1 <= quote.passage <= len(passages):
            reason = f"there is no source {quote.passage}"
            continue
        passage = passages[quote.passage - 1]
        found = _find_quote(quote.text, passage)
        if isinstance(found, Citation):
            citations.append(found)
            cited.append(passage)
        else:
            reason = found
    if not citations:
        return UnsupportedClaim(text=text, reason=reason)
    problem = _find_difference(text, citations, cited)
    if problem:
        return UnsupportedClaim(text=text, reason=problem)
    return SupportedClaim(text=text, citations=tuple(citations))


def _find_quote(quote: str, passage: Passage) -> Citation | str:
    wanted = normalise(quote)
    if len(_WORD.findall(wanted)) < _LEAST_WORDS:
        return "its quote is too short to support anything"
    if not re.search(rf"(?<!\w){re.escape(wanted)}(?!\w)", normalise(passage.text)):
        return f"its quote is not in {passage.source}"
    return cite(passage, " ".join(clean_text(quote).split()))


def _find_difference(text: str, citations: Sequence[Citation], cited: Sequence[Passage]) -> str:
    """Return what the quotes do not support of a claim; "" if nothing is missing."""
    quotes = " ".join(each.quote for each in citations)
    terms, quoted = extract_terms(text), extract_terms(quotes)
    shared = terms & quoted
    if len(shared) < min(_LEAST_TERMS, len(terms)) or len(shared) < _SHARE * len(terms):
        return "its quote is about something else"
    numbers = set(_NUMBER.findall(text)) - set(_NUMBER.findall(quotes))
    if numbers:
        return f"the number {min(numbers)} is not in its quote"
    material = normalise(" ".join(f"{each.source} {each.locator} {each.text}" for each in cited))
    for found in _NAME.finditer(text):
        name = normalise(next(filter(None, found.groups()))).removesuffix("()").strip(".,;:)")
        if name not in material:
            return f"“{name[:60]}” is not in its source"
    if bool(_DENIALS.search(text)) != bool(_DENIALS.search(quotes)):
        return "one of claim and quote denies, and the other does not"
    return ""
