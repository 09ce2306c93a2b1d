"""Which frames run the code of cogs: neither libraries nor the core."""

import os
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from types import FrameType

_CORE = frozenset(
    {
        "bot",
        "local_discord",
        "theseus_guard",
        "theseus_observe",
        "theseus_rehearsal",
        "theseus_repair",
    }
)
_FOREIGN = frozenset({".venv", "venv", "site-packages", "dist-packages"})


class ProjectCode:
    """Recognises frames of cogs: code in the project's folder that is not the core."""

    def __init__(self, root: Path) -> None:
        self._root = os.path.realpath(root)

    def is_own(self, frame: FrameType) -> bool:
        """Return whether a frame runs code of the project outside of the core."""
        package = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        return package not in _CORE and _is_project_file(frame.f_code.co_filename, self._root)

    def walk_callers(self, frame: FrameType | None) -> Iterator[FrameType]:
        """Yield the cogs' frames that lead to one, innermost first, up to other code."""
        while frame is not None and self.is_own(frame):
            yield frame
            frame = frame.f_back

    def scope(self, frames: Iterable[FrameType]) -> str:
        """Return the name of the outermost function of a cog; empty where there is none."""
        own = next(filter(self.is_own, frames), None)
        return own.f_code.co_qualname.replace("<locals>.", "") if own is not None else ""


@lru_cache(maxsize=4096)
def _is_project_file(filename: str, root: str) -> bool:
    if filename.startswith("<"):
        return False
    path = Path(os.path.realpath(filename))
    return path.is_relative_to(root) and not _FOREIGN.intersection(path.relative_to(root).parts)
