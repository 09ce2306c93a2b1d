"""The runtime port: loads changed files into the running bot."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from pydantic import Field
from theseus_guard.record import Record


class Adoption(Record):
    """The result of loading changed files.

    `reloaded` are modules that now run the new code, and paths of texts that are live.
    `restart_needed` are changed files that need a restart. `failed` maps a module or text that kept
    its old content to the reason. `behind` names everything that was not changed now and differs
    from the checkout, because it was refused or rolled back; `None` if that is not known.
    """

    reloaded: tuple[str, ...] = ()
    restart_needed: tuple[str, ...] = ()
    failed: dict[str, str] = Field(default_factory=dict)
    behind: tuple[str, ...] | None = None


class Runtime(Protocol):
    """The running program."""

    async def adopt(self, changed: Sequence[str]) -> Adoption:
        """Reload what can be reloaded; a cog that fails to load keeps its last working code."""
        ...

    def list_commands(self) -> Mapping[str, str]:
        """Return the current slash commands, each with its cog.

        `{"roll": "dice", "poll create": "polls"}`; the cog is empty if a command belongs to none.
        """
        ...
