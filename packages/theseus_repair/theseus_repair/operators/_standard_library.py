"""Finds names of the standard library that are similar to one that a file uses: `ROUND_HALF_UP`."""

import difflib
import sys
from types import ModuleType

MOST, LIKENESS = 4, 0.6


def find_similar_names(name: str, path: str) -> list[str]:
    """Return similar public names in a module of the standard library, the most similar first.

    Only modules that are imported already are searched; none is imported for this.
    """
    if path.partition(".")[0] not in sys.stdlib_module_names:
        return []
    module = sys.modules.get(path)
    names = dir(module) if isinstance(module, ModuleType) else []
    public = [other for other in names if not other.startswith("_") and other != name]
    return difflib.get_close_matches(name, public, MOST, LIKENESS)
