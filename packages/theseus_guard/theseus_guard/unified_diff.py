"""Reading git's unified diff. Hunks are read by their counts: a line's text cannot end one."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

_HUNK = re.compile(
    r"@@ -([0-9]{1,9})(?:,([0-9]{1,9}))? \+([0-9]{1,9})(?:,([0-9]{1,9}))? @@ ?(.*)", re.DOTALL
)
_MODE = re.compile(r"(new file|deleted file|old|new) mode (\d+)")
_ESCAPE = re.compile(rb'\\([abtnvfr"\\]|[0-7]{1,3})')
_LETTERS = {
    b"a": b"\a",
    b"b": b"\b",
    b"t": b"\t",
    b"n": b"\n",
    b"v": b"\v",
    b"f": b"\f",
    b"r": b"\r",
}


@dataclass(frozen=True)
class Block:
    """Lines taken out and the lines put in their place."""

    removed: tuple[str, ...]
    added: tuple[str, ...]


class DiffLine(NamedTuple):
    """A line of a hunk: its numbers in the file before and after, its place in the diff."""

    sign: str
    old: int
    new: int
    text: str
    place: int


@dataclass(frozen=True)
class Hunk:
    """A hunk; `section` is the text that git shows after the numbers. Signs are space, - and +.

    `old` and `new` are the numbers of its first line on each side; if a side has no lines, that of
    the line before, as git counts. `places` are the positions of its lines in the complete diff,
    and `place` and `end` are the position of its header and the one after it, counted from 0.
    """

    section: str
    lines: tuple[tuple[str, str], ...]
    old: int
    new: int
    place: int
    end: int
    places: tuple[int, ...]

    @property
    def header(self) -> str:
        """Return its first line, as git writes it."""
        counts = [sum(sign in side for sign, _ in self.lines) for side in (" -", " +")]
        old, new = (f"{first},{count}" if count != 1 else str(first)
                    for first, count in zip((self.old, self.new), counts, strict=True))  # fmt: skip
        return f"@@ -{old} +{new} @@{self.section and ' '}{self.section}"

    @property
    def numbered_lines(self) -> Iterator["DiffLine"]:
        """Yield the lines with their numbers on both sides."""
        signs = [sign for sign, _ in self.lines]
        old = self.old + (not any(sign in " -" for sign in signs))
        new = self.new + (not any(sign in " +" for sign in signs))
        for (sign, text), place in zip(self.lines, self.places, strict=True):
            yield DiffLine(sign, old, new, text, place)
            old += sign in " -"
            new += sign in " +"

    @property
    def blocks(self) -> Iterator[Block]:
        """Yield blocks of adjacent changed lines."""
        removed: list[str] = []
        added: list[str] = []
        for sign, text in (*self.lines, (" ", "")):
            if sign == " " or (sign == "-" and added):
                if removed or added:
                    yield Block(tuple(removed), tuple(added))
                removed, added = [], []
            if sign == "-":
                removed.append(text)
            elif sign == "+":
                added.append(text)


@dataclass
class FilePatch:
    """The change of one file. A mode is git's octal text; it is empty if the diff does not show it.

    `python` is true if Python runs the file, which is set later, because the diff alone may not
    show it. `place` is the position of its first line in the complete diff, counted from 0.
    """

    path: str = ""
    old_path: str = ""
    status: str = "modified"
    old_mode: str = ""
    new_mode: str = ""
    binary: bool = False
    python: bool = False
    place: int = 0
    hunks: list[Hunk] = field(default_factory=list)

    @property
    def added_lines(self) -> list[str]:
        """Every added line."""
        return [text for hunk in self.hunks for sign, text in hunk.lines if sign == "+"]

    @property
    def removed_lines(self) -> list[str]:
        """Every removed line."""
        return [text for hunk in self.hunks for sign, text in hunk.lines if sign == "-"]

    @property
    def numbered_lines(self) -> list[DiffLine]:
        """Every added line, with its number in the file as it will be."""
        return [line for hunk in self.hunks for line in hunk.numbered_lines if line.sign == "+"]

    def iterate_unchanged(self, before: int) -> Iterator[tuple[int, int]]:
        """Yield the numbers, then and now, of all lines that stay; there were `before` lines."""
        old = new = 1
        for hunk in self.hunks:
            for line in hunk.numbered_lines:
                while old < line.old:
                    yield old, new
                    old, new = old + 1, new + 1
                if line.sign == " ":
                    yield line.old, line.new
                old, new = line.old + (line.sign in " -"), line.new + (line.sign in " +")
        while old <= before:
            yield old, new
            old, new = old + 1, new + 1


def _unescape(found: re.Match[bytes]) -> bytes:
    what = found[1]
    if what.isdigit():
        return bytes([int(what, 8) & 0xFF])
    return _LETTERS.get(what, what)


def _name(text: str) -> str:
    """Return a file name as git writes it: quoted and escaped when it is unusual."""
    text = text.rstrip("\r").removesuffix("\t")
    if len(text) > 1 and text[0] == '"' == text[-1]:
        return _ESCAPE.sub(_unescape, text[1:-1].encode()).decode(errors="replace")
    return text


def _parse_path(text: str, prefix: str) -> str:
    name = _name(text)
    return "" if name == "/dev/null" else name.removeprefix(prefix)


def _from_first_line(text: str) -> str:
    """Return the path in `a/path b/path`, which is all there is when only a mode changed."""
    if text.startswith('"'):
        return _name(text[: len(text) // 2]).removeprefix("a/")
    return text[: len(text) // 2].removeprefix("a/")


def _read_header(patch: FilePatch, line: str) -> None:
    """Take one line between `diff --git` and the first hunk."""
    found = _MODE.fullmatch(line.strip())
    if found:
        if found[1] in ("new file", "new"):
            patch.new_mode = found[2]
        else:
            patch.old_mode = found[2]
        patch.status = {"new file": "added", "deleted file": "deleted"}.get(found[1], patch.status)
    elif line.startswith("index ") and line.count(" ") == 2:
        patch.old_mode = patch.new_mode = line.rsplit(" ", 1)[1].strip()
    elif line.startswith(("rename from ", "copy from ")):
        patch.old_path = _name(line.partition(" from ")[2])
        patch.status = "renamed" if line.startswith("rename") else "added"
    elif line.startswith(("rename to ", "copy to ")):
        patch.path = _name(line.partition(" to ")[2])
    elif line.startswith("--- "):
        patch.old_path = _parse_path(line[4:], "a/") or patch.old_path
    elif line.startswith("+++ "):
        path = _parse_path(line[4:], "b/")
        patch.status = patch.status if path else "deleted"
        patch.path = path or patch.old_path
    elif line.startswith(("Binary files ", "GIT binary patch")):
        patch.binary = True


def _read_hunk(lines: list[str], at: int, found: re.Match[str]) -> tuple[Hunk, int]:
    """Return the hunk with its header at `at`, and the position after it."""
    old, new = (int(count) if count else 1 for count in (found[2], found[4]))
    body: list[tuple[str, str]] = []
    places: list[int] = []
    place, at = at, at + 1
    while at < len(lines) and (old > 0 or new > 0):
        sign, text = lines[at][:1] or " ", lines[at][1:]
        if sign not in " -+\\":
            break
        if sign != "\\":
            body.append((sign, text))
            places.append(at)
            old -= sign in " -"
            new -= sign in " +"
        at += 1
    while at < len(lines) and lines[at].startswith("\\"):  # no newline at the end of the file
        at += 1
    first_old, first_new = int(found[1]), int(found[3])
    return Hunk(found[5], tuple(body), first_old, first_new, place, at, tuple(places)), at


def parse(diff: str) -> list[FilePatch]:
    """Return the files of a unified diff, in order. What is not a diff is passed over."""
    lines = diff.split("\n")
    patches: list[FilePatch] = []
    at = 0
    while at < len(lines):
        line = lines[at]
        found = _HUNK.fullmatch(line)
        if line.startswith("diff --git "):
            path = _from_first_line(line.removeprefix("diff --git "))
            patches.append(FilePatch(path=path, old_path=path, place=at))
        elif line.startswith("--- ") and lines[at + 1 : at + 2] and _is_plain(patches):
            patches.append(FilePatch(place=at))
            _read_header(patches[-1], line)
        elif patches and found:
            hunk, at = _read_hunk(lines, at, found)
            patches[-1].hunks.append(hunk)
            continue
        elif patches and not patches[-1].hunks:
            _read_header(patches[-1], line)
        at += 1
    return patches


def _is_plain(patches: list[FilePatch]) -> bool:
    """Return whether a `---` line begins a file, as in a diff without git's header lines."""
    return not patches or bool(patches[-1].hunks)
