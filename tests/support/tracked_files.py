"""The repository's files, also where there is only a copy of them, as before a merge."""

import subprocess
from pathlib import Path

_NOT_OURS = frozenset(
    {".venv", "__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis", ".git"}
)


def list_tracked_files(root: Path, *options: str) -> list[str]:
    """Return the paths of tracked files, from the root; of a copy without git, of all there are."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", *options], cwd=root, capture_output=True, text=True, check=False
    )
    if listed.returncode == 0:
        return [name for name in listed.stdout.split("\0") if name]
    files = (path.relative_to(root) for path in root.rglob("*") if path.is_file())
    return sorted(
        str(path)
        for path in files
        if not _NOT_OURS.intersection(path.parts) and path.parts[:2] != ("data", "state")
    )
