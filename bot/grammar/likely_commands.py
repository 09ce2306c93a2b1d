"""The commands that somebody may mean: failed ones, similar names, and those used last."""

from collections.abc import Collection, Sequence

from bot.grammar.likeness import extract_stems, find_explained

MOST = 4
"""The most commands that are offered: one row of buttons, with room for “Not now”."""


def find_likely_commands(
    text: str, commands: Collection[str], *, failed: Sequence[str], used: Sequence[str]
) -> tuple[str, ...]:
    """Return the `failed` commands, those most similar to what is `said`, and the `used` ones.

    `failed` and `used` are names, the newest first. Names that are not in `commands` are left out.
    """
    asked = extract_stems(text)
    shared = {name: len(find_explained(asked, extract_stems(name))) for name in commands}
    near = sorted((name for name in shared if shared[name]), key=lambda name: (-shared[name], name))
    found = [*failed, *near, *used]
    return tuple(dict.fromkeys(name for name in found if name in commands))[:MOST]
