"""Make text that somebody else wrote harmless: it is shown as it is and triggers nothing."""

import re

from theseus_guard.text_direction import isolate

from bot.presentation.cards._text import to_one_line

_MARKDOWN = re.compile(r"([\\*~`|<\[\]])")  # in the middle of a line; names keep their underscores
_RINGS = re.compile(r"@|<(?=[#@&!])")
_GAP = "\u200b"  # invisible; it breaks mentions and links


def to_plain_text(text: str, limit: int = 200) -> str:
    """Return the text on one line, without working Markdown, mentions or links."""
    shown = isolate(_MARKDOWN.sub(r"\\\1", to_one_line(text, limit)))
    return shown.replace("@", f"@{_GAP}").replace("://", f":{_GAP}//")


def suppress_mentions(text: str, limit: int = 500) -> str:
    """Return our own sentence, which may quote others: formatting stays, mentions do not work."""
    shown = isolate(_RINGS.sub(lambda found: found[0] + _GAP, to_one_line(text, limit)))
    return shown.replace("://", f":{_GAP}//")
