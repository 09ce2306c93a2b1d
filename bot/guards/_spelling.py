"""Paths that are not the ones they are seen as, by a person or by another system."""

import re
import unicodedata

from bot.guards._code_and_text import DRAWN_ALIKE
from bot.guards._invisible import unseen

_WORD = re.compile(r"[^\W\d_]+")
_LATIN = frozenset("ßæœøåðþđħŋłŧ")
"""Letters beside plain ones in a word, which are no others with a mark on them."""

# What Windows opens in the place of a file: devices whatever the ending, and short names.
_DEVICE = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9]|conin\$|conout\$) *(?:\..*)?", re.I)
_SHORT = re.compile(r"[^.]{1,6}~[0-9](?:\.[^.]{0,3})?")


def misleading(path: str) -> str:
    """Return why a path would be taken for another one, as a sentence; nothing where it is not."""
    if unseen(path):
        return "The path holds characters that nobody sees."
    parts = path.split("/")
    if any(_poses(part) for part in parts):
        return "The path holds letters that only look like others."
    if ":" in path or any(_DEVICE.fullmatch(part) or _SHORT.fullmatch(part) for part in parts):
        return "Windows takes the path for a device or another file."
    return ""


def _poses(part: str) -> bool:
    """Whether letters of other alphabets stand in a plain word, or make up what looks like one."""
    if part.isascii():
        return False
    if any(_mixed(word) for word in _WORD.findall(part)):
        return True
    letters = "".join(_WORD.findall(part.rpartition(".")[0] or part))
    drawn = [DRAWN_ALIKE.get(letter, "") for letter in letters if not letter.isascii()]
    return bool(drawn) and all(drawn)


def _mixed(word: str) -> bool:
    """Whether a word of plain letters holds one that is no Latin letter, with a mark or without."""
    if word.isascii() or not re.search("[A-Za-z]", word):
        return False
    return not all(
        letter.isascii() or letter.lower() in _LATIN
        for letter in unicodedata.normalize("NFD", word)
        if unicodedata.category(letter)[0] == "L"
    )
