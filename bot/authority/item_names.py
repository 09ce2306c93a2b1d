"""Finds live items that a text names as people do: "the triage skill"."""

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
"""Prepositions; a kind after one is not the item's kind: "the skill for writing a cog"."""
_PLACES: tuple[tuple[str, tuple[ItemKind, ...]], ...] = (
    ("prompts/skills/", ("skill",)),
    ("prompts/", ("prompt", "persona")),
    ("cogs/", ("cog",)),
)
_ALL: tuple[ItemKind, ...] = ("skill", "prompt", "persona", "cog")
_SHARED = 4
"""The minimum number of common first letters of two words of one stem."""


class NamedItems(NamedTuple):
    """The items that a text may name, the words left over, and whether it is clear which one."""

    items: tuple[ItemName, ...] = ()
    rest: tuple[str, ...] = ()
    plain: bool = False


def find_named_items(text: str, items: Sequence[ItemName], idle: Collection[str]) -> NamedItems:
    """Return the items that a lower-case text may name. `idle` words are never part of a name.

    It is clear (`plain`) if the text has a full name or path, or a kind with words of just one
    name: "the triage skill" if only one skill is about triaging. A kind alone names all items of
    it.
    """
    words = TOKEN.findall(text)
    for place, word in enumerate(words):
        if found := _find_by_full_name(word, items):
            rest = [*words[:place], *words[place + 1 :]]
            kinds = {item.kind for item in found}
            return NamedItems(
                found,
                tuple(other for other in rest if _KINDS.get(other) not in kinds),
                len(found) == 1,
            )
    if (head := _find_kind_place(words)) is not None:
        return _find_by_kind(words, head, items, idle)
    prompts = [item for item in items if item.kind == "prompt" and item.name in words]
    names = {item.name for item in prompts}
    return NamedItems(tuple(prompts), tuple(word for word in words if word not in names))


def _find_by_full_name(token: str, items: Iterable[ItemName]) -> tuple[ItemName, ...]:
    """Return the items whose file, or whose name of several words, the token is."""
    if not re.search(r"[-_./]", token):
        return ()
    folder, kinds = next((place for place in _PLACES if token.startswith(place[0])), ("", _ALL))
    name = re.sub(r"(?:/skill)?\.(?:md|py)$", "", token.removeprefix(folder))
    return tuple(item for item in items if item.kind in kinds and item.name == name)


def _find_kind_place(tokens: Sequence[str]) -> int | None:
    """Return the index of the word for the kind, or `None`; of "the cog skill" the last."""
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
    candidates = tuple(item for item in items if item.kind == kind)
    if kind in ("persona", "config"):
        left = tuple(word for word in others if _KINDS.get(word) not in (kind, "prompt"))
        return NamedItems(candidates, left, tokens[place] in ("persona", "personality", "config"))
    hints = [word for word in others if word not in idle]
    fits = {item: _measure_fit(hints, item.name) for item in candidates}
    best = max(fits.values(), default=(0, 0.0))
    if not hints or not best[0]:
        return NamedItems(candidates, tuple(others))
    matches = tuple(item for item in candidates if fits[item] == best)
    parts = {part for item in matches for part in _split_name(item.name)}
    rest = tuple(word for word in others if not any(_is_same_stem(word, part) for part in parts))
    return NamedItems(matches, rest, len(matches) == 1)


def _measure_fit(hints: Iterable[str], name: str) -> tuple[int, float]:
    """Return how many hints are parts of a name, and the share of the name that they cover."""
    parts = _split_name(name)
    count = sum(any(_is_same_stem(hint, part) for part in parts) for hint in hints)
    return count, count / max(len(parts), 1)


def _split_name(name: str) -> list[str]:
    return [part for part in re.split(r"[-_]", name) if len(part) > 1]


def _is_same_stem(one: str, other: str) -> bool:
    """Return whether two words have the same stem: "triage" and "triaging"."""
    if one == other:
        return True
    shared = next(
        (at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b),
        min(len(one), len(other)),
    )
    return shared >= max(_SHARED, min(len(one), len(other)) - 2)
