"""Texts that were written for a chat, as a page shows them: no marks, times in words.

What stands between backticks stays so, for the page to show as code. Nothing here escapes
anything: that is the page's own business.
"""

import re
from datetime import UTC, datetime, timedelta

from bot.presentation.times import ago

_STAMP = re.compile(r"<t:(-?\d{1,12})(?::[A-Za-z])?>")
_LINK = re.compile(r"\[([^\[\]\n]*)\]\((?:<[^<>\n]*>|[^()\s]*)\)")
_CODE = re.compile(r"(`[^`\n]*`)")
_MARKS = re.compile(r"\*\*|__|~~|\|\||^-# |\u200b|\\(?=[\\*~|_\[\]#>=+.)-])", re.MULTILINE)
_CHANNEL = re.compile(r"<#\d+>")
_PERSON = re.compile(r"<@[!&]?(\d+)>")


def page_text(text: str, now: datetime) -> str:
    """Return the text without a chat's marks; its times are told as seen from `now`."""
    pieces = _CODE.split(text)
    return "".join(piece if place % 2 else _bare(piece, now) for place, piece in enumerate(pieces))


def time_told(at: datetime, now: datetime) -> str:
    """Return `5 min ago`, or `in 5 min` for what is to come."""
    if at <= now:
        return ago(at, now)
    left = ago(now, at)
    return "in a moment" if left == "just now" else f"in {left.removesuffix(' ago')}"


def _bare(piece: str, now: datetime) -> str:
    def shown(stamp: re.Match[str]) -> str:
        try:
            at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=int(stamp[1]))
        except OverflowError:
            return stamp[0]
        return time_told(at, now)

    piece = _LINK.sub(r"\1", _STAMP.sub(shown, piece))
    piece = _PERSON.sub(r"person \1", _CHANNEL.sub("its thread", piece))
    return _MARKS.sub("", piece)
