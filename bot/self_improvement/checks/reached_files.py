"""Lists the files that a failing call reaches, nearest first."""

import re
from collections.abc import Mapping, Sequence

MOST = 24

_IMPORT = re.compile(
    r"^[ \t]*(?:from[ \t]+([\w.]+)[ \t]+import[ \t(]+([\w, \t]*)|import[ \t]+([\w., \t]+))",
    re.MULTILINE,
)


def list_reached_files(frames: Sequence[str], sources: Mapping[str, str]) -> tuple[str, ...]:
    """Return the frames' files, innermost first, then the files that their modules import.

    `sources` are the texts of the frames' files. An import gives every file it may refer to
    (`cogs.dice` gives `cogs/dice.py` and `cogs/dice/__init__.py`), whether it exists or not.
    Imports from packages without a frame are left out.
    """
    packages = {file.partition("/")[0] for file in frames}
    found = dict.fromkeys(frames)
    for frame in frames:
        for module in _list_imports(sources.get(frame, "")):
            if module.partition(".")[0] in packages:
                path = module.replace(".", "/")
                found |= dict.fromkeys((f"{path}.py", f"{path}/__init__.py"))
    return tuple(found)[:MOST]


def _list_imports(source: str) -> tuple[str, ...]:
    """Return the modules that a file imports, and names that may be submodules."""
    found: dict[str, None] = {}
    for package, names, modules in _IMPORT.findall(source):
        if package:
            found |= dict.fromkeys(
                [package, *(f"{package}.{each}" for each in _split_names(names))]
            )
        found |= dict.fromkeys(_split_names(modules))
    return tuple(found)


def _split_names(listed: str) -> list[str]:
    return [each.split()[0] for each in listed.split(",") if each.split()]
