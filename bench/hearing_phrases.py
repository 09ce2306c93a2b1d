"""Draws sentences from templates such as `[please] fix {thing}`, see hearing_phrases.toml."""

import random
import re
from collections.abc import Mapping, Sequence

_CHOICE = re.compile(r"\(([^()]*\|[^()]*)\)|\[([^\[\]]*)\]|\{(\w+)\}")
_PLAIN = 0.15  # share of the sentences that are written without apostrophes
_GAP = re.compile(r"\s+([?!.,;:])")
_SPACES = re.compile(r"\s+")


def draw_sentences(
    templates: Sequence[str], slots: Mapping[str, Sequence[str]], count: int, seed: str
) -> list[str]:
    """Return up to `count` different sentences; the same for the same arguments.

    Raises `KeyError` if a template names a slot that does not exist.
    """
    chance, found = random.Random(seed), dict[str, None]()  # noqa: S311 - decides nothing
    for _ in range(count * 3):
        found[_fill(chance.choice(templates), slots, chance)] = None
        if len(found) >= count:
            break
    return list(found)


def _fill(template: str, slots: Mapping[str, Sequence[str]], chance: random.Random) -> str:
    def choose(found: re.Match[str]) -> str:
        choices, optional, slot = found.groups()
        if slot is not None:
            return str(chance.choice(slots[slot]))
        if optional is not None:
            return optional if chance.random() < 0.5 else ""
        return str(chance.choice(choices.split("|")))

    text = template
    while (filled := _CHOICE.sub(choose, text)) != text:
        text = filled
    text = _SPACES.sub(" ", text).strip()
    if chance.random() < _PLAIN:
        text = text.replace("'", "")
    return _GAP.sub(r"\1", text)
