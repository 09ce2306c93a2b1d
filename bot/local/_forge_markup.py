"""Text that others wrote, as safe HTML: a small Markdown, and coloured unified diffs.

Nothing passes unescaped, no tag of the text is kept, and links lead to http(s) only.
"""

import re
from collections.abc import Callable, Iterator
from html import escape
from typing import NamedTuple

SHOWN_LINES = 4000  # of a diff; the rest is a download away

_INLINE = re.compile(
    r"(?P<ticks>`{1,3})(?P<code>[^`\n]{1,500})(?P=ticks)"
    r"|\*\*(?P<strong>[^*\n]{1,500})\*\*"
    r"|(?<![\w*])\*(?P<em>[^*\s][^*\n]{0,500})\*(?![\w*])"
    r"|\[(?P<words>[^\[\]\n]{1,300})\]\((?P<target>https?://[^\s()<>\"]{1,1000})\)"
    r"|(?P<bare>https?://[^\s()<>\"]{1,1000}[^\s()<>\".,;:!?])"
)
_HEADING = re.compile(r"(#{1,6})\s+(.+)")
_BULLET = re.compile(r"\s*(?:[-*+]|\d{1,3}[.)])\s+(.*)")
_BOX = re.compile(r"\[([ xX])\]\s+(.*)")
_HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")


def inline(text: str) -> str:
    """Return one line's text as HTML."""
    parts, at = [], 0
    for found in _INLINE.finditer(text):
        parts.append(escape(text[at : found.start()]))
        parts.append(_marked(found))
        at = found.end()
    parts.append(escape(text[at:]))
    return "".join(parts)


def _marked(found: re.Match[str]) -> str:
    if found["code"]:
        return f"<code>{escape(found['code'])}</code>"
    if found["strong"]:
        return f"<strong>{inline(found['strong'])}</strong>"
    if found["em"]:
        return f"<em>{inline(found['em'])}</em>"
    target = found["target"] or found["bare"]
    words = found["words"] or target
    return f'<a href="{escape(target)}" rel="noopener noreferrer nofollow">{escape(words)}</a>'


def markdown(text: str) -> str:
    """Return headings, lists, quotes, fences and paragraphs as HTML; everything else is text."""
    lines = text.replace("\r\n", "\n").split("\n")
    blocks: list[str] = []
    at = 0
    while at < len(lines):
        at, block = _block(lines, at)
        blocks.append(block)
    return "\n".join(block for block in blocks if block)


def _block(lines: list[str], at: int) -> tuple[int, str]:
    """Return where the next block starts, and this one as HTML."""
    line = lines[at]
    if not line.strip():
        return at + 1, ""
    if line.lstrip().startswith("```"):
        end = next((n for n in range(at + 1, len(lines)) if lines[n].strip() == "```"), len(lines))
        return end + 1, f"<pre><code>{escape(chr(10).join(lines[at + 1 : end]))}</code></pre>"
    if heading := _HEADING.fullmatch(line.strip()):
        level = min(len(heading[1]) + 1, 6)  # the page's own title is the only first level
        return at + 1, f"<h{level}>{inline(heading[2])}</h{level}>"
    if _BULLET.fullmatch(line):
        end = _while(lines, at, lambda each: bool(_BULLET.fullmatch(each)))
        return end, "<ul>" + "".join(map(_item, lines[at:end])) + "</ul>"
    if line.startswith(">"):
        end = _while(lines, at, lambda each: each.startswith(">"))
        quoted = "<br>".join(inline(each[1:].strip()) for each in lines[at:end])
        return end, f"<blockquote>{quoted}</blockquote>"
    end = max(_while(lines, at, _is_plain), at + 1)
    return end, "<p>" + "<br>".join(inline(each) for each in lines[at:end]) + "</p>"


def _while(lines: list[str], at: int, holds: Callable[[str], bool]) -> int:
    while at < len(lines) and holds(lines[at]):
        at += 1
    return at


