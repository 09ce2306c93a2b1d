"""Which frames run the project's own code: neither libraries nor what hosts that code."""

import os
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from types import FrameType

from theseus_observe.failures.qualified_names import get_qualified_name

_OWN_PACKAGE = __name__.partition(".")[0]
_FOREIGN = frozenset({".venv", "venv", "site-packages", "dist-packages"})


class ProjectCode:
    """Recognises code in the project's folder that is not in its `core` packages."""

    def __init__(self, root: Path, core: frozenset[str] = frozenset()) -> None:
        self._root = os.path.realpath(root)
        self._core = core | {_OWN_PACKAGE}

    def is_own(self, frame: FrameType) -> bool:
        """Return whether a frame runs code of the project outside of its core."""
        package = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        return package not in self._core and _is_project_file(frame.f_code.co_filename, self._root)

    def walk_callers(self, frame: FrameType | None) -> Iterator[FrameType]:
        """Yield the project's frames that lead to one, innermost first, up to other code."""
        while frame is not None and self.is_own(frame):
            yield frame
            frame = frame.f_back

    def scope(self, frames: Iterable[FrameType]) -> str:
        """Return the name of the outermost function of the project; empty where there is none."""
        own = next(filter(self.is_own, frames), None)
        return get_qualified_name(own.f_code).replace("<locals>.", "") if own is not None else ""


@lru_cache(maxsize=4096)
def _is_project_file(filename: str, root: str) -> bool:
    if filename.startswith("<"):
        return False
    path = Path(os.path.realpath(filename))
    return path.is_relative_to(root) and not _FOREIGN.intersection(path.relative_to(root).parts)
