"""The command itself, run on a private copy of the repository with changed texts in place."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from bot.repair.child_process import spawn
from bot.repair.files import write
from bot.repair.model import Texts
from bot.repair.plain import copy_tree
from bot.repair.runner import Confine


class CommandCheck:
    """Tells whether `argv` exits with 0 on `tree` with these texts in place; one run at a time.

    The tree is copied to `folder` when that is asked for the first time. A run that takes longer
    than `seconds` has failed.
    """

    def __init__(
        self, tree: Path, folder: Path, argv: Sequence[str], confine: Confine, *, seconds: float
    ) -> None:
        self._tree, self._folder, self._argv = tree, folder, tuple(argv)
        self._confine, self._seconds = confine, seconds
        self._one_at_a_time = asyncio.Lock()

    async def __call__(self, files: Texts) -> bool:
        """Run it with these texts, by path below the tree."""
        async with self._one_at_a_time:
            if not self._folder.exists():
                await asyncio.to_thread(copy_tree, self._tree, self._folder)
            kept = {path: (self._folder / path).read_bytes() for path in files}
            try:
                write(self._folder, files)
                argv = self._confine(self._argv, self._folder)
                code, _ = await spawn(argv, self._folder, self._seconds)
            except UnicodeEncodeError:
                return False
            finally:
                for path, data in kept.items():
                    (self._folder / path).write_bytes(data)
            return code == 0
