"""What the listener sees of a message: its words, neighbouring words and parts of words."""

import re
import unicodedata
from collections.abc import Iterator
from itertools import pairwise

_LONGEST = 400  # characters; the request is in the first sentences, and time stays bounded
_MOST_WORDS = 60
_MARKUP = re.compile(r"https?://\S+|<[@#&!]*\d+>|<a?:(\w+):\d+>|```.*?```", re.DOTALL)
_TOKEN = re.compile(r"[/!][a-z][\w-]*|#\d+|\d+|[^\W\d_]+(?:'[^\W\d_]+)?|[?!]")
_APOSTROPHE = "\N{RIGHT SINGLE QUOTATION MARK}"
_PART = 4  # characters in a part of a word


def extract_features(text: str) -> tuple[str, ...]:
    """Return the features of a message, each once, in order.

    Args:
        text: Any text. Only the first 400 characters and 60 words count.

    Returns:
        Words (`w:roll`), pairs of words (`p:fix the`), parts of words (`c:_rol`), and how the
        message begins and ends (`s:why`, `e:?`).
    """
    words = list(_iterate_words(text))
    found = dict.fromkeys(f"w:{word}" for word in words)
    found |= dict.fromkeys(f"p:{a} {b}" for a, b in pairwise(words))
    found |= dict.fromkeys(
        f"t:{a} {b} {c}" for a, b, c in zip(words, words[1:], words[2:], strict=False)
    )
    for word in words:
        if len(word) > _PART and word.isalpha():
            padded = f"_{word}_"
            found |= dict.fromkeys(
                f"c:{padded[at : at + _PART]}" for at in range(len(padded) - _PART + 1)
            )
    if words:
        found |= {f"s:{words[0]}": None, f"e:{words[-1]}": None, f"n:{min(len(words), 9)}": None}
        found |= {f"s2:{' '.join(words[:2])}": None}
    return tuple(found)


def _iterate_words(text: str) -> Iterator[str]:
    plain = unicodedata.normalize("NFKC", text[:_LONGEST]).casefold().replace(_APOSTROPHE, "'")
    for number, found in enumerate(_TOKEN.finditer(_MARKUP.sub(" ", plain))):
        if number == _MOST_WORDS:
            return
        word = found[0]
        if word[0] in "/!" and len(word) > 1:
            yield "/command"
        elif word[0] == "#":
            yield "#number"
        elif word[0].isdigit():
            yield "0"
        else:
            yield word
