"""Stores the core code of each commit in a separate folder, which pulls and edits do not change."""

import asyncio
import os
import shutil
from collections.abc import Collection, Sequence
from pathlib import Path

from bot.supervisor.checkout import CheckoutRefused, RunningCheckout
from bot.supervisor.messages import PATHS_VARIABLE

CORE = ("bot", "packages", "data/hearing.tsv")
"""What only a restart takes on. Cogs, prompts and settings are read from the checkout: they change
while the bot runs."""


class CodeFolders:
    """Lays out `parts` of commits below `folder`, each once."""

    def __init__(
        self, checkout: RunningCheckout, folder: Path, parts: Sequence[str] = CORE
    ) -> None:
        self._checkout = checkout
        self._folder = folder
        self._parts = parts
        self.trouble = ""
        """Why the newest code that was found is not in a folder of its own."""

    async def is_different(self, one: str, other: str) -> bool:
        """Return whether one of the parts differs between two commits of the checkout."""
        for part in self._parts:
            if await self._checkout.is_different(one, other, part):
                return True
        return False

    async def find_nearest(self, commit: str) -> str:
        """Return `commit` if it ran before and can run again, otherwise the checkout's commit.

        The checkout may be at a later commit that was not rehearsed.
        """
        is_here = commit and (self._folder / commit).is_dir()
        if not is_here or not await self._checkout.has_commit(commit):
            return await self._checkout.get_head()
        is_edited = await self._checkout.is_edited(self._parts)
        return await self._checkout.get_head() if is_edited else commit

    async def find(self, commit: str) -> Path | None:
        """Return what `lay_out` does, also where that fails, if the checkout is at that commit.

        Raises `CheckoutRefused` where the checkout holds something else.
        """
        self.trouble = ""
        try:
            return await self.prepare(commit)
        except (CheckoutRefused, OSError) as error:
            if commit != await self._checkout.get_head():
                raise CheckoutRefused(f"its code cannot be laid out: {error}") from error
            self.trouble = f"the code runs from the checkout itself: {error}"
            return None

    async def prepare(self, commit: str) -> Path | None:
        """Return the folder with the code of a commit, or `None` to run the checkout itself.

        The checkout runs without git, and if its core code has uncommitted changes, because their
        author wants to see them. Raises `CheckoutRefused`, also if the changes are based on another
        commit, and `OSError`.
        """
        if not commit:
            return None
        if await self._checkout.is_edited(self._parts):
            if commit != await self._checkout.get_head():
                raise CheckoutRefused(
                    "core code is edited in the checkout, which is at another one"
                )
            return None
        target = self._folder / commit
        if not target.is_dir():
            fresh = self._folder / f"{commit}.new"  # a crash leaves no half of a version
            shutil.rmtree(fresh, ignore_errors=True)
            fresh.mkdir(mode=0o700, parents=True)
            await self._checkout.write_files(commit, self._parts, fresh)
            # The files are written to disk before the folder gets its final name, so that a power
            # failure cannot leave an incomplete folder under that name.
            await asyncio.to_thread(os.sync)
            fresh.rename(target)
        return target

    def keep_only(self, commits: Collection[str]) -> None:
        """Remove the folders of all other commits."""
        if not self._folder.is_dir():
            return
        for each in self._folder.iterdir():
            if each.name not in commits:
                shutil.rmtree(each, ignore_errors=True)


def import_paths(code: Path | None, root: Path, before: str) -> dict[str, str]:
    """Return the variables with which a bot imports core code from `code`, and cogs from `root`.

    `before` is the PYTHONPATH of the service; the bot gives it back to what it starts itself.
    """
    places = [*([str(code)] if code is not None else []), str(root), *([before] if before else [])]
    return {"PYTHONPATH": os.pathsep.join(places), PATHS_VARIABLE: before}
