"""The ports of each target that its runs use outside of their steps."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from bot.domain.target import OWN_TARGET
from bot.domain.target_errors import TargetMissing
from bot.ports.forge import Forge
from bot.ports.memory import MemoryStore
from bot.ports.workspace import Checkout, Workspaces


@dataclass(frozen=True, eq=False)
class TargetPorts:
    """Where a target's proposals, worktrees and memories are."""

    forge: Forge
    workspaces: Workspaces
    memory: MemoryStore
    checkout: Checkout | None = None


class Targets:
    """The ports by the name of the target. Theseus itself is one of the targets.

    `refusals` are the reasons why other configured targets cannot be worked on.
    """

    def __init__(
        self,
        own: TargetPorts,
        others: Mapping[str, TargetPorts] = MappingProxyType({}),
        refusals: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._ports = {OWN_TARGET: own, **others}
        self._refusals = refusals

    def get(self, name: str) -> TargetPorts:
        """Return the ports of a target. Raises `TargetMissing`."""
        if name in self._refusals:
            raise TargetMissing(f"I cannot work on {name}: {self._refusals[name]}")
        if name not in self._ports:
            raise TargetMissing(
                f"The target {name} is not in the configuration (any more), so I can do nothing in "
                "its repository. Add it to `targets` in data/config.yaml again, and restart me."
            )
        return self._ports[name]

    def list_all(self) -> tuple[TargetPorts, ...]:
        """Return the ports of all targets."""
        return tuple(self._ports.values())
