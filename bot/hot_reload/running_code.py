"""Implements the running program for shipments: applies changed files, and updates its commit."""

from collections.abc import Mapping, Sequence

from bot.domain.live_items import PUSH_AUTHOR, ChangeAuthor
from bot.domain.skill import SkillSet
from bot.hot_reload.drift_watch import DriftWatch
from bot.hot_reload.registry import FileLiveRegistry
from bot.ports.runtime import Adoption, Runtime
from bot.ports.workspace import Checkout
from bot.presentation.counts import format_list
from bot.telemetry.current_run import get_current_run

_MAX_LISTED = 5


class RunningCode:
    """Which commit this program runs.

    It moves on with files that are reloaded. While core files wait for a restart it stays: records
    and `/health/info` name the core code that runs.
    """

    def __init__(self, checkout: Checkout, commit: str) -> None:
        self._checkout = checkout
        self.commit = commit
        self.started = commit
        self.awaiting_restart: set[str] = set()
        self._runtime: Runtime | None = None
        self._registry: FileLiveRegistry | None = None
        self._drift: DriftWatch | None = None
        self._left_behind: tuple[str, ...] = ()

    @property
    def left_behind(self) -> tuple[str, ...]:
        """Core files of commits that came while this process was started: it asks for a restart."""
        return self._left_behind

    def attach(self, runtime: Runtime, registry: FileLiveRegistry) -> None:
        """Use the client's runtime and the live registry, which are made after this object."""
        self._runtime, self._registry = runtime, registry

    def watch_drift(self, drift: DriftWatch, left_behind: tuple[str, ...]) -> None:
        """Report what the watch finds; `left_behind` is what differs at the start."""
        self._drift, self._left_behind = drift, left_behind

    async def adopt(self, changed: Sequence[str]) -> Adoption:
        """Reload the live registry, then record the new commit. Implements `Runtime`."""
        if self._registry is None or self._runtime is None:
            raise RuntimeError("files were adopted before there was a client")
        run_id = get_current_run()
        author = ChangeAuthor(kind="run", run_id=run_id) if run_id else PUSH_AUTHOR
        adoption = await self._registry.adopt(changed, author)
        self.awaiting_restart.update(adoption.restart_needed)
        if not self.awaiting_restart:
            self.commit = await self._checkout.get_head()
        return adoption

    async def leave_refused(self) -> None:
        """Take note that the checkout was put back to the code that runs: no restart comes."""
        self.awaiting_restart.clear()
        self.commit = await self._checkout.get_head()

    def list_warnings(self) -> tuple[str, ...]:
        """Return what does not run as the checkout has it, a line each, for `/health`."""
        items = self._registry.list_items() if self._registry is not None else ()
        refused = [f"`{item.path}`" for item in items if item.state == "refused"]
        back = [f"`{item.path}` (v{item.version})" for item in items if item.rolled_back]
        lines = [f"⚠️ **Not taken on** {format_list(refused, _MAX_LISTED)}"] if refused else []
        lines += [f"**Rolled back** {format_list(back, _MAX_LISTED)}"] if back else []
        lines += (
            [f"⚠️ {self._drift.description}"]
            if self._drift is not None and self._drift.description
            else []
        )
        return tuple(lines)

    def get_prompts(self) -> Mapping[str, str]:
        """Return the texts of prompts that are live, by their names."""
        if self._registry is None:
            raise RuntimeError("a prompt was asked for before there was a live registry")
        return self._registry.live.prompts

    def get_skills(self) -> SkillSet:
        """Return the skills that are live, and why files of others are not."""
        if self._registry is None:
            raise RuntimeError("skills were asked for before there was a live registry")
        return self._registry.live.skills

    def list_commands(self) -> Mapping[str, str]:
        """Return the client's commands; none before there is one."""
        return self._runtime.list_commands() if self._runtime is not None else {}
