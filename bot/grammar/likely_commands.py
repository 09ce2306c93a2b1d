"""Which commands somebody may mean: those that failed, those near the words, those used last."""

from collections.abc import Collection, Sequence

from bot.grammar.likeness import extract_stems, find_explained

MOST = 4
"""So many are offered: one row of buttons, with room for “Not now”."""


def find_likely_commands(
    text: str, commands: Collection[str], *, failed: Sequence[str], used: Sequence[str]
) -> tuple[str, ...]:
    """Return those that `failed`, those that share most words with what is `said`, and the `used`.

    `failed` and `used` are names, the newest first. What is none of `commands` is left out.
    """
    asked = extract_stems(text)
    shared = {name: len(find_explained(asked, extract_stems(name))) for name in commands}
    near = sorted((name for name in shared if shared[name]), key=lambda name: (-shared[name], name))
    found = [*failed, *near, *used]
    return tuple(dict.fromkeys(name for name in found if name in commands))[:MOST]
