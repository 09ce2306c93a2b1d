"""Which commands somebody may mean who names none: near the words, then those used last."""

from collections.abc import Collection, Sequence

from bot.grammar.likeness import explained, words

MOST = 4
"""So many are offered: one row of buttons, with room for “Not now”."""


def likely_commands(said: str, commands: Collection[str], used: Sequence[str]) -> tuple[str, ...]:
    """Return the commands that share most words with what is `said`, then the newest `used`.

    `used` are names, the newest first. What is no command any more is left out.
    """
    asked = words(said)
    shared = {name: len(explained(asked, words(name))) for name in commands}
    near = sorted((name for name in shared if shared[name]), key=lambda name: (-shared[name], name))
    lately = [name for name in used if name in commands]
    return tuple(dict.fromkeys([*near, *lately]))[:MOST]
