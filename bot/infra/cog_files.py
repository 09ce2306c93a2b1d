"""Distinguishes cogs from helper modules in a folder of cogs.

A cog is a module or package that defines `setup`, which discord.py needs to load it. A file that
cannot be parsed counts as a cog, so that its error is reported. A single file, or a package with a
cog class, also counts if no other file of the folder imports it: its `setup` was forgotten.
"""

import ast
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

from theseus_guard.syntax import parse

from bot.domain.cogs import is_own_cog

_SHARED = "ui"
_COG_BASES = frozenset({"Cog", "GroupCog"})


def find_extensions(folder: Path) -> list[str]:
    """Return the extensions in a folder of cogs: the bot's own first, each in order of names."""
    names = [path.stem for path in _find_candidates(folder) if is_extension(folder, path.stem)]
    return order_extensions([f"{folder.name}.{name}" for name in names])


def order_extensions(extensions: Sequence[str]) -> list[str]:
    """Return extensions as they are loaded: the bot's own first, so that none displaces them."""
    return sorted(extensions, key=lambda each: not is_own_cog(each.rpartition(".")[2]))


def is_extension(folder: Path, name: str) -> bool:
    """Return whether the module or package of that name is a cog, and no helper of cogs."""
    file = find_module(folder, name)
    if file is None or name.startswith("_") or name == _SHARED:
        return False
    tree = _read(file)
    if tree is None or _has_setup(tree):
        return True
    single = file.name != "__init__.py"
    return (single or _has_cog_class(tree)) and not _is_imported(folder, name)


def find_module(folder: Path, name: str) -> Path | None:
    """Return the file that is loaded under that name; `None`: there is none."""
    package = folder / name / "__init__.py"
    file = folder / f"{name}.py"
    return next((each for each in (package, file) if each.is_file()), None)


def _find_candidates(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        package = path.is_dir() and (path / "__init__.py").exists()
        if package or path.suffix == ".py":
            yield path


def _read(file: Path) -> ast.Module | None:
    try:
        status = file.stat()
        return _parse(file, status.st_mtime_ns, status.st_size)
    except (OSError, ValueError, SyntaxError, RecursionError, MemoryError):
        return None


@lru_cache(maxsize=512)
def _parse(file: Path, _written_at: int, _size: int) -> ast.Module:
    """Return the tree of a file; one that did not change is parsed once."""
    return parse(file.read_text(encoding="utf-8"))


def _has_setup(tree: ast.Module) -> bool:
    return any(name in ("setup", "*") for name in _find_bound_names(tree.body))


def _find_bound_names(statements: Sequence[ast.stmt]) -> Iterator[str]:
    """Yield the names that a module binds at its top level, also within `if` and `try`."""
    for each in statements:
        if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef):
            yield each.name
        elif isinstance(each, ast.Import | ast.ImportFrom):
            yield from (alias.asname or alias.name for alias in each.names)
        elif isinstance(each, ast.Assign | ast.AnnAssign):
            targets = each.targets if isinstance(each, ast.Assign) else [each.target]
            yield from (target.id for target in targets if isinstance(target, ast.Name))
        for field in ("body", "orelse", "finalbody"):
            if isinstance(each, ast.If | ast.Try | ast.With):
                yield from _find_bound_names(getattr(each, field, []))
        if isinstance(each, ast.Try):
            for handler in each.handlers:
                yield from _find_bound_names(handler.body)


def _has_cog_class(tree: ast.Module) -> bool:
    bases = [base for each in tree.body if isinstance(each, ast.ClassDef) for base in each.bases]
    names = {getattr(base, "attr", getattr(base, "id", "")) for base in bases}
    return not names.isdisjoint(_COG_BASES)


def _is_imported(folder: Path, name: str) -> bool:
    """Return whether another file of the folder imports the module."""
    own = find_module(folder, name)
    files = [file for file in folder.rglob("*.py") if file != own]
    return any(
        name in _find_imported_names(tree) for file in files if (tree := _read(file)) is not None
    )


def _find_imported_names(tree: ast.Module) -> Iterator[str]:
    for each in ast.walk(tree):
        if isinstance(each, ast.Import):
            for alias in each.names:
                yield from alias.name.split(".")
        elif isinstance(each, ast.ImportFrom):
            yield from (each.module or "").split(".")
            yield from (alias.name for alias in each.names)
