"""Reads and writes the reproduction's files, safe against symbolic links of an engine."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bot.domain.errors import OutOfBounds
from bot.domain.plan import Plan, Reproduction
from bot.proof.reproduction import select_existing, select_permanent


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


def write_permanent(root: Path, plan: Plan) -> None:
    """Write the reproductions that are committed with a change, where what they test exists."""
    remaining = select_existing(plan.reproductions, read=lambda file: read_inside(root, file))
    for reproduction in select_permanent(remaining):
        write_inside(root, reproduction)


@contextmanager
def hold_permanent(root: Path, plan: Plan) -> Iterator[None]:
    """Write these reproductions, and remove them again: they are not the engine's to edit."""
    files = [reproduction.path for reproduction in plan.reproductions]
    before = {file: read_inside(root, file) for file in files}
    try:
        write_permanent(root, plan)
        yield
    finally:
        for file, text in before.items():
            if text is None:
                (root / file).unlink(missing_ok=True)
            else:
                (root / file).write_text(text, encoding="utf-8")
