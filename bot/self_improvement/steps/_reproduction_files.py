"""Reads and writes the reproduction's files, safe against symbolic links of an engine."""

from pathlib import Path

from bot.domain.errors import OutOfBounds
from bot.domain.plan import Reproduction


def read_inside(root: Path, file: str) -> str | None:
    """Return a file's text if the file is inside the worktree, else `None`."""
    path = (root / file).resolve()
    return (
        path.read_text("utf-8") if path.is_relative_to(root.resolve()) and path.is_file() else None
    )


def write_inside(root: Path, reproduction: Reproduction) -> None:
    """Write the reproduction. Raises `OutOfBounds` if a link leads out of the worktree."""
    file = root / reproduction.path
    if not file.resolve().is_relative_to(root.resolve()):
        raise OutOfBounds(f"`{reproduction.path}` leads out of the worktree.")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(reproduction.source, encoding="utf-8")
