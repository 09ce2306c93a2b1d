"""Reads the files of the tree under repair that may change, and writes new texts."""

import codecs
import difflib
import io
import os
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import NamedTuple

from theseus_repair.guidance import is_test
from theseus_repair.model import Texts
from theseus_repair.source_text import decode_source, encode_source

FILES_AT_MOST = 40
BYTES_AT_MOST = 300_000
SKIPPED = (".git", ".venv", "venv", "env", "node_modules", "__pycache__", ".tox", ".nox",
           ".mypy_cache", ".ruff_cache", ".pytest_cache")  # fmt: skip


def load_changeable_texts(
    root: Path, wanted: Iterable[str], allowed: Collection[str], spared: Collection[str]
) -> dict[str, str]:
    """Return the texts of the wanted files that may change.

    These are in `allowed` (if empty: any), and not in `spared`. Tests, large files and files
    outside the root are left out. Blocks: reads the disk.
    """
    root = root.resolve()
    texts: dict[str, str] = {}
    for path in wanted:
        file = (root / path).resolve()
        open_to_change = path not in spared and (not allowed or path in allowed)
        inside = file.is_relative_to(root) and file.is_file() and path.endswith(".py")
        fits = inside and len(texts) < FILES_AT_MOST and file.stat().st_size <= BYTES_AT_MOST
        if open_to_change and fits and not is_test(path):
            texts[path] = decode_source(file.read_bytes())
    return texts


class PythonFiles(NamedTuple):
    """The numbers of a repository's Python files: those that may be changed, and tests."""

    code: int
    tests: int


def count_python_files(root: Path) -> PythonFiles:
    """Return how many Python files a repository has, without its environments and caches."""
    found = [0, 0]
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if name not in SKIPPED]
        for name in names:
            if name.endswith(".py"):
                found[is_test(Path(folder, name).relative_to(root).as_posix())] += 1
    return PythonFiles(*found)


def write(root: Path, files: Texts) -> None:
    """Write the new texts below the root, each in its file's encoding. See `encode_source`."""
    for path, text in files.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(encode_source(text, file.read_bytes() if file.exists() else b""))


def build_diff(repo: Path, files: Texts) -> str:
    """Return the unified diff from the files in `repo` to these texts."""
    parts: list[str] = []
    for path, text in sorted(files.items()):
        file = repo / path
        was = file.read_bytes() if file.exists() else b""
        parts += difflib.unified_diff(
            _split_rows(was), _split_rows(encode_source(text, was)),
            f"a/{path}" if file.exists() else "/dev/null", f"b/{path}",
        )  # fmt: skip
    return "".join(part if part.endswith("\n") else f"{part}\n" for part in parts)


def _split_rows(data: bytes) -> list[str]:
    """Return the lines as a diff counts them; a byte order mark stays with the first line."""
    mark = "\ufeff" if data.startswith(codecs.BOM_UTF8) else ""
    return list(io.StringIO(mark + decode_source(data), newline="\n"))
