"""The program that forks: its sources, what it is told first, and what it is asked."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bot.repair.model import Texts
from bot.repair.runner import Lines, TimeLimits

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
    "replays", "code", "hits", "session", "main",
)  # fmt: skip


def build_settings(
    root: Path, scratch: str, moved_from: Path | None, folder: str = ""
) -> dict[str, Any]:
    """Return what the program reads first, as plain values; see `_fork_main.main`."""
    beside, at = Path(__file__).parent, root / folder
    src = at / "src"
    return {
        "sources": {
            part: (beside / f"_fork_{part}.py").read_text(encoding="utf-8") for part in PARTS
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
    """Return what every run of tests is asked with; see `_fork_child.run_child`."""
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
    """Return what asks for the lines that each test runs: all, none, or of these alone."""
    if isinstance(coverage, bool):
        return coverage
    return {path: sorted(lines) for path, lines in coverage.items()}
