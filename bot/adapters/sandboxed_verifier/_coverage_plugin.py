"""A pytest plugin that writes down which functions of a folder were entered.

It is copied into the sandbox and stands alone: nothing else of ours is available there. Every
process of pytest-xdist loads it too, and writes a file of its own. A function is known by its file
and its first line, a decorator's where it has one. Processes that tests start are not seen.
The tree's path is in a file beside this one: tests may clear the environment.
"""

import json
import os
import sys
import threading
from pathlib import Path
from types import FrameType

import pytest

_HERE = Path(__file__).parent
_entered: set[tuple[str, int]] = set()


def _note(frame: FrameType, event: str, argument: object) -> None:
    """Note a call. Returning nothing leaves the function's own lines untraced, which is faster."""
    code = frame.f_code
    _entered.add((code.co_filename, code.co_firstlineno))


def pytest_configure(config: pytest.Config) -> None:
    """Begin before any test file, and so any module of the project, is imported."""
    threading.settrace(_note)
    sys.settrace(_note)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Write what was entered in the measured folder."""
    sys.settrace(None)
    threading.settrace(None)
    root = os.path.realpath((_HERE / "tree.txt").read_text(encoding="utf-8")) + os.sep
    seen = set(_entered)
    paths = {name: os.path.realpath(name) for name, _ in seen}
    found = [
        (paths[name][len(root) :], line) for name, line in seen if paths[name].startswith(root)
    ]
    (_HERE / f"entered-{os.getpid()}.json").write_text(json.dumps(found), encoding="utf-8")
