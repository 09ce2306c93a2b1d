"""Overlays a candidate's texts on the tree: imports and reads see them, the disk is unchanged.

Sent as source text to the interpreter of the project under repair, as `_fork_child` is: standard
library only.
"""

import builtins
import importlib.machinery
import io
import linecache
import os
import tokenize
from pathlib import Path
from types import CodeType
from typing import Any


def apply_overlay(files: dict[str, str], scratch: str) -> None:
    """Make imports and reads of these absolute paths see these texts, in this process only."""
    copies: dict[str, str] = {}
    for number, (path, text) in enumerate(files.items()):
        copies[path] = str(Path(scratch, f"overlay-{os.getpid()}-{number}.py"))
        with Path(path).open("rb") as file:
            encoding = tokenize.detect_encoding(file.readline)[0]
        Path(copies[path]).write_bytes(text.encode(encoding))
        linecache.cache[path] = (len(text), None, list(io.StringIO(text, newline=None)), path)
    loader: Any = importlib.machinery.SourceFileLoader
    plain_code, plain_open = loader.get_code, builtins.open

    def get_code(self: Any, fullname: str) -> CodeType | None:
        path = os.path.realpath(self.get_filename(fullname))
        if path in files:
            return compile(files[path], path, "exec", dont_inherit=True)
        code: CodeType | None = plain_code(self, fullname)
        return code

    def open_redirected(file: Any, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
        if isinstance(file, (str, os.PathLike)) and "r" in mode and "+" not in mode:
            file = copies.get(os.path.realpath(file), file)
        return plain_open(file, mode, *args, **kwargs)

    loader.get_code = get_code
    builtins.open = io.open = open_redirected


def resolve_paths(overlay: dict[str, str], root: str) -> dict[str, str]:
    """Return texts by the real paths of their files."""
    return {os.path.realpath(Path(root, path)): text for path, text in overlay.items()}
