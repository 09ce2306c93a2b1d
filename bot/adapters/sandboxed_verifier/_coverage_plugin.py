"""A pytest plugin that records which functions of a folder were entered.

It is copied into the sandbox and must not import anything of the bot. Every process of pytest-xdist
loads it too, and writes its own file. A function is identified by its file and its first line,
including decorators. Processes that tests start are not traced. The tree's path is in a file next
to this one, because tests may clear the environment.
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
    """Record a call. Returning `None` disables tracing of the function's lines, which is faster."""
    code = frame.f_code
    _entered.add((code.co_filename, code.co_firstlineno))


def pytest_configure(config: pytest.Config) -> None:
    """Start before any test file, and so any module of the project, is imported."""
    threading.settrace(_note)
    sys.settrace(_note)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Write the functions that were entered in the measured folder."""
    sys.settrace(None)
    threading.settrace(None)
    root = os.path.realpath((_HERE / "tree.txt").read_text(encoding="utf-8")) + os.sep
    entered = set(_entered)
    paths = {name: os.path.realpath(name) for name, _ in entered}
    functions = [
        (paths[name][len(root) :], line) for name, line in entered if paths[name].startswith(root)
    ]
    (_HERE / f"entered-{os.getpid()}.json").write_text(json.dumps(functions), encoding="utf-8")
