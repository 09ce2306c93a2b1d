"""Splitting long text into messages, with fenced blocks that survive the cut."""

import re

LIMIT = 2_000
_MARK = "```"
_CLOSING = f"\n{_MARK}"
_OPENING = re.compile(r"```[\w+-]{0,30}\s*$")
_SLACK = 60  # what a line leaves for the fence around it: the opening line and the closing one


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
        body = "\n".join(current)
        # Nothing but the fence that was opened again is nothing to say.
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
    """Return the opening of the block that is open after this line; `None` outside one.

    Discord opens and closes a block at every mark, wherever it stands in a line.
    """
    if line.count(_MARK) % 2 == 0:
        return fence
    if fence is not None:
        return None
    opening = _OPENING.search(line)
    return opening[0].strip() if opening else _MARK


def _split_lines(text: str, limit: int) -> list[str]:
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
    cut = text[: limit - 1].rstrip() + "…"
    if cut.count(_MARK) % 2 == 0:
        return cut
    # Room for the closing mark is made first: the cut may take the opening one away with it.
    cut = text[: limit - len(_CLOSING) - 2].rstrip() + "\n…"
    return cut + _CLOSING if cut.count(_MARK) % 2 else cut
