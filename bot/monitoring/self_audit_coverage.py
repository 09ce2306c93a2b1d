"""What no test seems to touch: told by names alone, which is cheap, repeatable and no proof."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from bot.domain.self_audit import Ability, AuditedFault, Gap

_MOST_FILES, _MOST_BYTES = 5_000, 1_000_000
_MOST_GAPS = 15
_WORD = re.compile(r"[A-Za-z_][\w.]*")
_NO_NAME = re.compile(r"\W")  # `<lambda>`, `<module>`


def words_in_tests(root: Path) -> frozenset[str]:
    """Return every name in the project's tests, dotted ones as a whole and in parts.

    The stem of a test file counts as `file:test_dice`. Reads files: not for the event loop.
    """
    found: set[str] = set()
    for path in sorted((root / "tests").rglob("*.py"))[:_MOST_FILES]:
        found.add(f"file:{path.stem}")
        try:
            text = path.read_bytes()[:_MOST_BYTES].decode("utf-8", errors="replace")
        except OSError:
            continue
        for word in set(_WORD.findall(text)):
            found.update((word, *word.split(".")))
    return frozenset(found)


def gaps(
    tested: frozenset[str], abilities: Sequence[Ability], faults: Iterable[AuditedFault]
) -> tuple[Gap, ...]:
    """Return modules with commands, and functions that failed, which no test names."""
    if not tested:
        return (Gap(what="tests", why="there are none"),)
    modules = sorted({each.module for each in abilities if each.module})
    found = [
        Gap(what=module, why="has commands, and no test names it")
        for module in modules
        if not _names_module(tested, module)
    ]
    places = dict.fromkeys((each.file, each.function) for each in faults if each.file)
    found += [
        Gap(what=f"{function}() in {file}", why="failed, and no test names it")
        for file, function in places
        if not _NO_NAME.search(function) and function not in tested
    ]
    return tuple(found[:_MOST_GAPS])


def _names_module(tested: frozenset[str], module: str) -> bool:
    """Whether a test imports the module or speaks of it, or is called after it."""
    parents = module.split(".")
    own = f"file:test_{parents[-1]}" in tested or module in tested
    return own or any(word.startswith(f"{module}.") for word in tested)
