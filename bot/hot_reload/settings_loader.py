"""Settings as an item: some count at once, all others from the next start on."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from theseus_guard.record import Record

from bot.hot_reload.catalog import Key
from bot.hot_reload.look import ItemChange
from bot.hot_reload.validation import decode_text

Apply = Callable[[Any], Record]
"""Has the running program go by a section of a whole configuration; returns what counts of it."""


class SettingsLoader:
    """Implements `bot.hot_reload.registry.ItemLoader`.

    `running` is what the program was started with, `read` parses a file's text. `waiting` are the
    settings that were changed in the file and count after a restart.
    """

    def __init__(self, running: Record, read: Callable[[str], Record]) -> None:
        self._running = running.model_dump()
        self._read = read
        self._live: dict[str, Apply] = {}
        self.waiting: tuple[str, ...] = ()

    def follow(self, live: Mapping[str, Apply]) -> None:
        """Apply these sections, such as `budget`, without a restart.

        A function that applies a section may leave out a part of it. That part, and all other
        sections, take effect after a restart.
        """
        self._live |= live

    async def load(self, changed: Sequence[ItemChange]) -> Mapping[Key, str]:
        """Apply the sections that need no restart, and record the others. Refuses nothing."""
        for change in changed:
            if change.content is not None:
                self._take_on(self._read(decode_text(change.content)))
        return {}

    def _take_on(self, config: Record) -> None:
        new = config.model_dump()
        differing = tuple(_find_differing(self._running, new))
        for section, apply in self._live.items():
            if any(_is_within(key, section) for key in differing):
                self._running[section] = apply(config).model_dump()
        self.waiting = tuple(_find_differing(self._running, new))


def _is_within(key: str, section: str) -> bool:
    return key == section or key.startswith(f"{section}.")


def _find_differing(
    old: Mapping[str, Any], new: Mapping[str, Any], prefix: str = ""
) -> Iterator[str]:
    """Yield the dotted names of settings that differ."""
    for name in sorted({*old, *new}):
        a, b = old.get(name), new.get(name)
        if isinstance(a, Mapping) and isinstance(b, Mapping):
            yield from _find_differing(a, b, f"{prefix}{name}.")
        elif a != b:
            yield f"{prefix}{name}"
