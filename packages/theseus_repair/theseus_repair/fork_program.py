"""Builds the forking program: its sources, its settings, and its requests."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from theseus_repair.model import Texts
from theseus_repair.runner import Lines, TimeLimits

BOOT = """\
import json, sys
settings = json.loads(sys.stdin.readline())
parts = {}
for name, source in settings["sources"].items():
    parts[name] = {"__name__": "theseus_runner"}
    exec(compile(source, "<runner>", "exec"), parts[name])
parts["main"]["main"](parts, settings)
"""
PARTS = (
    "alarm", "child", "collection", "overlay", "server", "imports", "paths", "calls", "coroutines",
    "replays", "code", "hits", "session", "handles", "main",
)  # fmt: skip


def build_settings(
    root: Path, scratch: str, moved_from: Path | None, folder: str = ""
) -> dict[str, Any]:
    """Return the settings that the program reads first; see `_fork_main.main`."""
    folder_of_parts, at = Path(__file__).parent, root / folder
    src = at / "src"
    return {
        "sources": {
            part: (folder_of_parts / f"_fork_{part}.py").read_text(encoding="utf-8")
            for part in PARTS
        },
        "root": str(root),
        "folder": str(at),
        "scratch": scratch,
        "paths": [str(src)] if src.is_dir() else [],
        "moved_from": str(moved_from) if moved_from else "",
    }


def request_of(
    tests: Sequence[str],
    overlay: Texts,
    limits: TimeLimits,
    *,
    options: Sequence[str],
    megabytes: int,
) -> dict[str, Any]:
    """Return the request for a run of tests; see `_fork_child.run_child`."""
    return {
        "tests": list(tests),
        "overlay": dict(overlay),
        "options": list(options),
        "megabytes": megabytes,
        "test_seconds": limits.test_seconds,
        "collect_seconds": limits.collect_seconds or limits.test_seconds,
        "cpu_seconds": limits.cpu_seconds,
        "seconds": limits.seconds,
    }


def encode_coverage(coverage: bool | Lines) -> bool | dict[str, list[int]]:
    """Return the request's coverage: of all lines, of none, or of these lines alone."""
    if isinstance(coverage, bool):
        return coverage
    return {path: sorted(lines) for path, lines in coverage.items()}
