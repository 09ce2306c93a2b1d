"""Removing what others' programs left: however deep it is, and whatever they may not have wanted.

A test that makes a folder in a folder some thousand times over exceeds both the depth to which
Python calls itself and the longest path the kernel takes.
"""

import os
import secrets
import stat
from itertools import count
from pathlib import Path


def remove_tree(root: Path) -> None:
    """Remove a folder with all that is in it; links are not followed. Raises `OSError`.

    Each folder inside is moved up to the root before it is looked into, so no path grows long.
    """
    prefix, number = str(root / secrets.token_hex(8)), count()
    left = [str(root)]
    root.chmod(stat.S_IRWXU)
    while left:
        folder = left.pop()
        with os.scandir(folder) as entries:
            found = list(entries)
        for entry in found:
            if entry.is_dir(follow_symlinks=False):
                moved = f"{prefix}-{next(number)}"
                os.chmod(entry.path, stat.S_IRWXU)  # noqa: PTH101 - paths are made by the thousand
                os.rename(entry.path, moved)  # noqa: PTH104
                left.append(moved)
            else:
                os.unlink(entry.path)  # noqa: PTH108
        if folder != str(root):
            os.rmdir(folder)  # noqa: PTH106
    root.rmdir()
