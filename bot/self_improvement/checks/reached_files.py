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
        imported = list_imported_files(sources.get(frame, ""))
        found |= dict.fromkeys(
            path for path in imported if path.removesuffix(".py").partition("/")[0] in packages
        )
    return tuple(found)[:MOST]


def list_imported_files(source: str) -> tuple[str, ...]:
    """Return every file that an import of this source may refer to, whether it exists or not."""
    paths = (module.replace(".", "/") for module in _list_imports(source))
    return tuple(file for path in paths for file in (f"{path}.py", f"{path}/__init__.py"))


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
