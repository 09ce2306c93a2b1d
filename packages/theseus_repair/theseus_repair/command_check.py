"""Runs the command itself on a private copy of the repository with changed texts in place."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from theseus_repair.copied_tree import CopiedTree
from theseus_repair.files import write
from theseus_repair.model import Texts
from theseus_repair.plain import copy_in_thread
from theseus_repair.runner import Confine


class CommandCheck:
    """Checks whether `argv` exits with 0 on `tree` with changed texts; one run at a time.

    The tree is copied to `folder` at the first check. A run that takes longer than `seconds` has
    failed. `original` is the folder that the tree was copied from.
    """

    def __init__(
        self,
        tree: Path,
        folder: Path,
        argv: Sequence[str],
        confine: Confine,
        *,
        seconds: float,
        original: Path | None = None,
    ) -> None:
        self._tree, self._folder, self._argv = tree, folder, tuple(argv)
        self._original = original or tree
        self._copy: CopiedTree | None = None
        self._confine, self._seconds = confine, seconds
        self._one_at_a_time = asyncio.Lock()

    async def __call__(self, files: Texts) -> bool:
        """Return whether the command passes with these texts, by path below the tree."""
        async with self._one_at_a_time:
            if self._copy is None:
                await copy_in_thread(self._tree, self._folder)
                support = self._folder.with_name(f"{self._folder.name}-start")
                self._copy = CopiedTree(self._original, self._folder, support)
            originals = {path: (self._folder / path).read_bytes() for path in files}
            try:
                write(self._folder, files)
                code, _ = await self._copy.run(self._argv, self._confine, self._seconds)
            except UnicodeEncodeError:
                return False
            finally:
                for path, data in originals.items():
                    (self._folder / path).write_bytes(data)
            return code == 0
