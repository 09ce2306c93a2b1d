"""Makes text by other people safe to show: short, one line, no secrets, markup or mentions."""

import re
import unicodedata

from theseus_observe.redaction import redact

_MARKUP = re.compile(r"([\\*_~|`\[\]#])")
# Zero-width spaces keep Discord from making a mention or a link of the text.
_ALIVE = (("@", "@\u200b"), ("<", "<\u200b"), ("://", ":\u200b//"))
_ABSOLUTE = re.compile(r"(?<![\w.~/*?…-])~?(?:/[\w.@+*?-]+)+/?")
_PROGRAMS = re.compile(r"/(?:usr/)?s?bin/")


def flatten(text: str, limit: int) -> str:
    """Return the text redacted, on one line, without invisible characters, cut at `limit`."""
    visible = "".join(
        " " if unicodedata.category(char)[0] in "CZ" else char for char in redact(text)
    )
    line = " ".join(visible.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def format_code(text: str, limit: int = 80) -> str:
    """Return the text for use between backticks, without backticks that would end them."""
    return flatten(text, limit).replace("`", "\u02cb") or " "


def escape_text(text: str, limit: int) -> str:
    """Return the text with markup escaped, mentions and links disabled, cut at `limit`."""
    line = flatten(text, limit)
    while len(safe := _neutralize(line)) > limit:
        line = flatten(line, len(line) - max(1, (len(safe) - limit) // 2))
    return safe


def strip_folders(text: str) -> str:
    """Return the text with absolute paths cut to their last name: folders are private."""

    def keep_last_name(found: re.Match[str]) -> str:
        if _PROGRAMS.match(found[0]):
            return found[0]
        return "…/" + found[0].rstrip("/").rpartition("/")[2]

    return _ABSOLUTE.sub(keep_last_name, text)


def _neutralize(line: str) -> str:
    line = _MARKUP.sub(r"\\\1", line)
    for sign, dead in _ALIVE:
        line = line.replace(sign, dead)
    return line
