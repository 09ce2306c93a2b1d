"""Which bot a text names: “in welcome-bot, /hi fails”, “repariere hi vom Welcome Bot”."""

import re
from collections.abc import Collection
from functools import lru_cache
from typing import NamedTuple

# Words before a name that say where something is, in the languages that people write.
_PLACES = (
    "in of for from at on with im in vom von beim bei am fürs für des der "
    "de del en du dans pour no na do da"
)
_PLACE = rf"(?:{'|'.join(sorted(set(_PLACES.split())))})"
_ARTICLE = r"(?:the|our|my|dem|den|der|das|die|unserem|meinem|le|la|el|il|o|a)"
_REMOVED = "\x00"


class NamedTargets(NamedTuple):
    """The targets that a text names, in alphabetical order, and the text without their names."""

    names: tuple[str, ...]
    rest: str


def find_target_names(text: str, targets: Collection[str]) -> NamedTargets:
    """Return which of the targets the text names.

    A name may be written with spaces. A name that is also a plain word (`welcome`) counts only next
    to the word “bot”, or alone after a word for a place: “in welcome:”, but not “the welcome
    message”.
    """
    longest_first = sorted(targets, key=lambda name: (-len(name), name))
    found: set[str] = set()
    rest = text
    for name in longest_first:  # so `welcome-bot-2` is not taken for `welcome-bot`
        for pattern in _build_patterns(name):
            rest, count = pattern.subn(_REMOVED, rest)
            found |= {name} if count else set()
    if not found:
        return NamedTargets((), text)
    return NamedTargets(tuple(sorted(found)), _tidy(rest.replace(_REMOVED, " ")))


@lru_cache(maxsize=256)
def _build_patterns(name: str) -> tuple[re.Pattern[str], ...]:
    words = r"[-_ ]?".join(map(re.escape, re.split(r"[-_]", name)))
    before = rf"(?<![\w/.-])(?:{_PLACE}\s+)?(?:{_ARTICLE}\s+)?"
    after = r"(?![\w/-]|\.\w)"
    if re.search(r"[-_\d]|bot$", name):
        # A file or a path is no name of a bot: `welcome-bot.py`.
        return (_compile(rf"{before}{words}(?:[-_ ]?bots?)?{after}"),)
    return (
        _compile(rf"{before}(?:bot\s+{words}|{words}[-_ ]?bots?){after}"),
        _compile(rf"(?<![\w/.-]){_PLACE}\s+{words}(?=\s*(?:[,;:!?]|\.?\s*$|\s[-–—]\s))"),  # noqa: RUF001
    )


def _compile(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


def _tidy(text: str) -> str:
    return re.sub(r"\s{2,}", " ", re.sub(r"\s+([,;:.!?])", r"\1", text)).strip(" ,;:")
