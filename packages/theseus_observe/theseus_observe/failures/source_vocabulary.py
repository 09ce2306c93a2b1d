"""Collects the words in a program's source, which are public even if a person types them."""

import ast
import functools
import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from theseus_observe.failures.source import parse

TOKEN = re.compile(r"[^\W\d_]+|\d+")
# Without the first two an address is none; the third is what redaction leaves.
_ALWAYS = frozenset({"http", "https", "redacted"})


class SourceVocabulary(NamedTuple):
    """Words in lower case: `keywords` come from texts without a blank, `prose` from any text."""

    keywords: frozenset[str] = _ALWAYS
    prose: frozenset[str] = _ALWAYS


def find_tokens(text: str) -> frozenset[str]:
    """Return the words and numbers of a text, in lower case."""
    return frozenset(word.casefold() for word in TOKEN.findall(text))


def collect_vocabulary(files: Iterable[str]) -> SourceVocabulary:
    """Return the words in these Python files. A file that cannot be read has none."""
    found = [_read_vocabulary(file, _get_modified_time(file)) for file in dict.fromkeys(files)]
    return SourceVocabulary(
        _ALWAYS.union(*(each.keywords for each in found)),
        _ALWAYS.union(*(each.prose for each in found)),
    )


@functools.lru_cache(maxsize=256)
def _read_vocabulary(file: str, _: int) -> SourceVocabulary:
    try:
        tree = parse(Path(file).read_text(encoding="utf-8"))
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return SourceVocabulary()
    nodes = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant))
    texts = [each for each in nodes if isinstance(each, str)]
    keywords = [each for each in texts if not any(char.isspace() for char in each)]
    return SourceVocabulary(find_tokens(" ".join(keywords)), find_tokens(" ".join(texts)))


def _get_modified_time(file: str) -> int:
    """Return when a file was changed, as a cache key: a reloaded cog has other words."""
    try:
        return Path(file).stat().st_mtime_ns
    except OSError:
        return 0
