"""Detect the language of a message by its words."""

from bot.grammar._language_data import ENGLISH, TOKEN, fold, fold_tokens, load_languages


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
