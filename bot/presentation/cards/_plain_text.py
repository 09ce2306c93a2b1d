"""Text that somebody else wrote, made harmless: it shows as it is and does nothing."""

import re

from bot.infra.text_direction import isolate
from bot.presentation.cards._text import to_one_line

_MARKDOWN = re.compile(r"([\\*~`|<\[\]])")  # in the middle of a line; names keep their underscores
_RINGS = re.compile(r"@|<(?=[#@&!])")
_GAP = "\u200b"  # nobody sees it, and nothing rings or becomes a link across it


def to_plain_text(text: str, limit: int = 200) -> str:
    """Return the text on one line, without Markdown, mentions and links."""
    shown = isolate(_MARKDOWN.sub(r"\\\1", to_one_line(text, limit)))
    return shown.replace("@", f"@{_GAP}").replace("://", f":{_GAP}//")


def suppress_mentions(text: str, limit: int = 500) -> str:
    """Return our own sentence, in which others' words may stand: formatted, but nothing rings."""
    shown = isolate(_RINGS.sub(lambda found: found[0] + _GAP, to_one_line(text, limit)))
    return shown.replace("://", f":{_GAP}//")
