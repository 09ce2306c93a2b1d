"""Texts that were written for the chat, as a web page shows them: without marks, times as text.

Backticks stay: the page shows them as code. Nothing is escaped here; the page does that.
"""

import re
from datetime import UTC, datetime, timedelta

from bot.presentation.times import format_age

_STAMP = re.compile(r"<t:(-?\d{1,12})(?::[A-Za-z])?>")
_LINK = re.compile(r"\[([^\[\]\n]*)\]\((?:<[^<>\n]*>|[^()\s]*)\)")
_CODE = re.compile(r"(`[^`\n]*`)")
_MARKS = re.compile(r"\*\*|__|~~|\|\||^-# |\u200b|\\(?=[\\*~|_\[\]#>=+.)-])", re.MULTILINE)
_CHANNEL = re.compile(r"<#\d+>")
_PERSON = re.compile(r"<@[!&]?(\d+)>")


def to_page_text(text: str, now: datetime) -> str:
    """Return the text without the chat's marks; times are relative to `now`."""
    pieces = _CODE.split(text)
    return "".join(
        piece if place % 2 else _strip_markup(piece, now) for place, piece in enumerate(pieces)
    )


def format_relative_time(at: datetime, now: datetime) -> str:
    """Return `5 min ago`, or `in 5 min` for what is to come."""
    if at <= now:
        return format_age(at, now)
    left = format_age(now, at)
    return "in a moment" if left == "just now" else f"in {left.removesuffix(' ago')}"


def _strip_markup(piece: str, now: datetime) -> str:
    def format_stamp(stamp: re.Match[str]) -> str:
        try:
            at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=int(stamp[1]))
        except OverflowError:
            return stamp[0]
        return format_relative_time(at, now)

    piece = _LINK.sub(r"\1", _STAMP.sub(format_stamp, piece))
    piece = _PERSON.sub(r"person \1", _CHANNEL.sub("its thread", piece))
    return _MARKS.sub("", piece)