def _is_plain(line: str) -> bool:
    """Whether a line goes on with a paragraph."""
    marked = _HEADING.fullmatch(line.strip()) or _BULLET.fullmatch(line)
    return bool(line.strip()) and not marked and not line.lstrip().startswith(("```", ">"))


def _item(line: str) -> str:
    found = _BULLET.fullmatch(line)
    words = found[1] if found else line
    if box := _BOX.fullmatch(words):
        return f"<li>{'☑' if box[1] != ' ' else '☐'} {inline(box[2])}</li>"
    return f"<li>{inline(words)}</li>"


class Line(NamedTuple):
    """One line of a diff: its kind, its number before and after, and its text."""

    kind: str
    old: int | None
    new: int | None
    text: str


class FileDiff(NamedTuple):
    """One file of a diff."""

    name: str
    lines: tuple[Line, ...]

    @property
    def added(self) -> int:
        """Lines added."""
        return sum(line.kind == "add" for line in self.lines)

    @property
    def removed(self) -> int:
        """Lines removed."""
        return sum(line.kind == "del" for line in self.lines)


def parse_diff(diff: str) -> tuple[FileDiff, ...]:
    """Return the files of a unified diff as git writes it."""
    files = []
    for part in re.split(r"^diff --git ", diff, flags=re.MULTILINE)[1:]:
        head, *rest = part.split("\n")
        if rest and not rest[-1]:
            rest.pop()
        files.append(FileDiff(_name(head, rest), tuple(_lines(rest))))
    return tuple(files)


def _name(head: str, rest: list[str]) -> str:
    """Return the file's new name, or the old one of a deleted file."""
    for prefix in ("rename to ", "+++ b/", "--- a/"):
        for line in rest[:8]:
            if line.startswith(prefix):
                return line.removeprefix(prefix).rstrip("\t")
    return head.rsplit(" b/", 1)[-1]


def _lines(rest: list[str]) -> Iterator[Line]:
    """Yield a file's lines. The hunk's counts say what is content, whatever it looks like."""
    old = new = left_old = left_new = 0
    for text in rest:
        if left_old > 0 or left_new > 0:
            sign, words = text[:1], text[1:]
            if sign == "\\":
                yield Line("note", None, None, words.strip())
            elif sign == "+":
                yield Line("add", None, new, words)
                new, left_new = new + 1, left_new - 1
            elif sign == "-":
                yield Line("del", old, None, words)
                old, left_old = old + 1, left_old - 1
            else:
                yield Line("same", old, new, words)
                old, new, left_old, left_new = old + 1, new + 1, left_old - 1, left_new - 1
        elif hunk := _HUNK.match(text):
            old, new = int(hunk[1]), int(hunk[3])
            left_old, left_new = int(hunk[2] or 1), int(hunk[4] or 1)
            yield Line("hunk", None, None, text)
        elif not text.startswith(("index ", "--- ", "+++ ")):
            yield Line("note", None, None, text.removeprefix("\\ "))


def diff_html(files: tuple[FileDiff, ...]) -> str:
    """Return a diff as one table a file; at most `SHOWN_LINES` lines in all."""
    room, parts = SHOWN_LINES, []
    for file in files:
        shown = file.lines[: max(room, 0)]
        room -= len(file.lines)
        cut = len(file.lines) - len(shown)
        more = f'<p class="cut">{cut} more lines, in the plain diff</p>' if cut else ""
        rows = "".join(map(_row, shown))
        parts.append(
            f'<section class="file"><h3><span class="name">{escape(file.name)}</span>'
            f'<span class="added">+{file.added}</span>'
            f'<span class="removed">-{file.removed}</span></h3>'
            f'<div class="code"><table><tbody>{rows}</tbody></table></div>{more}</section>'
        )
    return "".join(parts)


def _row(line: Line) -> str:
    sign = {"add": "+", "del": "-"}.get(line.kind, " ")
    text = escape(line.text) if line.kind in ("hunk", "note") else sign + escape(line.text)
    return (
        f'<tr class="{line.kind}"><td class="no">{line.old or ""}</td>'
        f'<td class="no">{line.new or ""}</td><td class="text">{text}</td></tr>'
    )
