"""The program that forks: its sources, and what it is told before the first request."""

from pathlib import Path
from typing import Any

BOOT = """\
import json, sys
settings = json.loads(sys.stdin.readline())
rooms = []
for source in settings["sources"]:
    rooms.append({"__name__": "theseus_runner"})
    exec(compile(source, "<runner>", "exec"), rooms[-1])
rooms[1]["main"](rooms[0]["run_child"], *rooms[2:], settings)
"""
SOURCES = (
    "_fork_child.py", "_fork_server.py", "_fork_imports.py", "_fork_calls.py", "_fork_replays.py",
)  # fmt: skip


def settings(root: Path, scratch: str, moved_from: Path | None) -> dict[str, Any]:
    """Return what the program reads first, as plain values; see `_fork_server.main`."""
    folder, src = Path(__file__).parent, root / "src"
    return {
        "sources": [(folder / name).read_text(encoding="utf-8") for name in SOURCES],
        "root": str(root),
        "scratch": scratch,
        "paths": [str(src)] if src.is_dir() else [],
        "moved_from": str(moved_from) if moved_from else "",
    }
