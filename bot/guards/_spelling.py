"""Paths that are not the ones they are seen as, by a person or by another system."""

import re
import unicodedata

from bot.guards._invisible import find_invisible
from bot.guards._letters import compute_skeleton, is_mixed, split_words

# What Windows opens in the place of a file: devices whatever the ending, and short names.
_DEVICE = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9]|conin\$|conout\$) *(?:\..*)?", re.I)
_SHORT = re.compile(r"[^.]{1,6}~[0-9](?:\.[^.]{0,3})?")


def find_spelling_fault(path: str) -> str:
    """Return why a path would be taken for another one, as a sentence; nothing where it is not."""
    if find_invisible(path):
        return "The path holds characters that nobody sees."
    parts = path.split("/")
    if any(_is_lookalike(part) for part in parts):
        return "The path holds letters that only look like others."
    if ":" in path or any(_DEVICE.fullmatch(part) or _SHORT.fullmatch(part) for part in parts):
        return "Windows takes the path for a device or another file."
    return ""


def _is_lookalike(part: str) -> bool:
    """Whether a word mixes scripts, or all letters beside plain ones are drawn as plain ones."""
    if part.isascii():
        return False
    words = split_words(unicodedata.normalize("NFC", part.rpartition(".")[0] or part))
    if any(is_mixed(word) for each in words for word in each.split("_")):
        return True
    foreign = [letter for letter in "".join(words) if not letter.isascii()]
    return bool(foreign) and all(compute_skeleton(letter).isascii() for letter in foreign)
