"""Splitting long text into messages, with fenced blocks that survive the cut."""

import re

LIMIT = 2_000
_FENCE = re.compile(r"^\s*```([\w+-]*)\s*$")
_CLOSING = "\n```"


def split(text: str, limit: int = LIMIT) -> list[str]:
    """Return `text` in parts of at most `limit` characters, cut at line ends where possible.

    A fenced block that is cut is closed at the end of one part and opened again, with its language,
    at the start of the next. No part is blank. An empty text is no parts.
    """
    parts: list[str] = []
    current: list[str] = []
    size = 0
    fence: str | None = None  # the opening line of the block we are in

    def close() -> None:
        nonlocal current, size
        body = "\n".join(current) + (_CLOSING if fence is not None else "")
        if body.strip() and current != [fence]:
            parts.append(body)
        current = [fence] if fence is not None else []
        size = len(fence) if fence is not None else 0

    for line in _short_lines(text, limit - 60):
        if size + 1 + len(line) + len(_CLOSING) > limit and current:
            close()
        current.append(line)
        size += len(line) + (1 if len(current) > 1 else 0)
        found = _FENCE.match(line)
        if found:
            fence = None if fence is not None else line.strip()[:40]
    body = "\n".join(current) + (_CLOSING if fence is not None else "")
    if body.strip() and current != [fence]:
        parts.append(body)
    return parts


def _short_lines(text: str, limit: int) -> list[str]:
    """Return the text's lines, with longer ones cut at spaces or, failing that, anywhere."""
    lines = []
    for line in text.split("\n"):
        rest = line
        while len(rest) > limit:
            cut = rest.rfind(" ", limit // 2, limit)
            cut = limit if cut < 0 else cut
            lines.append(rest[:cut])
            rest = rest[cut:].removeprefix(" ")
        lines.append(rest)
    return lines


def clip(text: str, limit: int) -> str:
    """Return the text, cut with an ellipsis at `limit` characters; an open fence is closed."""
    if len(text) <= limit:
        return text
    cut = text[: limit - len(_CLOSING) - 2].rstrip() + "\n…"
    return cut + _CLOSING if cut.count("```") % 2 else cut
