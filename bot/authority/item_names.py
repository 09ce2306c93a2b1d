"""What people call the things that can change while the program runs: "the triage skill"."""

import re
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from bot.domain.live_items import ItemKind, ItemName

TOKEN = re.compile(r"[a-z0-9]+(?:[-_./'][a-z0-9]+)*")
_KINDS: dict[str, ItemKind] = {
    "persona": "persona", "personality": "persona", "tone": "persona", "voice": "persona",
    "character": "persona",
    "skill": "skill", "skills": "skill", "prompt": "prompt", "prompts": "prompt",
    "cog": "cog", "cogs": "cog",
    "config": "config", "configuration": "config", "settings": "config",
}  # fmt: skip
_ABOUT = ("for", "about", "on")
"""What follows says what the thing is for: "the skill for writing a cog" is no cog."""
_PLACES: tuple[tuple[str, tuple[ItemKind, ...]], ...] = (
    ("prompts/skills/", ("skill",)),
    ("prompts/", ("prompt", "persona")),
    ("cogs/", ("cog",)),
)
_ALL: tuple[ItemKind, ...] = ("skill", "prompt", "persona", "cog")
_SHARED = 4
"""Letters that two words of one stem begin with, at least."""


class NamedItems(NamedTuple):
    """The items that words may name, the words left over, and whether it is plain which one."""

    items: tuple[ItemName, ...] = ()
    rest: tuple[str, ...] = ()
    plain: bool = False


def find_named_items(text: str, items: Sequence[ItemName], idle: Collection[str]) -> NamedItems:
    """Return what of `items` words in small letters name; `idle` words say nothing of a name.

    A name or path in full is plain, and so is a kind with words of just one name: "the triage
    skill" where there is one about triaging. A kind alone is every item of it.
    """
    words = TOKEN.findall(text)
    for place, word in enumerate(words):
        if found := _find_by_full_name(word, items):
            rest = [*words[:place], *words[place + 1 :]]
            kinds = {each.kind for each in found}
            return NamedItems(
                found,
                tuple(each for each in rest if _KINDS.get(each) not in kinds),
                len(found) == 1,
            )
    if (head := _find_kind_place(words)) is not None:
        return _find_by_kind(words, head, items, idle)
    bare = [each for each in items if each.kind == "prompt" and each.name in words]
    names = {each.name for each in bare}
    return NamedItems(tuple(bare), tuple(word for word in words if word not in names))


def _find_by_full_name(token: str, items: Iterable[ItemName]) -> tuple[ItemName, ...]:
    """Return the items whose whole name, of more than one word, or whose file a word is."""
    if not re.search(r"[-_./]", token):
        return ()
    folder, kinds = next((each for each in _PLACES if token.startswith(each[0])), ("", _ALL))
    name = re.sub(r"(?:/skill)?\.(?:md|py)$", "", token.removeprefix(folder))
    return tuple(each for each in items if each.kind in kinds and each.name == name)


def _find_kind_place(tokens: Sequence[str]) -> int | None:
    """Return where the word for the kind stands: of "the cog skill", the last."""
    about = next((place for place, word in enumerate(tokens) if word in _ABOUT), len(tokens))
    kinds = [place for place, word in enumerate(tokens) if word in _KINDS]
    before = [place for place in kinds if place < about]
    personal = [place for place in kinds if _KINDS[tokens[place]] == "persona"]
    return next(iter([*personal, *reversed(before), *kinds]), None)


def _find_by_kind(
    tokens: Sequence[str], place: int, items: Sequence[ItemName], idle: Collection[str]
) -> NamedItems:
    kind = _KINDS[tokens[place]]
    others = [*tokens[:place], *tokens[place + 1 :]]
    there = tuple(each for each in items if each.kind == kind)
    if kind in ("persona", "config"):
        left = tuple(word for word in others if _KINDS.get(word) not in (kind, "prompt"))
        return NamedItems(there, left, tokens[place] in ("persona", "personality", "config"))
    hints = [word for word in others if word not in idle]
    fits = {each: _measure_fit(hints, each.name) for each in there}
    best = max(fits.values(), default=(0, 0.0))
    if not hints or not best[0]:
        return NamedItems(there, tuple(others))
    meant = tuple(each for each in there if fits[each] == best)
    told = {part for each in meant for part in _split_name(each.name)}
    rest = tuple(word for word in others if not any(_is_same_stem(word, part) for part in told))
    return NamedItems(meant, rest, len(meant) == 1)


def _measure_fit(hints: Iterable[str], name: str) -> tuple[int, float]:
    """Return how many hints are words of a name, and how much of the name they are."""
    parts = _split_name(name)
    count = sum(any(_is_same_stem(hint, part) for part in parts) for hint in hints)
    return count, count / max(len(parts), 1)


def _split_name(name: str) -> list[str]:
    return [each for each in re.split(r"[-_]", name) if len(each) > 1]


def _is_same_stem(one: str, other: str) -> bool:
    """Whether two words are of one stem: "triage" and "triaging"."""
    if one == other:
        return True
    shared = next(
        (at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b),
        min(len(one), len(other)),
    )
    return shared >= max(_SHARED, min(len(one), len(other)) - 2)
