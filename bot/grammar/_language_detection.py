"""Detect the language of a message by its words."""

from bot.grammar._language_data import ENGLISH, TOKEN, fold, fold_tokens, load_languages

_FEWEST_WORDS = 3  # of a sentence
_MOST_ENGLISH = 0.15  # of the words of a sentence in another language


def detect_language(text: str) -> str:
    """Return the language code of plain text: the language of most words, English if in doubt.

    Between two other languages, the one with a matching phrase wins: "vas" is in two of them,
    "vas-y" in one. A single known word among unknown ones is no evidence: "y" is Spanish, and also
    a parameter in "permutate x y".
    """
    words = fold_tokens(text)
    evidence = {code: each.known_by.intersection(words) for code, each in load_languages().items()}
    most = max(map(len, evidence.values()))
    likely = [code for code, known in evidence.items() if len(known) == most]
    if ENGLISH in likely:
        return ENGLISH
    code = max(likely, key=lambda code: load_languages()[code].has_phrase_in(" ".join(words)))
    return code if _is_evidence(evidence[code], text) else ENGLISH


def has_few_english_words(text: str) -> bool:
    """Return whether a sentence is probably in another language than English, known here or not."""
    words = [each for each in fold_tokens(text) if each.isalpha()]
    known = sum(each in load_languages()[ENGLISH].common_tokens for each in words)
    return len(words) >= _FEWEST_WORDS and known <= _MOST_ENGLISH * len(words)


def _is_evidence(known: frozenset[str], text: str) -> bool:
    """Return whether these words show that a text is in their language, and not in English.

    Enough evidence: two different words; one word next to another that is not spelt like English
    ("corrígelo"); or one word that is the entire message apart from command names. Single letters
    never count.
    """
    typed = [each for each in TOKEN.findall(text) if len(each) > 1 and each.isalpha()]
    found = {fold(each) for each in typed} & known
    foreign = bool(found - load_languages()[ENGLISH].known_by)
    accented = any(not each.isascii() for each in typed)
    return foreign and (len(found) > 1 or accented or len(found) == len(typed))
