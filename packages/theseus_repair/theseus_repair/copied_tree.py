"""Runs commands in a copy of a tree: they import from the copy, and leave no process behind."""

import asyncio
import json
import os
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from theseus_repair.child_process import spawn
from theseus_repair.process_cleanup import kill_marked
from theseus_repair.process_watch import watch_for_tests
from theseus_repair.runner import Confine

_AT_START = tuple(Path(__file__).with_name(name) for name in ("_fork_paths.py", "_test_start.py"))


class CopiedTree:
    """A copy of `original` in `folder`; `support` is a new folder for files that commands need."""

    def __init__(self, original: Path, folder: Path, support: Path) -> None:
        self.folder, self.support = folder, support
        self._mark = f"theseus-{uuid.uuid4().hex}"
        self._watched, self._seen = False, ""
        support.mkdir(parents=True)
        self._notes = support / "started"
        names = ", ".join(map(repr, (str(original.resolve()), str(folder.resolve()), str(support))))
        sources = [file.read_text(encoding="utf-8") for file in _AT_START]
        calls = f"note_test_start({str(self._notes)!r})\nas_sitecustomize({names})\n"
        (support / "sitecustomize.py").write_text("\n\n".join([*sources, calls]), encoding="utf-8")

    def read_notes(self) -> str:
        """Return the notes about test programs that its commands started, one per line."""
        return self._notes.read_text(encoding="utf-8") if self._notes.exists() else self._seen

    async def run(
        self, argv: Sequence[str], confine: Confine, seconds: float
    ) -> tuple[int | None, str]:
        """Return the exit code and the output of a command in the copy; see `spawn`.

        All processes it started are killed, even in other sessions (on Linux). One run at a time.
        """
        paths = os.pathsep.join(filter(None, (str(self.support), os.environ.get("PYTHONPATH"))))
        # Bytecode is checked by size and second: here a file can change within both, so write none.
        settings = {"PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1"}
        assignments = [f"{name}={value}" for name, value in settings.items()]
        marked = ["env", f"THESEUS_REPAIR={self._mark}", *assignments, *argv]
        confined = list(confine(marked, self.folder))
        try:
            if self._watched:
                return await spawn(confined, self.folder, seconds)
            return await self._run_watched(confined, seconds)
        finally:
            kill_marked(self._mark)

    async def _run_watched(self, argv: Sequence[str], seconds: float) -> tuple[int | None, str]:
        """Run the command, the first time, and record the test programs seen meanwhile."""
        self._watched = True
        seen: list[dict[str, Any]] = []
        watch = asyncio.create_task(watch_for_tests(self._mark, seen))
        try:
            return await spawn(argv, self.folder, seconds)
        finally:
            watch.cancel()
            self._seen = "".join(f"{json.dumps(event)}\n" for event in seen)
