"""What decides how checks run is base's, whatever the branch holds: a change is not its own judge.

Configuration, start-up files and plugins are put back as they were. Tests need the `conftest.py`
that came with them, and the reproduction needs only base's: it was red there.
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from bot.adapters.sandboxed_verifier._scratch import write_inside
from bot.ports.workspace import Workspace

SETTINGS = frozenset(
    {
        "sitecustomize.py", "usercustomize.py", "pytest.ini", ".pytest.ini", "tox.ini", "setup.cfg",
        "pyproject.toml", "mypy.ini", ".mypy.ini", "ruff.toml", ".ruff.toml", ".coveragerc",
        "pyrightconfig.json",
    }
)  # fmt: skip
CONFTEST = "conftest.py"


def _decides(name: str, *, conftest: bool) -> bool:
    return name in SETTINGS or name.endswith(".pth") or (conftest and name == CONFTEST)


def _there(tree: Path, *, conftest: bool) -> Iterator[str]:
    """Yield such files in a tree, links among them, ignored ones too; links are not followed."""
    for folder, folders, files in os.walk(tree):
        for name in (*files, *folders):
            if _decides(name, conftest=conftest):
                yield Path(folder, name).relative_to(tree).as_posix()


class Machinery:
    """Puts base's own back. What base holds is read once."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], str | None] = {}

    async def restore(self, tree: Path, workspace: Workspace, *, conftest: bool) -> None:
        """Make a copy of the worktree decide as base does; `conftest` too, if so asked."""
        gone = {
            change.path
            for change in await workspace.changes()
            if change.status == "deleted" and _decides(Path(change.path).name, conftest=conftest)
        }
        for file in sorted({*_there(tree, conftest=conftest), *gone}):
            text = await self._at_base(file, workspace)
            if text is None:
                _remove(tree / file)
            else:
                write_inside(tree, file, text)

    async def _at_base(self, file: str, workspace: Workspace) -> str | None:
        key = workspace.base, file
        if key not in self._known:
            self._known[key] = await workspace.read_base(file)
        return self._known[key]


def _remove(path: Path) -> None:
    if path.is_symlink() or path.is_file():
        path.unlink()


async def at_base_too(files: Sequence[str], workspace: Workspace) -> list[str]:
    """Return the files that are there at base as well."""
    return [file for file in files if await workspace.read_base(file) is not None]
