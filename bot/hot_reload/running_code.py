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
        self.runtime: Runtime | None = None
        self.registry: FileLiveRegistry | None = None
        self.drift: DriftWatch | None = None
        self.awaiting_restart: set[str] = set()
        self.left_behind: tuple[str, ...] = ()
        """Core files of commits that came while this process was started: it asks for a restart."""

    async def adopt(self, changed: Sequence[str]) -> Adoption:
        """Reload the live registry, then record the new commit. Implements `Runtime`."""
        if self.registry is None or self.runtime is None:
            raise RuntimeError("files were adopted before there was a client")
        run_id = get_current_run()
        author = ChangeAuthor(kind="run", run_id=run_id) if run_id else PUSH_AUTHOR
        adoption = await self.registry.adopt(changed, author)
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
        items = self.registry.list_items() if self.registry is not None else ()
        refused = [f"`{item.path}`" for item in items if item.state == "refused"]
        back = [f"`{item.path}` (v{item.version})" for item in items if item.rolled_back]
        lines = [f"⚠️ **Not taken on** {format_list(refused, _MAX_LISTED)}"] if refused else []
        lines += [f"**Rolled back** {format_list(back, _MAX_LISTED)}"] if back else []
        lines += (
            [f"⚠️ {self.drift.description}"]
            if self.drift is not None and self.drift.description
            else []
        )
        return tuple(lines)

    def get_prompts(self) -> Mapping[str, str]:
        """Return the texts of prompts that are live, by their names."""
        if self.registry is None:
            raise RuntimeError("a prompt was asked for before there was a live registry")
        return self.registry.live.prompts

    def get_skills(self) -> SkillSet:
        """Return the skills that are live, and why files of others are not."""
        if self.registry is None:
            raise RuntimeError("skills were asked for before there was a live registry")
        return self.registry.live.skills

    def list_commands(self) -> Mapping[str, str]:
        """Return the client's commands; none before there is one."""
        return self.runtime.list_commands() if self.runtime is not None else {}
