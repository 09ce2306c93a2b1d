"""The words that a program's source names: they are public, whoever typed them."""

import ast
import functools
import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from bot.infra.syntax import parse

WORD = re.compile(r"[^\W\d_]+|\d+")
# Without the first two an address is none; the third is what redaction leaves.
_ALWAYS = frozenset({"http", "https", "redacted"})


class SourceWords(NamedTuple):
    """Words in lower case: `keywords` come from texts without a blank, `prose` from any text."""

    keywords: frozenset[str] = _ALWAYS
    prose: frozenset[str] = _ALWAYS


def words_in(text: str) -> frozenset[str]:
    """Return the words and numbers of a text, in lower case."""
    return frozenset(word.casefold() for word in WORD.findall(text))


def source_words(files: Iterable[str]) -> SourceWords:
    """Return the words that these files of Python source name. One that cannot be read has none."""
    found = [_words_of(file, _age(file)) for file in dict.fromkeys(files)]
    return SourceWords(
        _ALWAYS.union(*(each.keywords for each in found)),
        _ALWAYS.union(*(each.prose for each in found)),
    )


@functools.lru_cache(maxsize=256)
def _words_of(file: str, _: int) -> SourceWords:
    try:
        tree = parse(Path(file).read_text(encoding="utf-8"))
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return SourceWords()
    nodes = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant))
    texts = [each for each in nodes if isinstance(each, str)]
    keywords = [each for each in texts if not any(char.isspace() for char in each)]
    return SourceWords(words_in(" ".join(keywords)), words_in(" ".join(texts)))


def _age(file: str) -> int:
    """Return when a file was changed: a reloaded cog names other words."""
    try:
        return Path(file).stat().st_mtime_ns
    except OSError:
        return 0
