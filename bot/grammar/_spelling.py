"""Spelling: contractions without their apostrophe, and common misspellings.

Words that merge, revert or reject are never corrected here: in a request they count only if they
are spelt right. A typo in one may be asked about (`is_single_slip`).
"""

import re
from collections.abc import Iterator
from functools import lru_cache


def to_token_set(text: str) -> frozenset[str]:
    """Return the set of words of a text."""
    return frozenset(text.split())


_CONTRACTIONS = {
    "dont": "don't",
    "doesnt": "doesn't",
    "dosent": "doesn't",
    "doesent": "doesn't",
    "dosnt": "doesn't",
    "didnt": "didn't",
    "isnt": "isn't",
    "arent": "aren't",
    "wasnt": "wasn't",
    "werent": "weren't",
    "cant": "can't",
    "cannot": "can't",
    "couldnt": "couldn't",
    "wouldnt": "wouldn't",
    "shouldnt": "shouldn't",
    "hasnt": "hasn't",
    "havent": "haven't",
    "wont": "won't",
    "aint": "ain't",
    "whats": "what's",
    "hows": "how's",
    "wheres": "where's",
    "theres": "there's",
    "thats": "that's",
    "lets": "let's",
    "im": "I'm",
    "ive": "I've",
    "youre": "you're",
}
_TYPOS = {
    "fx": "fix",
    "fxi": "fix",
    "fiix": "fix",
    "fixx": "fix",
    "fixit": "fix it",
    "ifx": "fix",
    "fic": "fix",
    "pls": "please",
    "plz": "please",
    "plese": "please",
    "pleas": "please",
    "plase": "please",
    "pleae": "please",
    "pleaes": "please",
    "u": "you",
    "ur": "your",
    "cuz": "because",
    "wat": "what",
    "wht": "what",
    "wth": "what",
    "wtf": "what",
    "teh": "the",
    "hte": "the",
    "taht": "that",
    "si": "is",
    "loook": "look",
    "lok": "look",
    "loko": "look",
    "inot": "into",
    "itno": "into",
    "chekc": "check",
    "chek": "check",
    "keps": "keeps",
    "kepes": "keeps",
    "keesp": "keeps",
    "eror": "error",
    "erorr": "error",
    "errror": "error",
    "erors": "errors",
    "agian": "again",
    "agin": "again",
    "agan": "again",
    "cancle": "cancel",
    "cancell": "cancel",
    "canel": "cancel",
    "cancelt": "cancel",
    "puase": "pause",
    "pasue": "pause",
    "paus": "pause",
    "resme": "resume",
    "reusme": "resume",
    "stauts": "status",
    "satus": "status",
    "statsu": "status",
    "statis": "status",
    "remeber": "remember",
    "rember": "remember",
    "remmber": "remember",
    "rememeber": "remember",
    "forgt": "forget",
    "fogret": "forget",
    "alos": "also",
    "aslo": "also",
    "hanlde": "handle",
    "handel": "handle",
    "wrok": "work",
    "wroks": "works",
    "wrng": "wrong",
    "worng": "wrong",
    "brkn": "broken",
    "brokn": "broken",
    "crahs": "crash",
    "crahses": "crashes",
    "slwo": "slow",
    "bork": "broken",
    "hlep": "help",
}
_GUESSED = (
    "investigate", "diagnose", "repair", "broken", "failing", "crashing", "crashes", "crashed",
    "working", "problem", "timing", "responding", "timeout", "progress", "debug", "keeps",
    "stopped", "instead", "handle", "exception", "happening", "wrong", "please", "remember",
    "update", "everything", "again", "error", "errors",
)  # fmt: skip
_DICTIONARY = to_token_set(
    """
    broke broker brokers falling filing sailing fading mailing tailing bailing hailing railing
    crushing cashing crushes cashes crushed cashed clashing clashes clashed crasher walking
    wording worming forking corking working's parking barking problems timings taming tiling
    timeouts responding prong wrongs wring strong handles handled handler candle hands updates
    updated updater remembers remembered members repairs repaired repaid exceptions expiation
    against aging keep kept keens peeps steeped topped shopped dropped swapped skipped
    progressed debugs debugger bug terror mirror horror armor arrow happening's dropping crash
    crasher investigates investigated investigator instigate diagnosed diagnoses diagnosis
    pleased pleases breaking error's err errs erring rolling spoken token woken flailing main
    gain
    """
)


