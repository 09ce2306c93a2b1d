"""Two changes of one text that only add lines: both at once."""

import difflib


def merge_additions(base: str, ours: str, theirs: str) -> str | None:
    """Return `base` with the lines that each side adds; ours come first at the same place.

    Lines that both sides add there are added once: identical blocks, or an import among others.
    Returns `None` if a side removes or changes lines, because the intended result is unclear then.
    """
    lines = base.splitlines(keepends=True)
    first, second = _find_additions(lines, ours), _find_additions(lines, theirs)
    if first is None or second is None:
        return None
    text: list[str] = []
    for place in range(len(lines) + 1):
        here, there = first.get(place, []), second.get(place, [])
        text += here
        text += [] if here == there else [line for line in there if not _is_imported(line, here)]
        text += lines[place : place + 1]
    return "".join(text)


def _is_imported(line: str, lines: list[str]) -> bool:
    return line.startswith(("import ", "from ")) and line in lines


def _find_additions(lines: list[str], text: str) -> dict[int, list[str]] | None:
    """Return what a text adds before each of these lines; `None` where it does anything else."""
    after = text.splitlines(keepends=True)
    matcher = difflib.SequenceMatcher(None, lines, after, autojunk=False)
    found: dict[int, list[str]] = {}
    for kind, start, _, first, last in matcher.get_opcodes():
        if kind == "insert":
            found[start] = after[first:last]
        elif kind != "equal":
            return None
    return found
