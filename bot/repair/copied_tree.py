"""Commands run in a copy of a tree: they import from the copy, and leave no process behind."""

import os
import uuid
from collections.abc import Sequence
from pathlib import Path

from bot.repair.child_process import spawn
from bot.repair.process_cleanup import kill_marked
from bot.repair.runner import Confine

_PATHS = Path(__file__).with_name("_fork_paths.py")


class CopiedTree:
    """A copy of `original` in `folder`; `beside` is a new folder for what its commands need."""

    def __init__(self, original: Path, folder: Path, beside: Path) -> None:
        self.folder, self._beside = folder, beside
        self._mark = f"theseus-{uuid.uuid4().hex}"
        beside.mkdir(parents=True)
        names = ", ".join(map(repr, (str(original.resolve()), str(folder.resolve()), str(beside))))
        source = _PATHS.read_text(encoding="utf-8")
        (beside / "sitecustomize.py").write_text(
            f"{source}\n\nas_sitecustomize({names})\n", encoding="utf-8"
        )

    async def run(
        self, argv: Sequence[str], confine: Confine, seconds: float
    ) -> tuple[int | None, str]:
        """Return the exit code and the output of a command in the copy; see `spawn`.

        Whatever it started is killed, in sessions of its own too (on Linux). One run at a time.
        """
        paths = os.pathsep.join(filter(None, (str(self._beside), os.environ.get("PYTHONPATH"))))
        # Texts of one size change within a second here: what was compiled of one would do for both.
        settings = {"PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1"}
        told = [f"{name}={value}" for name, value in settings.items()]
        marked = ["env", f"THESEUS_REPAIR={self._mark}", *told, *argv]
        try:
            return await spawn(list(confine(marked, self.folder)), self.folder, seconds)
        finally:
            kill_marked(self._mark)
