"""Whether somebody wants something changed that has not failed: no failure is meant by that."""

import re

_FAILS = re.compile(
    r"\b(?:crash\w*|fail\w*|broken?|breaks|errors?|\w+(?:Error|Exception)|exceptions?|tracebacks?"
    r"|hangs?|hung|stuck|rais(?:es|ed|ing)|thr(?:ows?|ew)|tim(?:es?|ed|ing)[ -]?out"
    r"|(?:not|n't|stop(?:s|ped)) (?:work|respond|answer|repl|load|run)\w*)\b",
    re.IGNORECASE,
)
_ORDER = re.compile(
    r"^(?:(?:<@!?\d+>|theseus|hey|hi|please|pls|can|could|would|will|you|we|i|want|need|to|fix"
    r"|let's)[\s,:]+)*"
    r"(?:add|implement|rename|refactor|document|reword|rephrase|translate|improve|speed up|support"
    r"|write (?:a |some |more |the )?(?:tests?|docs?|documentation|help)"
    r"|make (?:\S+ ){1,5}?(?:support|accept|allow|prettier|nicer|faster|shorter|longer|clearer))\b",
    re.IGNORECASE,
)
_ABOUT_WORDS = re.compile(
    r"\b(?:typos?|misspell\w*|misspelt|spelling|wording|grammar|help texts?|docs|documentation"
    r"|docstrings?|readme|tests?|test coverage|untested|ugly|prettier|nicer|feature request"
    r"|would be (?:nice|great|cool|good)|i(?:'d| would) (?:like|love)|i wish"
    r"|needs? (?:an?|some|more) \w+"
    r"|should (?:also |be able to )?(?:accept|allow|support|have|offer|take|show)"
    r"|could (?:also )?(?:accept|allow|support|have|offer|take))\b",
    re.IGNORECASE,
)


def asks_for_change(text: str) -> bool:
    """Return whether `text` orders a change, or is about words, tests or looks and no failure.

    A test that is to be added for an error is a change; a help text that crashes is a failure.
    """
    if _ORDER.match(text.strip()):
        return True
    return bool(_ABOUT_WORDS.search(text)) and not _FAILS.search(text)
