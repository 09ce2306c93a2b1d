"""Finds which files check which flags, from the source without running it."""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

from theseus_guard.syntax import parse

from bot.domain.flag import is_valid_name

_MOST_BYTES = 1_000_000
_ASKED_BY = "on"
_ASKED_OF = "flags"


def find_flag_uses(files: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Return the files that check each flag, by the flag's name.

    `files` are texts by path. A check is `flags.on("coinflip", ...)` or `self.bot.flags.on(...)`
    with a valid flag name as a literal. A file that is not Python has none.
    """
    found: dict[str, list[str]] = {}
    for path, text in sorted(files.items()):
        for name in sorted(set(_iterate_flags(text))):
            found.setdefault(name, []).append(path)
    return {name: tuple(paths) for name, paths in sorted(found.items())}


def find_flag_uses_in(root: Path) -> dict[str, tuple[str, ...]]:
    """Return the same for all cogs below a project's root. Blocks: reads files."""
    texts = {}
    for path in sorted((root / "cogs").rglob("*.py")):
        try:
            text = path.read_bytes()[:_MOST_BYTES].decode("utf-8", errors="replace")
        except OSError:  # the file was deleted in the meantime
            continue
        texts[path.relative_to(root).as_posix()] = text
    return find_flag_uses(texts)


def _iterate_flags(text: str) -> Iterator[str]:
    if f"{_ASKED_OF}.{_ASKED_BY}" not in text:
        return
    try:
        tree = parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _is_question(node.func) and node.args:
            name = node.args[0]
            if isinstance(name, ast.Constant) and is_valid_name(name.value):
                yield str(name.value)


def _is_question(called: ast.expr) -> bool:
    if not isinstance(called, ast.Attribute) or called.attr != _ASKED_BY:
        return False
    receiver = called.value
    name = receiver.attr if isinstance(receiver, ast.Attribute) else getattr(receiver, "id", "")
    return name == _ASKED_OF
