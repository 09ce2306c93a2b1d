"""Compares the draft of a pull request with what the change contains; finds the last sentence."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from theseus_guard import is_test_file
from theseus_guard.records import FileChange

from bot.adapters.claude_agent.prompting._plain_text import flatten
from bot.domain.cogs import get_cog_name

_WORD = re.compile(r"[^\W_][\w-]*")
_NAMED = re.compile(r"/([a-z][\w-]*)|`([^`\n]+)`")
_MAX_BYTES = 1024 * 1024
_FENCED = re.compile(r"^[ ]*(```+|~~~+).*?(?:^[ ]*\1|\Z)[`~]*[ ]*$", re.DOTALL | re.MULTILINE)
_NO_SENTENCE = re.compile(r"[-*+] |[#|>]|```|`[^`]*`$|\d+[.)] ")
SUMMARY_LENGTH = 200
"""The most characters of a closing sentence."""


def find_unmentioned(
    text: str, changes: Sequence[FileChange], root: Path, *, is_first: bool
) -> tuple[str, ...]:
    """Return the changed program files that a draft does not mention.

    A file is mentioned by its name, by its cog, or by a command or a name in code that is in it.
    In the first round, a draft of a change of one file is about that file.
    """
    if is_first and sum(_is_program(change.path) for change in changes) < 2:
        return ()
    words = {word.lower() for word in _WORD.findall(text.replace("_", " "))}
    named = {command or code.strip("/()") for command, code in _NAMED.findall(text)}
    return tuple(
        change.path
        for change in changes
        if _is_program(change.path)
        and change.path not in text
        and not words.intersection(_iterate_names(change.path))
        and not named.intersection(_read_words(root / change.path))
    )


def _is_program(path: str) -> bool:
    return path.endswith(".py") and not is_test_file(path)


def _iterate_names(path: str) -> Iterator[str]:
    """Yield the words that stand for a file: its name, its cog, or its package for `__init__`."""
    place = PurePosixPath(path)
    stem = place.parent.name if place.stem == "__init__" else place.stem
    yield stem.strip("_").replace("_", "-").lower()
    yield from (part for part in stem.lower().split("_") if len(part) > 3)
    yield get_cog_name(path).lower()


def _read_words(file: Path) -> set[str]:
    """Return the words in a file; none if it is gone, large or no text."""
    try:
        if file.is_symlink() or file.stat().st_size > _MAX_BYTES:
            return set()
        return set(re.findall(r"\w[\w-]*", file.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError):
        return set()


def extract_summary(text: str) -> str:
    """Return the model's closing sentence: its last line that is not part of a list or a block.

    The sentence may begin with code ("`/roll` answers") or in bold.
    """
    lines = [line.strip() for line in _FENCED.sub("", text).splitlines()]
    plain = [line for line in lines if line and not _NO_SENTENCE.match(line)]
    return flatten(plain[-1], SUMMARY_LENGTH) if plain else ""
