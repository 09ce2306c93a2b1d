"""Texts that try to leave the fence they are put into, and what a reader sees outside of it."""

import re

from hypothesis import strategies as st

MARKS = st.sampled_from(
    ["```", "````", "`" * 9, "~~~", "\n", "\r", "\x00", "data", "\u202e", "### "]
)
SPITEFUL = st.lists(st.one_of(MARKS, st.text(max_size=12)), max_size=12).map("".join)


def list_unfenced_lines(text: str) -> list[str]:
    """Return the lines outside Markdown code fences."""
    lines, fence = [], ""
    for line in re.split(r"\r\n|\n|\r", text):
        opening = re.fullmatch(r" {0,3}(`{3,})[^`]*", line)
        if fence:
            if re.fullmatch(rf" {{0,3}}`{{{len(fence)},}}[ \t]*", line):
                fence = ""
        elif opening:
            fence = opening[1]
        elif line:
            lines.append(line)
    assert fence == "", "a fence was left open"
    return lines
