"""Lets the visitor of the demo deploy a commit that breaks the bot's core, and revert it.

The commit passes every check before it is live: it fails a moment after it has taken over. So the
visitor sees the supervisor roll it back. Nothing but the demo's own forge is changed.
"""

import asyncio
from pathlib import Path

from bot.demo._git import AS_DEMO, run_git
from bot.demo.faults import Change, plant
from bot.demo.workspace import DemoWorkspace
from bot.domain.errors import ConfigError

_FIRST = '        """Announce what is new, each once, until cancelled."""\n'
BREAK = Change(
    name="core-break",
    file="bot/self_improvement/reporting/restart_notices.py",
    replacements=(
        (
            _FIRST,
            _FIRST + "        if 'restarted' in self.news:\n"
            "            await asyncio.sleep(10)\n"
            "            raise RuntimeError('the visitor broke the core')\n",
        ),
    ),
    message="Announce restarts another way",
    author="Carol <carol@localhost>",
)


class CoreBreak:
    """Pushes the commit to the demo's forge, and its revert, in turn."""

    def __init__(self, workspace: DemoWorkspace) -> None:
        self._workspace = workspace
        self._pushing = asyncio.Lock()
        self.commit = ""
        """The broken commit as long as it is on the branch."""

    async def deploy(self) -> None:
        """Push the broken commit. Raises `ConfigError`, also if it is there already."""
        async with self._pushing:
            if self.commit:
                raise ConfigError("The broken commit is on the branch already.")
            clone = await self._open_clone()
            changed = await asyncio.to_thread(plant, BREAK, clone)
            await run_git(clone, "add", "--", *changed)
            await run_git(
                clone, *AS_DEMO, "commit", "--quiet", "--no-verify",
                "--author", BREAK.author, "--message", BREAK.message,
            )  # fmt: skip
            await run_git(clone, "push", "--quiet", "origin", "HEAD:main")
            self.commit = (await run_git(clone, "rev-parse", "HEAD")).strip()

    async def revert(self) -> None:
        """Push a revert of the broken commit. Raises `ConfigError`, also if there is none."""
        async with self._pushing:
            if not self.commit:
                raise ConfigError("There is no broken commit on the branch.")
            clone = await self._open_clone()
            await run_git(clone, *AS_DEMO, "revert", "--no-edit", self.commit)
            await run_git(clone, "push", "--quiet", "origin", "HEAD:main")
            self.commit = ""

    async def _open_clone(self) -> Path:
        """Return a clone of the forge at its newest commit, apart from the bot's checkout."""
        clone = self._workspace.home / "outside"
        if not clone.exists():
            await run_git(self._workspace.home, "clone", "--quiet", "forge.git", clone.name)
        await run_git(clone, "fetch", "--quiet", "origin")
        await run_git(clone, "reset", "--quiet", "--hard", "origin/main")
        return clone
