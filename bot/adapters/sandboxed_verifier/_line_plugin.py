"""A pytest plugin that records which lines of the changed files ran.

It is copied into the sandbox next to `theseus_line_trace.py` and `files.json`, and must not import
anything of the bot. Every process of pytest-xdist loads it too, and writes its own file.
"""

import json
import os
from pathlib import Path

import pytest
from theseus_line_trace import LineTrace  # type: ignore[import-not-found]  # copied there

_HERE = Path(__file__).parent
_wanted = json.loads((_HERE / "files.json").read_text(encoding="utf-8"))
_trace = LineTrace(Path(_wanted["tree"]), _wanted["files"])


def pytest_configure(config: pytest.Config) -> None:
    """Start before any test file, and so any module of the project, is imported."""
    _trace.start()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Write the lines that ran."""
    text = json.dumps(_trace.stop())
    (_HERE / f"lines-{os.getpid()}.json").write_text(text, encoding="utf-8")
