"""The diff guard: checks a change by its diff alone, independently of the agent that wrote it.

A blocking finding stops the proposal. Other findings are shown on the card: a path that needs a
person's explicit approval, a new dependency, an expected value that changed in a test.

    findings = inspect(diff, changes, base_files=..., protection=Protection(), ...)

`theseus_guard.syntax`, `unified_diff`, `git_reader` and `terminal` can be used on their own.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from theseus_guard._approver_text import Redact, build_approver_text
    from theseus_guard._change_hash import hash_diff, hash_texts
    from theseus_guard._dependencies import is_installed
    from theseus_guard._inspect import inspect, inspect_path
    from theseus_guard._manifests import find_manifests, list_declared_modules
    from theseus_guard._misleading_code import PythonText, list_text_files
    from theseus_guard._paths import SETTINGS
    from theseus_guard._sources import INSTALLED
    from theseus_guard._tests import count_program_lines, is_test_file
    from theseus_guard.errors import GuardError
    from theseus_guard.protection import PathClass, Protection
    from theseus_guard.records import FileChange, Finding
    from theseus_guard.unified_diff import FilePatch, Hunk, parse

__all__ = [
    "INSTALLED",
    "SETTINGS",
    "FileChange",
    "FilePatch",
    "Finding",
    "GuardError",
    "Hunk",
    "PathClass",
    "Protection",
    "PythonText",
    "Redact",
    "build_approver_text",
    "count_program_lines",
    "find_manifests",
    "hash_diff",
    "hash_texts",
    "inspect",
    "inspect_path",
    "is_installed",
    "is_test_file",
    "list_declared_modules",
    "list_text_files",
    "parse",
]

_MODULES = {
    "_approver_text": ("Redact", "build_approver_text"),
    "_change_hash": ("hash_diff", "hash_texts"),
    "_dependencies": ("is_installed",),
    "_inspect": ("inspect", "inspect_path"),
    "_manifests": ("find_manifests", "list_declared_modules"),
    "_misleading_code": ("PythonText", "list_text_files"),
    "_paths": ("SETTINGS",),
    "_sources": ("INSTALLED",),
    "_tests": ("count_program_lines", "is_test_file"),
    "errors": ("GuardError",),
    "protection": ("PathClass", "Protection"),
    "records": ("FileChange", "Finding"),
    "unified_diff": ("FilePatch", "Hunk", "parse"),
}
_PLACES = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used.

    The rules take 0.1 s to import, and many programs use only one part of the package.
    """
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_PLACES[name]}"), name)
    globals()[name] = value
    return value
