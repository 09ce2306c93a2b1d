"""Adds an entry to a changelog in the way its people keep it."""

import re
import tomllib
from typing import Literal

ChangeKind = Literal["fixed", "added", "changed"]

CHANGELOGS = tuple(
    f"{folder}{name}"
    for folder in ("", "docs/")
    for name in ("CHANGELOG.md", "CHANGES.md", "HISTORY.md", "Changelog.md", "changelog.md")
)
"""The files that are changelogs, by their usual names."""

FRAGMENT_FOLDERS = ("newsfragments", "changelog.d", "changes", "news")
"""The folders in which towncrier usually finds its fragments."""

_LONGEST = 200
_UNRELEASED = re.compile(
    r"^(?P<marks>#{1,4})[ \t]+\[?unreleased\b.*$", re.IGNORECASE | re.MULTILINE
)
_BULLET = re.compile(r"^(?P<bullet>[-*+])[ \t]+\S")
_TITLES: dict[ChangeKind, tuple[str, ...]] = {
    "fixed": ("fixed", "fixes", "bug fixes", "bugfixes", "fix"),
    "added": ("added", "new", "features", "new features"),
    "changed": ("changed", "changes", "improvements"),
}
_FRAGMENT_TYPES: dict[ChangeKind, tuple[str, ...]] = {
    "fixed": ("bugfix", "fix", "fixed", "bug"),
    "added": ("feature", "added", "feat"),
    "changed": ("change", "changed", "feature", "misc"),
}
_TOWNCRIERS = ("feature", "bugfix", "doc", "removal", "misc")


def format_entry(text: str) -> str:
    """Return a text as one line for a changelog: no markup that opens something, and not long."""
    line = re.sub(r"[<>\[\]#]", "", " ".join(text.split())).strip("-*+ ")
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"


def add_entry(text: str, entry: str, kind: ChangeKind) -> str | None:
    """Return a changelog with an entry among what is not released; `None` if it has no such part.

    The entry goes below the heading of its kind. Where there are other kinds only, it gets a
    heading; where there are none, it goes below the other entries.
    """
    heading = _UNRELEASED.search(text)
    if heading is None:
        return None
    end = "\r\n" if "\r\n" in text else "\n"
    depth = len(heading["marks"])
    lines = text.splitlines()
    first = text[: heading.start()].count("\n") + 1
    last = next(
        (at for at in range(first, len(lines)) if 0 < _measure_heading(lines[at]) <= depth),
        len(lines),
    )
    bullet = next((found["bullet"] for line in lines if (found := _BULLET.match(line))), "-")
    added = _place(lines[first:last], f"{bullet} {entry}", "#" * (depth + 1), kind)
    rest = lines[last:]
    if rest and added[-1].strip():
        added.append("")
    return end.join([*lines[:first], *added, *rest]) + end


def _place(part: list[str], line: str, marks: str, kind: ChangeKind) -> list[str]:
    """Return the unreleased part with the line in it."""
    heads = [at for at, each in enumerate(part) if _measure_heading(each)]
    for at in heads:
        if part[at].strip("# \t").rstrip(":").lower() in _TITLES[kind]:
            following = next((other for other in heads if other > at), len(part))
            return _append(part[:following], line) + _separate(part[following:])
    if not heads:
        return _append(part, line)
    return [*_strip_end(part), "", f"{marks} {kind.capitalize()}", "", line]


def _append(part: list[str], line: str) -> list[str]:
    filled = _strip_end(part)
    has_entries = bool(filled) and not _measure_heading(filled[-1])
    return [*filled, line] if has_entries else [*filled, "", line]


def _separate(rest: list[str]) -> list[str]:
    return ["", *rest] if rest else []


def _strip_end(part: list[str]) -> list[str]:
    kept = list(part)
    while kept and not kept[-1].strip():
        kept.pop()
    return kept


def _measure_heading(line: str) -> int:
    found = re.match(r"(#{1,6})[ \t]+\S", line)
    return len(found[1]) if found else 0


def find_fragment(project: str, name: str, kind: ChangeKind) -> str | None:
    """Return the file for a fragment of towncrier, by the text of `pyproject.toml`.

    `None` if towncrier is not used, has none of the usual folders, or no such kind of change.
    """
    try:
        table = tomllib.loads(project).get("tool", {}).get("towncrier")
    except tomllib.TOMLDecodeError:
        return None
    if not isinstance(table, dict):
        return None
    folder = str(table.get("directory", FRAGMENT_FOLDERS[0])).strip("/")
    types = table.get("type")
    known = (
        [str(each.get("directory", "")) for each in types if isinstance(each, dict)]
        if isinstance(types, list)
        else [*types]
        if isinstance(types, dict)
        else _TOWNCRIERS
    )
    chosen = next((each for each in _FRAGMENT_TYPES[kind] if each in known), None)
    if folder not in FRAGMENT_FOLDERS or chosen is None:
        return None
    ending = "md" if str(table.get("filename", "")).endswith(".md") else "rst"
    return f"{folder}/+{name}.{chosen}.{ending}"
