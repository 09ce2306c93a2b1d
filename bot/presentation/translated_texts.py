"""Splits an answer into prose, which may be translated, and parts that no model may touch.

A mark like `⟦1⟧` stands for each such part: code, names, numbers, links, mentions, quoted
sentences, emoji and Markdown. A translation that loses, repeats or adds one is refused.
"""

import re
import unicodedata
from collections.abc import Iterator
from itertools import groupby
from typing import NamedTuple

from bot.authority.decisions import parse_decision

_LITERAL = re.compile(
    r"""
      ```.*?(?:```|\Z) | `+[^`\n]+`+         # code
    | \[[^\]\n]*\]\([^)\n]*\) | https?://\S+  # links
    | <[^<>\n]+>                              # mentions, times and emoji of Discord
    | “[^”\n]*” | "[^"\n]*"                   # what somebody said, or is to say
    | ^[ \t]*(?:[-+*>•]|-?\#{1,3})[ ]         # marks of a line
    | \w+(?:\.\w+)+                           # names of files and attributes
    | [^\s“”"()*]*[\d/@\#_\\<>=+%&$§\[\]{}|^~⟦⟧][^\s“”"()*]*?(?=[.,;:!?…]*(?:[\s“”"()*]|\Z))
    """,
    re.VERBOSE | re.MULTILINE | re.DOTALL,
)
_MARK = re.compile(r"⟦([0-9]{1,3})⟧")
_PROSE = ("L", "M", "Zs", "Pd", "Pi", "Pf", "Po", "Ps", "Pe")  # categories of Unicode
_SYMBOLS = frozenset('*@#/\\&%§[]{}⟦⟧`"')
_EMOJI_STYLE = re.compile("[\ufe00-\ufe0f]")
_WORDS = re.compile(r"[^\W\d_]{2,}")
_SENTENCES = re.compile(r"[\n.!?:;…,()«»„“”‚‘’¿¡。！？、：]+")  # noqa: RUF001 - ends in many scripts
_LENGTHENED, _MORE = 3, 100  # a translation is not longer than so many times the text, and this


class TextTemplate(NamedTuple):
    """A text with marks, and what they stand for."""

    text: str
    literals: tuple[str, ...]

    @property
    def has_prose(self) -> bool:
        """Return whether anything is left to translate."""
        return _WORDS.search(self.text) is not None


def split_text(text: str) -> TextTemplate:
    """Return the text with a mark for each part that stays as it is."""
    parts, literals = [], []
    for is_literal, pieces in groupby(_cut(text), key=lambda each: each[0]):
        part = "".join(piece for _, piece in pieces)
        if is_literal:
            literals.append(part)
            part = f"⟦{len(literals)}⟧"
        parts.append(part)
    return TextTemplate("".join(parts), tuple(literals))


def fill_template(template: TextTemplate, translation: str) -> str:
    """Return the translated text with its literal parts.

    Raises `ValueError`, which says why, for a translation that is more or less than one: it has
    other parts than the template, or a sentence that decides.
    """
    marks = sorted(int(each) for each in _MARK.findall(translation))
    if marks != list(range(1, len(template.literals) + 1)):
        raise ValueError("it has other marks than the text")
    prose = _MARK.sub(" ", translation)
    if any(is_literal for is_literal, _ in _cut(prose)):
        raise ValueError("it adds a name, a number, a link, a mention or markup")
    if translation.count("\n") != template.text.count("\n"):
        raise ValueError("it has other lines")
    if not _WORDS.search(prose) or len(prose) > _LENGTHENED * len(template.text) + _MORE:
        raise ValueError("it is empty or too long")
    if any(parse_decision(each) for each in (prose, *_SENTENCES.split(prose))):
        raise ValueError("it has a sentence that decides")
    return _MARK.sub(lambda found: template.literals[int(found[1]) - 1], translation)


def _cut(text: str) -> Iterator[tuple[bool, str]]:
    """Yield the text in pieces, each with whether it stays as it is."""
    end = 0
    for found in _LITERAL.finditer(text):
        yield from _cut_prose(text[end : found.start()])
        if found[0]:
            yield True, found[0]
        end = found.end()
    yield from _cut_prose(text[end:])


def _cut_prose(text: str) -> Iterator[tuple[bool, str]]:
    for is_prose, characters in groupby(text, key=_is_prose):
        yield not is_prose, "".join(characters)


def _is_prose(character: str) -> bool:
    """Return whether it is a letter, a space or plain punctuation; nothing invisible is."""
    plain = unicodedata.category(character).startswith(_PROSE) or character == "\n"
    return plain and character not in _SYMBOLS and not _EMOJI_STYLE.match(character)
