"""Names that the standard library has beside one that a file uses: `ROUND_HALF_UP`."""

import difflib
import sys
from types import ModuleType

MOST, LIKENESS = 4, 0.6


def find_similar_names(name: str, path: str) -> list[str]:
    """Return public names like this one in a module of the standard library, the likest first.

    Only what is imported here already is looked at: nothing is imported for it.
    """
    if path.partition(".")[0] not in sys.stdlib_module_names:
        return []
    module = sys.modules.get(path)
    there = dir(module) if isinstance(module, ModuleType) else []
    public = [each for each in there if not each.startswith("_") and each != name]
    return difflib.get_close_matches(name, public, MOST, LIKENESS)
