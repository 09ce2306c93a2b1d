"""Imports the modules that no candidate can change, once for all children.

Sent as source text to the interpreter of the project under repair, as `_fork_server` is: standard
library only. The children import the changed modules themselves, and every module that imports one
of those or contains its name.
"""

import ast
import contextlib
import gc
import importlib
import importlib.machinery
import importlib.metadata
import importlib.util
import os
import sys
import threading
from collections.abc import Collection, Iterator
from pathlib import Path
from types import CodeType
from typing import Any


def import_plugins() -> None:
    """Import the installed plugins that pytest would load by itself, once for all children.

    Assertions in installed packages are not rewritten, here or in a child: for a large plugin that
    takes seconds, and its assertion messages are not shown to anyone.
    """
    leave_installed_assertions()
    if os.environ.get("PYTEST_DISABLE_PLUGIN_AUTOLOAD"):
        return
    for entry in importlib.metadata.entry_points(group="pytest11"):
        with contextlib.suppress(BaseException):  # pytest reports the error later
            spec = importlib.util.find_spec(entry.module.partition(".")[0])
            if spec is not None and is_installed(spec.origin or ""):
                importlib.import_module(entry.module)
    gc.freeze()  # otherwise the first garbage collection in each child copies all of this memory


def leave_installed_assertions() -> None:
    """Make pytest import installed packages with the normal loader."""
    from _pytest.assertion.rewrite import AssertionRewritingHook

    hook: Any = AssertionRewritingHook
    plain = hook.find_spec

    def find_spec(rewriting: Any, name: str, *where: Any, **more: Any) -> Any:
        spec = plain(rewriting, name, *where, **more)
        return None if spec is not None and is_installed(spec.origin or "") else spec

    hook.find_spec = find_spec


def compile_into(cache: str, root: str) -> None:
    """Write bytecode of the project to `cache`; installed packages use their own bytecode."""
    loader: Any = importlib.machinery.SourceFileLoader
    plain, one = loader.get_code, threading.RLock()
    sys.pycache_prefix, sys.dont_write_bytecode = cache, False

    def get_code(loading: Any, fullname: str) -> CodeType | None:
        path = os.path.realpath(loading.get_filename(fullname))
        if path.startswith(root + os.sep) and not is_installed(path):
            return plain(loading, fullname)  # type: ignore[no-any-return]
        with one:
            previous = sys.pycache_prefix, sys.dont_write_bytecode
            sys.pycache_prefix, sys.dont_write_bytecode = None, True
            try:
                return plain(loading, fullname)  # type: ignore[no-any-return]
            finally:
                sys.pycache_prefix, sys.dont_write_bytecode = previous

    loader.get_code = get_code


def import_steady(
    modules: Collection[tuple[str, str]], changing: Collection[str], root: str, cache: str
) -> bool:
    """Import the modules (name, path below the root) that need none of the changing files.

    Return whether this process may fork children for candidates: it holds no code of a changing
    file and has only one thread. Bytecode is written to `cache`.
    """
    left = find_child_modules(modules, changing, root)
    before, sys.pycache_prefix = sys.pycache_prefix, cache
    try:
        for name, _ in modules:
            if name not in left and name not in sys.modules:
                with contextlib.suppress(BaseException):
                    importlib.import_module(name)
    finally:
        sys.pycache_prefix = before
    gc.collect()
    gc.freeze()
    modules_held = list(sys.modules.values())
    held_files = {os.path.realpath(getattr(each, "__file__", None) or "") for each in modules_held}
    reached = any(os.path.realpath(Path(root, path)) in held_files for path in changing)
    return not reached and count_threads() == 1


def collect_imports(root: str) -> dict[str, Any]:
    """Return what this process has imported: installed `modules`, and those of the `project`."""
    return {"modules": list_installed(), "project": list_project_modules(root)}


def list_installed() -> list[str]:
    """Return the imported modules that do not belong to the project, in the order of import."""
    names = []
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None) or ""
        standard = file.startswith(sys.base_prefix + os.sep)
        if name != "__main__" and (standard or is_installed(file)):
            names.append(name)
    return names


def is_installed(file: str) -> bool:
    """Return whether a file belongs to an installed package."""
    return "site-packages" in file or "dist-packages" in file


def list_project_modules(root: str) -> list[tuple[str, str]]:
    """Return (name, path below the root) of the project's imported modules, in order of import.

    Modules that pytest rewrites (tests and the modules next to them) are left out.
    """
    from _pytest.assertion.rewrite import AssertionRewritingHook

    found = []
    for name, module in list(sys.modules.items()):
        file = os.path.realpath(getattr(module, "__file__", None) or "")
        inside = file.startswith(root + os.sep) and file.endswith(".py")
        rewritten = isinstance(getattr(module, "__loader__", None), AssertionRewritingHook)
        if inside and "site-packages" not in file and not rewritten:
            found.append((name, file[len(root) + 1 :]))
    return found


def find_child_modules(
    modules: Collection[tuple[str, str]], changing: Collection[str], root: str
) -> set[str]:
    """Return the names of the modules that need a changing file, directly or indirectly."""
    known = {name for name, _ in modules}
    left = {name for name, path in modules if path in changing}
    needs = {
        name: set(find_needed_modules(name, Path(root, path), known)) for name, path in modules
    }
    while more := {name for name in known - left if needs[name] & left}:
        left |= more
    return left


def find_needed_modules(name: str, file: Path, known: Collection[str]) -> Iterator[str]:
    """Yield the known modules that this one imports or names, and the packages around them."""
    package = name if file.name == "__init__.py" else name.rpartition(".")[0]
    for other in (name, *iterate_names(file.read_bytes(), package)):
        parts = other.split(".")
        for end in range(1, len(parts) + 1):
            around = ".".join(parts[:end])
            if around in known and around != name:
                yield around


def iterate_names(source: bytes, package: str) -> Iterator[str]:
    """Yield every name that a source imports anywhere, and every string in it."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            base = importlib.util.resolve_name(base, package) if node.level else base
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def count_threads() -> int:
    """Return the number of threads of this process, including those that Python does not manage."""
    tasks = Path("/proc/self/task")
    return len(list(tasks.iterdir())) if tasks.exists() else 1
