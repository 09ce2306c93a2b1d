"""The runtime port: the running bot, asked to take on changed files."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from pydantic import Field

from bot.domain.record import Record


class Adoption(Record):
    """What the running bot did with changed files.

    `reloaded` are module names now running the new code, and paths of texts that are live.
    `restart_needed` are changed files that only a restart takes on. `failed` maps a module that
    kept its old code, or a text that stayed as it was, to the reason. `behind` are names of what
    did not change just now and does not run as the checkout has it: refused, or rolled back; all
    of it, where the program knows.
    """

    reloaded: tuple[str, ...] = ()
    restart_needed: tuple[str, ...] = ()
    failed: dict[str, str] = Field(default_factory=dict)
    behind: tuple[str, ...] | None = None


class Runtime(Protocol):
    """The running program."""

    async def adopt(self, changed: Sequence[str]) -> Adoption:
        """Reload what can be reloaded; a cog that fails to load keeps its last good code."""
        ...

    def list_commands(self) -> Mapping[str, str]:
        """Return the slash commands that people can use now, each with its cog.

        `{"roll": "dice", "poll create": "polls"}`; the cog is empty where a command is of none.
        """
        ...