def correct_spelling(text: str) -> str:
    """Return the text with known misspellings corrected; names, paths and code are unchanged."""
    return _TOKEN.sub(lambda found: _correct_token(found[0]), text)


def restore_spelling(piece: str, typed: str) -> str:
    """Return `piece`, found in the corrected text, as it is spelt in the `typed` text.

    The correction is for matching only: "U+2685" in people's words is no "you". A piece that is not
    one stretch of the corrected text is returned as it is.
    """
    spelt, starts, ends = "", list[int](), list[int]()
    for start, end, word in _iterate_corrections(typed):
        spelt += word
        as_typed = word == typed[start:end]
        starts += range(start, end) if as_typed else [start] * len(word)
        ends += range(start + 1, end + 1) if as_typed else [end] * len(word)
    found = re.search(r"\s+".join(map(re.escape, piece.split())), spelt)
    if not found or not found[0]:
        return piece
    restored = typed[starts[found.start()] : ends[found.end() - 1]]
    return " ".join(restored.split())


def _iterate_corrections(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield each stretch of the text with its place and its corrected spelling."""
    last = 0
    for found in _TOKEN.finditer(text):
        yield last, found.start(), text[last : found.start()]
        yield found.start(), found.end(), _correct_token(found[0])
        last = found.end()
    yield last, len(text), text[last:]


# A separate word: not part of a path, a command, an address or an identifier.
_TOKEN = re.compile(r"(?<![\w/@#.:\\'-])[A-Za-z]+(?![\w/@\\'-]|\.\w)")


@lru_cache(maxsize=4096)
def _correct_token(token: str) -> str:
    low = token.lower()
    mended = _CONTRACTIONS.get(low) or _TYPOS.get(low) or _guess(low)
    return mended or token


def _guess(token: str) -> str | None:
    if not 5 <= len(token) <= 13 or token in _GUESSED or token in _DICTIONARY:
        return None
    for known in _GUESSED:
        reach = 2 if len(known) >= 9 else 1
        if (
            known[0] == token[0]
            and abs(len(known) - len(token)) <= reach
            and _is_near(token, known, reach)
        ):
            return known
    return None


_FORMS = ("s", "d", "r")


def is_single_slip(token: str, known: str) -> bool:
    """Return whether a word is `known` with two letters swapped, one added or one missing.

    The first letter must match. A replaced letter is not accepted, because most such words are real
    words ("skip", "shop"). Forms of the word ("ships", "paused") are not slips either.
    """
    if token == known or token[:1] != known[0] or token in [known + each for each in _FORMS]:
        return False
    other = len(token) == len(known) and sorted(token) != sorted(known)
    return not other and abs(len(token) - len(known)) <= 1 and _is_near(token, known, 1)


def _is_near(left: str, right: str, reach: int) -> bool:
    """Return whether at most `reach` typos (a letter added, missing, changed or swapped) differ."""
    before: list[int] = []
    row = list(range(len(right) + 1))
    for i, letter in enumerate(left, start=1):
        after = [i]
        for j, other in enumerate(right, start=1):
            cost = min(row[j] + 1, after[j - 1] + 1, row[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == right[j - 2] and left[i - 2] == other:
                cost = min(cost, before[j - 2] + 1)
            after.append(cost)
        if min(after) > reach:
            return False
        before, row = row, after
    return row[-1] <= reach
