"""Finds paths that a person or another system would take for other paths."""

import re
import unicodedata

from theseus_guard._letters import compute_skeleton, is_mixed, split_words
from theseus_guard.invisible import find_invisible

# Names that Windows does not open as this file: devices with any suffix, and short (8.3) names.
_DEVICE = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9]|conin\$|conout\$) *(?:\..*)?", re.I)
_SHORT = re.compile(r"[^.]{1,6}~[0-9](?:\.[^.]{0,3})?")


def find_spelling_fault(path: str) -> str:
    """Return why a path would be taken for another one, as a sentence, or an empty string."""
    if find_invisible(path):
        return "The path contains invisible characters."
    parts = path.split("/")
    if any(_is_lookalike(part) for part in parts):
        return "The path contains letters that only look like others."
    if ":" in path or any(_DEVICE.fullmatch(part) or _SHORT.fullmatch(part) for part in parts):
        return "Windows treats the path as a device or another file."
    return ""


def _is_lookalike(part: str) -> bool:
    """Return whether a word mixes scripts, or all its non-ASCII letters look like ASCII letters."""
    if part.isascii():
        return False
    words = split_words(unicodedata.normalize("NFC", part.rpartition(".")[0] or part))
    if any(is_mixed(part) for word in words for part in word.split("_")):
        return True
    foreign = [letter for letter in "".join(words) if not letter.isascii()]
    return bool(foreign) and all(compute_skeleton(letter).isascii() for letter in foreign)
