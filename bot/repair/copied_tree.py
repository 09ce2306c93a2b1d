"""Commands run in a copy of a tree: they import from the copy, and leave no process behind."""

import asyncio
import json
import os
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bot.repair.child_process import spawn
from bot.repair.process_cleanup import kill_marked
from bot.repair.process_watch import watch_for_tests
from bot.repair.runner import Confine

_AT_START = tuple(Path(__file__).with_name(name) for name in ("_fork_paths.py", "_test_start.py"))


class CopiedTree:
    """A copy of `original` in `folder`; `beside` is a new folder for what its commands need."""

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
        """Return what was written down of the test programs its commands started, a line each."""
        return self._notes.read_text(encoding="utf-8") if self._notes.exists() else self._seen

    async def run(
        self, argv: Sequence[str], confine: Confine, seconds: float
    ) -> tuple[int | None, str]:
        """Return the exit code and the output of a command in the copy; see `spawn`.

        Whatever it started is killed, in sessions of its own too (on Linux). One run at a time.
        """
        paths = os.pathsep.join(filter(None, (str(self.support), os.environ.get("PYTHONPATH"))))
        # Texts of one size change within a second here: what was compiled of one would do for both.
        settings = {"PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1"}
        told = [f"{name}={value}" for name, value in settings.items()]
        marked = ["env", f"THESEUS_REPAIR={self._mark}", *told, *argv]
        confined = list(confine(marked, self.folder))
        try:
            if self._watched:
                return await spawn(confined, self.folder, seconds)
            return await self._run_watched(confined, seconds)
        finally:
            kill_marked(self._mark)

    async def _run_watched(self, argv: Sequence[str], seconds: float) -> tuple[int | None, str]:
        """Run it, the first time, and keep in mind which test programs were seen meanwhile."""
        self._watched = True
        seen: list[dict[str, Any]] = []
        watch = asyncio.create_task(watch_for_tests(self._mark, seen))
        try:
            return await spawn(argv, self.folder, seconds)
        finally:
            watch.cancel()
            self._seen = "".join(f"{json.dumps(each)}\n" for each in seen)
