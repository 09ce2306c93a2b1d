"""Keeps a formatted file formatted, by the project's ruff, if it has one."""

import asyncio
import sys
from pathlib import Path

from theseus_repair.model import Texts

SECONDS = 20.0


async def format_texts(root: Path, before: Texts, after: Texts) -> dict[str, str]:
    """Return the new texts, formatted if the old text was. Without ruff, unchanged."""
    texts = dict(after)
    for path, text in after.items():
        old = await format_text(root, path, before[path])
        if old is not None and old == before[path]:
            texts[path] = await format_text(root, path, text) or text
    return texts


async def format_text(root: Path, path: str, text: str) -> str | None:
    """Return the text as `ruff format` with the tree's settings would write it, or None."""
    argv = [sys.executable, "-m", "ruff", "format", "--no-cache", "--stdin-filename", path, "-"]
    try:
        async with asyncio.timeout(SECONDS):
            child = await asyncio.create_subprocess_exec(
                *argv,
                cwd=root,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
            )
            try:
                output, _ = await child.communicate(text.encode("utf-8", errors="surrogateescape"))
            except BaseException:
                child.kill()
                raise
    except (OSError, TimeoutError):
        return None
    return output.decode("utf-8", errors="surrogateescape") if child.returncode == 0 else None
