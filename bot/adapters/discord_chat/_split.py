"""Splits long text into messages, and keeps fenced blocks intact across the cut."""

import re

LIMIT = 2_000
_MARK = "```"
_CLOSING = f"\n{_MARK}"
_OPENING = re.compile(r"```[\w+-]{0,30}\s*$")
_SLACK = 60  # characters that a line must leave for the opening and closing lines of a fence


def split(text: str, limit: int = LIMIT) -> list[str]:
    """Return `text` in parts of at most `limit` characters, cut at line ends where possible.

    A fenced block that is cut is closed at the end of one part and opened again, with its language,
    at the start of the next. No part is blank. An empty text has no parts.
    """
    parts: list[str] = []
    current: list[str] = []
    size = 0
    fence: str | None = None  # the opening line of the current block

    def close() -> None:
        nonlocal current, size
        body = "\n".join(current)
        # A part with only a reopened fence has no content.
        if body.strip() and current != [fence]:
            parts.append(body + _CLOSING if fence is not None else body)
        current = [fence] if fence is not None else []
        size = len(fence) if fence is not None else 0

    for line in _split_lines(text, limit - _SLACK):
        after = _find_open_fence(line, fence)
        if current and size + 1 + len(line) + (len(_CLOSING) if after is not None else 0) > limit:
            close()
        size += len(line) + (1 if current else 0)
        current.append(line)
        fence = after
    close()
    return parts


def _find_open_fence(line: str, fence: str | None) -> str | None:
    """Return the opening of the block that is open after this line, or `None`.

    Discord opens and closes a block at every mark, wherever it is in a line.
    """
    if line.count(_MARK) % 2 == 0:
        return fence
    if fence is not None:
        return None
    opening = _OPENING.search(line)
    return opening[0].strip() if opening else _MARK


def _split_lines(text: str, limit: int) -> list[str]:
    """Return the text's lines, with longer ones cut at spaces or, if there are none, anywhere."""
    lines = []
    for line in text.split("\n"):
        remaining = line
        while len(remaining) > limit:
            cut = remaining.rfind(" ", limit // 2, limit)
            cut = limit if cut < 0 else cut
            lines.append(remaining[:cut])
            remaining = remaining[cut:].removeprefix(" ")
        lines.append(remaining)
    return lines


def clip(text: str, limit: int) -> str:
    """Return the text, cut with an ellipsis at `limit` characters; an open fence is closed."""
    if len(text) <= limit:
        return text
    cut = text[: limit - 1].rstrip() + "…"
    if cut.count(_MARK) % 2 == 0:
        return cut
    # Reserve room for the closing mark first; this cut may even remove the opening mark.
    cut = text[: limit - len(_CLOSING) - 2].rstrip() + "\n…"
    return cut + _CLOSING if cut.count(_MARK) % 2 else cut
