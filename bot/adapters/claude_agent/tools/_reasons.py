"""Judges by rules whether the reason for owning one more file is about the code."""

import re
from collections.abc import Collection, Iterator
from pathlib import Path

_WORD = re.compile(r"[^\W\d_]{3,}")
_MOST_BYTES = 200_000
# Words of most reasons and of most files: they say nothing about one file.
_EMPTY_WORDS = """
    all also and any are because been but can cannot change changed changes code could does done
    edit every file files fix for from function has have here how import imports into its just
    know let make may more must name need needed needs new none not now one only other our out own
    pass plan please return self should some test tests than that the their them then there these
    they this too use used uses value want was way what when where which will with without work
    would you your
"""
_EMPTY = frozenset(_EMPTY_WORDS.split())


def is_about_code(root: Path, asked: str, reason: str, owned_files: Collection[str]) -> bool:
    """Return whether the reason names something in the asked file, or in a file that is owned.

    The name of the asked file itself does not count: it only repeats the request.
    """
    said = set(_iterate_stems(reason)) - set(_iterate_stems(asked))
    if not said:
        return False
    return any(said & set(_iterate_names(root, file)) for file in (asked, *sorted(owned_files)))


def _iterate_names(root: Path, file: str) -> Iterator[str]:
    """Yield the words of a file and of its name; a missing file has none but its name's."""
    yield from _iterate_stems(Path(file).stem)
    path = root / file
    if path.is_file() and not path.is_symlink():
        with path.open("rb") as content:
            yield from _iterate_stems(content.read(_MOST_BYTES).decode("utf-8", "ignore"))


def _iterate_stems(text: str) -> Iterator[str]:
    """Yield words in small letters, without a plural's ending; parts of names are words."""
    separate = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text)
    for word in _WORD.findall(separate):
        stem = word.lower()
        if stem not in _EMPTY:
            yield stem.removesuffix("s")
