"""Show text by a model or a person as it is, without any effect of its Markdown.

Such text cannot imitate the bot: it makes no heading, fence, bold label, button or masked link, and
it mentions nobody and closes no issue. Text between single backticks stays code.
"""

import re
import unicodedata

_GAP = "\u200b"  # invisible; it breaks mentions, links and references
_FENCES = re.compile(r"`{2,}|~{3,}")
_MARKUP = re.compile(r"[\\*~|\[\]]|(?<!\w)_|_(?!\w)")
_REFERS = re.compile(r"@(?=\w)|#(?=\d)|\bGH-(?=\d)|:(?=//)|<(?=\S)")
_LEADS = re.compile(r"^(?:[#>=+-]|\d+(?=[.)]))")
_ITEM = re.compile(r"^(?:[-*+]|\d{1,3}[.)])\s+(?=\S)")


def escape_line(text: str, limit: int = 200) -> str:
    """Return the text on one line, cut with an ellipsis at `limit` characters."""
    flat = " ".join(_strip_invisible(text).split())
    flat = _FENCES.sub("`", flat if len(flat) <= limit else flat[: limit - 1] + "…")
    pieces = flat.split("`")
    if len(pieces) % 2 == 0:  # unclosed code would include the text after it
        pieces[-2:] = ["".join(pieces[-2:])]
    shown = (piece if n % 2 else _escape_markup(piece) for n, piece in enumerate(pieces))
    return _LEADS.sub(_escape_sign, "`".join(shown))


def escape_text(text: str, limit: int = 4_000) -> str:
    """Return the text line by line; lists stay lists. Cut at `limit` characters."""
    short = text if len(text) <= limit else text[: limit - 1] + "…"
    lines = [_escape_list_line(line) for line in _strip_invisible(short).splitlines()]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _escape_list_line(line: str) -> str:
    item = _ITEM.match(line.strip())
    if item is None:
        return escape_line(line, len(line) + 1)
    mark = item[0].strip().replace("*", "-").replace("+", "-")
    return f"{mark} {escape_line(line.strip()[item.end() :], len(line) + 1)}"


def _strip_invisible(text: str) -> str:
    """Return the text without what no screen shows, and what turns it round."""
    return "".join(
        each for each in text if each in "\n\t" or unicodedata.category(each) not in _UNSEEN
    )


_UNSEEN = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})


def _escape_markup(piece: str) -> str:
    marked = _MARKUP.sub(_escape_sign, piece)
    return _REFERS.sub(lambda sign: sign[0] + _GAP, marked)


def _escape_sign(sign: re.Match[str]) -> str:
    return f"\\{sign[0]}" if not sign[0].isdigit() else f"{sign[0]}\\"
